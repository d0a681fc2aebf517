"""Logs, traces and metrics.

Logs are structured and carry the trace id. Traces and metrics go to an OTLP collector when one is configured, and
cost nothing otherwise; metrics are always readable as Prometheus text at ``/metrics``.
"""

import logging
import sys
from collections.abc import Callable, Iterable
from time import perf_counter
from typing import Any

import structlog
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from opentelemetry import metrics, trace
from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.metrics import CallbackOptions, Observation
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricReader, PeriodicExportingMetricReader
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from infra.settings import Settings

tracer = trace.get_tracer("data-market")
meter = metrics.get_meter("data-market")
_propagator = TraceContextTextMapPropagator()
_durations = meter.create_histogram(
    "http.server.request.duration",
    unit="s",
    description="Time from request to the end of the answer",
    # Of OpenTelemetry's conventions for HTTP; the library's own default is meant for milliseconds.
    explicit_bucket_boundaries_advisory=(
        *(0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75),
        *(1, 2.5, 5, 7.5, 10),
    ),
)
_providers: list[TracerProvider | MeterProvider] = []


def configure_logging(settings: Settings) -> None:
    """One event a line on standard error: JSON for machines, or text for people."""
    renderer: Any = structlog.processors.JSONRenderer(ensure_ascii=False)
    if settings.log_format == "console":
        renderer = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _add_trace,
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[settings.log_level]
        ),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")


def _add_trace(_: Any, __: str, event: Any) -> Any:
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        event["trace_id"] = format(context.trace_id, "032x")
    return event


def configure(settings: Settings, *, component: str) -> None:
    """Set up logs, metrics and traces of this process. Once per process; a second call changes only the logs.

    :param component: ``api`` or ``worker``.
    """
    configure_logging(settings)
    if _providers:
        return
    resource = Resource.create({SERVICE_NAME: f"data-market-{component}"})
    readers: list[MetricReader] = [PrometheusMetricReader()]
    if settings.otlp_endpoint is not None:
        from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        address = str(settings.otlp_endpoint).rstrip("/")
        readers.append(PeriodicExportingMetricReader(OTLPMetricExporter(endpoint=f"{address}/v1/metrics")))
        traces = TracerProvider(resource=resource)
        traces.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=f"{address}/v1/traces")))
        trace.set_tracer_provider(traces)
        _providers.append(traces)
    meters = MeterProvider(metric_readers=readers, resource=resource)
    metrics.set_meter_provider(meters)
    _providers.append(meters)


def shutdown() -> None:
    """Send what is still waiting to be sent."""
    for provider in _providers:
        provider.shutdown()
    _providers.clear()


def count(name: str, description: str, read: Callable[[], Iterable[tuple[int, dict[str, str]]]]) -> None:
    """A counter that is read only when somebody looks, so that counting costs a plain addition.

    :param read: gives (value, attributes) pairs.
    """

    def observe(_: CallbackOptions) -> Iterable[Observation]:
        return [Observation(value, dict(attributes)) for value, attributes in read()]

    meter.create_observable_counter(name, callbacks=[observe], description=description)


def observe_requests(app: ASGIApp) -> ASGIApp:
    """ASGI middleware: a span and a duration for each request; the span only when traces are exported.

    The data plane counts its own calls (see :func:`count`) and is observed here only when traces are exported: a span
    and a duration cost more than the call itself.
    """

    async def middleware(scope: Scope, receive: Receive, send: Send) -> None:
        quiet = "bearer" in scope["route_handler"].opt and len(_providers) < 2
        if quiet or scope["type"] != ScopeType.HTTP:
            await app(scope, receive, send)
            return
        started = perf_counter()
        status = 500
        route = str(scope.get("path_template") or scope["path"])

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


def trace_id() -> str | None:
    """The current trace's id in hexadecimal, or None when traces are off."""
    context = trace.get_current_span().get_span_context()
    return format(context.trace_id, "032x") if context.is_valid else None
