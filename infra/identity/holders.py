"""Who a token is issued to, kept as they are while it is issued, so that it ends with them.

What ends a membership, a program or an organisation's standing changes that row. Whoever issues a token locks it first,
so that either the token is there to be ended, or it is not issued any more.
"""

from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col

from infra.auth import ROLE_PERMISSIONS, Actor, Permission, Role
from infra.db import AsyncSession
from infra.identity import credential_repository
from infra.identity.errors import HolderEnded
from infra.identity.tables import Client, Membership, Organisation
from infra.messages import Message
from infra.organisation_status import OrganisationStatus


async def hold(session: AsyncSession, actor: Actor, permission: Permission) -> UUID | None:
    """Keep what the caller acts by as it is until the transaction ends.

    :param permission: what one of the roles must still carry.
    :return: the person's membership; None for a program.
    :raises HolderEnded: since the request was authenticated it ended or lost the permission, or its secret or session
        ended.
    """
    status = await session.scalar(
        sa.select(col(Organisation.status))
        .where(col(Organisation.id) == actor.organisation_id)
        .with_for_update(read=True)
    )
    if actor.kind == "program":
        held = sa.select(col(Client.id), col(Client.roles)).where(
            col(Client.id) == actor.id,
            col(Client.organisation_id) == actor.organisation_id,
            col(Client.disabled_at).is_(None),
        )
    else:
        held = sa.select(col(Membership.id), col(Membership.roles)).where(
            col(Membership.person_id) == actor.id, col(Membership.organisation_id) == actor.organisation_id
        )
    row = (await session.execute(held.with_for_update(read=True))).one_or_none()
    # After the locks: a rotation or a change of password that was under way has ended.
    lives = actor.credential_id is None or await credential_repository.credential_lives(
        session, actor.id, actor.credential_id, secret=actor.kind == "program"
    )
    if (
        not lives
        or status is not OrganisationStatus.VERIFIED
        or row is None
        or not any(permission in ROLE_PERMISSIONS[Role(role)] for role in row.roles)
    ):
        raise HolderEnded(
            Message("Your access ended a moment ago."),
            remedy=Message("Sign in again, or ask an administrator of your organisation."),
        )
    return None if actor.kind == "program" else row.id
