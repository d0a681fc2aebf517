"""The API process: Granian serving the application, and dying with whoever started it."""

import ctypes
import errno
import os
import resource
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from infra.settings import Settings
from market.operations.errors import CommandFailed

SUPERVISED = "MARKET_SUPERVISED_BY"
"""Set by the supervisor to its process number for the processes it starts."""

_PR_SET_PDEATHSIG = 1
_STOP_SECONDS = 8
_LOGGING = {
    "handlers": {"console": {"class": "infra.telemetry.logs.LogHandler"}},
    "loggers": {"_granian": {"handlers": ["console"], "propagate": False}},
}
"""Granian's words take the way of ours, in the process that serves and in the one that minds it."""

_WORKER_NICENESS = 5
_CONNECTIONS = 8192
"""Connections at once. Each may be idle, so that a thousand of them, as is the server's default, must not be all."""

_OTHER_FILES = 512
_HEADER_BYTES = 64 * 1024


def exit_with(parent: int) -> None:
    """Let the system kill this process when its parent is gone, so that a killed service leaves no port taken.

    Linux only; elsewhere nothing happens. Everything acknowledged is in the database by then, so a sudden end is safe.

    :param parent: number of the parent as it knew itself, to notice one that ended before this call.
    """
    if sys.platform != "linux":
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


def exit_with_supervisor() -> None:
    """:func:`exit_with` for a process that ``market up`` started; nothing for one started otherwise."""
    if parent := os.environ.get(SUPERVISED):
        exit_with(int(parent))


def lower_priority() -> None:
    """Let the API go first where both want the processor: for the worker that ``market up`` started."""
    if SUPERVISED in os.environ:
        os.nice(_WORKER_NICENESS)


def check_port(settings: Settings) -> None:
    """Make sure that the address the API is to listen on is free and allowed.

    :raises CommandFailed: it is not.
    """
    family, kind, protocol, _, address = socket.getaddrinfo(
        settings.host, settings.port, type=socket.SOCK_STREAM
    )[0]
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            raise _port_refused(settings, error) from error


@contextmanager
def held_port(settings: Settings) -> Iterator[None]:
    """Keep every other service of this machine off the address meanwhile.

    The server shares its address with whoever else asks for sharing (SO_REUSEPORT), so that two services that start
    at the same moment would both get it, and each answer a part of the calls. Linux only; elsewhere nothing happens.

    :raises CommandFailed: another service has it.
    """
    if sys.platform != "linux":
        yield
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as held:
        try:
            # A name without a file, which ends with the process.
            held.bind(f"\0data-market {settings.host}:{settings.port}")
        except OSError as error:
            raise _port_refused(settings, error) from error
        yield


def _port_refused(settings: Settings, error: OSError) -> CommandFailed:
    taken = error.errno == errno.EADDRINUSE
    reason = "is taken by another program" if taken else f"cannot be used: {error.strerror or error}"
    return CommandFailed(
        f"Port {settings.port} on {settings.host} {reason}. Choose another with --port, or end what is there."
    )


def _connections() -> int:
    """Connections that may be open at once, with the limit on open files raised to what the system allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _CONNECTIONS + _OTHER_FILES
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    return max(allowed - _OTHER_FILES, _OTHER_FILES)


def serve(settings: Settings) -> None:
    """Serve the API until SIGTERM or SIGINT; returns when every answer under way has been given.

    :raises CommandFailed: the port is taken.
    :raises SystemExit: the serving process ended by itself.
    """
    from granian.constants import HTTPModes, Interfaces, Loops
    from granian.http import HTTP1Settings
    from granian.log import LogLevels
    from granian.server import Server

    from infra.telemetry.logs import take_over_streams

    take_over_streams()
    exit_with_supervisor()
    check_port(settings)
    server = Server(
        "market.served:application",
        address=settings.host,
        port=settings.port,
        interface=Interfaces.ASGI,
        workers=1,
        loop=Loops.uvloop,
        factory=True,
        websockets=False,
        # What a proxy speaks to us. HTTP/2 would have no time-out for headers.
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(
            header_read_timeout=settings.header_timeout_s * 1000, max_buffer_size=_HEADER_BYTES
        ),
        backpressure=_connections(),
        log_level=LogLevels.warning,
        log_dictconfig=_LOGGING,
        workers_kill_timeout=_STOP_SECONDS,
    )
    with held_port(settings):
        server.serve()
