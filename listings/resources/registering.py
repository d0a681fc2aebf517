"""What the registration of resources writes to them, and what asks whether one is in force.

Every resource has exactly one stop of the kind ``registration`` that is not lifted, placed by the service itself: it
counts from the instant at which no registration is in force any more, which for a draft is that of its making. So
whatever rests on the resource feels the end of a registration at its instant, licences that exist included, and without
a job.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from infra.auth import SYSTEM
from infra.db import AsyncSession, now
from infra.errors import NotFound
from infra.messages import Message
from infra.stops import service as stops
from infra.stops.tables import Stop
from listings.resources import repository
from listings.resources.registration import RegistrationStatus, registration_status, require_registered
from listings.resources.tables import DataResource

STOP = "registration"
"""The kind of subject that the stop of a registration names; its id is the resource's."""

NOT_YET = "尚未登记 Not registered yet"
ENDED = "登记有效期已届满 The validity of the registration has ended"
GRACE_OVER = "登记宽限期已满 The time of grace to register it is over"
CANCELLED = "登记已注销 The registration was cancelled"


async def end_at(session: AsyncSession, row: DataResource, ends_at: datetime | None, reason: str) -> bool:
    """Let what rests on a locked resource end at an instant, instead of whenever it would have ended.

    :param ends_at: None for now.
    :param reason: told from then on.
    :return: whether the resource was stopped for want of a registration until now.
    """
    moment = await now(session)
    before = await repository.registration_stops(session, row.id)
    if before:
        await stops.lift(session, SYSTEM, subject_kind=STOP, subject_id=row.id, reason=reason)
    await stops.place(session, SYSTEM, subject_kind=STOP, subject_id=row.id, reason=reason, begins_at=ends_at)
    return any(stop.begins_at <= moment for stop in before)


async def write(
    session: AsyncSession,
    row: DataResource,
    *,
    changes: Mapping[str, Any],
    code: str,
    until: datetime,
    cancelled: bool,
) -> bool:
    """Make what was registered valid on a locked resource.

    :param changes: fields of the resource that the registration changes, in JSON.
    :param until: the end of the validity.
    :return: whether the resource was stopped for want of a registration until now.
    """
    moment = await now(session)
    for name, value in changes.items():
        setattr(row, name, value)
    ended = row.registered_until if row.registration_code == code else None
    row.registration_code = code
    row.registered_at = row.registered_at or moment
    row.registered_until = until
    row.registration_cancelled_at = moment if cancelled else None
    await session.flush()
    await session.refresh(row)  # what was JSON has the column's type again
    if cancelled:
        return await end_at(session, row, None, CANCELLED)
    if ended != until:
        return await end_at(session, row, until, ENDED)
    return False


async def move_grace(session: AsyncSession, row: DataResource, until: datetime) -> bool:
    """Let the time of grace of a locked resource end at another instant.

    :return: whether it was over until now.
    """
    row.registered_until = until
    await session.flush()
    return await end_at(session, row, until, GRACE_OVER)


async def lock(session: AsyncSession, resource_id: UUID) -> DataResource:
    """A resource, whoever asks, locked until the transaction ends.

    :raises NotFound: there is none.
    """
    row = await repository.lock_any(session, resource_id)
    if row is None:
        raise NotFound(Message("There is no such resource."))
    return row


async def list_ending(session: AsyncSession, until: datetime) -> Sequence[DataResource]:
    """Resources whose registration, or time of grace, ends until then or has ended."""
    return await repository.ending(session, until)


async def list_in_grace(session: AsyncSession, lasting: timedelta) -> Sequence[DataResource]:
    """Resources that are older than registration, were not registered yet, and whose time of grace is not this long;
    locked."""
    return await repository.in_grace(session, lasting)


def status_of(row: DataResource, moment: datetime) -> RegistrationStatus:
    """How the registration of a resource stands."""
    return registration_status(
        row.registration_code, row.registered_until, row.registration_cancelled_at, now=moment
    )


async def require_in_force(session: AsyncSession, rows: Sequence[DataResource]) -> None:
    """Refuse to build on resources of which no registration is in force.

    :raises NotRegistered: of one of them none is.
    """
    moment = await now(session)
    for row in rows:
        require_registered(status_of(row, moment), row.id)


async def require_not_ended(session: AsyncSession, active: Sequence[Stop]) -> None:
    """Refuse where one of some active stops is that of a registration.

    :raises NotRegistered: says what to do.
    """
    for stop in active:
        if stop.subject_kind == STOP:
            row = await repository.get(session, stop.subject_id)
            assert row is not None
            require_registered(status_of(row, await now(session)), row.id)
