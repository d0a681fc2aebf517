"""Use cases of members and programs."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlmodel.sql.expression import SelectOfScalar

from infra.audit import service as audit
from infra.auth import Actor, Role
from infra.db import AsyncSession, now
from infra.errors import NotFound
from infra.identity import clients, members
from infra.identity import service as organisations
from infra.identity.tables import Client, Membership, Organisation, Person
from infra.messages import Message
from infra.paging import PageRequest, encode_cursor
from market.participants.roles import check_roles
from market.participants.service import access_organisation, access_to_administer


async def list_members(
    session: AsyncSession, actor: Actor, organisation_id: UUID, page: PageRequest
) -> tuple[Sequence[tuple[Membership, Person]], str | None]:
    """Members of one page, newest first, and the cursor of the next page."""
    await access_organisation(session, actor, organisation_id)
    rows = await members.members(session, organisation_id, limit=page.limit + 1, after=page.after)
    if len(rows) <= page.limit:
        return rows, None
    return rows[: page.limit], encode_cursor(rows[page.limit - 1][0].id)


async def change_roles(
    session: AsyncSession, actor: Actor, organisation_id: UUID, person_id: UUID, roles: Collection[Role]
) -> tuple[Membership, Person]:
    """Give a member other roles, from the member's next request on.

    :raises AdministersItself: the organisation has its own administrator, and the actor is another's.
    :raises RoleNotForKind, PlatformRoleProtected: the roles cannot be given.
    :raises LastAdministrator: nobody would be left to administer the organisation.
    """
    organisation = await access_to_administer(session, actor, organisation_id)
    membership, person = await members.member(session, organisation_id, person_id)
    before = [Role(role) for role in membership.roles]
    check_roles(actor, organisation, before, roles)
    await members.set_roles(session, membership, roles)
    await audit.record(
        session,
        actor,
        action="member.roles_changed",
        subject_kind="organisation",
        subject_id=organisation_id,
        detail={"person_id": str(person_id), "before": before, "after": membership.roles},
    )
    return membership, person


async def remove_member(session: AsyncSession, actor: Actor, organisation_id: UUID, person_id: UUID) -> None:
    """End a membership; the person's sessions for the organisation end with it.

    :raises AdministersItself: the organisation has its own administrator, and the actor is another's.
    :raises PlatformRoleProtected: a platform administrator is removed by another one only.
    :raises LastAdministrator: nobody would be left to administer the organisation.
    """
    organisation = await access_to_administer(session, actor, organisation_id)
    membership, _ = await members.member(session, organisation_id, person_id)
    before = [Role(role) for role in membership.roles]
    check_roles(actor, organisation, before, ())
    await members.remove(session, membership)
    await audit.record(
        session,
        actor,
        action="member.removed",
        subject_kind="organisation",
        subject_id=organisation_id,
        detail={"person_id": str(person_id), "roles": before},
    )


async def create_client(
    session: AsyncSession, actor: Actor, organisation_id: UUID, *, name: str, roles: Collection[Role]
) -> tuple[Client, str]:
    """Make a program of the own organisation; answers it and its secret, which is shown once.

    :raises RoleNotForKind, PlatformRoleProtected: the roles cannot be given.
    """
    organisation = await _own(session, actor, organisation_id)
    check_roles(actor, organisation, (), roles)
    row, secret = await clients.create(session, actor, organisation_id, name=name, roles=roles)
    await _record_client(session, actor, "client.created", row, {"name": name, "roles": row.roles})
    return row, secret


async def client_listing(
    session: AsyncSession, actor: Actor, organisation_id: UUID
) -> SelectOfScalar[Client]:
    """What the list of the own organisation's programs pages through."""
    await _own(session, actor, organisation_id)
    return clients.listing(organisation_id)


async def rotate_secret(
    session: AsyncSession, actor: Actor, organisation_id: UUID, client_id: UUID, overlap: timedelta
) -> tuple[str, datetime]:
    """Replace a program's secret; answers the new one, which is shown once, and when the former one ends.

    :raises PlatformRoleProtected: the program administers the platform and the actor does not.
    """
    organisation = await _own(session, actor, organisation_id)
    row = await clients.lock(session, organisation_id, client_id)
    held = [Role(role) for role in row.roles]
    check_roles(actor, organisation, held, held)
    secret = await clients.rotate_secret(session, row, overlap=overlap)
    ends = await now(session) + overlap
    await _record_client(session, actor, "client.secret_rotated", row, {"former_ends_at": ends.isoformat()})
    return secret, ends


async def delete_client(session: AsyncSession, actor: Actor, organisation_id: UUID, client_id: UUID) -> None:
    """End a program: its secrets and its access tokens stop at once.

    :raises PlatformRoleProtected: the program administers the platform and the actor does not.
    """
    organisation = await _own(session, actor, organisation_id)
    row = await clients.lock(session, organisation_id, client_id)
    check_roles(actor, organisation, [Role(role) for role in row.roles], ())
    await clients.delete(session, row)
    await _record_client(session, actor, "client.deleted", row, {"name": row.name})


async def _own(session: AsyncSession, actor: Actor, organisation_id: UUID) -> Organisation:
    # Whoever holds a program's secret acts for its organisation, so not even the platform makes one for others.
    if organisation_id != actor.organisation_id:
        raise NotFound(Message("There is no such organisation, or its programs are not yours to manage."))
    return await organisations.organisation(session, organisation_id)


async def _record_client(
    session: AsyncSession, actor: Actor, action: str, row: Client, detail: dict[str, Any]
) -> None:
    await audit.record(session, actor, action=action, subject_kind="client", subject_id=row.id, detail=detail)
