"""Durations of statements, and how long connections are waited for."""

import weakref
from collections.abc import Iterable
from time import perf_counter, time_ns
from typing import Any

import sqlalchemy as sa
from opentelemetry import trace
from opentelemetry.trace import SpanKind, Status, StatusCode
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import AsyncAdaptedQueuePool, PoolProxiedConnection, QueuePool

from infra.telemetry.setup import SECONDS, gauge, meter, tracer

OPERATIONS = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE"})
"""Kinds of statement that are told apart; the others are one."""

_MAX_TEXT = 2000
_BEGAN = "market_statement_began"
_durations = meter.create_histogram(
    "db.client.operation.duration",
    unit="s",
    description="Time a statement took, from sending it to its answer",
    explicit_bucket_boundaries_advisory=SECONDS,
)
_waits = meter.create_histogram(
    "db.client.connection.wait_time",
    unit="s",
    description="Time until the pool gave a connection",
    explicit_bucket_boundaries_advisory=SECONDS,
)
_pools: "weakref.WeakSet[QueuePool]" = weakref.WeakSet()


class ObservedPool(AsyncAdaptedQueuePool):
    """The usual pool, which measures how long its callers wait."""

    def connect(self) -> PoolProxiedConnection:
        """A connection, once one is free."""
        began = perf_counter()
        try:
            return super().connect()
        finally:
            _waits.record(perf_counter() - began)


def observe_engine(engine: AsyncEngine) -> None:
    """Measure every statement of an engine, with a span for each inside a span that is recorded."""
    sa.event.listen(engine.sync_engine, "before_cursor_execute", _begin)
    sa.event.listen(engine.sync_engine, "after_cursor_execute", _end)
    sa.event.listen(engine.sync_engine, "handle_error", _fail)
    assert isinstance(engine.pool, QueuePool)
    _pools.add(engine.pool)


def _begin(connection: sa.Connection, *_: Any) -> None:
    connection.info[_BEGAN] = perf_counter()


def _end(connection: sa.Connection, _: Any, statement: str, *__: Any) -> None:
    _record(connection, statement, None)


def _fail(context: sa.engine.ExceptionContext) -> None:
    if context.connection is not None and context.statement is not None:
        _record(context.connection, context.statement, context.original_exception)


def _record(connection: sa.Connection, statement: str, error: BaseException | None) -> None:
    began = connection.info.pop(_BEGAN, None)
    if began is None:
        return
    elapsed = perf_counter() - began
    word = statement.lstrip()[:6].upper()
    operation = word if word in OPERATIONS else "OTHER"
    _durations.record(elapsed, {"db.operation.name": operation})
    if not trace.get_current_span().is_recording():
        return
    ended = time_ns()
    span = tracer.start_span(operation, kind=SpanKind.CLIENT, start_time=ended - int(elapsed * 1e9))
    span.set_attributes(
        {
            "db.system.name": "postgresql",
            "db.operation.name": operation,
            # Values are parameters, which are not told.
            "db.query.text": statement[:_MAX_TEXT],
        }
    )
    if error is not None:
        span.set_status(Status(StatusCode.ERROR))
        span.set_attribute("error.type", type(error).__qualname__)
    span.end(ended)


def _connections() -> Iterable[tuple[float, dict[str, str]]]:
    pools = list(_pools)
    return [
        (sum(pool.checkedout() for pool in pools), {"state": "used"}),
        (sum(pool.checkedin() for pool in pools), {"state": "idle"}),
    ]


gauge("db.client.connection.count", "Connections of this process's pools, by state", _connections)
