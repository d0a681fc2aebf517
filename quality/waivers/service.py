"""Use cases of waivers. Who may decide about a revision, the callers have found out; they hold its product locked."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from infra.auth import Actor
from infra.db import AsyncSession, now
from infra.errors import NotFound
from infra.messages import Message
from infra.paging import PageRequest
from infra.rulebook import service as rulebook
from quality.waivers import repository
from quality.waivers.domain import require_bounded, require_coverable
from quality.waivers.errors import WaiverStateForbids
from quality.waivers.states import (
    REQUEST,
    WaiverRequestAction,
    WaiverRequestStatus,
    WaiverStatus,
    waiver_status,
)
from quality.waivers.tables import QualityWaiver, QualityWaiverRequest


async def request(
    session: AsyncSession,
    actor: Actor,
    *,
    product_id: UUID,
    revision_id: UUID,
    report_id: UUID,
    checks: Sequence[Mapping[str, Any]],
    refusals: Sequence[Mapping[str, Any]],
    named: Collection[str],
    justification: str,
) -> QualityWaiverRequest:
    """Ask for a waiver of a failed report.

    :param checks: of the report; ``refusals`` why the gate refused it.
    :param named: the failed checks to be waived; none for the whole report.
    :raises WaiverStateForbids: it is waived already, or a request waits for a decision.
    :raises WaiverRefused: the named checks are not those that failed.
    """
    await _require_not_waived(session, report_id)
    if await repository.waiting_request(session, report_id) is not None:
        raise WaiverStateForbids(
            Message("A request for a waiver of this report waits for a decision."),
            remedy=Message("Wait for it; the waivers of the revision show how it was decided."),
        )
    require_coverable(checks, refusals, named)
    row = QualityWaiverRequest(
        product_id=product_id,
        revision_id=revision_id,
        report_id=report_id,
        checks=sorted(set(named)),
        justification=justification,
        status=WaiverRequestStatus.WAITING,
        requested_by=actor.id,
        requested_by_organisation=actor.organisation_id,
        requested_at=await now(session),
    )
    session.add(row)
    await session.flush()
    return row


async def grant(
    session: AsyncSession,
    actor: Actor,
    *,
    revision_id: UUID,
    report_id: UUID,
    checks: Sequence[Mapping[str, Any]],
    refusals: Sequence[Mapping[str, Any]],
    named: Collection[str],
    reason: str,
    expires_at: datetime,
) -> QualityWaiver:
    """Waive a failed report until an instant; a request that waits is granted with it.

    :param checks: of the report; ``refusals`` why the gate refused it.
    :param named: the failed checks that are waived; none for the whole report.
    :raises WaiverStateForbids: it is waived already.
    :raises WaiverRefused: it lasts too long, or the named checks are not those that failed.
    """
    await _require_not_waived(session, report_id)
    require_coverable(checks, refusals, named)
    rules, moment = await rulebook.in_force(session), await now(session)
    require_bounded(expires_at, moment, rules.integer("quality.waiver.longest_days"))
    row = QualityWaiver(
        revision_id=revision_id,
        report_id=report_id,
        checks=sorted(set(named)),
        reason=reason,
        granted_by=actor.id,
        granted_by_organisation=actor.organisation_id,
        granted_at=moment,
        expires_at=expires_at,
        rules=rules.stamp(),
    )
    session.add(row)
    await session.flush()
    waiting = await repository.waiting_request(session, report_id)
    if waiting is not None:
        await _decide(session, actor, waiting, WaiverRequestAction.GRANT, reason)
        waiting.waiver_id = row.id
        await session.flush()
    return row


async def revoke(session: AsyncSession, actor: Actor, waiver_id: UUID, reason: str) -> QualityWaiver:
    """End a waiver before its time.

    :raises NotFound: there is none.
    :raises WaiverStateForbids: it is over already.
    """
    row = await repository.get(session, waiver_id, lock=True)
    if row is None:
        raise no_such_waiver()
    moment = await now(session)
    if waiver_status(row.expires_at, row.revoked_at, moment) is not WaiverStatus.IN_FORCE:
        raise WaiverStateForbids(
            Message("The waiver is over already."), remedy=Message("Nothing is left to be done about it.")
        )
    row.revoked_at, row.revoked_by, row.revocation_reason = moment, actor.id, reason
    row.ended_told_at = moment
    await session.flush()
    return row


async def decline(session: AsyncSession, actor: Actor, request_id: UUID, reason: str) -> QualityWaiverRequest:
    """Decline a request.

    :raises NotFound: there is none.
    :raises WaiverStateForbids: it is decided already.
    """
    row = await repository.get_request(session, request_id, lock=True)
    if row is None:
        raise no_such_request()
    await _decide(session, actor, row, WaiverRequestAction.DECLINE, reason)
    await session.flush()
    return row


async def lock_waiting(session: AsyncSession, product_id: UUID) -> Sequence[QualityWaiverRequest]:
    """The requests about a product's revisions that wait for a decision, locked."""
    return await repository.lock_waiting(session, product_id)


async def supersede(session: AsyncSession, actor: Actor, row: QualityWaiverRequest, reason: str) -> None:
    """Close a locked request, since another report has taken the place of the one that it is about.

    :raises WaiverStateForbids: it is decided already.
    """
    await _decide(session, actor, row, WaiverRequestAction.SUPERSEDE, reason)
    await session.flush()


async def is_requested(session: AsyncSession, report_id: UUID) -> bool:
    """Whether a request about a report waits for a decision."""
    return await repository.waiting_request(session, report_id) is not None


async def take_ended(session: AsyncSession, waiver_id: UUID) -> QualityWaiver | None:
    """Mark that the end of a waiver is told now; None when it was told before, or has not come."""
    row = await repository.get(session, waiver_id, lock=True)
    moment = await now(session)
    if row is None or row.ended_told_at is not None or row.expires_at > moment:
        return None
    row.ended_told_at = moment
    await session.flush()
    return row


async def list_ended_untold(session: AsyncSession, limit: int) -> Sequence[UUID]:
    """Waivers that have expired, of which nobody was told yet."""
    return await repository.list_ended_untold(session, limit)


async def get(session: AsyncSession, waiver_id: UUID) -> QualityWaiver:
    """A waiver, whoever asks.

    :raises NotFound: there is none.
    """
    row = await repository.get(session, waiver_id)
    if row is None:
        raise no_such_waiver()
    return row


async def get_request(session: AsyncSession, request_id: UUID) -> QualityWaiverRequest:
    """A request, whoever asks.

    :raises NotFound: there is none.
    """
    row = await repository.get_request(session, request_id)
    if row is None:
        raise no_such_request()
    return row


async def find_in_force(session: AsyncSession, report_ids: Collection[UUID]) -> dict[UUID, QualityWaiver]:
    """Report → its waiver in force."""
    return await repository.find_in_force(session, report_ids)


async def list_of_revision(
    session: AsyncSession, revision_id: UUID
) -> tuple[Sequence[QualityWaiver], Sequence[QualityWaiverRequest]]:
    """Every waiver of a revision and every request for one, newest first."""
    return (
        await repository.list_of_revision(session, revision_id),
        await repository.list_requests(session, revision_id),
    )


async def list_waiting(
    session: AsyncSession, page: PageRequest
) -> tuple[Sequence[QualityWaiverRequest], str | None]:
    """One page of the requests that wait for a decision, newest first."""
    return await repository.list_waiting(session, page)


def in_force(report_id: sa.SQLColumnExpression[UUID]) -> sa.ColumnElement[bool]:
    """A condition for statements of other slices: the report in this column is waived, by the database's clock."""
    return repository.in_force(report_id)


def was_requested(product_id: sa.SQLColumnExpression[UUID]) -> sa.ColumnElement[bool]:
    """A condition for statements of other slices: a waiver was requested for the product in this column."""
    return repository.was_requested(product_id)


def no_such_waiver() -> NotFound:
    """What to tell whoever names a waiver that is not there for them."""
    return NotFound(
        Message("There is no such waiver."),
        remedy=Message("GET /v1/revisions/{revision_id}/quality-waivers lists those of a revision."),
    )


def no_such_request() -> NotFound:
    """What to tell whoever names a request that is not there for them."""
    return NotFound(
        Message("There is no such request for a waiver."),
        remedy=Message("GET /v1/quality-waiver-requests lists those that wait for a decision."),
    )


async def _require_not_waived(session: AsyncSession, report_id: UUID) -> None:
    found = await repository.find_in_force(session, [report_id])
    if found:
        raise WaiverStateForbids(
            Message("The report is waived until {until}.", until=found[report_id].expires_at.isoformat()),
            remedy=Message("Revoke that waiver first, or wait for its end."),
        )


async def _decide(
    session: AsyncSession, actor: Actor, row: QualityWaiverRequest, action: WaiverRequestAction, reason: str
) -> None:
    row.status = REQUEST.next_state(row.status, action)
    row.decided_by, row.decided_at, row.decision_reason = actor.id, await now(session), reason
