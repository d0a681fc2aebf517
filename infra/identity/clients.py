"""Programs of an organisation and their secrets."""

import hmac
from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

from sqlmodel.sql.expression import SelectOfScalar

from infra.auth import Actor, Role
from infra.db import AsyncSession, now
from infra.errors import NotFound
from infra.identity import credential_repository, credentials
from infra.identity.tables import Client, ClientSecret
from infra.messages import Message


async def create(
    session: AsyncSession, actor: Actor, organisation_id: UUID, *, name: str, roles: Collection[Role]
) -> tuple[Client, str]:
    """Make a program; answers it and its secret, which is kept nowhere."""
    row = Client(
        organisation_id=organisation_id,
        name=name,
        roles=sorted(role.value for role in roles),
        created_by=actor.id,
        created_at=await now(session),
    )
    session.add(row)
    await session.flush()
    return row, await _add_secret(session, row.id)


def listing(organisation_id: UUID) -> SelectOfScalar[Client]:
    """What a list of an organisation's programs pages through."""
    return credential_repository.clients_statement(organisation_id)


async def lock(session: AsyncSession, organisation_id: UUID, client_id: UUID) -> Client:
    """One program, which nobody else changes until the transaction ends.

    :raises NotFound: the organisation has no such program, or it was deleted.
    """
    row = await credential_repository.lock_client(session, organisation_id, client_id)
    if row is None:
        raise NotFound(Message("The organisation has no such program."))
    return row


async def rotate_secret(session: AsyncSession, client: Client, *, overlap: timedelta) -> str:
    """Give a locked program a new secret; the one before stays good for the overlap, older ones end at once.

    :return: the new secret, which is kept nowhere.
    """
    good = await credential_repository.secrets_of(session, client.id)
    await credential_repository.drop_secrets(session, client.id, keep=[row.id for row in good[:1]])
    if good:
        ends = await now(session) + overlap
        good[0].expires_at = min(ends, good[0].expires_at or ends)
        await session.flush()
    return await _add_secret(session, client.id)


async def delete(session: AsyncSession, client: Client) -> None:
    """End a locked program: its secrets and its tokens stop at once. The row stays for the audit log's sake."""
    client.disabled_at = await now(session)
    await session.flush()
    await credential_repository.drop_secrets(session, client.id)


async def find_secret(session: AsyncSession, client_id: UUID, secret: str) -> ClientSecret | None:
    """Which of the program's secrets that are good now it is; None when it is none of them."""
    offered = credentials.digest(secret)
    good = await credential_repository.secrets_of(session, client_id)
    # Every one is compared, so that the time tells nothing.
    found = [row for row in good if hmac.compare_digest(row.secret_digest, offered)]
    return found[0] if found else None


async def _add_secret(session: AsyncSession, client_id: UUID) -> str:
    secret = credentials.new_token()
    session.add(
        ClientSecret(
            client_id=client_id, secret_digest=credentials.digest(secret), created_at=await now(session)
        )
    )
    await session.flush()
    return secret
