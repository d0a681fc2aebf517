"""Use cases of gradings: a lower class asked for and decided, a stricter one set at once; all of it kept.

Who may do so, and what becomes of products, the callers have decided: they know the parties and the products.
"""

from collections.abc import Sequence
from uuid import UUID

from infra.audit import service as audit
from infra.auth import Actor
from infra.db import AsyncSession, now
from infra.errors import NotFound
from infra.messages import Message
from infra.paging import PageRequest
from infra.rulebook import service as rulebook
from listings.gradings import repository
from listings.gradings.domain import (
    DECISIONS,
    ColumnClasses,
    GradingAction,
    GradingEvent,
    ImpactDegree,
    ImpactObject,
    require_lower,
    require_open,
    require_stricter,
    strictest,
)
from listings.gradings.errors import GradingStateForbids
from listings.gradings.tables import ColumnGrading
from listings.resources.domain import Classification
from listings.resources.tables import DataResource


async def get_classes(session: AsyncSession, resource: DataResource) -> ColumnClasses:
    """The classes of a resource's columns as they are now."""
    return ColumnClasses(
        resource.classification,
        [
            GradingEvent(row.column_name, row.classification, Classification(row.resource_classification))
            for row in await repository.list_effective(session, resource.id)
        ],
    )


async def request(
    session: AsyncSession,
    actor: Actor,
    resource: DataResource,
    column: str,
    classification: Classification,
    impact: tuple[ImpactObject, ImpactDegree],
    reason: str,
) -> ColumnGrading:
    """Ask for a lower class of a column.

    :param impact: what would be harmed and how badly, on which the request rests.
    :raises GradingStateForbids: the class is not below the present one.
    """
    await repository.lock(session, resource.id)
    before = (await get_classes(session, resource)).floor(column)
    require_lower(classification, before)
    return await _add(
        session,
        actor,
        resource,
        column,
        GradingAction.REQUESTED,
        classification,
        before,
        reason,
        impact=impact,
    )


async def decide(
    session: AsyncSession,
    actor: Actor,
    resource: DataResource,
    request_id: UUID,
    action: GradingAction,
    reason: str,
) -> ColumnGrading:
    """Approve, reject or withdraw a request; of two at once, one learns that it is decided already.

    :raises NotFound: the resource has no such request.
    :raises GradingStateForbids: it is decided already, or what was asked for is not below the present class any more.
    """
    assert action in DECISIONS
    await repository.lock(session, resource.id)
    asked = await get_request(session, resource.id, request_id)
    answers = await repository.list_answers(session, request_id)
    require_open(request_id, answers[0].action if answers else None)
    before = (await get_classes(session, resource)).floor(asked.column_name)
    if action is GradingAction.APPROVED:
        require_lower(asked.classification, before)
    return await _add(
        session,
        actor,
        resource,
        asked.column_name,
        action,
        asked.classification,
        before,
        reason,
        request_id=request_id,
    )


async def revoke(
    session: AsyncSession, actor: Actor, resource: DataResource, request_id: UUID, reason: str
) -> ColumnGrading:
    """Take an approval back: the column has the class again that it had before, or that of its resource, if stricter.

    :raises NotFound: the resource has no such request.
    :raises GradingStateForbids: it was not approved, or is revoked already.
    """
    await repository.lock(session, resource.id)
    await get_request(session, resource.id, request_id)
    answers = await repository.list_answers(session, request_id)
    last = answers[-1] if answers else None
    if last is None or last.action is not GradingAction.APPROVED:
        raise GradingStateForbids(
            Message("There is no approval of the request {request_id} to revoke.", request_id=request_id),
            remedy=Message("GET /v1/resources/{resource_id}/column-gradings shows what was decided."),
        )
    present = (await get_classes(session, resource)).floor(last.column_name)
    restored = strictest([Classification(last.before), present], present)
    return await _add(
        session,
        actor,
        resource,
        last.column_name,
        GradingAction.REVOKED,
        restored,
        present,
        reason,
        request_id=request_id,
    )


async def raise_class(
    session: AsyncSession,
    actor: Actor,
    resource: DataResource,
    column: str,
    classification: Classification,
    reason: str,
    impact: tuple[ImpactObject, ImpactDegree] | None = None,
) -> ColumnGrading:
    """Give a column a stricter class at once.

    :raises GradingStateForbids: it is not stricter than the present one.
    """
    await repository.lock(session, resource.id)
    before = (await get_classes(session, resource)).floor(column)
    require_stricter(classification, before)
    return await _add(
        session, actor, resource, column, GradingAction.RAISED, classification, before, reason, impact=impact
    )


async def get_request(session: AsyncSession, resource_id: UUID, request_id: UUID) -> ColumnGrading:
    """A request of a resource.

    :raises NotFound: there is no such one.
    """
    row = await repository.get_request(session, resource_id, request_id)
    if row is None:
        raise NotFound(
            Message("There is no such request for another class."),
            remedy=Message("GET /v1/resources/{resource_id}/column-gradings lists those of the resource."),
        )
    return row


async def list_of_resource(
    session: AsyncSession, resource_id: UUID, page: PageRequest
) -> tuple[Sequence[ColumnGrading], str | None]:
    """One page of all that happened to the classes of a resource's columns, newest first."""
    return await repository.list_of_resource(session, resource_id, page)


async def list_undecided(
    session: AsyncSession, page: PageRequest
) -> tuple[Sequence[ColumnGrading], str | None]:
    """One page of the requests that wait for a regulator, newest first."""
    return await repository.list_undecided(session, page)


async def _add(
    session: AsyncSession,
    actor: Actor,
    resource: DataResource,
    column: str,
    action: GradingAction,
    classification: Classification,
    before: Classification,
    reason: str,
    *,
    request_id: UUID | None = None,
    impact: tuple[ImpactObject, ImpactDegree] | None = None,
) -> ColumnGrading:
    rules = await rulebook.in_force(session)
    row = ColumnGrading(
        resource_id=resource.id,
        column_name=column,
        request_id=request_id,
        action=action,
        classification=classification,
        before=before.value,
        resource_classification=resource.classification.value,
        impact_object=impact[0] if impact else None,
        impact_degree=impact[1] if impact else None,
        reason=reason,
        acted_by=actor.id,
        acted_by_organisation=actor.organisation_id,
        acted_at=await now(session),
        rules=rules.stamp(),
    )
    session.add(row)
    await session.flush()
    await audit.record(
        session,
        actor,
        action=f"column_grading.{action}",
        subject_kind="resource",
        subject_id=resource.id,
        detail={
            "grading_id": str(row.id),
            "request_id": str(request_id) if request_id else None,
            "column": column,
            "before": before.value,
            "classification": classification.value,
            "reason": reason,
        },
        rules=rules,
    )
    return row
