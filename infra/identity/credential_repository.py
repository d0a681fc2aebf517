"""SQL of sessions, programs, their secrets and revoked tokens."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from infra.auth import OrganisationKind
from infra.db import AsyncSession
from infra.identity import domain
from infra.identity.factor_repository import is_enrolled
from infra.identity.tables import (
    Client,
    ClientSecret,
    Membership,
    Organisation,
    RefusedSignIns,
    RevokedToken,
    SignInSession,
)
from infra.organisation_status import OrganisationStatus


@dataclass(frozen=True, slots=True)
class CredentialHolder:
    """Who a credential stands for, as of now.

    :param id: the person's or the program's id.
    :param touch: the session's time of last use is due to be written.
    :param awaits_code: the session was opened by the password alone.
    :param enrolled: the person has a second factor.
    """

    id: UUID
    organisation_id: UUID
    organisation_kind: OrganisationKind
    status: OrganisationStatus
    roles: Sequence[str]
    session_id: UUID | None = None
    expires_at: datetime | None = None
    touch: bool = False
    awaits_code: bool = False
    enrolled: bool = False


async def session_holder(
    session: AsyncSession, token_digest: bytes, idle_minutes: int
) -> CredentialHolder | None:
    """Who a session that is still good stands for."""
    idle_since = sa.func.now() - timedelta(minutes=idle_minutes)
    due = sa.func.now() - timedelta(seconds=domain.SESSION_TOUCH_SECONDS)
    statement = (
        sa.select(
            col(Membership.person_id),
            col(Organisation.id),
            col(Organisation.kind),
            col(Organisation.status),
            col(Membership.roles),
            col(SignInSession.id),
            col(SignInSession.expires_at),
            col(SignInSession.last_used_at) < due,
        )
        .add_columns(col(SignInSession.awaits_code), is_enrolled(col(Membership.person_id)))
        .select_from(SignInSession)
        .join(Membership, col(Membership.id) == col(SignInSession.membership_id))
        .join(Organisation, col(Organisation.id) == col(Membership.organisation_id))
        .where(
            col(SignInSession.token_digest) == token_digest,
            col(SignInSession.expires_at) > sa.func.now(),
            col(SignInSession.last_used_at) > idle_since,
        )
    )
    row = (await session.execute(statement)).one_or_none()
    return None if row is None else CredentialHolder(*row)


@dataclass(frozen=True, slots=True)
class TokenIds:
    """What ends an access token before its time: its own revocation, and the end of the secret it was issued for."""

    token_id: UUID
    secret_id: UUID


async def program_holder(
    session: AsyncSession, client_id: UUID, token: TokenIds | None
) -> CredentialHolder | None:
    """Who a program stands for; None when it was deleted, or the token was revoked or its secret has ended."""
    statement = (
        sa.select(
            col(Client.id),
            col(Organisation.id),
            col(Organisation.kind),
            col(Organisation.status),
            col(Client.roles),
        )
        .select_from(Client)
        .join(Organisation, col(Organisation.id) == col(Client.organisation_id))
        .where(col(Client.id) == client_id, col(Client.disabled_at).is_(None))
    )
    if token is not None:
        statement = statement.where(
            ~sa.exists().where(col(RevokedToken.token_id) == token.token_id),
            sa.exists().where(*_good_secret(client_id), col(ClientSecret.id) == token.secret_id),
        )
    row = (await session.execute(statement)).one_or_none()
    return None if row is None else CredentialHolder(*row)


async def touch_session(session: AsyncSession, session_id: UUID) -> None:
    """Note that a session is in use."""
    statement = sa.update(SignInSession).where(col(SignInSession.id) == session_id)
    await session.execute(statement.values(last_used_at=sa.func.now()))


async def drop_session(session: AsyncSession, token_digest: bytes) -> None:
    """End one session."""
    await session.execute(sa.delete(SignInSession).where(col(SignInSession.token_digest) == token_digest))


async def drop_sessions_of(
    session: AsyncSession, person_id: UUID, *, keep: int, unfinished: bool | None = None
) -> None:
    """End a person's sessions but the ``keep`` newest.

    :param unfinished: of those that wait for a code alone, or of the others; None of all.
    """
    theirs = _sessions_of(person_id).order_by(col(SignInSession.id).desc()).offset(keep)
    if unfinished is not None:
        theirs = theirs.where(col(SignInSession.awaits_code) == unfinished)
    await session.execute(sa.delete(SignInSession).where(col(SignInSession.id).in_(theirs)))


async def drop_other_sessions(session: AsyncSession, person_id: UUID, token_digest: bytes) -> None:
    """End a person's sessions but one."""
    theirs = _sessions_of(person_id).where(col(SignInSession.token_digest) != token_digest)
    await session.execute(sa.delete(SignInSession).where(col(SignInSession.id).in_(theirs)))


def _sessions_of(person_id: UUID) -> sa.Select[UUID]:
    return (
        sa.select(col(SignInSession.id))
        .join(Membership, col(Membership.id) == col(SignInSession.membership_id))
        .where(col(Membership.person_id) == person_id)
    )


async def clock(session: AsyncSession) -> datetime:
    """The database's time at this moment, rather than at the transaction's start."""
    moment: datetime = (await session.execute(sa.select(sa.func.clock_timestamp()))).scalar_one()
    return moment


async def count_refusal(session: AsyncSession, person_id: UUID) -> None:
    """Count a refused password, for the audit log."""
    statement = insert(RefusedSignIns).values(
        person_id=person_id, count=1, since=sa.func.now(), last_at=sa.func.now()
    )
    counted = {"count": col(RefusedSignIns.count) + 1, "last_at": sa.func.now()}
    await session.execute(statement.on_conflict_do_update(index_elements=["person_id"], set_=counted))


async def take_refusals(session: AsyncSession, older_than: timedelta) -> Sequence[RefusedSignIns]:
    """Take away what was counted for so long."""
    statement = (
        sa.delete(RefusedSignIns)
        .where(col(RefusedSignIns.since) <= sa.func.now() - older_than)
        .returning(RefusedSignIns)
    )
    return (await session.execute(statement)).scalars().all()


def clients_statement(organisation_id: UUID) -> SelectOfScalar[Client]:
    """Programs of an organisation that are not deleted."""
    return select(Client).where(
        col(Client.organisation_id) == organisation_id, col(Client.disabled_at).is_(None)
    )


async def lock_client(session: AsyncSession, organisation_id: UUID, client_id: UUID) -> Client | None:
    """One program of an organisation, locked."""
    statement = clients_statement(organisation_id).where(col(Client.id) == client_id).with_for_update()
    return (await session.exec(statement)).one_or_none()


async def share_status(session: AsyncSession, organisation_id: UUID) -> OrganisationStatus | None:
    """An organisation's standing, which nobody changes until the transaction ends."""
    statement = sa.select(col(Organisation.status)).where(col(Organisation.id) == organisation_id)
    return (await session.execute(statement.with_for_update(read=True))).scalar_one_or_none()


@dataclass(frozen=True, slots=True)
class HeldRoles:
    """Roles of a program or a membership, as they are until the transaction ends."""

    id: UUID
    roles: Sequence[str]


async def share_client(session: AsyncSession, organisation_id: UUID, client_id: UUID) -> HeldRoles | None:
    """A program that is not deleted; nobody changes it until the transaction ends."""
    statement = sa.select(col(Client.id), col(Client.roles)).where(
        col(Client.id) == client_id,
        col(Client.organisation_id) == organisation_id,
        col(Client.disabled_at).is_(None),
    )
    row = (await session.execute(statement.with_for_update(read=True))).one_or_none()
    return None if row is None else HeldRoles(*row)


async def share_membership(session: AsyncSession, organisation_id: UUID, person_id: UUID) -> HeldRoles | None:
    """A person's membership; nobody changes it until the transaction ends."""
    statement = sa.select(col(Membership.id), col(Membership.roles)).where(
        col(Membership.person_id) == person_id, col(Membership.organisation_id) == organisation_id
    )
    row = (await session.execute(statement.with_for_update(read=True))).one_or_none()
    return None if row is None else HeldRoles(*row)


async def secrets_of(session: AsyncSession, client_id: UUID) -> Sequence[ClientSecret]:
    """A program's secrets that are good now, newest first."""
    statement = select(ClientSecret).where(*_good_secret(client_id)).order_by(col(ClientSecret.id).desc())
    return (await session.exec(statement)).all()


def _good_secret(client_id: UUID) -> tuple[sa.ColumnElement[bool], ...]:
    # Not now(), which is the transaction's start: whoever waited for a rotation sees its end.
    ends = col(ClientSecret.expires_at)
    return (
        col(ClientSecret.client_id) == client_id,
        sa.or_(ends.is_(None), ends > sa.func.clock_timestamp()),
    )


async def credential_lives(
    session: AsyncSession, actor_id: UUID, credential_id: UUID, *, secret: bool
) -> bool:
    """Whether a secret of a program, or a session, is still there.

    :param secret: it is a program's secret.
    """
    if secret:
        statement = sa.select(
            sa.exists().where(*_good_secret(actor_id), col(ClientSecret.id) == credential_id)
        )
    else:
        statement = sa.select(sa.exists().where(col(SignInSession.id) == credential_id))
    return bool((await session.execute(statement)).scalar_one())


async def drop_secrets(session: AsyncSession, client_id: UUID, *, keep: Sequence[UUID] = ()) -> None:
    """Delete a program's secrets but those named."""
    statement = sa.delete(ClientSecret).where(col(ClientSecret.client_id) == client_id)
    await session.execute(statement.where(col(ClientSecret.id).not_in(list(keep))))


async def revoke_token(session: AsyncSession, client_id: UUID, token_id: UUID, expires_at: datetime) -> None:
    """Remember a token as revoked; once is enough."""
    statement = insert(RevokedToken).values(
        token_id=token_id, client_id=client_id, revoked_at=sa.func.now(), expires_at=expires_at
    )
    await session.execute(statement.on_conflict_do_nothing())


async def sweep(session: AsyncSession) -> None:
    """Delete what has run out: sessions, secrets, revocations of ended tokens."""
    moment = sa.func.now()
    await session.execute(sa.delete(SignInSession).where(col(SignInSession.expires_at) < moment))
    await session.execute(sa.delete(ClientSecret).where(col(ClientSecret.expires_at) < moment))
    # Some minutes longer than the token could have lived, for the sake of nodes whose clocks are behind.
    await session.execute(
        sa.delete(RevokedToken).where(col(RevokedToken.expires_at) < moment - timedelta(minutes=5))
    )
