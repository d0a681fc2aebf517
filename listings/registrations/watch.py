"""What the clock brings: ends that come, ends that came, deadlines that passed, and the time of grace."""

from datetime import timedelta

from infra.auth import SYSTEM
from infra.db import AsyncSession, now
from infra.events.kinds import EventKind
from infra.rulebook import service as rulebook
from listings import decisions
from listings.registrations import history, repository
from listings.resources import registering
from listings.resources.registration import RegistrationStatus

EXPIRY, ENDED, OVERDUE = "expiry", "ended", "overdue"


async def tell_of_ends(session: AsyncSession) -> int:
    """Remind of registrations that end soon, and tell of those that have ended; each end once. Answers how many.

    The end itself needs nobody: the stop that was placed ahead counts from its instant on.
    """
    rules = await rulebook.in_force(session)
    moment = await now(session)
    soon = moment + timedelta(days=rules.integer("registration.renewal_days"))
    rows = await registering.list_ending(session, soon)
    known = {what: await repository.told(session, [row.id for row in rows], what) for what in (EXPIRY, ENDED)}
    told = 0
    for row in rows:
        until = row.registered_until
        assert until is not None
        what = ENDED if until <= moment else EXPIRY
        if (row.id, until) in known[what] or not await repository.tell_once(session, row.id, what, until):
            continue
        kind = EventKind.REGISTRATION_EXPIRED if what is ENDED else EventKind.REGISTRATION_REMINDED
        if what is ENDED:
            await decisions.record(
                session,
                SYSTEM,
                action="registration.expired",
                subject_kind="resource",
                subject_id=row.id,
                under="registration.",
                reason=registering.ENDED if row.registration_code else registering.GRACE_OVER,
                rules=rules,
                code=row.registration_code,
                ended_at=until.isoformat(),
            )
        await history.publish(
            session,
            kind,
            row.id,
            {"what": what, "code": row.registration_code, "until": until.isoformat()},
        )
        told += 1
    return told


async def tell_of_overdue(session: AsyncSession) -> int:
    """Remind, once each, of applications whose next step is overdue. Answers how many."""
    told = 0
    for row in await repository.overdue(session):
        assert row.due_at is not None
        if await repository.tell_once(session, row.id, OVERDUE, row.due_at):
            await history.publish_step(session, EventKind.REGISTRATION_OVERDUE, row)
            told += 1
    return told


async def move_grace(session: AsyncSession) -> int:
    """Let the time of grace end when the rules in force say; answers of how many resources it was moved."""
    rules = await rulebook.in_force(session)
    days = timedelta(days=rules.integer("registration.grace_days"))
    moment = await now(session)
    moved = 0
    for row in await registering.list_in_grace(session, days):
        assert row.grace_from is not None
        until = row.grace_from + days
        resumed = await registering.move_grace(session, row, until)
        moved += 1
        if resumed and registering.status_of(row, moment) is RegistrationStatus.GRACE:
            await history.publish(
                session,
                EventKind.REGISTRATION_REINSTATED,
                row.id,
                {"code": None, "valid_until": until.isoformat()},
            )
    return moved
