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
from listings.products.states import ProductStatus
from listings.products.tables import DataProduct
from listings.service_credits import repository
from listings.service_credits.domain import PromiseKind, last_month, misses_availability
from listings.service_credits.tables import ServiceCredit
from quality.observations import service as observations


async def record_lapse(session: AsyncSession, product_id: UUID) -> bool:
    """Record that promised data of a product is overdue, once for each lapse; says whether it was recorded now."""
    product = await products.find_product(session, product_id)
    if product is None:
        return False
    promise = await freshness.get_promise(session, product)
    if promise.late_since is None or promise.last_arrival is None:
        return False
    return await _record(
        session,
        product,
        PromiseKind.FRESHNESS,
        promise.last_arrival,
        promise.late_since,
        {"update_frequency": product.update_frequency.value},
        await rulebook.in_force(session),
    )


async def record_availability(session: AsyncSession) -> int:
    """Record the products whose calls of the last month were answered too seldom, once each; answers how many."""
    rules = await rulebook.in_force(session)
    percent = Fraction(rules.decimal("service_credit.availability_percent"))
    least = rules.integer("service_credit.least_calls")
    since, until = last_month(await now(session))
    called = await observations.list_called(session, since, until)
    recorded = 0
    for product_id, calls in (await observations.get_calls(session, called, since, until)).items():
        product = await products.find_product(session, product_id)
        if product is None or not misses_availability(calls, percent, least):
            continue
        detail = {
            "calls": calls.calls,
            "answered": calls.succeeded,
            "promised_percent": str(rules.decimal("service_credit.availability_percent")),
        }
        recorded += await _record(session, product, PromiseKind.AVAILABILITY, since, until, detail, rules)
    return recorded


async def list_of_product(
    session: AsyncSession, actor: Actor, product_id: UUID, page: PageRequest
) -> tuple[Sequence[ServiceCredit], str | None]:
    """One page of the missed promises of a product that is published, or that the actor can access; newest first.

    :raises NotFound: there is none.
    """
    product = await products.find_product(session, product_id)
    shown = product is not None and product.status is ProductStatus.PUBLISHED
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
