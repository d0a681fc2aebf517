"""Use cases of metering outside the hot path: periods, usage to look at, and the checks of its invariants."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from contracts.licences import service as licences
from infra.auth import Actor
from infra.db import AsyncSession, now
from infra.errors import Malformed
from infra.messages import Message
from infra.paging import PageRequest, encode_cursor
from infra.units import UnitVector
from market.metering import repository
from market.metering.domain import EarlyClose, OpenPeriod, PeriodUsage
from market.metering.repository import Difference, HourlyUsage
from market.metering.tables import UsageRecord

LONGEST_SUMMARY = timedelta(days=31)
"""Longest span of one hourly summary."""

SUMMARY_LINES = 5_000
"""Most lines of one hourly summary; a longer one is refused rather than cut."""


class SpanRefused(Malformed):
    """The span of a summary is empty, too long, or holds too much."""

    slug = "usage-span"
    title = Message("The span cannot be summed up")


async def cut_periods(session: AsyncSession, licence_id: UUID, early: EarlyClose | None = None) -> int:
    """Cut the periods of a licence that are over, each at its end, and open the next one; answers how many were cut.

    Admission does so too with the first call after a period's end, so every call is in the period it was recorded in.
    The licence's calls wait until the transaction ends, and with them whatever shares a batch with them: it is a
    transaction of its own, with nothing else in it.

    :param early: where it holds, the open period is cut before its end as well, which is the licence's last.
    """
    return await repository.cut_periods(session, licence_id, early)


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


async def list_usage(
    session: AsyncSession, actor: Actor, licence_id: UUID, period_no: int | None, page: PageRequest
) -> tuple[Sequence[UsageRecord], str | None]:
    """Usage records of a licence the caller may see, newest first, and the next page's cursor.

    :raises NotFound: there is no such licence, or the caller may not know of it.
    """
    licence = await licences.access_licence(session, actor, licence_id)
    return await repository.list_records(session, licence.id, period_no, page)


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
            Message("The span must be longer than nothing and 31 days at most."),
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
