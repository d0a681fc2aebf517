"""Spans and durations of what the worker does."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from time import perf_counter
from typing import Literal

from opentelemetry.propagate import extract
from opentelemetry.trace import SpanKind

from infra.telemetry.setup import SECONDS, meter, tracer

_durations = meter.create_histogram(
    "market.work.duration",
    unit="s",
    description="Time the worker spent on a job, a schedule or an event's delivery",
    explicit_bucket_boundaries_advisory=(*SECONDS, 30, 60, 300, 600),
)


@contextmanager
def observe_work(
    kind: Literal["job", "schedule", "delivery"], name: str, headers: Mapping[str, object] | None = None
) -> Iterator[None]:
    """A span and a duration around one piece of work.

    :param name: of the kind of job, the schedule or the subscriber: one of few.
    :param headers: W3C trace context of whoever asked for it, whose trace the span continues.
    """
    began = perf_counter()
    outcome = "failed"
    try:
        with tracer.start_as_current_span(
            f"process {name}", context=extract(headers or {}), kind=SpanKind.CONSUMER
        ):
            yield
        outcome = "succeeded"
    finally:
        _durations.record(perf_counter() - began, {"kind": kind, "name": name, "outcome": outcome})
