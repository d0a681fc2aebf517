"""Who somebody is now that began something earlier: what the worker goes on with, on their behalf."""

from uuid import UUID

from infra.auth import Actor, Role
from infra.db import AsyncSession
from infra.identity import credential_repository, repository


async def find_actor(
    session: AsyncSession, actor_id: UUID, organisation_id: UUID, *, program: bool
) -> Actor | None:
    """A person or a program of an organisation, with the roles and the organisation's status of now.

    :return: None where it does not belong there any more, or was deleted.
    """
    if program:
        holder = await credential_repository.program_holder(session, actor_id, None)
        if holder is None or holder.organisation_id != organisation_id:
            return None
        return Actor(
            kind="program",
            id=actor_id,
            organisation_id=organisation_id,
            organisation_kind=holder.organisation_kind,
            roles=frozenset(Role(role) for role in holder.roles),
            organisation_status=holder.status,
        )
    membership = await repository.membership(session, organisation_id, actor_id)
    organisation = await repository.organisation(session, organisation_id)
    if membership is None or organisation is None:
        return None
    return Actor(
        kind="person",
        id=actor_id,
        organisation_id=organisation_id,
        organisation_kind=organisation.kind,
        roles=frozenset(Role(role) for role in membership.roles),
        organisation_status=organisation.status,
    )
