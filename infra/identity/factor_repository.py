"""SQL of second factors, recovery codes, and one-time links for a new password."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select

from infra.db import AsyncSession
from infra.identity.tables import PasswordReset, RecoveryCode, SignInSession, TotpFactor


def is_enrolled(person_id: sa.SQLColumnExpression[UUID]) -> sa.ColumnElement[bool]:
    """SQL: whether the person has a confirmed second factor."""
    return sa.exists().where(
        col(TotpFactor.person_id) == person_id, col(TotpFactor.confirmed_at).is_not(None)
    )


async def enrolled_since(session: AsyncSession, person_id: UUID) -> datetime | None:
    """When the person's second factor was confirmed; None without one."""
    statement = sa.select(col(TotpFactor.confirmed_at)).where(
        col(TotpFactor.person_id) == person_id, col(TotpFactor.confirmed_at).is_not(None)
    )
    found: datetime | None = (await session.execute(statement)).scalar_one_or_none()
    return found


async def lock_factor(session: AsyncSession, person_id: UUID, *, confirmed: bool) -> TotpFactor | None:
    """The person's confirmed factor, or the one that waits for its first code, locked."""
    moment = col(TotpFactor.confirmed_at)
    statement = (
        select(TotpFactor)
        .where(col(TotpFactor.person_id) == person_id, moment.is_not(None) if confirmed else moment.is_(None))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await session.exec(statement)).one_or_none()


async def drop_factors(session: AsyncSession, person_id: UUID, *, confirmed: bool | None = None) -> int:
    """Delete the person's factors: the confirmed one, the unconfirmed one, or both; answers how many."""
    statement = sa.delete(TotpFactor).where(col(TotpFactor.person_id) == person_id)
    if confirmed is not None:
        moment = col(TotpFactor.confirmed_at)
        statement = statement.where(moment.is_not(None) if confirmed else moment.is_(None))
    return len((await session.execute(statement.returning(col(TotpFactor.id)))).all())


async def use_recovery_code(session: AsyncSession, person_id: UUID, code_digest: bytes) -> bool:
    """Use a recovery code up; whether there was one. Of two at once, one finds it used."""
    statement = (
        sa.update(RecoveryCode)
        .where(
            col(RecoveryCode.person_id) == person_id,
            col(RecoveryCode.code_digest) == code_digest,
            col(RecoveryCode.used_at).is_(None),
        )
        .values(used_at=sa.func.now())
        .returning(col(RecoveryCode.id))
    )
    return (await session.execute(statement)).first() is not None


async def recovery_codes_left(session: AsyncSession, person_id: UUID) -> int:
    """How many recovery codes the person has not used."""
    statement = sa.select(sa.func.count()).where(
        col(RecoveryCode.person_id) == person_id, col(RecoveryCode.used_at).is_(None)
    )
    return int((await session.execute(statement)).scalar_one())


async def replace_recovery_codes(session: AsyncSession, person_id: UUID, digests: Iterable[bytes]) -> None:
    """End the person's recovery codes and put others in their place."""
    await session.execute(sa.delete(RecoveryCode).where(col(RecoveryCode.person_id) == person_id))
    session.add_all([RecoveryCode(person_id=person_id, code_digest=digest) for digest in digests])
    await session.flush()


async def end_unfinished_session(session: AsyncSession, token_digest: bytes) -> bool:
    """End a session that waits for its code; whether it was still there."""
    statement = (
        sa.delete(SignInSession)
        .where(
            col(SignInSession.token_digest) == token_digest,
            col(SignInSession.awaits_code),
            col(SignInSession.expires_at) > sa.func.clock_timestamp(),
        )
        .returning(col(SignInSession.id))
    )
    return (await session.execute(statement)).first() is not None


async def put_reset(
    session: AsyncSession, person_id: UUID, token_digest: bytes, *, life: timedelta, mailed: bool
) -> None:
    """Keep a one-time link for an account, in the place of the one before."""
    values = {
        "token_digest": token_digest,
        "created_at": sa.func.now(),
        "expires_at": sa.func.now() + life,
        "mailed": mailed,
    }
    statement = insert(PasswordReset).values(person_id=person_id, **values)
    await session.execute(statement.on_conflict_do_update(index_elements=["person_id"], set_=values))


async def open_reset(session: AsyncSession, token_digest: bytes, *, lock: bool) -> PasswordReset | None:
    """The link that a token opens now, if it does; locked, nobody else can use it meanwhile."""
    statement = select(PasswordReset).where(
        col(PasswordReset.token_digest) == token_digest,
        # Not now(), which is the transaction's start: whoever waited for the lock is measured by its end.
        col(PasswordReset.expires_at) > sa.func.clock_timestamp(),
    )
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    return (await session.exec(statement)).one_or_none()


async def drop_reset(session: AsyncSession, person_id: UUID) -> None:
    """End the link for an account, if there is one."""
    await session.execute(sa.delete(PasswordReset).where(col(PasswordReset.person_id) == person_id))


async def sweep(session: AsyncSession) -> None:
    """Delete links that ran out, and factors that nobody confirmed within a day."""
    await session.execute(
        sa.delete(PasswordReset).where(col(PasswordReset.expires_at) < sa.func.now() - timedelta(hours=1))
    )
    await session.execute(
        sa.delete(TotpFactor).where(
            col(TotpFactor.confirmed_at).is_(None),
            col(TotpFactor.created_at) < sa.func.now() - timedelta(days=1),
        )
    )
