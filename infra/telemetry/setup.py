"""Where spans and metrics of one process go."""

from collections.abc import Callable, Iterable, Mapping

from opentelemetry import metrics, trace
from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.metrics import CallbackOptions, Observation
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricReader, PeriodicExportingMetricReader
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from infra.settings import Settings
from infra.telemetry import logs
from infra.telemetry.logs import configure_logging

tracer = trace.get_tracer("data-market")
meter = metrics.get_meter("data-market")

SECONDS = (
    *(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75),
    *(1, 2.5, 5, 7.5, 10),
)
"""Bucket bounds of durations: those of OpenTelemetry's conventions for HTTP and databases, in one row."""

_providers: list[TracerProvider | MeterProvider] = []


def configure(settings: Settings, *, component: str) -> None:
    """Set up logs, metrics and traces of this process. Once per process; a second call changes only the logs.

    :param component: ``api`` or ``worker``.
    """
    configure_logging(settings)
    if _providers:
        return
    resource = Resource.create({SERVICE_NAME: f"data-market-{component}"})
    readers: list[MetricReader] = [PrometheusMetricReader(scope_info_enabled=False)]
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
    count("market.log.dropped_lines", "Log lines that could not be written", logs.dropped_lines_by_stream)


def exports_traces() -> bool:
    """Whether spans of this process go anywhere."""
    return len(_providers) > 1  # the other one is of metrics, which there always is


def shutdown() -> None:
    """Send what is still waiting to be sent."""
    for provider in _providers:
        provider.shutdown()
    _providers.clear()


def count(name: str, description: str, read: Callable[[], Iterable[tuple[int, dict[str, str]]]]) -> None:
    """A counter that is read only when somebody looks, so that counting costs a plain addition.

    :param read: gives (value, attributes) pairs; called from another thread.
    """

    def observe(_: CallbackOptions) -> Iterable[Observation]:
        return [Observation(value, dict(attributes)) for value, attributes in read()]

    meter.create_observable_counter(name, callbacks=[observe], description=description)


def gauge(
    name: str,
    description: str,
    read: Callable[[], Iterable[tuple[float, Mapping[str, str]]]],
    *,
    unit: str = "",
) -> None:
    """A gauge that is read only when somebody looks.

    :param read: gives (value, attributes) pairs; called from another thread.
    """

    def observe(_: CallbackOptions) -> Iterable[Observation]:
        return [Observation(value, dict(attributes)) for value, attributes in read()]

    meter.create_observable_gauge(name, callbacks=[observe], description=description, unit=unit)


def trace_id() -> str | None:
    """The current trace's id in hexadecimal, or None when traces are off."""
    context = trace.get_current_span().get_span_context()
    return format(context.trace_id, "032x") if context.is_valid else None
