"""A way back to an organisation that runs the market and whose administrators are all lost.

A recovery takes two administrators of the platform. Whoever runs the machine can let one in by a command; that person
could read the keys and the database anyway, and the audit log says that it happened.
"""

from typing import TypeVar
from uuid import UUID

from infra.audit import service as audit
from infra.auth import SYSTEM, OrganisationKind, Role
from infra.db import AsyncSession
from infra.errors import NotFound
from infra.identity import members
from infra.identity import service as organisations
from infra.identity.domain import normalised_email
from infra.identity.tables import Organisation
from infra.messages import Message
from infra.organisation_status import OrganisationStatus
from infra.settings import Settings
from market.participants import domain, factor_resets, password_resets, repository
from market.participants.service import SUBJECT, lift_suspension

FoundT = TypeVar("FoundT")

_REASON = "Restored by whoever runs the machine"


async def restore(session: AsyncSession, settings: Settings, email: str) -> str:
    """Let an address in to administer the platform: by a new account, or by a new password for the one it has there.

    Sessions, licence tokens and the second factor of an account that is there end. A suspended platform is reinstated,
    since nobody else could let it in again.

    :return: the generated password, which is kept nowhere else.
    :raises ValueError: the address is none.
    :raises NotFound: there is no platform yet.
    """
    email = normalised_email(email)
    platform = await _platform(session)
    membership, password = await members.give_password(
        session, platform.id, email, name="Platform administrator"
    )
    held = {Role(role) for role in membership.roles}
    await members.set_roles(session, membership, held | domain.recovered_roles(OrganisationKind.PLATFORM))
    await factor_resets.drop(session, SYSTEM, settings, platform.id, membership.person_id)
    await audit.record(
        session,
        SYSTEM,
        action="administrator.restored",
        subject_kind=SUBJECT,
        subject_id=platform.id,
        detail={"person_id": str(membership.person_id), "roles": membership.roles},
    )
    return password


async def issue_password_reset(session: AsyncSession, settings: Settings, email: str) -> str:
    """A one-time link for a new password of a member of the organisation that runs the market; its token.

    :raises ValueError: the address is none.
    :raises NotFound: there is no platform yet, or nobody of it has the address.
    """
    platform_id = await _platform_id(session)
    token = await password_resets.issue_by_command(session, settings, platform_id, normalised_email(email))
    return _member(token)


async def reset_second_factor(session: AsyncSession, settings: Settings, email: str) -> bool:
    """Take the second factor of a member of the organisation that runs the market away; whether there was one.

    :raises ValueError: the address is none.
    :raises NotFound: there is no platform yet, or nobody of it has the address.
    """
    platform_id = await _platform_id(session)
    return _member(
        await factor_resets.reset_by_command(session, settings, platform_id, normalised_email(email))
    )


def _member(found: FoundT | None) -> FoundT:
    if found is None:
        raise NotFound(Message("Nobody in the organisation that runs the market has this address."))
    return found


async def _platform_id(session: AsyncSession) -> UUID:
    platform_id = await repository.first_platform(session)
    if platform_id is None:
        raise NotFound(Message("There is no platform yet."))
    return platform_id


async def _platform(session: AsyncSession) -> Organisation:
    """The first organisation that runs the market, locked and in office."""
    row = await organisations.lock_organisation(session, await _platform_id(session))
    if row.status is OrganisationStatus.SUSPENDED:
        await lift_suspension(session, SYSTEM, row, _REASON)
    return row
