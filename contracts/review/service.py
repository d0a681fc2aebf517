"""Use cases of review."""

from collections.abc import Sequence
from uuid import UUID

from contracts.agreements import service as agreements
from contracts.agreements.tables import Agreement
from contracts.review import repository
from contracts.review.tables import ContractReview
from infra.audit import service as audit
from infra.auth import Actor
from infra.db import AsyncSession, now
from infra.events.kinds import EventKind
from infra.identity import officers
from infra.messages import Message
from infra.paging import PageRequest
from infra.rulebook import service as rulebook
from infra.rulebook.retention import kept_until
from infra.stops import service as stops
from infra.stops.tables import Stop


async def list_unreviewed(session: AsyncSession, page: PageRequest) -> tuple[Sequence[Agreement], str | None]:
    """Concluded agreements that no regulator has reviewed yet, newest first."""
    return await repository.list_unreviewed(session, page)


async def review(session: AsyncSession, actor: Actor, agreement_id: UUID, note: str) -> ContractReview:
    """Record a finding on an agreement; it leaves the list of contracts to review.

    :raises AnotherOfficer: the caller belongs to a party under another account.
    """
    agreement = await agreements.access_agreement(session, actor, agreement_id)
    await officers.require_no_member(
        session,
        actor,
        [agreement.owner_id, agreement.operator_id, agreement.buyer_id],
        Message("A contract is reviewed by somebody who belongs to none of its parties."),
    )
    rules, moment = await rulebook.in_force(session), await now(session)
    finding = ContractReview(
        agreement_id=agreement.id,
        reviewed_by=actor.id,
        note=note,
        reviewed_at=moment,
        kept_until=kept_until(rules, moment),
        rules=rules.stamp(),
    )
    session.add(finding)
    await session.flush()
    await audit.record(
        session,
        actor,
        action="agreement.reviewed",
        subject_kind="agreement",
        subject_id=agreement.id,
        detail={"note": note},
        rules=rules,
    )
    return finding


async def list_reviews(session: AsyncSession, agreement_id: UUID) -> Sequence[ContractReview]:
    """The findings on an agreement, oldest first."""
    return await repository.of_agreement(session, agreement_id)


async def suspend(session: AsyncSession, actor: Actor, agreement_id: UUID, reason: str) -> Stop:
    """Stop an agreement: from the commit on no call under it is admitted, on any node."""
    agreement = await agreements.access_agreement(session, actor, agreement_id, lock=True)
    stop = await stops.place(session, actor, subject_kind="agreement", subject_id=agreement.id, reason=reason)
    await agreements.publish_event(session, agreement, EventKind.AGREEMENT_SUSPENDED)
    return stop


async def reinstate(session: AsyncSession, actor: Actor, agreement_id: UUID, reason: str) -> list[Stop]:
    """Lift the regulator's own stops on an agreement.

    :raises NotStopped: there is none.
    """
    agreement = await agreements.access_agreement(session, actor, agreement_id, lock=True)
    lifted = await stops.lift(
        session, actor, subject_kind="agreement", subject_id=agreement.id, reason=reason
    )
    if not await stops.active(session, [agreement.id]):
        await agreements.publish_event(session, agreement, EventKind.AGREEMENT_REINSTATED)
    return lifted
