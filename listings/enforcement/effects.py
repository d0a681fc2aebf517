"""What a step of a procedure does: its notice, and the stop, delisting and relisting of the product."""

from infra.auth import SYSTEM, Actor
from infra.db import AsyncSession, now
from infra.events import service as events
from infra.events.kinds import EventKind
from infra.stops import service as stops
from listings import decisions
from listings.editions import service as editions
from listings.enforcement import repository
from listings.enforcement.notices import STOP_REASONS, in_both, to_do
from listings.enforcement.states import EnforcementAction
from listings.enforcement.tables import EnforcementProcedure, EnforcementStep
from listings.products import publishing
from listings.products.recording import SUBJECT, publish_event
from listings.products.tables import DataProduct
from listings.revisions.holding import in_both_languages

STOP = "product_enforcement"
"""Kind of the stops on products that are suspended by a procedure; lifted by its end alone."""

_KINDS = {
    EnforcementAction.WARN: EventKind.PRODUCT_WARNED,
    EnforcementAction.SET_CURE_PERIOD: EventKind.PRODUCT_CURE_ORDERED,
    EnforcementAction.SUSPEND: EventKind.PRODUCT_ENFORCEMENT_SUSPENDED,
    EnforcementAction.DELIST: EventKind.PRODUCT_DELISTED,
    EnforcementAction.RELIST: EventKind.PRODUCT_RELISTED,
    EnforcementAction.CURE: EventKind.PRODUCT_CURED,
    EnforcementAction.TERMINATE: EventKind.PRODUCT_ENFORCEMENT_TERMINATED,
    EnforcementAction.EXTEND: EventKind.PRODUCT_ENFORCEMENT_EXTENDED,
    EnforcementAction.REQUEST_RELISTING: EventKind.PRODUCT_RELISTING_REQUESTED,
    EnforcementAction.HOLD: EventKind.PRODUCT_ENFORCEMENT_HELD,
}


async def note(
    session: AsyncSession,
    actor: Actor,
    product: DataProduct,
    row: EnforcementProcedure,
    action: EnforcementAction,
    reason: str | None,
) -> None:
    """Keep a step, put it into the audit log, and give its notice to operator and owner."""
    step = EnforcementStep(
        procedure_id=row.id,
        number=await repository.last_number(session, row.id) + 1,
        action=action,
        status=row.status,
        reason=reason,
        taken_by=actor.id,
        taken_by_organisation=actor.organisation_id,
        taken_at=await now(session),
        due_at=row.due_at,
    )
    session.add(step)
    await session.flush()
    due_at = row.due_at.isoformat() if row.due_at else None
    await decisions.record(
        session,
        actor,
        action=_KINDS[action].value,
        subject_kind=SUBJECT,
        subject_id=product.id,
        under="enforcement.",
        reason=reason,
        procedure_id=str(row.id),
        ground=row.ground.value,
        status=row.status.value,
        due_at=due_at,
    )
    zh, en = in_both(to_do(row.status, row.ground, row.due_at))
    await events.publish(
        session,
        _KINDS[action],
        subject_id=product.id,
        organisations=(product.operator_id, product.owner_id),
        payload={
            "procedure_id": str(row.id),
            "ground": row.ground.value,
            "status": row.status.value,
            "due_at": due_at,
            "reason": reason,
            "to_do_zh": zh,
            "to_do_en": en,
        },
    )


async def suspend(session: AsyncSession, product: DataProduct, row: EnforcementProcedure) -> None:
    """Stop a product, and with the commit every licence that hangs below it."""
    reason = in_both_languages(STOP_REASONS[row.ground])
    await stops.place(session, SYSTEM, subject_kind=STOP, subject_id=product.id, reason=reason)
    await publish_event(session, product, EventKind.PRODUCT_SUSPENDED)


async def lift(session: AsyncSession, product: DataProduct, row: EnforcementProcedure) -> None:
    """Lift what `suspend` placed; the suspension ends once nobody else's remains."""
    await stops.lift(
        session,
        SYSTEM,
        subject_kind=STOP,
        subject_id=product.id,
        reason=f"The procedure {row.id} ended: {row.status.value}",
    )
    if not await stops.active(session, [product.id]):
        await publish_event(session, product, EventKind.PRODUCT_REINSTATED)


async def delist(session: AsyncSession, product: DataProduct, row: EnforcementProcedure) -> None:
    """Take a published product off the market, and with it an edition that is not decided yet."""
    reason = in_both_languages(STOP_REASONS[row.ground])
    await publishing.delist(session, product, reason)
    row.delisted = True
    edition = await editions.find_open(session, product.id)
    if edition is not None:
        await editions.withdraw(session, SYSTEM, edition, reason)


async def relist(
    session: AsyncSession, actor: Actor, product: DataProduct, row: EnforcementProcedure, reason: str | None
) -> None:
    """Put a product that the procedure delisted back on the market."""
    if row.delisted:
        await publishing.relist(session, actor, product, reason or "")
        row.delisted = False
        await session.flush()
