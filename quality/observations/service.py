"""Use cases of observations: the floors above push what they see, reports and consequences read it."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from infra.db import AsyncSession, now
from infra.rulebook import service as rulebook
from quality.observations import repository
from quality.observations.domain import CallCounts, Observations
from quality.observations.tables import TimelinessObservation
from quality.score import Measure


async def record_timeliness(session: AsyncSession, seen: Mapping[UUID, tuple[int, int]]) -> None:
    """Record how arrivals compare with promises; replaces what was recorded of these products before.

    :param seen: product → ends of promised periods at which its data was not late, and how many were looked at.
    """
    moment = await now(session)
    await repository.put_timeliness(
        session,
        [
            TimelinessObservation(product_id=product_id, in_time=in_time, periods=periods, observed_at=moment)
            for product_id, (in_time, periods) in sorted(seen.items())
        ],
    )


async def record_calls(session: AsyncSession, counts: Mapping[UUID, CallCounts]) -> None:
    """Add data calls that were counted until now to the present hour; several processes may do so at once."""
    moment = await now(session)
    hour = moment.replace(minute=0, second=0, microsecond=0)
    await repository.add_calls(session, hour, counts)


async def get(session: AsyncSession, product_id: UUID) -> Observations:
    """What was observed of a product; calls of the last days that ``quality.accessibility.days`` says."""
    rules, moment = await rulebook.in_force(session), await now(session)
    seen = await repository.timeliness(session, product_id)
    since = moment - timedelta(days=rules.integer("quality.accessibility.days"))
    called = (await repository.calls(session, [product_id], since, moment)).get(product_id)
    return Observations(
        timeliness=Measure(seen.in_time, seen.periods) if seen is not None and seen.periods else None,
        accessibility=Measure(called.succeeded, called.calls)
        if called is not None and called.calls
        else None,
    )


async def get_calls(
    session: AsyncSession, product_ids: Collection[UUID], since: datetime, until: datetime
) -> dict[UUID, CallCounts]:
    """Product → its calls in the hours that begin from one moment on and before another; those without are left out."""
    return await repository.calls(session, product_ids, since, until)


async def list_called(session: AsyncSession, since: datetime, until: datetime) -> Sequence[UUID]:
    """Products with calls in the hours that begin from one moment on and before another."""
    return await repository.products_with_calls(session, since, until)
