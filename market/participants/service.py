"""Use cases of onboarding: registration, evidence, verification, suspension."""

from collections.abc import Sequence
from typing import Literal
from uuid import UUID

from sqlmodel.sql.expression import SelectOfScalar

from infra.audit import service as audit
from infra.auth import Actor, OrganisationKind
from infra.db import AsyncSession
from infra.errors import Forbidden, NotFound
from infra.events import service as events
from infra.events.kinds import EventKind
from infra.identity import invitations, members, officers, persons
from infra.identity import service as identity
from infra.identity.errors import AnotherOfficer
from infra.identity.states import OrganisationAction
from infra.identity.tables import IdentityEvidence, Organisation
from infra.messages import Message
from infra.organisation_status import OrganisationStatus
from infra.stops import service as stops
from market.participants import domain
from market.participants.errors import AdministersItself, NoEvidence, PlatformStays
from market.participants.schemas import EvidenceCreate, OrganisationCreate

SUBJECT = "organisation"


async def access_organisation(session: AsyncSession, actor: Actor, organisation_id: UUID) -> Organisation:
    """The organisation, when the actor can access it: the own one, or any for those who see all.

    :raises NotFound: there is none, or not for this actor.
    """
    if organisation_id != actor.organisation_id and not domain.sees_all(actor):
        raise NotFound(Message("There is no such organisation."))
    return await identity.organisation(session, organisation_id)


async def access_to_manage(session: AsyncSession, actor: Actor, organisation_id: UUID) -> Organisation:
    """The organisation, locked, when the actor may act for it: the own one, or any for the platform's
    administrators. Seeing all is not enough.

    :raises NotFound: there is none, or not for this actor.
    """
    must_manage(actor, organisation_id)
    return await identity.lock_organisation(session, organisation_id)


async def access_to_administer(session: AsyncSession, actor: Actor, organisation_id: UUID) -> Organisation:
    """The organisation, locked, when the actor may decide who belongs to it: its own people, and the platform's
    administrators as long as it has no administrator.

    :raises NotFound: there is none, or not for this actor.
    :raises AdministersItself: it has an administrator, and the actor is another's.
    """
    row = await access_to_manage(session, actor, organisation_id)
    if row.id != actor.organisation_id and await members.has_administrator(session, row.id):
        raise AdministersItself(
            Message("The organisation has an administrator; its own people decide who belongs to it."),
            remedy=Message(
                "Ask its administrator. One who is lost comes back by a recovery:"
                " POST /v1/organisations/{organisation_id}/recoveries.",
                organisation_id=organisation_id,
            ),
        )
    return row


def must_manage(actor: Actor, organisation_id: UUID) -> None:
    """Pass whoever may act for the organisation.

    :raises NotFound: the actor may not.
    """
    if organisation_id != actor.organisation_id and not domain.manages_all(actor):
        raise NotFound(Message("There is no such organisation."))


def visible_organisations(actor: Actor, kind: OrganisationKind | None) -> SelectOfScalar[Organisation]:
    """What the actor's list of organisations pages through."""
    return identity.listing(None if domain.sees_all(actor) else actor.organisation_id, kind)


async def search_directory(
    session: AsyncSession,
    actor: Actor,
    *,
    text: str,
    kind: OrganisationKind | None,
    organisation_id: UUID | None,
    credit_code: str | None,
) -> SelectOfScalar[Organisation]:
    """What a search among the verified organisations pages through.

    :param text: words, each of which is part of the Chinese or of the English name.
    :raises OrganisationNotVerified: the actor's own organisation is not verified.
    """
    await identity.require_verified(session, actor.organisation_id)
    return identity.directory(text, kind, organisation_id, credit_code)


async def register(session: AsyncSession, actor: Actor, data: OrganisationCreate) -> Organisation:
    """Register a party.

    :raises CreditCodeTaken: it is registered already.
    """
    row = await identity.register(
        session,
        actor,
        kind=data.kind,
        name_zh=data.name_zh,
        name_en=data.name_en,
        credit_code=data.unified_social_credit_code,
    )
    await audit.record(
        session,
        actor,
        action="organisation.registered",
        subject_kind=SUBJECT,
        subject_id=row.id,
        detail=data.model_dump(mode="json"),
    )
    return row


async def submit_evidence(
    session: AsyncSession, actor: Actor, organisation_id: UUID, data: EvidenceCreate
) -> IdentityEvidence:
    """Put a document on file for the own organisation, or for any as the platform's administrator."""
    await access_to_manage(session, actor, organisation_id)
    row = await identity.add_evidence(
        session,
        actor,
        organisation_id,
        kind=data.kind,
        number=data.number,
        document_sha256=data.document_sha256,
    )
    await audit.record(
        session,
        actor,
        action="evidence.submitted",
        subject_kind=SUBJECT,
        subject_id=organisation_id,
        detail={"evidence_id": str(row.id), "kind": data.kind.value, "document_sha256": data.document_sha256},
    )
    return row


async def evidence_listing(
    session: AsyncSession, actor: Actor, organisation_id: UUID
) -> SelectOfScalar[IdentityEvidence]:
    """What the list of an organisation's evidence pages through."""
    await access_organisation(session, actor, organisation_id)
    return identity.evidence_listing(organisation_id)


async def decide_verification(
    session: AsyncSession,
    actor: Actor,
    organisation_id: UUID,
    *,
    decision: Literal["verify", "reject"],
    reason: str,
) -> Organisation:
    """Find an organisation's identity proven or not (数据安全法, article 33).

    What is on file is settled by it: after a rejection only newer evidence verifies. Evidence is verified by another
    person than filed it, and who oversees others by another one than let it in.

    :raises NoEvidence: there is nothing on file that proves it, or nothing since it was rejected.
    :raises AnotherOfficer: the caller is a program, filed all of it, belongs to the organisation, or let it in where it
        oversees others.
    :raises StatusForbids: it is verified already, or suspended.
    """
    row = await access_to_manage(session, actor, organisation_id)
    await identity.change_status(session, actor, row, OrganisationAction(decision), reason)
    evidence = await identity.undecided_evidence(session, organisation_id)
    if row.status is OrganisationStatus.VERIFIED:
        evidence = await _filed_by_others(session, actor, row, evidence)
        await identity.accept_evidence(session, actor, evidence)
    else:
        await identity.reject_evidence(session, actor, evidence)
    await audit.record(
        session,
        actor,
        action=f"organisation.{row.status.value}",
        subject_kind=SUBJECT,
        subject_id=organisation_id,
        detail={"reason": reason, "evidence_ids": [str(item.id) for item in evidence]},
    )
    if row.status is OrganisationStatus.VERIFIED:
        await _publish_event(session, row, EventKind.ORGANISATION_VERIFIED)
    return row


async def _filed_by_others(
    session: AsyncSession, actor: Actor, row: Organisation, evidence: Sequence[IdentityEvidence]
) -> Sequence[IdentityEvidence]:
    """What the caller may verify an organisation by: see :func:`decide_verification` for what is refused."""
    if not evidence:
        raise NoEvidence(
            Message("An organisation is verified by what is on file, and nothing is that was not rejected."),
            remedy=Message(
                "File its licence or certificate at POST /v1/organisations/{organisation_id}/evidence.",
                organisation_id=row.id,
            ),
        )
    officers.require_person(
        actor, remedy=Message("Ask an administrator of the platform, in person, not by a program.")
    )
    await officers.require_no_member(
        session,
        actor,
        [row.id],
        Message("An organisation is verified by somebody who does not belong to it."),
    )
    if row.kind in domain.OVERSEERS:
        await officers.require_another_person(
            session,
            actor,
            row.registered_by,
            *await invitations.who_let_in(session, row.id),
            detail=Message(
                "An organisation that oversees others is verified by another person than registered it or let its"
                " people in."
            ),
            remedy=Message(
                "Ask another administrator of the platform. Where there is none, invite one:"
                " POST /v1/organisations/{organisation_id}/invitations with the role platform_admin.",
                organisation_id=actor.organisation_id,
            ),
        )
    own = await persons.accounts_of_caller(session, actor, [item.submitted_by for item in evidence])
    others = [item for item in evidence if item.submitted_by not in own]
    if not others:
        raise AnotherOfficer(
            Message("Evidence is verified by another person than filed it."),
            remedy=Message(
                "Ask another administrator of the platform; or let the organisation file its own: its first"
                " administrator is invited at POST /v1/organisations/{organisation_id}/invitations.",
                organisation_id=row.id,
            ),
        )
    return others


async def suspend(session: AsyncSession, actor: Actor, organisation_id: UUID, reason: str) -> Organisation:
    """Suspend a party: its people and programs only read, pay and appeal, and every licence it is a link of stops.

    Two authorities may suspend the same party, each for itself; it is suspended until the last of them lifts that.

    :raises NotFound: the actor is no authority over it.
    :raises Forbidden: a regulator suspends those who trade, and nobody else.
    :raises PlatformStays: it is the actor's own.
    :raises StatusForbids: the actor's organisation has suspended it already.
    """
    row = await access_to_suspend(session, actor, organisation_id)
    if row.id == actor.organisation_id:
        raise PlatformStays(
            Message("Nobody would be left to lift the suspension."),
            remedy=Message(
                "To keep one person out, end the membership: GET /v1/organisations/{organisation_id}/members lists"
                " them.",
                organisation_id=row.id,
            ),
        )
    active = await stops.active(session, [row.id])
    if active and all(stop.placed_by_organisation != actor.organisation_id for stop in active):
        row.status_reason = reason
    else:
        await identity.change_status(session, actor, row, OrganisationAction.SUSPEND, reason)
    await stops.place(session, actor, subject_kind=SUBJECT, subject_id=organisation_id, reason=reason)
    await _publish_event(session, row, EventKind.ORGANISATION_SUSPENDED)
    return row


async def access_to_suspend(session: AsyncSession, actor: Actor, organisation_id: UUID) -> Organisation:
    """The organisation, locked, when the actor is an authority over it.

    :raises NotFound: the actor is none.
    :raises Forbidden: the actor is a regulator's, and the organisation does not trade.
    """
    if not domain.sees_all(actor):
        raise NotFound(Message("There is no such organisation."))
    row = await identity.lock_organisation(session, organisation_id)
    if not domain.manages_all(actor) and row.kind not in domain.SUPERVISED:
        raise Forbidden(
            Message("A regulator suspends owners, operators and buyers, and no other organisation."),
            remedy=Message("Ask an administrator of the platform."),
        )
    return row


async def lift_suspension(session: AsyncSession, actor: Actor, row: Organisation, reason: str) -> bool:
    """Lift what the actor may lift of the suspension of a locked organisation: its own, and those of lower authorities.

    :return: whether it ended, so that the organisation is again as far verified as it was before; False while the
        suspension of another authority remains.
    :raises AnotherOfficer: the caller belongs to the organisation, perhaps under another account.
    :raises StatusForbids: it is not suspended.
    :raises NotStopped: none of its suspensions is the actor's to lift.
    """
    verified = row.verified_at is not None
    action = OrganisationAction.REINSTATE_AS_VERIFIED if verified else OrganisationAction.REINSTATE
    identity.require_action(row, action)
    await officers.require_no_member(
        session,
        actor,
        [row.id],
        Message("A suspension is lifted by somebody who does not belong to the party."),
    )
    placers = await placer_kinds(session, row.id)
    lower = [placer for placer, kind in placers.items() if domain.is_above(actor, kind)]
    await stops.lift(
        session, actor, subject_kind=SUBJECT, subject_id=row.id, reason=reason, also_placed_by=lower
    )
    remaining = await stops.active(session, [row.id])
    if remaining:
        row.status_reason = remaining[0].reason
        await session.flush()
        return False
    await identity.change_status(session, actor, row, action, reason)
    await _publish_event(session, row, EventKind.ORGANISATION_REINSTATED)
    return True


async def placer_kinds(session: AsyncSession, organisation_id: UUID) -> dict[UUID, OrganisationKind]:
    """The organisations that suspended another one, each with its kind; the service itself counts as the platform."""
    placers = {stop.placed_by_organisation for stop in await stops.active(session, [organisation_id])}
    return dict.fromkeys(placers, OrganisationKind.PLATFORM) | await identity.kinds(session, placers)


async def _publish_event(session: AsyncSession, row: Organisation, kind: EventKind) -> None:
    await events.publish(
        session, kind, subject_id=row.id, organisations=(row.id,), payload={"status": row.status.value}
    )
