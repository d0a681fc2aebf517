"""DuckDB over a Parquet revision: pages as ready JSON, with bounded memory, threads, time and backlog.

Nothing a caller types becomes SQL text. Names in a statement are the revision's own columns, quoted; operators come
from a table; every value, the path included, is a bound parameter. The engine may read the object store's folder and
nothing else, and its settings are locked before the first query.
"""

import asyncio
import threading
import time
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import duckdb

from infra.messages import Message
from infra.tasks import TaskRegistry
from infra.units import UnitVector
from listings.ingest.result import Column, Kind
from market.delivery.domain import Filter, Operator, Query, encode_cursor
from market.delivery.errors import QueriesBusy, QueryTooHeavy

MAX_PAGE_BYTES = 8 * 1024 * 1024
"""A page ends early when its rows are longer than this together; it holds one row at least."""

_BACKLOG_PER_THREAD = 32
_FETCH_ROWS = 64
_WATCH_SECONDS = 0.1

_COMPARISONS = {
    Operator.EQ: "{} = ?",
    Operator.NE: "{} <> ?",
    Operator.LT: "{} < ?",
    Operator.LE: "{} <= ?",
    Operator.GT: "{} > ?",
    Operator.GE: "{} >= ?",
    Operator.CONTAINS: "contains({}, ?)",
}


class RenderedPage(NamedTuple):
    """A page, ready to be sent: JSON in UTF-8, and what one call for it counts."""

    body: bytes
    units: UnitVector


class PageCache:
    """Ready pages by their key, bounded by their bytes; the least recently used goes first.

    Revisions never change, so neither do pages: nothing has to be invalidated.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._pages: OrderedDict[bytes, RenderedPage] = OrderedDict()

    def get(self, key: bytes) -> RenderedPage | None:
        """The page, if it is here."""
        page = self._pages.get(key)
        if page is not None:
            self._pages.move_to_end(key)
        return page

    def put(self, key: bytes, page: RenderedPage) -> None:
        """Keep a page; one that would take more than an eighth of the room is not kept."""
        if len(page.body) > self._max_bytes // 8 or key in self._pages:
            return
        self._pages[key] = page
        self._bytes += len(page.body)
        while self._bytes > self._max_bytes:
            _, dropped = self._pages.popitem(last=False)
            self._bytes -= len(dropped.body)


class Engine:
    """Makes pages on threads of its own.

    :param root: folder of the object store.
    :param threads: queries that run at once.
    :param memory_mb: memory for all of them together.
    :param seconds: how long one may take.
    :param tasks: watches the task that sees to it; one of its own without it.
    """

    def __init__(
        self,
        root: Path,
        *,
        threads: int,
        memory_mb: int,
        seconds: float,
        tasks: TaskRegistry | None = None,
    ) -> None:
        self._database = duckdb.connect(
            config={
                "threads": threads,
                "memory_limit": f"{memory_mb}MB",
                "max_temp_directory_size": "0KB",
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
            }
        )
        # In this order: the folder that stays open is named before the rest is closed, and then nothing can change.
        self._database.execute("SET allowed_directories = ?", [[f"{root.resolve()}/"]])
        self._database.execute("SET enable_external_access = false")
        self._database.execute("SET lock_configuration = true")
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="query")
        self._local = threading.local()
        self._seconds = seconds
        self._backlog = threads * _BACKLOG_PER_THREAD
        self._waiting = 0
        self._lock = threading.Lock()
        self._running: dict[int, tuple[duckdb.DuckDBPyConnection, float]] = {}
        self._tasks = tasks or TaskRegistry()
        self._watch: asyncio.Task[None] | None = None

    async def page(self, path: Path, query: Query, revision: Any) -> RenderedPage:
        """Make one page.

        :param path: the revision's Parquet file.
        :param revision: the revision's id, which its cursors carry.
        :raises QueriesBusy: too many wait already.
        :raises QueryTooHeavy: it took too long or too much memory.
        """
        if self._waiting >= self._backlog:
            raise QueriesBusy(
                Message("Too many queries are waiting."), remedy=Message("Send the call again in a moment.")
            )
        if self._watch is None:
            self._watch = self._tasks.start("query-limits", self._interrupt_the_slow)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(
                self._pool, self._make, path, query, revision
            )
        except duckdb.InterruptException:
            raise QueryTooHeavy(
                Message("The query exceeded its time limit of {seconds:g} seconds.", seconds=self._seconds),
                remedy=Message("Use fewer or more selective filters."),
            ) from None
        except duckdb.OutOfMemoryException:
            raise QueryTooHeavy(
                Message("The query exceeded its memory limit."),
                remedy=Message("Ask for fewer columns or a smaller limit."),
            ) from None
        finally:
            self._waiting -= 1

    async def close(self) -> None:
        """End; queries that run are interrupted."""
        if self._watch is not None:
            self._watch.cancel()
        with self._lock:
            for cursor, _ in self._running.values():
                cursor.interrupt()
        await asyncio.to_thread(self._pool.shutdown, cancel_futures=True)
        self._database.close()

    def _make(self, path: Path, query: Query, revision: Any) -> RenderedPage:
        """On a thread of the pool."""
        if not hasattr(self._local, "cursor"):
            self._local.cursor = self._database.cursor()
        cursor: duckdb.DuckDBPyConnection = self._local.cursor
        thread = threading.get_ident()
        statement, values = page_statement(path, query)
        with self._lock:
            self._running[thread] = (cursor, time.monotonic() + self._seconds)
        try:
            return _collect(cursor.execute(statement, values), query.limit, revision)
        finally:
            # Under the lock, so that a late interrupt never meets the thread's next query.
            with self._lock:
                del self._running[thread]

    async def _interrupt_the_slow(self) -> None:
        while True:
            await asyncio.sleep(_WATCH_SECONDS)
            with self._lock:
                now = time.monotonic()
                for cursor, deadline in self._running.values():
                    if deadline <= now:
                        cursor.interrupt()


def _collect(result: duckdb.DuckDBPyConnection, limit: int, revision: Any) -> RenderedPage:
    lines: list[str] = []
    last, length, more = -1, 0, False
    while not more and (rows := result.fetchmany(_FETCH_ROWS)):
        for number, line in rows:
            if len(lines) == limit or (lines and length + len(line) > MAX_PAGE_BYTES):
                more = True
                break
            lines.append(line)
            last, length = number, length + len(line)
    cursor = f'"{encode_cursor(revision, last)}"' if more else "null"
    body = f'{{"items":[{",".join(lines)}],"next_cursor":{cursor}}}'.encode()
    return RenderedPage(body, UnitVector(calls=1, rows=len(lines), bytes=len(body)))


def page_statement(path: Path, query: Query) -> tuple[str, list[Any]]:
    """The statement of a page, one row more than asked for to know whether it is the last, and its parameters."""
    shown = ", ".join(f"{_literal(column.name)}: {_shown(column)}" for column in query.columns)
    values: list[Any] = [str(path), query.after]
    conditions = ["file_row_number > ?"]
    for filter_ in query.filters:
        condition, bound = _condition(filter_)
        conditions.append(condition)
        values.extend(bound)
    values.append(query.limit + 1)
    # Put together from the revision's own names and fixed operators only; see the module's first words.
    statement = (
        f"SELECT file_row_number, CAST(to_json({{{shown}}}) AS VARCHAR)"  # noqa: S608
        " FROM read_parquet(?, file_row_number = true)"
        f" WHERE {' AND '.join(conditions)} ORDER BY file_row_number LIMIT ?"
    )
    return statement, values


def _shown(column: Column) -> str:
    name = _identifier(column.name)
    if column.kind is Kind.NUMBER:  # JSON has no NaN and no infinity
        return f"CASE WHEN isfinite({name}) THEN {name} END"
    if column.kind is Kind.TIMESTAMP:  # RFC 3339
        return f"replace(CAST({name} AS VARCHAR), ' ', 'T')" + (" || 'Z'" if column.zone == "UTC" else "")
    return name


def _condition(filter_: Filter) -> tuple[str, list[Any]]:
    name = _identifier(filter_.column.name)
    # What is shown as null is null: NaN, which DuckDB holds to be greater than every number, and the infinities.
    number = filter_.column.kind is Kind.NUMBER
    if filter_.operator is Operator.IS_NULL:
        missing = f"({name} IS NULL OR NOT isfinite({name}))" if number else f"{name} IS NULL"
        return missing if filter_.values[0] else f"NOT ({missing})", []
    if filter_.operator is Operator.IN:
        condition = f"{name} IN ({', '.join('?' * len(filter_.values))})"
    else:
        condition = _COMPARISONS[filter_.operator].format(name)
    return condition + (f" AND isfinite({name})" if number else ""), list(filter_.values)


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
