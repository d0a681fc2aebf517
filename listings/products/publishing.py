"""Products on their way to the market and off it: submitted, published, changed by editions, returned, withdrawn.

Who may decide, and whether a product can be published, the callers have found out; they hold it locked.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from infra.auth import SYSTEM, Actor
from infra.db import AsyncSession, now
from infra.events import service as events
from infra.events.kinds import EventKind
from infra.rulebook.domain import Rules
from listings.products import service
from listings.products.recording import publish_event, record
from listings.products.states import PRODUCT, ProductAction
from listings.products.tables import DataProduct
from listings.resources.domain import Classification, UpdateFrequency, axes_of


async def submit(
    session: AsyncSession, actor: Actor, row: DataProduct, rules: Rules, **seen: object
) -> DataProduct:
    """Mark a locked draft as submitted for review.

    :param rules: those that it was found complete by.
    :param seen: what exactly was submitted, for the audit log.
    :raises ProductStateForbids: it is no draft.
    """
    target, moment = PRODUCT.next_state(row.status, ProductAction.SUBMIT), await now(session)
    row.status, row.submitted_at, row.submitted_by = target, moment, actor.id
    row.rules = rules.stamp()
    await session.flush()
    await record(session, actor, row, "submitted", rules=rules, **seen)
    return row


async def publish(
    session: AsyncSession,
    actor: Actor,
    row: DataProduct,
    edition_id: UUID,
    rules: Rules,
    note: str | None,
    classification: Classification,
    **seen: object,
) -> DataProduct:
    """Mark a locked, submitted product as published.

    :param edition_id: its first edition, which says what it does.
    :param rules: those that it was found complete by.
    :param classification: of what is offered.
    :param seen: what exactly was approved, for the audit log.
    :raises ProductStateForbids: it was not submitted.
    """
    target, moment = PRODUCT.next_state(row.status, ProductAction.APPROVE), await now(session)
    row.status, row.reviewed_at, row.reviewed_by, row.review_note = target, moment, actor.id, note
    row.published_at, row.edition_id, row.rules = moment, edition_id, rules.stamp()
    row.classification = classification
    await session.flush()
    await record(
        session, actor, row, "published", rules=rules, note=note, classification=classification.value, **seen
    )
    await publish_event(session, row, EventKind.PRODUCT_PUBLISHED)
    return row


async def publish_edition(
    session: AsyncSession,
    actor: Actor,
    row: DataProduct,
    edition_id: UUID,
    document: Mapping[str, Any],
    rules: Rules,
    classification: Classification,
    **seen: object,
) -> DataProduct:
    """Put an approved edition of a locked, published product in force: it says and offers that from now on.

    :param document: of the edition; its members are columns of the product.
    :param rules: those that it was found complete by.
    :param classification: of what is offered.
    :param seen: what exactly was approved, for the audit log.
    """
    revised = with_document(row, document)
    for name in (*document, "quality_suite_id"):
        setattr(row, name, getattr(revised, name))
    row.theme_axes = revised.theme_axes
    row.edition_id, row.classification = edition_id, classification
    await session.flush()
    await record(session, actor, row, "edition_published", rules=rules, edition_id=str(edition_id), **seen)
    await events.publish(
        session,
        EventKind.PRODUCT_EDITION_PUBLISHED,
        subject_id=row.id,
        organisations=(row.operator_id, row.owner_id),
        payload={"edition_id": str(edition_id), "number": seen.get("number"), "digest": seen.get("digest")},
    )
    return row


def with_document(row: DataProduct, document: Mapping[str, Any]) -> DataProduct:
    """The product as it would be if it said what an edition's document says; nothing is changed.

    :return: an object that belongs to no session.
    """
    members = {**document, "plan_id": UUID(document["plan_id"]) if document["plan_id"] else None}
    # An edition that names no suite leaves the product with the one it has.
    suite_id = document.get("quality_suite_id")
    members["quality_suite_id"] = UUID(suite_id) if suite_id else row.quality_suite_id
    members["update_frequency"] = UpdateFrequency(document["update_frequency"])
    revised = DataProduct(**(row.model_dump() | members))
    revised.theme_axes = axes_of(revised.themes)
    return revised


async def return_to_draft(session: AsyncSession, actor: Actor, row: DataProduct, reason: str) -> DataProduct:
    """Mark a locked, submitted product as a draft again, with the reviewer's reasons.

    :raises ProductStateForbids: it was not submitted.
    """
    target, moment = PRODUCT.next_state(row.status, ProductAction.RETURN), await now(session)
    row.status, row.reviewed_at, row.reviewed_by, row.review_note = target, moment, actor.id, reason
    await session.flush()
    await record(session, actor, row, "returned", reason=reason)
    return row


async def withdraw(session: AsyncSession, actor: Actor, product_id: UUID, reason: str) -> DataProduct:
    """The operator takes the product off the market. Agreements made before run to their end.

    :raises Forbidden: the actor does not belong to the operator.
    :raises ProductStateForbids: it is withdrawn already.
    """
    row = await service.lock_own(session, actor, product_id)
    row.status = PRODUCT.next_state(row.status, ProductAction.WITHDRAW)
    await session.flush()
    await record(session, actor, row, "withdrawn", reason=reason)
    await publish_event(session, row, EventKind.PRODUCT_WITHDRAWN)
    return row


async def delist(session: AsyncSession, row: DataProduct, reason: str) -> DataProduct:
    """Take a locked, published product off the market by the service itself; its stop stays.

    :raises ProductStateForbids: it is withdrawn already.
    """
    row.status = PRODUCT.next_state(row.status, ProductAction.WITHDRAW)
    await session.flush()
    await record(session, SYSTEM, row, "delisted", reason=reason)
    await publish_event(session, row, EventKind.PRODUCT_WITHDRAWN)
    return row


async def relist(session: AsyncSession, actor: Actor, row: DataProduct, reason: str) -> DataProduct:
    """Put a locked product that was delisted back on the market, as it was; what stops it goes on stopping it.

    :raises ProductStateForbids: it is not withdrawn.
    """
    row.status = PRODUCT.next_state(row.status, ProductAction.RELIST)
    await session.flush()
    await record(session, actor, row, "relisted", reason=reason)
    await publish_event(session, row, EventKind.PRODUCT_PUBLISHED)
    return row
