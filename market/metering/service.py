"""Use cases of metering outside the hot path: periods, usage to look at, credits, and the checks of its invariants."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

import structlog

from contracts.licences import service as licences
from contracts.licences import token_service
from contracts.licences.tokens import LicenceClaims
from infra.auth import Actor
from infra.db import AsyncSession, SessionMaker, now, transaction
from infra.errors import Malformed, NotFound
from infra.messages import Message
from infra.paging import PageRequest, encode_cursor
from infra.units import UnitVector
from market.metering import process_repository, repository
from market.metering.domain import (
    Credit,
    EarlyClose,
    OpenPeriod,
    PeriodUsage,
    UsageCreditReason,
    UsageRecordStatus,
)
from market.metering.record_ids import process_of
from market.metering.repository import Difference, HourlyUsage
from market.metering.tables import UsageRecord

LONGEST_SUMMARY = timedelta(days=31)
"""Longest span of one hourly summary."""

SUMMARY_LINES = 5_000
"""Most lines of one hourly summary; a longer one is refused rather than cut."""

SILENT = timedelta(seconds=20)
"""A process that was not heard of for so long is suspected to have ended."""

SUSPECTED = timedelta(seconds=10)
"""One that is not heard of for so long after it was suspected has ended."""

FORGOTTEN = timedelta(days=1)
"""What a process said is kept for so long after it ended."""

CREDITS_PER_PROCESS = 10_000
"""Most calls that are credited of one process that ended, the last ones it recorded."""

_CREDITS_AT_ONCE = 200

log = structlog.get_logger()


class LicenceNotNamed(Malformed):
    """The request names no licence."""

    slug = "licence-not-named"
    title = Message("The licence is not named")


@dataclass(frozen=True, slots=True)
class UsageReader:
    """Who reads usage: somebody with the licences they can see, or else whoever has a licence's token."""

    actor: Actor | None
    claims: LicenceClaims | None

    async def live_claims(self, session: AsyncSession) -> LicenceClaims:
        """What the licence token says.

        :raises InvalidLicenceToken: it was ended.
        """
        assert self.claims is not None
        await token_service.require_token_not_ended(session, self.claims.token_id)
        return self.claims


@dataclass(frozen=True, slots=True)
class KnownRecord:
    """A usage record with what became of its call.

    :ivar month: first day of the calendar month it counts in; None of one from before periods were months.
    :ivar agreement_id: whose invoice of that month bills it.
    """

    record: UsageRecord
    status: UsageRecordStatus
    credit: Credit | None
    month: date | None
    agreement_id: UUID


class SpanRefused(Malformed):
    """A span of time is empty, or for a summary too long or with too many lines."""

    slug = "usage-span"
    title = Message("Unusable span of time")


async def cut_periods(session: AsyncSession, licence_id: UUID, early: EarlyClose | None = None) -> int:
    """Cut the periods of a licence that are over, each at its end, and open the next one; answers how many were cut.

    Admission does so too with the first call after a period's end, so every call is in the period it was recorded in.
    The licence's calls wait until the transaction ends, and with them whatever shares a batch with them: it is a
    transaction of its own, with nothing else in it.

    :param early: where it holds, the open period is cut before its end as well, which is the licence's last.
    """
    return await repository.cut_periods(session, licence_id, early)


async def confirm_period(session: AsyncSession, licence_id: UUID, period_no: int) -> int | None:
    """Confirm a cut period once each of its calls is accounted for: answered, or credited. It can be billed then.

    Processes account for their calls within a second or two, and the worker for those of a process that died within
    three minutes. Nobody waits for this but credits of the licence: it is a transaction of its own.

    :return: how many calls are not accounted for, 0 once it is confirmed; None while it is not cut.
    """
    return await repository.confirm_period(session, licence_id, period_no)


async def get_closed_period(session: AsyncSession, licence_id: UUID, period_no: int) -> PeriodUsage | None:
    """A closed period of a licence with its totals; None while it is open. Waits for nobody."""
    return await repository.get_closed_period(session, licence_id, period_no)


async def get_open_period(session: AsyncSession, licence_id: UUID) -> OpenPeriod | None:
    """The period in which the calls of a licence count now; None once the last one is closed."""
    return await repository.get_open_period(session, licence_id)


async def licences_over(session: AsyncSession, after: UUID, limit: int) -> Sequence[UUID]:
    """Some licences whose open period is over and not cut, in the order of their ids.

    :param after: the last one of those before; ``UUID(int=0)`` to begin.
    """
    return await repository.licences_over(session, after, limit)


async def list_periods(
    session: AsyncSession, actor: Actor, licence_id: UUID, page: PageRequest
) -> tuple[list[OpenPeriod | PeriodUsage], str | None]:
    """One page of the billing periods of a licence the caller may see, newest first; the open one leads the first page.

    :raises NotFound: there is no such licence, or the caller may not know of it.
    """
    licence = await licences.access_licence(session, actor, licence_id)
    shown: list[OpenPeriod | PeriodUsage] = []
    if page.after is None and (open_period := await repository.get_open_period(session, licence.id)):
        shown.append(open_period)
    below = None if page.after is None else page.after.int
    shown += await repository.closed_periods(session, licence.id, below, page.limit + 1 - len(shown))
    if len(shown) <= page.limit:
        return shown, None
    del shown[page.limit :]
    return shown, encode_cursor(UUID(int=shown[-1].period_no))


async def used_by_purpose(session: AsyncSession, licence_id: UUID, period_no: int) -> dict[str, UnitVector]:
    """Units of one closed period by the purpose of use."""
    return await repository.used_by_purpose(session, licence_id, period_no)


async def find_record(session: AsyncSession, licence_id: UUID, record_id: UUID) -> UsageRecord | None:
    """A usage record of a licence, whoever asks."""
    return await repository.find_record(session, licence_id, record_id)


async def list_usage(
    session: AsyncSession, actor: Actor, licence_id: UUID, period_no: int | None, page: PageRequest
) -> tuple[Sequence[KnownRecord], str | None]:
    """Usage records of a licence the caller may see, newest first, and the next page's cursor.

    :raises NotFound: there is no such licence, or the caller may not know of it.
    """
    licence = await licences.access_licence(session, actor, licence_id)
    rows, cursor = await repository.list_records(session, licence.id, page, period_no=period_no)
    return await _known(session, rows), cursor


async def list_records(
    session: AsyncSession,
    caller: UsageReader,
    licence_id: UUID | None,
    since: datetime | None,
    until: datetime | None,
    page: PageRequest,
) -> tuple[Sequence[KnownRecord], str | None]:
    """Usage records of one licence, newest first, and the next page's cursor.

    :param licence_id: may be left out with a licence token.
    :raises NotFound: there is no such licence, or the caller may not know of it.
    :raises LicenceNotNamed: the caller has no licence token and names no licence.
    :raises InvalidLicenceToken: the token was ended.
    :raises SpanRefused: it ends before it begins.
    """
    if since is not None and until is not None and since >= until:
        raise SpanRefused(
            Message("The span is empty: since must be earlier than until."),
            remedy=Message("Exchange the two, or leave one of them out."),
        )
    if caller.actor is not None:
        if licence_id is None:
            raise LicenceNotNamed(
                Message("The request does not say whose usage records it is about."),
                remedy=Message("Send licence_id: GET /v1/licences lists your licences."),
            )
        licence_id = (await licences.access_licence(session, caller.actor, licence_id)).id
    else:
        claims = await caller.live_claims(session)
        if licence_id not in (None, claims.licence_id):
            raise NotFound(
                Message("The licence token is for another licence than {licence_id}.", licence_id=licence_id),
                remedy=Message("Leave licence_id out."),
            )
        licence_id = claims.licence_id
    rows, cursor = await repository.list_records(session, licence_id, page, since=since, until=until)
    return await _known(session, rows), cursor


async def get_record(session: AsyncSession, caller: UsageReader, record_id: UUID) -> KnownRecord:
    """A usage record of a licence that the caller may see, or whose token it has.

    :raises NotFound: there is no such record, so nothing was billed under that id.
    :raises InvalidLicenceToken: the token was ended.
    """
    if caller.actor is not None:
        ids = await licences.list_visible_ids(session, caller.actor)
        row = await repository.find_record_among(session, ids, record_id)
    else:
        claims = await caller.live_claims(session)
        row = await repository.find_record(session, claims.licence_id, record_id)
    if row is None:
        raise NotFound(
            Message("There is no usage record {record_id} of your licences.", record_id=record_id),
            remedy=Message(
                "A call that left no record was not billed. One that is less than a minute old may still be recorded."
            ),
        )
    return (await _known(session, [row]))[0]


async def _known(session: AsyncSession, rows: Sequence[UsageRecord]) -> list[KnownRecord]:
    """What became of the calls of these records, all of one licence."""
    if not rows:
        return []
    months = await repository.months_of(session, rows[0].licence_id)
    agreement_id = await repository.agreement_of(session, rows[0].licence_id)
    credited = await repository.list_credits(session, rows)
    processes = {process.id: process for process in await process_repository.list_unended_processes(session)}
    known = []
    for row in rows:
        credit = credited.get((row.licence_id, row.record_id))
        process = processes.get(process_of(row.record_id))
        status = UsageRecordStatus.ANSWERED
        if credit is not None:
            status = UsageRecordStatus.CREDITED
        elif process and (row.record_id > process.decided_through or row.record_id in process.record_ids):
            status = UsageRecordStatus.UNCONFIRMED
        taken_back = Credit(credit.credited_at, credit.reason, credit.period_no) if credit else None
        known.append(KnownRecord(row, status, taken_back, months.get(row.period_no), agreement_id))
    return known


async def hourly_usage(
    session: AsyncSession, actor: Actor, licence_id: UUID, since: datetime | None, until: datetime | None
) -> list[HourlyUsage]:
    """Usage by hour of a licence the caller may see, current to the last admitted call.

    :param since: default: a day before ``until``.
    :param until: default: now.
    :raises NotFound: there is no such licence, or the caller may not know of it.
    :raises SpanRefused: the span is empty, longer than 31 days, or has more lines than one answer holds.
    """
    licence = await licences.access_licence(session, actor, licence_id)
    end = until or await now(session) + timedelta(seconds=1)
    begin = since or end - timedelta(days=1)
    if not timedelta(0) < end - begin <= LONGEST_SUMMARY:
        raise SpanRefused(
            Message("The span must not be empty, and must be 31 days at most."),
            remedy=Message("Set since and until closer."),
        )
    lines = await repository.hourly(session, licence.id, begin, end, SUMMARY_LINES + 1)
    if len(lines) > SUMMARY_LINES:
        raise SpanRefused(
            Message("The span has more than {summary_lines} lines.", summary_lines=SUMMARY_LINES),
            remedy=Message("Ask for a shorter span at a time."),
        )
    return lines


async def differences(session: AsyncSession) -> list[Difference]:
    """Periods, open or closed lately, whose counters, purposes and records differ: none, or something is broken."""
    return await repository.differences(session, days=2, limit=100)


async def ensure_partitions(session: AsyncSession) -> int:
    """Prepare the months ahead for usage records; answers how many partitions were made."""
    return await repository.ensure_partitions(session, months_ahead=2)


async def credit_ended_processes(sessions: SessionMaker) -> int:
    """Credit the last calls of processes that were not heard of for a while and did not end in order.

    Which of them were answered nobody knows, so all are credited that the process had not accounted for, two seconds'
    worth, :data:`CREDITS_PER_PROCESS` at most. A process is suspected first and found to have ended by a later call of
    this, so that none is which only waited for the same database as the caller of this.

    :return: how many calls were credited.
    """
    async with transaction(sessions) as session:
        ended = await process_repository.list_silent_processes(session, SUSPECTED)
        await process_repository.suspect_processes(session, SILENT)
        await process_repository.forget_processes(session, FORGOTTEN)
    credited_in_all = 0
    for process in ended:
        credited = 0
        async with transaction(sessions) as session:
            records = await process_repository.unaccounted_records(session, process, CREDITS_PER_PROCESS)
        for start in range(0, len(records), _CREDITS_AT_ONCE):
            async with transaction(sessions) as session:
                credited += await process_repository.credit_calls(
                    session, records[start : start + _CREDITS_AT_ONCE], UsageCreditReason.PROCESS_ENDED
                )
        async with transaction(sessions) as session:
            await process_repository.end_process(session, process)
        log.warning(
            "calls_of_ended_process_credited", process=process.id, unaccounted=len(records), credited=credited
        )
        credited_in_all += credited
    return credited_in_all
