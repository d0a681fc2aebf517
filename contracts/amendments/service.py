"""Use cases of amendments."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID

from contracts.agreements import service as agreements
from contracts.amendments import repository
from contracts.amendments.domain import (
    Impact,
    next_to_sign,
    preview_digest,
    require_changed,
    require_not_grown,
    require_preview,
)
from contracts.amendments.errors import AmendmentOpen
from contracts.amendments.schemas import AmendmentCreate
from contracts.licences import service as licences
from contracts.terms import Terms
from infra.auth import SYSTEM, Actor
from infra.db import AsyncSession, now
from infra.errors import NotFound
from infra.events.kinds import EventKind
from infra.identity import officers
from infra.identity import service as identity
from infra.messages import Message
from infra.rulebook import service as rulebook
from listings import decisions
from listings.authorisations import amending, offers
from listings.authorisations import service as authorisations
from listings.authorisations.amendment_states import AMENDMENT, AmendmentAction, AmendmentStatus
from listings.authorisations.domain import AuthorisationSide, Scope, SignatureDecision
from listings.authorisations.errors import AmendmentStateForbids
from listings.authorisations.schemas import AuthorisationChanges, StepCreate
from listings.authorisations.states import require_live
from listings.authorisations.tables import Authorisation, AuthorisationAmendment, AuthorisationSignature
from listings.authorisations.texts import scope_of, text_digest
from listings.products import service as products

SUBJECT = "authorisation_amendment"


class Preview(NamedTuple):
    """What an amendment would say and stop, and what names both."""

    authorisation: Authorisation
    text: dict[str, Any]
    impact: Impact
    digest: str


async def preview(
    session: AsyncSession, actor: Actor, authorisation_id: UUID, changes: AuthorisationChanges
) -> Preview:
    """Show what an amendment would say and stop. Nothing changes.

    :raises NotFound, Forbidden: the actor's organisation is no side of the authorisation.
    :raises AuthorisationNotLive: it is not in force.
    :raises NothingAmended: the changes change nothing.
    """
    row = await authorisations.lock(session, actor, authorisation_id)
    covered = (await authorisations.list_covered(session, [row]))[row.id]
    offers.side_of(actor, row, {one.owner_id for one in covered})
    await _require_live(session, row)
    amended = await amending.draft(session, actor, row, changes, await rulebook.in_force(session))
    require_changed(amended.before, amended.text)
    impact = await _impact(session, row, amended.text)
    return Preview(row, amended.text, impact, preview_digest(amended.text, impact))


async def _require_live(session: AsyncSession, row: Authorisation) -> None:
    # What is stopped may be amended: that can be the way to have the stop lifted.
    require_live(row.status, min(row.valid_from, await now(session)), row.valid_until,
                 now=await now(session), stopped=False)  # fmt: skip


async def _impact(session: AsyncSession, row: Authorisation, text: dict[str, Any]) -> Impact:
    amended = scope_of(text)
    made = await products.list_published_under(session, row.id)
    of_product = {one.id: one.resource_id for one in await products.list_under(session, row.id)}
    # Nothing that was signed is narrowed: what lies outside in any part ends as a whole.
    held = {
        one.id: Scope(frozenset({of_product[one.product_id]}), frozenset(one.columns), tuple(one.scenarios),
                      tuple(one.regions), frozenset(one.purposes), one.valid_until)
        for one in await licences.list_not_ended_below(session, row.id)
    }  # fmt: skip
    waiting = {
        agreement_id: _scope_of_terms(terms)
        for agreement_id, terms in await agreements.list_waiting(session, row.id)
    }
    return Impact(
        products=frozenset(one.id for one in made if one.resource_id not in amended.resource_ids),
        licences=frozenset(key for key, scope in held.items() if not scope.lies_within(amended)),
        agreements=frozenset(key for key, scope in waiting.items() if not scope.lies_within(amended)),
    )


def _scope_of_terms(terms: Terms) -> Scope:
    return Scope(
        frozenset({terms.resource_id}), frozenset(terms.columns), tuple(terms.scenarios), tuple(terms.regions),
        frozenset(purpose.value for purpose in terms.purposes), terms.valid_until,
    )  # fmt: skip


async def propose(
    session: AsyncSession, actor: Actor, authorisation_id: UUID, data: AmendmentCreate
) -> AuthorisationAmendment:
    """Propose an amendment whose preview was looked at; every side then signs it.

    :raises AmendmentOpen: another one waits for signatures.
    :raises PreviewOutdated: what it would say or stop is not what the preview showed.
    """
    shown = await preview(session, actor, authorisation_id, data)
    row = shown.authorisation
    require_preview(data.preview_digest, shown.digest)
    await _lapse(session, await repository.overdue(session, row.id))
    if other := await repository.find_open(session, row.id):
        raise AmendmentOpen(
            Message("The amendment {amendment_id} of this authorisation waits for signatures.", amendment_id=other.id),
            remedy=Message(
                "Have it signed, or decline it: POST"
                " /v1/authorisations/{authorisation_id}/amendments/{amendment_id}/refusal.",
                authorisation_id=row.id,
                amendment_id=other.id,
            ),
            amendment_id=str(other.id),
        )  # fmt: skip
    rules, moment = await rulebook.in_force(session), await now(session)
    days = rules.integer("authorisation.offer_days")
    amendment = AuthorisationAmendment(
        authorisation_id=row.id,
        base_version=row.version,
        status=AmendmentStatus.PROPOSED,
        text=shown.text,
        digest=text_digest(shown.text),
        sources=sorted({one.owner_id for one in amending.covered_by(shown.text)}),
        impact=shown.impact.document(),
        reason=data.reason,
        legal_basis=data.legal_basis,
        document_sha256=data.document_sha256,
        proposed_at=moment,
        proposed_by=actor.id,
        proposed_by_organisation=actor.organisation_id,
        answer_by=moment + timedelta(days=days),
        rules=rules.stamp(),
    )
    session.add(amendment)
    await session.flush()
    await _record(session, actor, amendment, "proposed", data.reason, preview_digest=data.preview_digest)
    await authorisations.publish_event(
        session, row, EventKind.AUTHORISATION_AMENDMENT_PROPOSED, amendment_id=str(amendment.id)
    )
    return amendment


async def access_amendment(
    session: AsyncSession, actor: Actor, authorisation_id: UUID, amendment_id: UUID, *, lock: bool = False
) -> tuple[Authorisation, AuthorisationAmendment]:
    """An amendment of an authorisation that the actor can access, and this one.

    :raises NotFound: there is none.
    """
    find = authorisations.lock if lock else authorisations.access_authorisation
    row = await find(session, actor, authorisation_id)
    amendment = await repository.get(session, row.id, amendment_id, lock=lock)
    if amendment is None:
        raise NotFound(
            Message("The authorisation has no such amendment."),
            remedy=Message("GET /v1/authorisations/{authorisation_id}/amendments lists them.",
                           authorisation_id=row.id),
        )  # fmt: skip
    return row, amendment


async def list_amendments(
    session: AsyncSession, actor: Actor, authorisation_id: UUID
) -> tuple[Authorisation, Sequence[AuthorisationAmendment]]:
    """The amendments of an authorisation the actor can access, newest first."""
    row = await authorisations.access_authorisation(session, actor, authorisation_id)
    return row, await repository.list_of(session, row.id)


async def waits_for(
    session: AsyncSession,
    row: Authorisation,
    amendment: AuthorisationAmendment,
    signatures: Sequence[AuthorisationSignature],
) -> list[UUID]:
    """Whose signature an amendment waits for next; nobody's once it has ended or taken effect."""
    if amendment.status is not AmendmentStatus.PROPOSED:
        return []
    covered = (await authorisations.list_covered(session, [row]))[row.id]
    return next_to_sign(
        amending.sources_of(covered, amendment.text),
        row.authorising_body_id,
        row.operator_id,
        {one.organisation_id for one in signatures},
    )


async def sign(
    session: AsyncSession, actor: Actor, authorisation_id: UUID, amendment_id: UUID, step: StepCreate
) -> AuthorisationAmendment:
    """Sign an amendment for one's side; with the last signature it takes effect, all in this transaction.

    :raises Forbidden: the actor's organisation is no side of it.
    :raises BothSides: the actor has acted for another side, perhaps under another account.
    :raises AmendmentStateForbids: it is not this side's turn, or it has ended.
    :raises AuthorisationNotLive: the authorisation is not in force any more.
    :raises PreviewOutdated: it would stop more than was confirmed.
    :raises RightEncumbered, RightEnded, NotRegistered, NotListable: it widens what could not be authorised now.
    :raises ExclusivityRefused: part of the scope was given to somebody else meanwhile.
    """
    row, amendment = await access_amendment(session, actor, authorisation_id, amendment_id, lock=True)
    AMENDMENT.next_state(amendment.status, AmendmentAction.SIGN)
    await _require_live(session, row)
    if await now(session) >= amendment.answer_by:
        raise AmendmentStateForbids(
            Message("The amendment lapsed at {answer_by}: not all sides had signed it.",
                    answer_by=amendment.answer_by.isoformat()),
            remedy=Message("Propose it anew."),
        )  # fmt: skip
    covered = (await authorisations.list_covered(session, [row]))[row.id]
    side = offers.side_of(actor, row, amending.sources_of(covered, amendment.text))
    signed = await authorisations.list_amendment_signatures(session, row, amendment.id)
    turn = await waits_for(session, row, amendment, signed)
    if actor.organisation_id not in turn:
        raise AmendmentStateForbids(
            Message("It is not your organisation's turn to sign."),
            remedy=Message(
                "Wait for whoever is named in `waits_for`: source agencies sign first, the operator last."
            ),
            waits_for=[str(one) for one in turn],
        )
    others = [one.signed_by for one in signed if one.organisation_id != actor.organisation_id]
    if amendment.proposed_by_organisation != actor.organisation_id:
        others.append(amendment.proposed_by)
    await officers.require_other_side(session, actor, *others)
    await identity.require_verified(session, actor.organisation_id)
    await amending.require_carried(session, row, amendment.text, await rulebook.in_force(session))
    await _add_signature(
        session, actor, row, amendment, side, SignatureDecision.SIGNED, offers.Basis.of(step)
    )
    await _record(session, actor, amendment, "signed", step.reason, legal_basis=step.legal_basis)
    signed = await authorisations.list_amendment_signatures(session, row, amendment.id)
    if not await waits_for(session, row, amendment, signed):
        await _take_effect(session, actor, row, amendment)
    return amendment


async def _add_signature(
    session: AsyncSession,
    actor: Actor,
    row: Authorisation,
    amendment: AuthorisationAmendment,
    side: AuthorisationSide,
    decision: SignatureDecision,
    basis: offers.Basis,
) -> None:
    rules = await rulebook.in_force(session)
    rules.read_all("authorisation.")
    await offers.add_signature(
        session, actor, row, side, decision, basis, rules, digest=amendment.digest, amendment_id=amendment.id
    )


async def _take_effect(
    session: AsyncSession, actor: Actor, row: Authorisation, amendment: AuthorisationAmendment
) -> None:
    if row.version != amendment.base_version:
        raise AmendmentStateForbids(
            Message("The authorisation was amended meanwhile."), remedy=Message("Propose it anew.")
        )
    text = amendment.text
    impact = await _impact(session, row, text)
    require_not_grown(impact, Impact.of(amendment.impact))
    await amending.prepare(session, row, text)
    await session.flush()
    await repository.amend(session, amendment.id)
    await session.refresh(amendment)
    await amending.complete(session, row, text, amendment.id)
    reason = f"{amendment.reason} (amendment {amendment.id})"
    for product_id in sorted(impact.products):
        await products.stop_uncovered(session, actor, product_id, reason)
    for licence_id in sorted(impact.licences):
        await licences.end(session, actor, licence_id, reason, EventKind.AUTHORISATION_AMENDED)
    await authorisations.record_decision(
        session, actor, row, "amended", amendment.reason,
        amendment_id=str(amendment.id), version=row.version, stops=impact.document(),
    )  # fmt: skip
    await authorisations.publish_event(
        session, row, EventKind.AUTHORISATION_AMENDED, amendment_id=str(amendment.id), version=row.version
    )


async def decline(
    session: AsyncSession, actor: Actor, authorisation_id: UUID, amendment_id: UUID, reason: str
) -> AuthorisationAmendment:
    """One of the sides declines an amendment, or whoever proposed it withdraws it: everything stays as it is.

    :raises Forbidden: the actor's organisation is no side of it.
    :raises AmendmentStateForbids: it has ended or taken effect.
    """
    row, amendment = await access_amendment(session, actor, authorisation_id, amendment_id, lock=True)
    covered = (await authorisations.list_covered(session, [row]))[row.id]
    side = offers.side_of(actor, row, amending.sources_of(covered, amendment.text))
    amendment.status = AMENDMENT.next_state(amendment.status, AmendmentAction.DECLINE)
    amendment.ended_at, amendment.end_reason = await now(session), reason
    await _add_signature(
        session, actor, row, amendment, side, SignatureDecision.DECLINED, offers.Basis(reason=reason)
    )
    await _record(session, actor, amendment, "declined", reason)
    await authorisations.publish_event(
        session, row, EventKind.AUTHORISATION_AMENDMENT_DECLINED, amendment_id=str(amendment.id)
    )
    return amendment


async def lapse_overdue(session: AsyncSession) -> int:
    """End the amendments that not all sides have signed in time; answers how many."""
    return await _lapse(session, await repository.overdue(session))


async def _lapse(session: AsyncSession, rows: Sequence[AuthorisationAmendment]) -> int:
    for amendment in rows:
        amendment.status = AMENDMENT.next_state(amendment.status, AmendmentAction.LAPSE)
        amendment.ended_at, amendment.end_reason = await now(session), "Not signed by all sides in time"
        await _record(session, SYSTEM, amendment, "lapsed", amendment.end_reason)
        row = await authorisations.get_authorisation(session, amendment.authorisation_id)
        await authorisations.publish_event(
            session, row, EventKind.AUTHORISATION_AMENDMENT_LAPSED, amendment_id=str(amendment.id)
        )
    return len(rows)


async def _record(
    session: AsyncSession,
    actor: Actor,
    amendment: AuthorisationAmendment,
    what: str,
    reason: str | None,
    **detail: Any,
) -> None:
    await session.flush()
    await decisions.record(
        session,
        actor,
        action=f"{SUBJECT}.{what}",
        subject_kind=SUBJECT,
        subject_id=amendment.id,
        under="authorisation.",
        reason=reason,
        authorisation_id=str(amendment.authorisation_id),
        **detail,
    )


async def list_visible(session: AsyncSession, actor: Actor, impact: Impact) -> set[UUID]:
    """The licences and agreements of an impact that the actor can access."""
    seen = await licences.list_visible_among(session, actor, impact.licences)
    return {*seen, *await agreements.list_visible_among(session, actor, impact.agreements)}
