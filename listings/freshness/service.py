"""Use cases of freshness: how a product's promise stands, and whose parties are told that it is broken."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from uuid import UUID

from infra.db import AsyncSession, now
from infra.events import service as events
from infra.events.kinds import EventKind
from infra.rulebook import service as rulebook
from infra.stops import service as stops
from listings.editions import service as editions
from listings.freshness import repository
from listings.freshness.domain import (
    Freshness,
    Lapse,
    Promise,
    PromiseRules,
    assess,
    find_lapse,
    freshness_of,
    promise_rules,
)
from listings.freshness.tables import OverdueNotice
from listings.products import service as products
from listings.products.tables import DataProduct
from quality.observations import service as observations
from quality.runs import service as quality
from quality.runs.states import QualityStatus

LOOK_BACK = 500
"""How many of the newest uploads are looked at."""

ENDED_WITHIN = timedelta(days=1)
"""Lapses that ended before are not looked for: the schedule comes each hour."""

_Upload = tuple[datetime, QualityStatus, bool]


async def get_promise(session: AsyncSession, product: DataProduct) -> Promise:
    """How the promise of a product stands; of one that was never published nothing is promised yet."""
    if product.published_at is None:
        return Promise(Freshness.NO_PROMISE)
    rules = promise_rules(await rulebook.in_force(session))
    return assess(product.update_frequency, await _arrivals(session, product.id), await now(session), rules)


async def list_uploads(
    session: AsyncSession, product_id: UUID, limit: int
) -> Sequence[tuple[UUID, datetime]]:
    """Id and time of the newest uploads of a product, newest first."""
    return await repository.list_uploads(session, product_id, limit)


async def list_lapses(session: AsyncSession, product: DataProduct) -> list[Lapse]:
    """The lapse that goes on, and those that ended within the last day, by the promise as it took effect.

    An upload that came in time and is being checked is waited for: how long a check takes is not its operator's matter.
    One that was served and recalled since has arrived in time all the same.
    """
    since = await _promised_since(session, product)
    if since is None:
        return []
    rules, moment = promise_rules(await rulebook.in_force(session)), await now(session)
    seen = await _uploads(session, product.id)
    passed = sorted(at for at, status, _ in seen if status is QualityStatus.PASSED)
    found = [
        find_lapse(product.update_frequency, at, following, since, moment, rules.tolerance_percent)
        for at, following in pairwise(passed)
        if following >= moment - ENDED_WITHIN
    ]
    lapse = _open_lapse(product, seen, since, moment, rules)
    if lapse is not None and not any(
        status is QualityStatus.CHECKING and lapse.arrived_at < at < lapse.late_at for at, status, _ in seen
    ):
        found.append(lapse)
    return [one for one in found if one is not None]


async def find_open_lapse(session: AsyncSession, product: DataProduct) -> Lapse | None:
    """The time in which promised data is overdue now, by the promise as it took effect; None while it is not."""
    since = await _promised_since(session, product)
    if since is None:
        return None
    rules, moment = promise_rules(await rulebook.in_force(session)), await now(session)
    return _open_lapse(product, await _uploads(session, product.id), since, moment, rules)


def _open_lapse(
    product: DataProduct, seen: Sequence[_Upload], since: datetime, moment: datetime, rules: PromiseRules
) -> Lapse | None:
    last = max(_served(seen), default=None)
    if last is None:
        return None
    return find_lapse(product.update_frequency, last, None, since, moment, rules.tolerance_percent)


async def _promised_since(session: AsyncSession, product: DataProduct) -> datetime | None:
    """When the present update frequency of a product was promised; None of one that was never published."""
    if product.published_at is None:
        return None
    return await editions.find_frequency_since(session, product.id) or product.published_at


async def _arrivals(session: AsyncSession, product_id: UUID) -> list[datetime]:
    """When data arrived that passed its check and is not suspended."""
    return _served(await _uploads(session, product_id))


def _served(seen: Sequence[_Upload]) -> list[datetime]:
    return [at for at, status, stopped in seen if status is QualityStatus.PASSED and not stopped]


async def _uploads(session: AsyncSession, product_id: UUID) -> list[_Upload]:
    """When the newest uploads came that were checked or are, what came of it, and whether each is stopped."""
    uploads = dict(await repository.list_uploads(session, product_id, LOOK_BACK))
    if not uploads:
        return []
    statuses = await quality.get_statuses(session, uploads.keys())
    stopped = await stops.reasons(session, list(uploads))
    return [
        (at, statuses[revision_id], bool(stopped[revision_id]))
        for revision_id, at in uploads.items()
        if revision_id in statuses
    ]


async def list_promising(
    session: AsyncSession, after: UUID | None, limit: int
) -> tuple[Sequence[UUID], UUID | None]:
    """So many published products after an id that promise something and are not suspended.

    :return: their ids, and the id to go on after; None at the end.
    """
    found = [row[0] for row in await repository.list_promising(session, after, limit)]
    return found, found[-1] if len(found) == limit else None


async def list_late(
    session: AsyncSession, after: UUID | None, limit: int
) -> tuple[Sequence[UUID], UUID | None]:
    """Of so many published products after an id that promise something, those whose passed data is late.

    :return: their ids, and the id to go on after; None at the end.
    """
    rules = promise_rules(await rulebook.in_force(session))
    moment = await now(session)
    found = await repository.list_promising(session, after, limit)
    late = [
        product_id
        for product_id, frequency, passed_at in found
        if freshness_of(frequency, passed_at, moment, rules.tolerance_percent) is Freshness.LATE
    ]
    return late, found[-1][0] if len(found) == limit else None


async def observe(session: AsyncSession, after: UUID | None, limit: int) -> UUID | None:
    """Hand over to quality how the promises of so many published products after an id stand.

    :return: the id to go on after; None at the end.
    """
    rules, moment = promise_rules(await rulebook.in_force(session)), await now(session)
    found = await repository.list_promising(session, after, limit)
    seen = {}
    for product_id, frequency, _ in found:
        promise = assess(frequency, await _arrivals(session, product_id), moment, rules)
        seen[product_id] = (promise.in_time, promise.periods)
    await observations.record_timeliness(session, seen)
    return found[-1][0] if len(found) == limit else None


async def tell_overdue(session: AsyncSession, product_id: UUID) -> bool:
    """Tell the parties of a product that its data is overdue, once for each lapse; says whether they were told now."""
    product = await products.find_product(session, product_id)
    if product is None:
        return False
    promise = await get_promise(session, product)
    if promise.late_since is None or promise.last_arrival is None:
        return False
    notice = OverdueNotice(
        product_id=product_id,
        arrived_at=promise.last_arrival,
        due_at=promise.late_since,
        told_at=await now(session),
    )
    if not await repository.add_notice(session, notice):
        return False
    await events.publish(
        session,
        EventKind.PRODUCT_OVERDUE,
        subject_id=product_id,
        organisations=(product.operator_id, product.owner_id),
        payload={
            "update_frequency": product.update_frequency.value,
            "last_arrival": promise.last_arrival.isoformat(),
            "due_at": promise.late_since.isoformat(),
        },
    )
    return True
