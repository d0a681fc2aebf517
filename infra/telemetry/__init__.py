"""Logs, traces and metrics.

Logs are structured, carry the trace id and never fail the work (:mod:`infra.telemetry.log_output`). Traces and metrics
go to an OTLP collector when one is configured; metrics are always readable as Prometheus text on a port of their own
(:mod:`infra.telemetry.endpoint`). Labels are bounded: route templates, names of jobs and kinds of statement, never what
a caller typed.
"""

from infra.telemetry import logs
from infra.telemetry.logs import configure_logging
from infra.telemetry.setup import configure, count, meter, shutdown, trace_id, tracer

__all__ = ["configure", "configure_logging", "count", "logs", "meter", "shutdown", "trace_id", "tracer"]
