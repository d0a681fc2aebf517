"""SQL of the limits on guessing: wrong passwords in a row, and budgets of attempts that fill again with time."""

from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from infra.db import AsyncSession
from infra.identity import domain
from infra.identity.domain import Budget
from infra.identity.tables import AttemptBudget, SignInAttempts


async def begin_attempt(session: AsyncSession, subject: bytes) -> int | None:
    """Count an attempt before it is looked at, so that attempts at once cannot slip past the limit.

    :return: how many there were in a row, this one included; None when the subject is locked, which is not counted.
    """
    failures = col(SignInAttempts.failures) + 1
    doublings = sa.func.least(failures - domain.FREE_FAILURES, 20)
    seconds = sa.func.least(domain.MAX_LOCK_SECONDS, domain.FIRST_LOCK_SECONDS * sa.func.power(2, doublings))
    lock = sa.case(
        (
            failures >= domain.FREE_FAILURES,
            sa.func.now() + seconds * sa.literal(timedelta(seconds=1), sa.Interval()),
        ),
        else_=None,
    )
    statement = (
        insert(SignInAttempts)
        .values(subject=subject, failures=1, last_at=sa.func.now(), locked_until=None)
        .on_conflict_do_update(
            index_elements=["subject"],
            set_={"failures": failures, "last_at": sa.func.now(), "locked_until": lock},
            where=sa.func.coalesce(col(SignInAttempts.locked_until) <= sa.func.now(), True),
        )
        .returning(col(SignInAttempts.failures))
    )
    counted: int | None = (await session.execute(statement)).scalar_one_or_none()
    return counted


async def seconds_locked(session: AsyncSession, subject: bytes) -> int:
    """Whole seconds until a subject is unlocked, at least one."""
    left = sa.func.extract("epoch", col(SignInAttempts.locked_until) - sa.func.now())
    statement = sa.select(sa.func.ceil(left)).where(col(SignInAttempts.subject) == subject)
    return max(1, int((await session.execute(statement)).scalar() or 1))


async def forget_attempts(session: AsyncSession, subject: bytes) -> None:
    """Start counting anew after the right password."""
    await session.execute(sa.delete(SignInAttempts).where(col(SignInAttempts.subject) == subject))


async def spend(session: AsyncSession, subject: bytes, budget: Budget, attempts: float = 1) -> float:
    """Take attempts out of a budget that fills again with time (GCRA, as ATM networks police their cells).

    :return: 0 when they were taken; otherwise the seconds until they could be, and nothing is taken.
    """
    cost = timedelta(seconds=attempts * budget.seconds_each)
    full = timedelta(seconds=budget.burst * budget.seconds_each)
    spent = sa.func.greatest(col(AttemptBudget.spent_until), sa.func.now()) + cost
    statement = (
        insert(AttemptBudget)
        .values(subject=subject, spent_until=sa.func.now() + cost)
        .on_conflict_do_update(
            index_elements=["subject"],
            set_={"spent_until": spent},
            where=spent <= sa.func.now() + full,
        )
        .returning(col(AttemptBudget.subject))
    )
    if (await session.execute(statement)).scalar_one_or_none() is not None:
        return 0
    left = sa.func.extract("epoch", col(AttemptBudget.spent_until) + cost - full - sa.func.now())
    waiting = (
        await session.execute(sa.select(left).where(col(AttemptBudget.subject) == subject))
    ).scalar_one_or_none()
    return max(0.1, float(waiting or 0))  # not money: seconds


async def charge(session: AsyncSession, subject: bytes, budget: Budget, attempts: float) -> None:
    """Take attempts out of a budget whether they are in it or not, down to empty."""
    cost = timedelta(seconds=attempts * budget.seconds_each)
    full = timedelta(seconds=budget.burst * budget.seconds_each)
    spent = sa.func.greatest(col(AttemptBudget.spent_until), sa.func.now()) + cost
    await session.execute(
        insert(AttemptBudget)
        .values(subject=subject, spent_until=sa.func.now() + sa.func.least(cost, full))
        .on_conflict_do_update(
            index_elements=["subject"], set_={"spent_until": sa.func.least(spent, sa.func.now() + full)}
        )
    )


async def sweep(session: AsyncSession) -> None:
    """Delete what says nothing any more: full budgets, old failures, and the oldest beyond a number of rows.

    Every row stands for a password that was hashed or a source that was new, so that between two sweeps there cannot be
    more of them than the service has work for.
    """
    moment = sa.func.now()
    await session.execute(sa.delete(AttemptBudget).where(col(AttemptBudget.spent_until) < moment))
    forgotten = moment - timedelta(hours=domain.FAILURES_FORGOTTEN_HOURS)
    await session.execute(sa.delete(SignInAttempts).where(col(SignInAttempts.last_at) < forgotten))
    surplus = (
        sa.select(col(SignInAttempts.subject))
        .order_by(col(SignInAttempts.last_at).desc())
        .offset(domain.MAX_ATTEMPT_ROWS)
    )
    await session.execute(sa.delete(SignInAttempts).where(col(SignInAttempts.subject).in_(surplus)))
