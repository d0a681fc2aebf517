"""Use cases of resources."""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from sqlmodel.sql.expression import SelectOfScalar

from infra.auth import Actor, OrganisationKind
from infra.db import AsyncSession, now
from infra.errors import Forbidden, NotFound
from infra.events import service as events
from infra.events.kinds import EventKind
from infra.messages import Message
from infra.paging import PageRequest
from infra.stops import service as stops
from listings import decisions
from listings.resources import registering, repository
from listings.resources.domain import AssessmentKind, require_themes
from listings.resources.errors import AssessmentOver
from listings.resources.schemas import AssessmentCreate, ResourceCreate
from listings.resources.tables import DataResource, ResourceAssessment

SUBJECT = "resource"


async def create(session: AsyncSession, actor: Actor, data: ResourceCreate) -> DataResource:
    """Create a draft of a resource of the actor's own organisation; nothing is built on it until it is registered.

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
        **data.model_dump(exclude={"reason", "risk_assessment_sha256"}),
        owner_id=actor.organisation_id,
        created_at=await now(session),
        created_by=actor.id,
    )
    session.add(row)
    await session.flush()
    await registering.end_at(session, row, None, registering.NOT_YET)
    await _record(
        session,
        actor,
        row,
        "created",
        reason=data.reason,
        title_zh=row.title_zh,
        title_en=row.title_en,
        classification=row.classification.value,
        personal_information=row.personal_information,
    )
    if data.risk_assessment_sha256 is not None:
        filed = AssessmentCreate(kind=AssessmentKind.RISK, sha256=data.risk_assessment_sha256)
        await _file(session, actor, row, filed)
    return row


async def file_assessment(
    session: AsyncSession, actor: Actor, resource_id: UUID, data: AssessmentCreate
) -> ResourceAssessment:
    """Put the digest of an assessment on file: the next version, which counts from now on; the others stay on file.

    :raises NotFound: the resource is not the actor's.
    :raises AssessmentOver: it would not be valid any more.
    """
    row = (await lock_own(session, actor, [resource_id]))[0]
    if data.valid_until is not None and data.valid_until <= await now(session):
        raise AssessmentOver(
            Message(
                "The assessment is valid until {valid_until}, which has passed.",
                valid_until=data.valid_until.isoformat(),
            ),
            remedy=Message("Give an end in the future, or none."),
        )
    return await _file(session, actor, row, data)


async def _file(
    session: AsyncSession, actor: Actor, row: DataResource, data: AssessmentCreate
) -> ResourceAssessment:
    before = (await repository.newest_assessments(session, [row.id], data.kind)).get(row.id)
    filed = ResourceAssessment(
        **data.model_dump(),
        resource_id=row.id,
        number=before.number + 1 if before else 1,
        filed_by=actor.id,
        filed_at=await now(session),
    )
    session.add(filed)
    await session.flush()
    await _record(
        session,
        actor,
        row,
        "assessment_filed",
        kind=filed.kind.value,
        number=filed.number,
        sha256=filed.sha256,
        reason=filed.note,
    )
    return filed


async def assessments_listing(
    session: AsyncSession, actor: Actor, resource_id: UUID
) -> SelectOfScalar[ResourceAssessment]:
    """What the list of a resource's assessments pages through.

    :raises NotFound: there is no resource the actor can access.
    """
    await access_resource(session, actor, resource_id)
    return repository.assessments_statement(resource_id)


async def newest_assessments(
    session: AsyncSession, resource_ids: Collection[UUID], kind: AssessmentKind
) -> Mapping[UUID, ResourceAssessment]:
    """The newest assessment of a kind of each resource that has one, valid or not."""
    return await repository.newest_assessments(session, resource_ids, kind)


async def find_valid_assessment(
    session: AsyncSession, resource_id: UUID, kind: AssessmentKind = AssessmentKind.RISK
) -> str | None:
    """The digest of the newest assessment of a kind; None where there is none, or it is not valid any more."""
    newest = (await repository.newest_assessments(session, [resource_id], kind)).get(resource_id)
    if newest is None or (newest.valid_until is not None and newest.valid_until <= await now(session)):
        return None
    return newest.sha256


async def suspend(session: AsyncSession, actor: Actor, resource_id: UUID, reason: str) -> DataResource:
    """The owner or a regulator stops the resource, and with its commit everything that is made of it.

    :raises NotFound: the actor cannot access it.
    :raises Forbidden: the actor is neither.
    """
    row = await access_to_suspend(session, actor, resource_id)
    await stops.place(session, actor, subject_kind=SUBJECT, subject_id=row.id, reason=reason)
    await _record(session, actor, row, "suspended", reason=reason)
    await _publish_event(session, row, EventKind.RESOURCE_SUSPENDED)
    return row


async def reinstate(session: AsyncSession, actor: Actor, resource_id: UUID, reason: str) -> DataResource:
    """Lift the stops of the actor's own organisation; the suspension ends once no other organisation's remains.

    :raises Forbidden: the actor is neither the owner nor a regulator.
    :raises NotStopped: the actor's organisation has not stopped it.
    """
    row = await access_to_suspend(session, actor, resource_id)
    await stops.lift(session, actor, subject_kind=SUBJECT, subject_id=row.id, reason=reason)
    await _record(session, actor, row, "reinstated", reason=reason)
    if not await suspensions(session, [row.id]):
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


async def suspensions(session: AsyncSession, resource_ids: Collection[UUID]) -> Mapping[UUID, list[str]]:
    """Why each of the resources is suspended, for those that are: how their registration stands is told elsewhere."""
    found: dict[UUID, list[str]] = {}
    for stop in await stops.active(session, resource_ids):
        if stop.subject_kind == SUBJECT:
            found.setdefault(stop.subject_id, []).append(stop.reason)
    return found


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
    await _record(session, actor, row, "declared_personal", reason=reason)
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
    await _record(session, actor, row, "raw_data_restricted", reason=reason)
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
    session: AsyncSession, actor: Actor, ids: Collection[UUID], known: Collection[UUID] = ()
) -> Sequence[DataResource]:
    """Resources that the actor may propose to have operated, in id order, locked until the transaction ends.

    An authorising body may propose any, for whose operation their owners then consent; an owner its own.

    :param known: resources that whoever acts may name, whosever they are.
    :raises NotFound: one of them is not there, or not the actor's.
    """
    rows = await repository.lock(session, None, ids)
    any_owner = actor.oversees(OrganisationKind.AUTHORISING_BODY)
    named = [row for row in rows if any_owner or row.owner_id == actor.organisation_id or row.id in known]
    missing = (
        Message("There is no resource {missing}.") if any_owner else Message("You own no resource {missing}.")
    )
    _require_all(named, ids, missing)
    return named


async def lock_all(session: AsyncSession, ids: Collection[UUID]) -> Sequence[DataResource]:
    """Resources that are there, whoever asks, in id order, locked until the transaction ends."""
    return await repository.lock(session, None, ids)


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


async def _record(
    session: AsyncSession,
    actor: Actor,
    row: DataResource,
    what: str,
    *,
    reason: str | None,
    **detail: object,
) -> None:
    await decisions.record(
        session,
        actor,
        action=f"resource.{what}",
        subject_kind=SUBJECT,
        subject_id=row.id,
        under="listing.",
        reason=reason,
        rules=None,
        **detail,
    )
