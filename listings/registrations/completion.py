"""What was announced is registered: its code given, its content made valid, its end placed ahead."""

from collections.abc import Sequence
from uuid import UUID
from zoneinfo import ZoneInfo

from infra.auth import SYSTEM, Actor
from infra.db import AsyncSession, now
from infra.events.kinds import EventKind
from infra.rulebook import service as rulebook
from listings.classification import offers
from listings.registrations import history, repository, service
from listings.registrations.domain import (
    RegistrationKind,
    changed,
    content_digest,
    local_year,
    make_code,
    validity_of,
)
from listings.registrations.states import APPLICATION, ApplicationAction, ApplicationStatus
from listings.registrations.tables import Registration, RegistrationApplication
from listings.resources import registering
from listings.resources.tables import DataResource

RECHECKED = frozenset({"classification", "personal_information"})
"""Fields of the content that decide what may be offered of the data, or what its samples show."""


async def complete(
    session: AsyncSession, actor: Actor, row: RegistrationApplication, resource: DataResource
) -> Registration:
    """Register what was announced, its notice being over; both rows are locked.

    What the application left as it was stays as it is now. Products on the resource that may not be offered under what
    is registered from now on stop in this transaction, and those that may again go on.

    :raises ApplicationStateForbids: it is not on notice.
    """
    row.status = APPLICATION.next_state(row.status, ApplicationAction.COMPLETE)
    moment = await now(session)
    rules = await rulebook.in_force(session)
    years = rules.integer("registration.validity_years")
    before = await repository.newest(session, resource.id)
    initial = row.kind is RegistrationKind.INITIAL or before is None
    validity = validity_of(
        row.kind,
        now=moment,
        years=years,
        valid_from=moment if before is None else before.valid_from,
        valid_until=moment if before is None else before.valid_until,
    )
    changes = {name: row.content[name] for name in changed(row.base, row.content)}
    content = service.content_of(resource) | changes
    registered = Registration(
        code=await _new_code(session) if initial or before is None else before.code,
        version=1 if initial or before is None else before.version + 1,
        resource_id=resource.id,
        number=1 if before is None else before.number + 1,
        owner_id=resource.owner_id,
        application_id=row.id,
        kind=row.kind,
        content=content,
        content_sha256=content_digest(content),
        valid_from=validity.valid_from,
        valid_until=validity.valid_until,
        registered_at=moment,
        rules=rules.stamp(),
    )
    session.add(registered)
    service.close(row)
    await session.flush()
    cancelled = row.kind is RegistrationKind.CANCELLATION
    resumed = await registering.write(
        session,
        resource,
        changes=changes,
        code=registered.code,
        until=validity.valid_until,
        cancelled=cancelled,
    )
    await history.record(
        session,
        actor,
        row,
        ApplicationAction.COMPLETE,
        reason=None,
        rules=rules,
        detail={
            "code": registered.code,
            "version": registered.version,
            "valid_until": validity.valid_until.isoformat(),
        },
    )
    if not RECHECKED.isdisjoint(changes):
        await offers.recheck_resource(session, resource)
    await _tell(session, registered, resumed=resumed, changes=sorted(changes))
    return registered


async def _tell(
    session: AsyncSession, registered: Registration, *, resumed: bool, changes: Sequence[str]
) -> None:
    said = {
        "code": registered.code,
        "kind": registered.kind.value,
        "valid_until": registered.valid_until.isoformat(),
    }
    if registered.kind is RegistrationKind.CANCELLATION:
        await history.publish(session, EventKind.REGISTRATION_CANCELLED, registered.resource_id, said)
        return
    completed = {**said, "changes": list(changes)}
    await history.publish(session, EventKind.REGISTRATION_COMPLETED, registered.resource_id, completed)
    if resumed:
        await history.publish(session, EventKind.REGISTRATION_REINSTATED, registered.resource_id, said)


async def _new_code(session: AsyncSession) -> str:
    zone = ZoneInfo(await repository.time_zone(session))
    return make_code(local_year(await now(session), zone), await repository.next_number(session))


async def complete_due(session: AsyncSession, application_id: UUID) -> bool:
    """Register one application whose notice has ended.

    :return: False where an objection came before, or somebody else was first.
    """
    found = await repository.get(session, application_id)
    resource = await registering.lock(session, found.resource_id)
    row = await repository.lock(session, application_id)
    over = row.notice_ends_at is not None and row.notice_ends_at <= await now(session)
    if row.status is not ApplicationStatus.ANNOUNCED or not over:
        return False
    await complete(session, SYSTEM, row, resource)
    return True


async def list_due(session: AsyncSession) -> list[UUID]:
    """Applications whose notice has ended."""
    return list(await repository.completable(session))
