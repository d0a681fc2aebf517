"""What became of the answers: which admitted calls were answered, so that those that were not are credited.

A process knows which calls it had recorded and whether it handed their answers over. What it could not answer it
credits itself. It also says every second in the database how far it is, a second behind, so that the worker can credit
the last calls of one that died (:func:`market.metering.service.credit_ended_processes`). What a process handed over
counts as answered: what the client then does with its connection is the client's.
"""

import asyncio
from itertools import islice
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
import structlog

from infra.outages import is_fatal
from market.metering import answers_sql
from market.metering.connection import TRANSIENT, Connection
from market.metering.domain import Call
from market.metering.record_ids import RecordIds, age_seconds

log = structlog.get_logger()

PROGRESS_SECONDS = 1.0
"""A process says this often how far its answers are, and what it says is as old again."""

IDLE_SECONDS = 5.0
"""A process without calls is heard of this often."""

UNKNOWN_SECONDS = 30.0
"""For so long a call whose batch's outcome is unknown is looked for, in order to be credited if it was recorded.

The server gives a batch up after ten seconds, so that none is recorded later than that.
"""

OPEN_SECONDS = 60.0
"""An answer that was not handed over for so long after its call was recorded never will be."""

_CREDITS_AT_ONCE = 500


class Progress(NamedTuple):
    """How far a process is.

    :ivar decided_through: the last record id it got a decision on.
    :ivar open_records: record → licence of what was admitted up to there, or may have been, and is not answered.
    """

    decided_through: UUID
    open_records: dict[UUID, UUID]


class AnswerLog:
    """Which recorded calls of this process are not answered.

    :param dsn: address of the service's own login, as libpq writes it.
    """

    def __init__(self, dsn: str) -> None:
        self._connection = Connection(dsn, "data-market-answers")
        self.ids = RecordIds()
        self._decided_through = self.ids.next()
        self._open: dict[UUID, UUID] = {}
        self._unanswered: dict[UUID, UUID] = {}
        self._unknown: dict[UUID, tuple[UUID, float]] = {}
        self._credited = 0
        self._said: Progress | None = None
        self._said_at = 0.0

    def metrics(self) -> list[tuple[int, dict[str, str]]]:
        """Calls that this process credited since it began, for its metrics."""
        return [(self._credited, {})]

    async def register(self, connection: "asyncpg.Connection[Any]") -> None:
        """Make this process known, before anything is recorded over a connection."""
        await answers_sql.register(connection, self.ids.process_id, self._decided_through)

    def admitted(self, call: Call) -> None:
        """A call was recorded and is to be answered."""
        self._open[call.record_id] = call.licence_id

    def decided(self, last: Call) -> None:
        """A batch was decided, up to this call."""
        self._decided_through = last.record_id

    def answered(self, record_id: UUID) -> None:
        """An answer is being handed over. That of a repeat, whose record is another call's, changes nothing."""
        self._open.pop(record_id, None)

    def unanswered(self, record_id: UUID) -> None:
        """A call could not be answered; it is credited if this process recorded it. A repeat has its key."""
        licence_id = self._open.pop(record_id, None)
        if licence_id is not None:
            self._unanswered[record_id] = licence_id

    def unknown(self, call: Call) -> None:
        """A call is given up whose batch was sent: it may have been recorded, or still be."""
        ends = asyncio.get_running_loop().time() + UNKNOWN_SECONDS
        self._unknown[call.record_id] = (call.licence_id, ends)

    async def run(self) -> None:
        """Credit what was not answered, and say how far the answers are, for as long as the process lives."""
        before = self._progress()
        try:
            while True:
                await asyncio.sleep(PROGRESS_SECONDS)
                now = self._progress()
                try:
                    connection = await self._connection.get()
                    await self._credit(connection)
                    await self._say(connection, before)
                except Exception as error:
                    if not (isinstance(error, TRANSIENT) or is_fatal(error)):
                        raise
                    await self._connection.close()
                before = now
        finally:
            await self._connection.close()

    async def finish(self) -> None:
        """Credit what was not answered, and say that this process ended in order; the worker credits what is left."""
        try:
            connection = await self._connection.get()
            await self._credit(connection)
            progress = self._progress()
            await answers_sql.say(connection, self.ids.process_id, *progress, ended=not progress.open_records)
        except Exception as error:
            if not (isinstance(error, TRANSIENT) or is_fatal(error)):
                raise
            log.warning("answers_not_accounted_for", error=type(error).__name__)
        finally:
            await self._connection.close()

    def _progress(self) -> Progress:
        self._give_up_the_old()
        unknown = {record_id: licence_id for record_id, (licence_id, _) in self._unknown.items()}
        return Progress(self._decided_through, self._open | self._unanswered | unknown)

    def _give_up_the_old(self) -> None:
        # In order of making, so that the first one that is young ends it.
        for record_id in list(self._open):
            if age_seconds(record_id) < OPEN_SECONDS:
                return
            self.unanswered(record_id)

    async def _say(self, connection: "asyncpg.Connection[Any]", progress: Progress) -> None:
        moment = asyncio.get_running_loop().time()
        if progress != self._said or moment - self._said_at >= IDLE_SECONDS:
            await answers_sql.say(connection, self.ids.process_id, *progress, ended=False)
            self._said, self._said_at = progress, moment

    async def _credit(self, connection: "asyncpg.Connection[Any]") -> None:
        moment = asyncio.get_running_loop().time()
        while some := dict(islice(self._unanswered.items(), _CREDITS_AT_ONCE)):
            self._count(await answers_sql.credit_calls(connection, some))
            for record_id in some:
                del self._unanswered[record_id]
        sought = [(record_id, licence_id) for record_id, (licence_id, _) in self._unknown.items()]
        over = [record_id for record_id, (_, ends) in self._unknown.items() if ends <= moment]
        for start in range(0, len(sought), _CREDITS_AT_ONCE):
            found = await answers_sql.credit_calls(connection, dict(sought[start : start + _CREDITS_AT_ONCE]))
            self._count(found)
            over.extend(found)
        for record_id in over:
            self._unknown.pop(record_id, None)

    def _count(self, credited: list[UUID]) -> None:
        self._credited += len(credited)
        if credited:
            log.warning(
                "calls_credited", count=len(credited), records=[str(record) for record in credited[:20]]
            )
