"""Spans and durations of HTTP requests."""

from time import perf_counter

from litestar.enums import HttpMethod, ScopeType
from litestar.exceptions import HTTPException
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from opentelemetry.trace import SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from infra.telemetry.setup import SECONDS, exports_traces, meter, tracer

_propagator = TraceContextTextMapPropagator()
_durations = meter.create_histogram(
    "http.server.request.duration",
    unit="s",
    description="Time from request to the end of the answer",
    explicit_bucket_boundaries_advisory=SECONDS,
)
_unmatched = meter.create_counter(
    "http.server.unmatched_requests", description="Requests that no route answers, by method and status"
)
_METHODS = frozenset(method.value for method in HttpMethod)


def observe_requests(app: ASGIApp) -> ASGIApp:
    """ASGI middleware: a span and a duration for each request; the span only when traces are exported.

    The data plane counts its own calls (see :func:`infra.telemetry.count`) and is observed here only when traces are
    exported: a span and a duration cost more than the call itself.
    """

    async def middleware(scope: Scope, receive: Receive, send: Send) -> None:
        quiet = "bearer" in scope["route_handler"].opt and not exports_traces()
        if quiet or scope["type"] != ScopeType.HTTP:
            await app(scope, receive, send)
            return
        started = perf_counter()
        status = 500
        route = str(scope["path_template"])

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        parent = _propagator.extract(
            {key.decode("latin-1"): value.decode("latin-1") for key, value in scope["headers"]}
        )
        try:
            with tracer.start_as_current_span(
                f"{scope['method']} {route}", context=parent, kind=SpanKind.SERVER
            ) as span:
                await app(scope, receive, watched)
                if span.is_recording():
                    span.set_attribute("http.response.status_code", status)
                    if status >= 500:
                        span.set_status(Status(StatusCode.ERROR))
        finally:
            _durations.record(
                perf_counter() - started,
                {
                    "http.request.method": scope["method"],
                    "http.route": route,
                    "http.response.status_code": status,
                },
            )

    return middleware


async def count_unmatched(error: Exception, scope: Scope) -> None:
    """``after_exception`` of the application: a request that found no route never meets the middleware.

    Neither its path nor a method of its own invention becomes a label. A coroutine, because Litestar would send a plain
    function to a thread, on every refusal.
    """
    if "route_handler" in scope or scope["type"] != ScopeType.HTTP:
        return
    method = scope["method"] if scope["method"] in _METHODS else "_OTHER"
    status = error.status_code if isinstance(error, HTTPException) else 500
    _unmatched.add(1, {"http.request.method": method, "http.response.status_code": status})
