"""Use cases of resources."""

from collections.abc import Collection, Sequence
from uuid import UUID

from infra.audit import service as audit
from infra.auth import Actor, OrganisationKind
from infra.db import AsyncSession, now
from infra.errors import Forbidden, NotFound
from infra.events import service as events
from infra.events.kinds import EventKind
from infra.messages import Message
from infra.paging import PageRequest
from infra.stops import service as stops
from listings.resources import repository
from listings.resources.domain import require_themes
from listings.resources.schemas import ResourceCreate, RiskAssessmentUpdate
from listings.resources.tables import DataResource

SUBJECT = "resource"


async def register(session: AsyncSession, actor: Actor, data: ResourceCreate) -> DataResource:
    """Register a resource of the actor's own organisation. Core data may be registered, and never listed.

    :raises Forbidden: the actor's organisation is no data owner.
    :raises UnknownTheme: the domain is not in the code list.
    """
    if actor.organisation_kind is not OrganisationKind.OWNER:
        raise Forbidden(
            Message("Only a data owner can register resources."),
            remedy=Message("Sign in as a member of an organisation of the kind owner."),
        )
    require_themes([data.domain])
    row = DataResource(
        **data.model_dump(),
        owner_id=actor.organisation_id,
        registered_at=await now(session),
        registered_by=actor.id,
    )
    session.add(row)
    await session.flush()
    await audit.record(
        session,
        actor,
        action="resource.registered",
        subject_kind="resource",
        subject_id=row.id,
        detail={
            "title_zh": row.title_zh,
            "title_en": row.title_en,
            "classification": row.classification.value,
            "personal_information": row.personal_information,
        },
    )
    return row


async def file_risk_assessment(
    session: AsyncSession, actor: Actor, resource_id: UUID, data: RiskAssessmentUpdate
) -> DataResource:
    """Put the digest of a risk assessment on file; a later one takes the place of an earlier one.

    :raises NotFound: the resource is not the actor's.
    """
    row = (await lock_own(session, actor, [resource_id]))[0]
    row.risk_assessment_sha256, row.risk_assessment_note = data.sha256, data.note
    await session.flush()
    await audit.record(
        session,
        actor,
        action="resource.risk_assessment_filed",
        subject_kind="resource",
        subject_id=row.id,
        detail={"sha256": data.sha256},
    )
    return row


async def suspend(session: AsyncSession, actor: Actor, resource_id: UUID, reason: str) -> DataResource:
    """The owner or a regulator stops the resource, and with its commit everything that is made of it.

    :raises NotFound: the actor cannot access it.
    :raises Forbidden: the actor is neither.
    """
    row = await access_to_suspend(session, actor, resource_id)
    await stops.place(session, actor, subject_kind=SUBJECT, subject_id=row.id, reason=reason)
    await _publish_event(session, row, EventKind.RESOURCE_SUSPENDED)
    return row


async def reinstate(session: AsyncSession, actor: Actor, resource_id: UUID, reason: str) -> DataResource:
    """Lift the stops of the actor's own organisation; the suspension ends once no other organisation's remains.

    :raises Forbidden: the actor is neither the owner nor a regulator.
    :raises NotStopped: the actor's organisation has not stopped it.
    """
    row = await access_to_suspend(session, actor, resource_id)
    await stops.lift(session, actor, subject_kind=SUBJECT, subject_id=row.id, reason=reason)
    if not await stops.active(session, [row.id]):
        await _publish_event(session, row, EventKind.RESOURCE_REINSTATED)
    return row


async def access_to_suspend(session: AsyncSession, actor: Actor, resource_id: UUID) -> DataResource:
    """A resource that the actor may suspend, and the rights to it: the owner's, or any for a regulator.

    :raises NotFound: the actor cannot access it.
    :raises Forbidden: the actor is neither.
    """
    row = await access_resource(session, actor, resource_id)
    if row.owner_id != actor.organisation_id and not actor.oversees(OrganisationKind.REGULATOR):
        raise Forbidden(
            Message("Only the owner of the resource and a regulator can suspend it or a right to it."),
            remedy=Message("Ask the owner; the operator can suspend its product."),
        )
    return row


async def list_those_who_see(session: AsyncSession, row: DataResource) -> list[UUID]:
    """The organisations that can access the resource: its owner, and those that were given access."""
    return [row.owner_id, *await repository.viewers(session, row.id)]


async def _publish_event(session: AsyncSession, row: DataResource, kind: EventKind) -> None:
    await events.publish(
        session,
        kind,
        subject_id=row.id,
        organisations=await list_those_who_see(session, row),
        payload={"title_zh": row.title_zh, "title_en": row.title_en},
    )


async def declare_personal(
    session: AsyncSession, actor: Actor, resource_id: UUID, reason: str
) -> DataResource:
    """Correct the declaration of a resource: it holds personal information. Columns nobody described are then masked.

    :raises NotFound: the resource is not the actor's.
    """
    row = (await lock_own(session, actor, [resource_id]))[0]
    row.personal_information = True
    await session.flush()
    await audit.record(
        session,
        actor,
        action="resource.declared_personal",
        subject_kind="resource",
        subject_id=row.id,
        detail={"reason": reason},
    )
    return row


async def restrict_raw_data(
    session: AsyncSession, actor: Actor, resource_id: UUID, reason: str
) -> DataResource:
    """Correct the declaration of a resource: its raw records may not leave (原始数据不出域).

    :raises NotFound: the resource is not the actor's.
    """
    row = (await lock_own(session, actor, [resource_id]))[0]
    row.raw_data_stays = True
    await session.flush()
    await audit.record(
        session,
        actor,
        action="resource.raw_data_restricted",
        subject_kind="resource",
        subject_id=row.id,
        detail={"reason": reason},
    )
    return row


async def access_resource(session: AsyncSession, actor: Actor, resource_id: UUID) -> DataResource:
    """A resource the actor can access: the only way to one by its id.

    :raises NotFound: there is none the actor can access.
    """
    row = await repository.get_visible(session, actor, resource_id)
    if row is None:
        raise _no_such_resource()
    return row


async def lock_own(session: AsyncSession, actor: Actor, ids: Collection[UUID]) -> Sequence[DataResource]:
    """Resources of the actor's own organisation, in id order, locked until the transaction ends.

    :raises NotFound: one of them is not the actor's.
    """
    rows = await repository.lock(session, actor.organisation_id, ids)
    _require_all(rows, ids, Message("You own no resource {missing}."))
    return rows


async def lock_to_authorise(
    session: AsyncSession, actor: Actor, ids: Collection[UUID]
) -> Sequence[DataResource]:
    """Resources that the actor may propose to have operated, in id order, locked until the transaction ends.

    An authorising body may propose any, for whose operation their owners then consent; an owner its own.

    :raises NotFound: one of them is not there, or not the actor's.
    """
    if not actor.oversees(OrganisationKind.AUTHORISING_BODY):
        return await lock_own(session, actor, ids)
    rows = await repository.lock(session, None, ids)
    _require_all(rows, ids, Message("There is no resource {missing}."))
    return rows


def _require_all(rows: Sequence[DataResource], ids: Collection[UUID], detail: Message) -> None:
    missing = set(ids) - {row.id for row in rows}
    if missing:
        raise NotFound(
            detail.of(missing=min(missing)),
            remedy=Message("GET /v1/resources lists those you can access."),
        )


async def list_resources(
    session: AsyncSession, actor: Actor, page: PageRequest
) -> tuple[Sequence[DataResource], str | None]:
    """One page of the resources the actor can access, newest first."""
    return await repository.list_visible(session, actor, page)


async def get_resource(session: AsyncSession, resource_id: UUID) -> DataResource:
    """A resource, for slices that have decided themselves who can access what rests on it.

    :raises NotFound: there is none.
    """
    row = await repository.get(session, resource_id)
    if row is None:
        raise _no_such_resource()
    return row


async def allow_access(
    session: AsyncSession, organisation_id: UUID, resource_ids: Collection[UUID], *, basis_id: UUID
) -> None:
    """Let another organisation see resources, as long as access on this ground is not ended.

    :param basis_id: the thing on the ground of which it may, such as an authorisation.
    """
    await repository.add_viewer(session, resource_ids, organisation_id, basis_id)


async def end_access(session: AsyncSession, organisation_id: UUID, *, basis_id: UUID) -> None:
    """End what an organisation sees on this ground; what it sees on others stays."""
    await repository.remove_viewer(session, organisation_id, basis_id)


def _no_such_resource() -> NotFound:
    return NotFound(
        Message("There is no such resource."),
        remedy=Message("GET /v1/resources lists those you can access."),
    )
