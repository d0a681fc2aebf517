"""What happened to products: kept in the audit log, and told as events."""

from infra.audit import service as audit
from infra.auth import Actor
from infra.db import AsyncSession
from infra.events import service as events
from infra.events.kinds import EventKind
from infra.rulebook.domain import Rules
from listings.products.tables import DataProduct

SUBJECT = "product"


async def record(
    session: AsyncSession,
    actor: Actor,
    row: DataProduct,
    what: str,
    *,
    rules: Rules | None = None,
    **detail: object,
) -> None:
    """Keep in the audit log what was done to a product.

    :param what: of the action ``product.<what>``.
    :param rules: those it was done under.
    """
    await audit.record(
        session,
        actor,
        action=f"product.{what}",
        subject_kind=SUBJECT,
        subject_id=row.id,
        detail=dict(detail),
        rules=rules,
    )


async def publish_event(session: AsyncSession, row: DataProduct, kind: EventKind) -> None:
    """Tell operator and owner of a product that its status or its being stopped has changed."""
    await events.publish(
        session,
        kind,
        subject_id=row.id,
        organisations=(row.operator_id, row.owner_id),
        payload={"status": row.status.value},
    )
