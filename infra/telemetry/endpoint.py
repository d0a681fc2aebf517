"""Metrics as Prometheus text, on a port of their own.

The port is served by a thread of its own, one request at a time: a scrape never waits for the service's event loop,
nor the loop for a scrape, and many scrapes at once cost no more than one after another.
"""

import socket
import threading
from socketserver import TCPServer
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

import structlog
from prometheus_client import make_wsgi_app

log = structlog.get_logger()

_CLIENT_SECONDS = 5.0


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


def serve_metrics(host: str, port: int) -> bool:
    """Serve this process's metrics for as long as it lives.

    :param port: 0 serves nothing.
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
    server.set_app(make_wsgi_app())
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
    return True
