"""An OTLP/HTTP receiver that keeps what it is sent."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@dataclass(frozen=True, slots=True)
class ReceivedSpan:
    """A span as it arrived; ids in hexadecimal."""

    service: str
    name: str
    trace: str
    id: str
    parent: str


@dataclass(slots=True)
class Collector:
    """What arrived at an address, by path."""

    address: str
    bodies: dict[str, list[bytes]] = field(default_factory=dict)

    def spans(self) -> list[ReceivedSpan]:
        """Every span so far."""
        return [
            ReceivedSpan(
                service, span.name, span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex()
            )
            for body in list(self.bodies.get("/v1/traces", ()))
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans
            for service in [
                next(a.value.string_value for a in resource.resource.attributes if a.key == "service.name")
            ]
            for scope in resource.scope_spans
            for span in scope.spans
        ]


@contextmanager
def collector() -> Iterator[Collector]:
    """A receiver on a free port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            made.bodies.setdefault(self.path, []).append(body)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made = Collector(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
