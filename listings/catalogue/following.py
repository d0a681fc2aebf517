"""The catalogue in memory, kept as the database has it: what was committed before a search began, the search sees.

Every search asks the database first which things have changed since the last one asked, and reads those anew. Searches
that wait at the same time share one question. The question names the snapshot that was last read, so that a change is
found whenever it was committed, in whatever order; on another server than before everything is read anew.
"""

import asyncio
import contextlib
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import structlog

from infra.db import AsyncSession, SessionMaker, snapshot
from infra.errors import Unavailable
from infra.identity.schemas import PartyName
from infra.messages import Message
from infra.rulebook import service as rulebook
from listings.catalogue import repository
from listings.catalogue.index import CatalogueIndex
from listings.catalogue.reading import may_be_offered, party_names, read_entry
from listings.freshness.domain import promise_rules
from listings.resources.domain import listing_rules
from listings.revisions import service as revisions

BATCH = 1_000
_PATIENCE_SECONDS = 10.0
_CONNECT_SECONDS = 5.0
_IDLE_SECONDS = 30.0
_YIELD_EVERY = 10
_STALE = timedelta(hours=12)
"""Who has not asked for so long reads everything anew: changes are kept for a day."""

_FIRST = UUID(int=0)
_NOTHING_SEEN = "9223372036854775807:9223372036854775807:"
"""A snapshot from which no change is asked for."""

_MOST_WHILE_WAITING = 20_000
_RULES = (
    "freshness.tolerance_percent",
    "listing.core_data_refused",
    "listing.important_data_needs_assessment",
)
"""When one of these changes, everything is read anew: any product may be late or not be offered any more."""

log = structlog.get_logger()


class CatalogueFollower:
    """The catalogue of one process.

    :param dsn: ``postgresql://…`` of the service's own login.
    :param sessions: for reading products; at most one at a time is taken.
    """

    def __init__(self, dsn: str, sessions: SessionMaker) -> None:
        self._dsn = dsn
        self._sessions = sessions
        self._connection: asyncpg.Connection[Any] | None = None
        self._server: tuple[Any, ...] | None = None
        self._lock = asyncio.Lock()
        self._asked = self._served = 0
        self._index = CatalogueIndex()
        self._snapshot: str | None = None
        self._moment: datetime | None = None
        self._rules: list[str] = []
        self._read_until = datetime.min.replace(tzinfo=UTC)
        self._read = asyncio.Event()
        self._wanted = asyncio.Event()
        self.names: dict[str, PartyName] = {}

    async def run(self) -> None:
        """Read everything when that is needed, follow also while nobody searches, merge; never returns."""
        while True:
            self._wanted.clear()
            if await self._up_to_date() is None:
                async with self._lock:
                    await self._read_everything()
                continue
            if self._index.wants_merge:
                await _merge(self._index)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_IDLE_SECONDS):
                    await self._wanted.wait()

    async def close(self) -> None:
        """Give the connection back."""
        if self._connection is not None:
            self._connection.terminate()

    async def get_index(self) -> CatalogueIndex:
        """The catalogue with what was committed before the call, as it is at the database's present.

        It is to be searched before anything else is awaited.

        :raises Unavailable: the catalogue is still being read.
        """
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                while (moment := await self._up_to_date()) is None:
                    self._wanted.set()
                    await self._read.wait()
        except TimeoutError:
            raise Unavailable(
                Message("The catalogue is being read."),
                remedy=Message("Search again in a moment; a product's own page is shown meanwhile."),
                retry_after=5,
            ) from None
        self._index.read_clock(moment)
        return self._index

    async def _up_to_date(self) -> datetime | None:
        """Read what has changed; answers the database's time at which nothing else had.

        None when everything has to be read, which no search does itself: it may be given up in the middle.
        """
        self._asked = ticket = self._asked + 1
        async with self._lock:
            if self._served < ticket:
                # Everybody who asked before the database is asked shares the answer.
                covered = self._asked
                self._moment = await self._read_changes()
                self._served = covered
            return self._moment

    async def _read_changes(self) -> datetime | None:
        connection = await self._connected()
        if self._snapshot is None:
            return None
        found = await connection.fetchrow(repository.CHANGED, self._snapshot, _RULES)
        assert found is not None
        moment: datetime = found["moment"]
        if found["rules"] != self._rules or not self._read_until <= moment <= self._read_until + _STALE:
            self._forget()
            return None
        subjects = [*found["subjects"], *self._index.ended(moment)]
        if subjects and not await self._read_anew(subjects):
            self._forget()
            return None
        self._snapshot, self._read_until = found["snapshot"], moment
        return moment

    def _forget(self) -> None:
        self._snapshot = None
        self._read.clear()

    async def _connected(self) -> "asyncpg.Connection[Any]":
        if self._connection is None or self._connection.is_closed():
            self._connection = await asyncpg.connect(
                self._dsn,
                timeout=_CONNECT_SECONDS,
                command_timeout=_CONNECT_SECONDS,
                server_settings={"application_name": "data-market catalogue"},
            )
            server = tuple(await self._connection.fetchrow(repository.WHICH_SERVER) or ())
            if server != self._server:
                self._server = server
                self._forget()
        return self._connection

    async def _read_everything(self) -> None:
        index, names = CatalogueIndex(), dict[str, PartyName]()
        connection = await self._connected()
        begun = await connection.fetchrow(repository.CHANGED, _NOTHING_SEEN, _RULES)
        assert begun is not None
        after = _FIRST
        while True:
            async with snapshot(self._sessions) as session:
                ids = await repository.next_product_ids(session, after, BATCH)
                if not ids:
                    break
                await _read(session, index, names, ids)
            if index.wants_merge:
                await _merge(index)
            after = ids[-1]
        await _merge(index)
        self._index, self.names = index, names
        self._snapshot, self._read_until, self._rules = begun["snapshot"], begun["moment"], begun["rules"]
        self._read.set()
        log.info("catalogue_read", products=len(index), bytes=index.size)

    async def _read_anew(self, subjects: Sequence[UUID]) -> bool:
        """Read the products that rest on these things; False when they are too many for somebody to wait for."""
        async with snapshot(self._sessions) as session:
            ids = await repository.product_ids(session, subjects)
            # One that is gone altogether rests on nothing any more.
            ids |= {subject for subject in subjects if subject in self._index}
            if len(ids) > _MOST_WHILE_WAITING:
                return False
            for first in range(0, len(ids), BATCH):
                await _read(session, self._index, self.names, sorted(ids)[first : first + BATCH])
        return True


async def _merge(index: CatalogueIndex) -> None:
    steps = index.merge()
    next(steps)
    await asyncio.to_thread(next, steps)
    next(steps, None)


async def _read(
    session: AsyncSession, index: CatalogueIndex, names: dict[str, PartyName], ids: Collection[UUID]
) -> None:
    """Bring these products up to date: those that are on the market are put, the others removed."""
    rules = await rulebook.in_force(session)
    tolerance, listed = promise_rules(rules).tolerance_percent, listing_rules(rules)
    rows = {row["id"]: row for row in await repository.entries(session, ids, ())}
    suspected = {product_id for product_id, row in rows.items() if row["detected"]}
    withheld: list[UUID] = []
    while suspected:
        # Only the slice that detects personal information can say whether what it found keeps a revision back.
        kept_back = set()
        for product_id in suspected & rows.keys():
            if await revisions.is_revision_withheld(session, rows[product_id]["revision_id"]):
                withheld.append(rows.pop(product_id)["revision_id"])
                kept_back.add(product_id)
        earlier = await repository.entries(session, kept_back, withheld) if kept_back else ()
        rows |= {row["id"]: row for row in earlier}
        suspected = {row["id"] for row in earlier if row["detected"]}
    for number, product_id in enumerate(ids):
        row = rows.get(product_id)
        if row is None or not may_be_offered(row, listed):
            index.remove(product_id)
        else:
            index.put(read_entry(row, tolerance))
            names.update(party_names(row))
        if number % _YIELD_EVERY == 0:
            await asyncio.sleep(0)
