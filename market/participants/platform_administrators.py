"""A way back to an organisation that runs the market and whose administrators are all lost.

A recovery takes two administrators of the platform. Whoever runs the machine can let one in by a command; that person
could read the keys and the database anyway, and the audit log says that it happened.
"""

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
from market.participants import domain, repository
from market.participants.service import SUBJECT, lift_suspension

_REASON = "Restored by whoever runs the machine"


async def restore(session: AsyncSession, email: str) -> str:
    """Let an address in to administer the platform: by a new account, or by a new password for the one it has there.

    Sessions and licence tokens of an account that is there end. A suspended platform is reinstated, since nobody else
    could let it in again.

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
    await audit.record(
        session,
        SYSTEM,
        action="administrator.restored",
        subject_kind=SUBJECT,
        subject_id=platform.id,
        detail={"person_id": str(membership.person_id), "roles": membership.roles},
    )
    return password


async def _platform(session: AsyncSession) -> Organisation:
    """The first organisation that runs the market, locked and in office."""
    platform_id = await repository.first_platform(session)
    if platform_id is None:
        raise NotFound(Message("There is no platform yet."))
    row = await organisations.lock_organisation(session, platform_id)
    if row.status is OrganisationStatus.SUSPENDED:
        await lift_suspension(session, SYSTEM, row, _REASON)
    return row
