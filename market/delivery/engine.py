"""DuckDB over a Parquet revision: pages as ready JSON, with bounded memory, threads, time and backlog.

The engine may read the object store's folder and nothing else, and its settings are locked before the first query. What
it is asked is in :mod:`market.delivery.statements`.

DuckDB works on two thousand rows at a time, all of their columns. So that any revision can be served in little memory,
the rows of a page are found first, by their numbers, and then rendered a few megabytes at a time: some rows, and of a
wide table some columns.
"""

import asyncio
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import duckdb

from infra.messages import Message
from infra.objects import ObjectMissing
from infra.tasks import TaskRegistry
from infra.units import UnitVector
from listings.ingest.limits import PLAIN_VALUE_BYTES
from listings.ingest.result import Column, Kind
from listings.revisions.domain import RevisionFacts
from market.delivery.cursors import encode_cursor
from market.delivery.domain import Query
from market.delivery.errors import QueriesBusy, QueryTooHeavy
from market.delivery.statements import Source, Statement, matching_rows, rendered, text_bytes

MAX_PAGE_BYTES = 8 * 1024 * 1024
"""A page ends early when its rows are longer than this together; it holds one row at least."""

_BACKLOG_PER_THREAD = 32
_WATCH_SECONDS = 0.1
_COLUMNS_AT_ONCE = 200
_BATCH_BYTES = 2 * 1024 * 1024
"""Of the texts and names that are rendered at once; JSON may take six times as many."""


class RenderedPage(NamedTuple):
    """A page, ready to be sent: JSON in UTF-8, and what one call for it counts."""

    body: bytes
    units: UnitVector


class PageCache:
    """Ready pages by their key, bounded by their bytes; the least recently used goes first.

    Revisions never change, so neither do pages: nothing has to be invalidated until data is purged.

    :ivar emptied: how often it was.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._pages: OrderedDict[bytes, RenderedPage] = OrderedDict()
        self.emptied = 0

    def clear(self) -> None:
        """Keep nothing."""
        self._pages.clear()
        self._bytes = 0
        self.emptied += 1

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
        self._root, self._threads, self._memory_mb = root, threads, memory_mb
        self._database = _opened(root, threads, memory_mb)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="query")
        self._local = threading.local()
        self._seconds = seconds
        self._backlog = threads * _BACKLOG_PER_THREAD
        self._waiting = 0
        self._lock = threading.Lock()
        self._running: dict[int, tuple[duckdb.DuckDBPyConnection, float]] = {}
        self._tasks = tasks or TaskRegistry()
        self._watch: asyncio.Task[None] | None = None

    async def page(self, path: Path, query: Query, revision: RevisionFacts) -> RenderedPage:
        """Make one page.

        :param path: the revision's Parquet file.
        :raises QueriesBusy: too many wait already.
        :raises QueryTooHeavy: it took too long or too much memory.
        :raises ObjectMissing: the file went before it was opened.
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
        except duckdb.IOException:
            if await asyncio.to_thread(path.exists):
                raise
            raise ObjectMissing(revision.object_key) from None
        finally:
            self._waiting -= 1

    def forget(self) -> None:
        """Go on with a database of its own that remembers nothing of any file; queries that run end on the former."""
        fresh = _opened(self._root, self._threads, self._memory_mb)
        # The former ends with the last of its cursors; to close it here would be refused while one of them is used.
        with self._lock:
            self._database = fresh
            self._local = threading.local()

    async def close(self) -> None:
        """End; queries that run are interrupted."""
        if self._watch is not None:
            self._watch.cancel()
        with self._lock:
            for cursor, _ in self._running.values():
                cursor.interrupt()
        await asyncio.to_thread(self._pool.shutdown, cancel_futures=True)
        self._database.close()

    def _make(self, path: Path, query: Query, revision: RevisionFacts) -> RenderedPage:
        """On a thread of the pool."""
        thread = threading.get_ident()
        deadline = time.monotonic() + self._seconds
        with self._lock:
            if not hasattr(self._local, "cursor"):
                self._local.cursor = self._database.cursor()
            cursor: duckdb.DuckDBPyConnection = self._local.cursor
            self._running[thread] = (cursor, deadline)

        def ask(statement: Statement) -> list[Any]:
            # An interrupt between two statements meets none of them.
            if time.monotonic() > deadline:
                raise duckdb.InterruptException
            return cursor.execute(*statement).fetchall()

        try:
            return make_page(ask, Source(path, revision.columns), query, revision)
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


def _opened(root: Path, threads: int, memory_mb: int) -> duckdb.DuckDBPyConnection:
    database = duckdb.connect(
        config={
            "threads": threads,
            "memory_limit": f"{memory_mb}MB",
            "max_temp_directory_size": "0KB",
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }
    )
    # In this order: the folder that stays open is named before the rest is closed, and then nothing can change.
    database.execute("SET allowed_directories = ?", [[f"{root.resolve()}/"]])
    database.execute("SET enable_external_access = false")
    database.execute("SET lock_configuration = true")
    return database


def make_page(
    ask: Callable[[Statement], list[Any]], source: Source, query: Query, revision: RevisionFacts
) -> RenderedPage:
    """Make one page.

    :param ask: carries out a statement.
    """
    rows, more = _rows(ask, source, query, revision)
    lines: list[bytes] = []
    length = 0
    for some in _chunks(ask, source, query, revision, rows):
        for line in some:
            if lines and length + len(line) > MAX_PAGE_BYTES:
                more = True
                break
            lines.append(line)
            length += len(line) + 1
        else:
            continue
        break
    cursor = f'"{encode_cursor(revision.id, rows[len(lines) - 1])}"' if more else "null"
    body = b'{"items":[' + b",".join(lines) + f'],"next_cursor":{cursor}}}'.encode()
    return RenderedPage(body, UnitVector(calls=1, rows=len(lines), bytes=len(body)))


def _rows(
    ask: Callable[[Statement], list[Any]], source: Source, query: Query, revision: RevisionFacts
) -> tuple[Sequence[int], bool]:
    """Which rows the page has at most, and whether there are more."""
    if query.filters:
        found = ask(matching_rows(source, query.filters, query.after, query.limit + 1))
        return [row for (row,) in found[: query.limit]], len(found) > query.limit
    first = query.after + 1
    return range(
        first, max(first, min(first + query.limit, revision.rows))
    ), first + query.limit < revision.rows


def _chunks(
    ask: Callable[[Statement], list[Any]],
    source: Source,
    query: Query,
    revision: RevisionFacts,
    rows: Sequence[int],
) -> Iterator[list[bytes]]:
    """The rows as JSON objects, in order, a page's length at a time at most."""
    blocks = [
        query.columns[start : start + _COLUMNS_AT_ONCE]
        for start in range(0, len(query.columns), _COLUMNS_AT_ONCE)
    ]
    if not rows:
        return
    if len(blocks) == 1 and revision.row_bytes is not None and revision.row_bytes * len(rows) <= _BATCH_BYTES:
        yield [line.encode() for line in _objects(ask, source, blocks[0], [rows])]
        return
    sizes = [_sizes(ask, source, block, rows) for block in blocks]
    totals = [sum(of_row) for of_row in zip(*sizes, strict=True)]
    for start, end in _pieces(totals, MAX_PAGE_BYTES):
        parts = []
        for block, each in zip(blocks, sizes, strict=True):
            batches = [
                rows[start + first : start + last] for first, last in _pieces(each[start:end], _BATCH_BYTES)
            ]
            parts.append(_objects(ask, source, block, batches))
        yield [f"{{{','.join(part[1:-1] for part in row)}}}".encode() for row in zip(*parts, strict=True)]


def _objects(
    ask: Callable[[Statement], list[Any]],
    source: Source,
    columns: Sequence[Column],
    batches: Iterable[Sequence[int]],
) -> list[str]:
    """The rows of all batches as JSON objects of these columns, in order."""
    lines: list[str] = []
    for rows in batches:
        found: dict[int, str] = dict(ask(rendered(source, columns, rows)))
        lines.extend(found[row] for row in rows)
    return lines


def _sizes(
    ask: Callable[[Statement], list[Any]], source: Source, columns: Sequence[Column], rows: Sequence[int]
) -> list[int]:
    """Bytes of each row in these columns: names, texts, and a bound for other values."""
    plain = sum(len(column.name.encode()) + PLAIN_VALUE_BYTES for column in columns)
    texts = [column for column in columns if column.kind is Kind.TEXT]
    if not texts:
        return [plain] * len(rows)
    found: dict[int, int] = dict(ask(text_bytes(source, texts, rows)))
    return [plain + found[row] for row in rows]


def _pieces(sizes: Sequence[int], limit: int) -> Iterator[tuple[int, int]]:
    """Ranges whose sizes are within a limit together, one at least."""
    start = total = 0
    for place, size in enumerate(sizes):
        if place > start and total + size > limit:
            yield start, place
            start, total = place, 0
        total += size
    if start < len(sizes):
        yield start, len(sizes)
