"""Who a token is issued to, kept as they are while it is issued, so that it ends with them.

What ends a membership, a program or an organisation's standing changes that row. Whoever issues a token locks it first,
so that either the token is there to be ended, or it is not issued any more.
"""

from uuid import UUID

from infra.auth import ROLE_PERMISSIONS, Actor, Permission, Role
from infra.db import AsyncSession
from infra.identity import credential_repository
from infra.identity.errors import HolderEnded
from infra.messages import Message
from infra.organisation_status import OrganisationStatus


async def hold(session: AsyncSession, actor: Actor, permission: Permission) -> UUID | None:
    """Keep what the caller acts by as it is until the transaction ends.

    :param permission: what one of the roles must still carry.
    :return: the person's membership; None for a program.
    :raises HolderEnded: since the request was authenticated it ended or lost the permission, or its secret or session
        ended.
    """
    status = await credential_repository.share_status(session, actor.organisation_id)
    program = actor.kind == "program"
    held = await (credential_repository.share_client if program else credential_repository.share_membership)(
        session, actor.organisation_id, actor.id
    )
    # After the locks: a rotation or a change of password that was under way has ended.
    lives = actor.credential_id is None or await credential_repository.credential_lives(
        session, actor.id, actor.credential_id, secret=program
    )
    if (
        not lives
        or status is not OrganisationStatus.VERIFIED
        or held is None
        or not any(permission in ROLE_PERMISSIONS[Role(role)] for role in held.roles)
    ):
        raise HolderEnded(
            Message("Your access ended a moment ago."),
            remedy=Message("Sign in again, or ask an administrator of your organisation."),
        )
    return None if program else held.id
