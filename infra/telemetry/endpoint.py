"""Metrics as Prometheus text, on a port of their own.

The port is served by a thread of its own, one request at a time: a scrape never waits for the service's event loop. The
text is made at most once a second, however many ask, since making it takes the interpreter from the loop.
"""

import json
import socket
from collections.abc import Callable, Iterable, Mapping
from socketserver import TCPServer
from time import monotonic
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

import structlog
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from infra.threads import run_thread

log = structlog.get_logger()

KEPT_SECONDS = 1.0
"""How old the text may be."""

_CLIENT_SECONDS = 5.0


if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

Probe = Callable[[], tuple[bool, Mapping[str, Any]]]


class _Handler(WSGIRequestHandler):
    timeout = _CLIENT_SECONDS  # of a client that sends or reads nothing

    def log_message(self, *_: object) -> None:
        """Scrapes are not logged."""


class _Server(WSGIServer):
    def server_bind(self) -> None:
        """Bind without looking up the host's name, as the base class would."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]
        self.setup_environ()


def serve_metrics(host: str, port: int, ready: Probe | None = None) -> bool:
    """Serve this process's metrics for as long as it lives, and its probes where it has no other port for them.

    :param port: 0 serves nothing.
    :param ready: whether the process does its work, and JSON that says how it stands; called from another thread.
    :return: whether they are served. A port that is taken is logged and stops nothing else.
    """
    if port == 0:
        return False
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        server_type = type("_Server", (_Server,), {"address_family": family})
        server = server_type((str(address[0]), port), _Handler)
    except OSError as error:
        log.error("metrics_port_unavailable", host=host, port=port, error=str(error))
        return False
    metrics = _metrics()
    server.set_app(metrics if ready is None else _with_probes(metrics, ready))
    run_thread("metrics", server.serve_forever)
    return True


def _metrics() -> "WSGIApplication":
    text, made_at = b"", float("-inf")  # not money: a clock

    def answer(environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
        nonlocal text, made_at
        if monotonic() - made_at >= KEPT_SECONDS:
            text, made_at = generate_latest(), monotonic()
        start("200 OK", [("Content-Type", CONTENT_TYPE_LATEST), ("Content-Length", str(len(text)))])
        return [text]

    return answer


def _with_probes(metrics: "WSGIApplication", ready: Probe) -> "WSGIApplication":
    probes: Mapping[str, Probe] = {
        "/health/live": lambda: (True, {"status": "live"}),
        "/health/ready": ready,
    }

    def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        probe = probes.get(environ["PATH_INFO"])
        if probe is None:
            return metrics(environ, start_response)
        well, document = probe()
        status = "200 OK" if well else "503 Service Unavailable"
        start_response(status, [("Content-Type", "application/json"), ("Cache-Control", "no-store")])
        return [json.dumps(document).encode()]

    return application
