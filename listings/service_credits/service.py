"""Use cases of service credits: recorded once for each missed promise, read by whoever is concerned."""

from collections.abc import Sequence
from datetime import datetime
from fractions import Fraction
from typing import Any
from uuid import UUID

from infra.audit import service as audit
from infra.auth import SYSTEM, Actor
from infra.db import AsyncSession, now
from infra.errors import NotFound
from infra.events import service as events
from infra.events.kinds import EventKind
from infra.messages import Message
from infra.paging import PageRequest
from infra.rulebook import service as rulebook
from infra.rulebook.domain import Rules
from listings.freshness import service as freshness
from listings.products import service as products
from listings.products.recording import SUBJECT
from listings.products.tables import DataProduct
from listings.service_credits import repository
from listings.service_credits.domain import PromiseKind, last_month, misses_availability
from listings.service_credits.tables import ServiceCredit
from quality.observations import service as observations


async def record_lapses(session: AsyncSession, product_id: UUID) -> int:
    """Record the times in which promised data of a product was overdue, once each; answers how many were new."""
    product = await products.find_product(session, product_id)
    if product is None:
        return 0
    rules, recorded = await rulebook.in_force(session), 0
    for lapse in await freshness.list_lapses(session, product):
        detail = {"update_frequency": product.update_frequency.value}
        recorded += await _record(
            session, product, PromiseKind.FRESHNESS, lapse.arrived_at, lapse.due_at, detail, rules
        )
    return recorded


async def list_called(session: AsyncSession) -> Sequence[UUID]:
    """Products that were called in the last month."""
    return await observations.list_called(session, *last_month(await now(session)))


async def record_availability(session: AsyncSession, product_id: UUID) -> bool:
    """Record that the calls of a product were answered too seldom in the last month; says whether it was recorded now.

    What was promised is what the rules said when that month began: a later change does not reach back.
    """
    since, until = last_month(await now(session))
    rules = await rulebook.in_force(session, since)
    promised = rules.decimal("service_credit.availability_percent")
    calls = (await observations.get_calls(session, [product_id], since, until)).get(product_id)
    product = await products.find_product(session, product_id)
    if product is None or calls is None:
        return False
    if not misses_availability(calls, Fraction(promised), rules.integer("service_credit.least_calls")):
        return False
    detail = {"calls": calls.calls, "answered": calls.succeeded, "promised_percent": str(promised)}
    return await _record(session, product, PromiseKind.AVAILABILITY, since, until, detail, rules)


async def list_of_product(
    session: AsyncSession, actor: Actor, product_id: UUID, page: PageRequest
) -> tuple[Sequence[ServiceCredit], str | None]:
    """One page of the missed promises of a product that was ever published, or that the actor can access; newest first.

    Licences of a product that was suspended or withdrawn since are owed what was missed, whoever may see the product.

    :raises NotFound: there is none.
    """
    product = await products.find_product(session, product_id)
    shown = product is not None and product.published_at is not None
    if not shown and await products.find_visible(session, actor, product_id) is None:
        raise NotFound(
            Message("There is no such product."),
            remedy=Message(
                "GET /v1/products lists those you can access, GET /v1/catalogue those on the market."
            ),
        )
    return await repository.list_of_product(session, product_id, page)


async def _record(
    session: AsyncSession,
    product: DataProduct,
    promise: PromiseKind,
    since: datetime,
    until: datetime,
    detail: dict[str, Any],
    rules: Rules,
) -> bool:
    row = ServiceCredit(
        product_id=product.id,
        promise=promise,
        period_from=since,
        period_until=until,
        detail=detail,
        recorded_at=await now(session),
        rules=rules.stamp(),
    )
    if not await repository.add(session, row):
        return False
    told = {
        "credit_id": str(row.id),
        "promise": promise.value,
        "period_from": since.isoformat(),
        "period_until": until.isoformat(),
        **detail,
    }
    await audit.record(
        session,
        SYSTEM,
        action=EventKind.PRODUCT_PROMISE_MISSED.value,
        subject_kind=SUBJECT,
        subject_id=product.id,
        detail=told,
        rules=rules,
    )
    await events.publish(
        session,
        EventKind.PRODUCT_PROMISE_MISSED,
        subject_id=product.id,
        organisations=(product.operator_id, product.owner_id),
        payload=told,
    )
    return True
