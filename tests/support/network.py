"""Addresses on this machine."""

import socket
import sys
from contextlib import suppress
from pathlib import Path


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listening_addresses(port: int) -> set[str]:
    """The IPv4 addresses of this machine on which somebody listens on a port; "0.0.0.0" for all of them."""
    found = set()
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        local, state = line.split()[1], line.split()[3]
        address, _, number = local.partition(":")
        if state == "0A" and int(number, 16) == port:
            found.add(socket.inet_ntoa(int(address, 16).to_bytes(4, sys.byteorder)))
    return found


def listens(process_id: int, port: int) -> bool:
    """Whether a process, or one that it started, listens on a port, and not a stranger who took it meanwhile."""
    sockets = {
        f"socket:[{line.split()[9]}]"
        for line in Path("/proc/net/tcp").read_text().splitlines()[1:]
        if line.split()[3] == "0A" and int(line.split()[1].partition(":")[2], 16) == port
    }
    processes = [process_id]
    for process in processes:
        with suppress(FileNotFoundError, ProcessLookupError):
            held = {str(descriptor.readlink()) for descriptor in Path(f"/proc/{process}/fd").iterdir()}
            if held & sockets:
                return True
            for task in Path(f"/proc/{process}/task").iterdir():
                processes.extend(int(child) for child in (task / "children").read_text().split())
    return False
