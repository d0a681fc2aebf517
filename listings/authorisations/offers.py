"""How an authorisation comes about: offered, consented to, granted and accepted, each by a person of its own side."""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from infra.auth import SYSTEM, Actor
from infra.db import AsyncSession, now
from infra.errors import Forbidden
from infra.events.kinds import EventKind
from infra.identity import officers, persons
from infra.identity import service as identity
from infra.messages import Message
from infra.rulebook import service as rulebook
from infra.rulebook.domain import Rules
from listings import decisions
from listings.authorisations import repository, requirements, service
from listings.authorisations.domain import (
    AuthorisationSide,
    SignatureDecision,
    cells,
    require_mode,
    require_offered,
    require_shares,
    require_term,
)
from listings.authorisations.schemas import AuthorisationCreate, StepCreate
from listings.authorisations.states import (
    AUTHORISATION,
    AuthorisationAction,
    AuthorisationStatus,
    require_in_time,
)
from listings.authorisations.tables import Authorisation, AuthorisationSignature, AuthorisationVersion
from listings.authorisations.texts import text_digest, text_of
from listings.resources import service as resources


class Basis(NamedTuple):
    """On what a side decided: the law or decision, the digest of its document, and the reason in its own words."""

    legal_basis: str | None = None
    document_sha256: str | None = None
    reason: str | None = None

    @classmethod
    def of(cls, step: StepCreate) -> "Basis":
        """What a side sent with its step."""
        return cls(step.legal_basis, step.document_sha256, step.reason)


async def offer(session: AsyncSession, actor: Actor, data: AuthorisationCreate) -> Authorisation:
    """Propose an authorisation; the scope is reserved from now on, until it lapses.

    A source agency proposes its own resources, and has consented with it. An authorising body proposes any, and every
    owner of one of them consents for its own.

    :raises NotFound: a resource is not there, or not the source agency's.
    :raises Forbidden: an authorising body proposes for another.
    :raises OrganisationNotVerified: one of the organisations is not verified.
    :raises OperatorUnfit, AuthorisingBodyUnfit: an organisation is of another kind.
    :raises NotListable: the classification of a resource forbids it.
    :raises AuthorisationNotLive: a resource is suspended.
    :raises RightMissing: a resource rests on no right to hold over the whole term.
    :raises RightEncumbered: that right is disputed, pledged or frozen.
    :raises ConsiderationRefused, ModeRefused, TermRefused, SharesRefused, ScopeRefused: see there.
    :raises ExclusivityRefused: part of the scope is taken, and one of the two is exclusive.
    """
    rules = await rulebook.in_force(session)
    moment = await now(session)
    require_offered(data.consideration)
    require_term(
        data.valid_from, data.valid_until, now=moment, max_years=rules.integer("authorisation.max_term_years")
    )
    require_shares(data.shares.domain())
    await identity.require_verified(session, actor.organisation_id)
    await requirements.require_operator(session, data.operator_id)
    await requirements.require_authorising_body(session, actor, data.authorising_body_id)
    found = await resources.lock_to_authorise(session, actor, set(data.resource_ids))
    term = (data.valid_from, data.valid_until)
    held = await requirements.require_authorisable(session, found, term, rules, data.columns)
    require_mode(data.mode, data.scenarios, data.domains, [one.domain for one in found])
    spread = cells(
        [(one.id, one.number) for one in found if one.number is not None], data.scenarios, data.regions
    )
    owners = {one.owner_id for one in found}
    row = Authorisation(
        owner_id=next(iter(owners)) if len(owners) == 1 else None,
        authorising_body_id=data.authorising_body_id,
        operator_id=data.operator_id,
        status=AuthorisationStatus.OFFERED,
        mode=data.mode,
        domains=sorted(set(data.domains)) if data.domains else None,
        columns=sorted(set(data.columns)) if data.columns is not None else None,
        scenarios=sorted({scenario.value for scenario in data.scenarios}),
        regions=sorted(set(data.regions)),
        purposes=sorted({purpose.value for purpose in data.purposes}),
        valid_from=data.valid_from,
        valid_until=data.valid_until,
        exclusive=data.exclusive,
        consideration=data.consideration,
        owner_share=data.shares.owner,
        operator_share=data.shares.operator,
        platform_share=data.shares.platform,
        offered_at=moment,
        offered_by=actor.id,
        offered_by_organisation=actor.organisation_id,
        answer_by=moment + timedelta(days=rules.integer("authorisation.offer_days")),
        rules=rules.stamp(),
    )
    await _lapse(session, await repository.overdue(session, data.resource_ids))
    await repository.add(session, row, held, spread)
    covered = (await repository.covered(session, [row.id]))[row.id]
    session.add(
        AuthorisationVersion(
            authorisation_id=row.id, number=row.version, text=text_of(row, covered), made_at=moment
        )
    )
    await resources.allow_access(session, row.operator_id, {one.resource_id for one in held}, basis_id=row.id)
    await decisions.record(
        session,
        actor,
        action="authorisation.offered",
        subject_kind=service.SUBJECT,
        subject_id=row.id,
        under="authorisation.",
        rules=rules,
        reason=data.reason or data.legal_basis,
        **data.model_dump(mode="json", exclude={"reason"}),
    )
    await service.publish_event(session, row, EventKind.AUTHORISATION_OFFERED)
    if actor.organisation_id in owners:
        await _consent(session, actor, row, Basis(data.legal_basis, data.document_sha256, data.reason), rules)
    return row


async def consent(
    session: AsyncSession, actor: Actor, authorisation_id: UUID, step: StepCreate
) -> Authorisation:
    """A source agency consents to the operation of its own resources; the last one's consent puts it to the body.

    :raises Forbidden: none of the resources is the actor's.
    :raises BothSides: the actor has acted for another side, perhaps under another account.
    :raises AuthorisationStateForbids: it waits for no consent, or not for this agency's any more.
    """
    row = await service.lock(session, actor, authorisation_id)
    sources = {one.owner_id for one in (await repository.covered(session, [row.id]))[row.id]}
    if actor.organisation_id not in sources:
        raise _other_side(AuthorisationSide.SOURCE_AGENCY)
    AUTHORISATION.next_state(row.status, AuthorisationAction.CONSENT)
    return await _consent(session, actor, row, Basis.of(step), await rulebook.in_force(session))


async def _consent(
    session: AsyncSession, actor: Actor, row: Authorisation, basis: Basis, rules: Rules
) -> Authorisation:
    await _sign(session, actor, row, AuthorisationSide.SOURCE_AGENCY, basis, rules)
    covered = (await repository.covered(session, [row.id]))[row.id]
    given = {one.organisation_id for one in await _signed(session, row)}
    if {one.owner_id for one in covered} <= given:
        row.status = AUTHORISATION.next_state(row.status, AuthorisationAction.CONSENT)
    return await _told(session, actor, row, "consented", basis, rules)


async def grant(
    session: AsyncSession, actor: Actor, authorisation_id: UUID, step: StepCreate
) -> Authorisation:
    """The authorising body grants what every source agency has consented to; the operator's acceptance is left.

    :raises Forbidden: the actor does not belong to the authorising body.
    :raises BothSides: the actor has acted for another side, perhaps under another account.
    :raises AuthorisationStateForbids: consents are missing, or it is not on offer any more.
    """
    row = await service.lock(session, actor, authorisation_id)
    if actor.organisation_id != row.authorising_body_id:
        raise _other_side(AuthorisationSide.AUTHORISING_BODY)
    status = AUTHORISATION.next_state(
        row.status,
        AuthorisationAction.GRANT,
        remedy=Message(
            "Every source agency consents first: POST /v1/authorisations/{authorisation_id}/consent."
        )
        if row.status is AuthorisationStatus.OFFERED
        else None,
    )
    rules, basis = await rulebook.in_force(session), Basis.of(step)
    await _sign(session, actor, row, AuthorisationSide.AUTHORISING_BODY, basis, rules)
    row.status = status
    return await _told(session, actor, row, "granted", basis, rules)


async def accept(
    session: AsyncSession, actor: Actor, authorisation_id: UUID, step: StepCreate
) -> Authorisation:
    """The operator accepts what was granted: the authorisation is in force for its term.

    :raises Forbidden: the actor does not belong to the operator.
    :raises BothSides: the actor has acted for another side, perhaps under another account.
    :raises AuthorisationStateForbids: it was not granted, or is not on offer any more.
    :raises TermRefused: its term is over.
    """
    row = await service.lock(session, actor, authorisation_id)
    if actor.organisation_id != row.operator_id:
        raise _other_side(AuthorisationSide.OPERATOR)
    status = AUTHORISATION.next_state(row.status, AuthorisationAction.ACCEPT)
    rules, basis = await rulebook.in_force(session), Basis.of(step)
    await requirements.require_operator(session, row.operator_id)
    await _sign(session, actor, row, AuthorisationSide.OPERATOR, basis, rules)
    row.status = status
    row.accepted_at, row.accepted_by = await now(session), actor.id
    row.rules = rules.stamp()
    return await _told(session, actor, row, "accepted", basis, rules)


async def decline(session: AsyncSession, actor: Actor, authorisation_id: UUID, reason: str) -> Authorisation:
    """One of the sides declines what is on offer; its scope is free again.

    :raises Forbidden: the actor belongs to none of them.
    :raises AuthorisationStateForbids: it is not on offer any more.
    """
    row = await service.lock(session, actor, authorisation_id)
    covered = (await repository.covered(session, [row.id]))[row.id]
    side = side_of(actor, row, {one.owner_id for one in covered})
    row.status = AUTHORISATION.next_state(row.status, AuthorisationAction.DECLINE)
    rules = await rulebook.in_force(session)
    digest = text_digest(text_of(row, covered))
    basis = Basis(reason=reason)
    await add_signature(session, actor, row, side, SignatureDecision.DECLINED, basis, rules, digest=digest)
    await resources.end_access(session, row.operator_id, basis_id=row.id)
    await service.end(session, row)
    await service.record_decision(session, actor, row, "declined", reason, rules=rules, side=side.value)
    return await service.publish_event(session, row, EventKind.AUTHORISATION_DECLINED, side=side.value)


async def lapse_overdue(session: AsyncSession) -> int:
    """End the offers that not all sides have signed in time, and free their scopes; answers how many."""
    return await _lapse(session, await repository.overdue(session))


async def _lapse(session: AsyncSession, rows: Sequence[Authorisation]) -> int:
    for row in rows:
        row.status = AUTHORISATION.next_state(row.status, AuthorisationAction.LAPSE)
        await resources.end_access(session, row.operator_id, basis_id=row.id)
        await service.end(session, row)
        await service.record_decision(session, SYSTEM, row, "lapsed", "Not signed by all sides in time")
        await service.publish_event(session, row, EventKind.AUTHORISATION_LAPSED)
    return len(rows)


def side_of(actor: Actor, row: Authorisation, sources: Collection[UUID]) -> AuthorisationSide:
    """The side that the actor's organisation is of.

    :param sources: the source agencies.
    :raises Forbidden: it is of none.
    """
    sides: Mapping[UUID | None, AuthorisationSide] = {
        **dict.fromkeys(sources, AuthorisationSide.SOURCE_AGENCY),
        row.authorising_body_id: AuthorisationSide.AUTHORISING_BODY,
        row.operator_id: AuthorisationSide.OPERATOR,
    }
    side = sides.get(actor.organisation_id)
    if side is None:
        raise Forbidden(
            Message("Your organisation is no side of this authorisation."),
            remedy=Message("Ask one of its sides: a source agency, the authorising body or the operator."),
        )
    return side


async def _signed(session: AsyncSession, row: Authorisation) -> list[AuthorisationSignature]:
    decided = (await repository.signatures(session, [row.id])).get(row.id, ())
    return [one for one in decided if one.decision is SignatureDecision.SIGNED]


async def _sign(
    session: AsyncSession,
    actor: Actor,
    row: Authorisation,
    side: AuthorisationSide,
    basis: Basis,
    rules: Rules,
) -> None:
    moment = await now(session)
    require_in_time(row.answer_by, now=moment)
    require_term(
        row.valid_from, row.valid_until, now=moment, max_years=rules.integer("authorisation.max_term_years")
    )
    signed = await _signed(session, row)
    if actor.organisation_id in {one.organisation_id for one in signed}:
        raise AUTHORISATION.forbids(
            Message("Your organisation has signed it already."),
            remedy=Message("Wait for the others; GET /v1/authorisations/{authorisation_id} shows who has signed.",
                           authorisation_id=row.id),
        )  # fmt: skip
    others = [one.signed_by for one in signed if one.organisation_id != actor.organisation_id]
    if row.offered_by_organisation != actor.organisation_id:
        others.append(row.offered_by)
    await officers.require_other_side(session, actor, *others)
    await identity.require_verified(session, actor.organisation_id)
    covered = (await repository.covered(session, [row.id]))[row.id]
    await requirements.require_carried(session, [one.covered() for one in covered], rules, row.columns)
    digest = text_digest(text_of(row, covered))
    await add_signature(session, actor, row, side, SignatureDecision.SIGNED, basis, rules, digest=digest)


async def add_signature(
    session: AsyncSession,
    actor: Actor,
    row: Authorisation,
    side: AuthorisationSide,
    decision: SignatureDecision,
    basis: Basis,
    rules: Rules,
    *,
    digest: str,
    amendment_id: UUID | None = None,
) -> None:
    """Write down what a side decided about a text: who, when, on what ground, under which rules.

    :param digest: of the text.
    :param amendment_id: where it is that of an amendment.
    """
    session.add(
        AuthorisationSignature(
            authorisation_id=row.id,
            side=side,
            organisation_id=actor.organisation_id,
            decision=decision,
            signed_by=actor.id,
            responsible_id=await persons.answering_for(session, actor),
            signed_at=await now(session),
            digest=digest,
            amendment_id=amendment_id,
            **basis._asdict(),
            rules=rules.stamp(),
        )
    )
    await session.flush()


async def _told(
    session: AsyncSession, actor: Actor, row: Authorisation, what: str, basis: Basis, rules: Rules
) -> Authorisation:
    await service.record_decision(
        session,
        actor,
        row,
        what,
        basis.reason,
        rules=rules,
        legal_basis=basis.legal_basis,
        document_sha256=basis.document_sha256,
    )
    kind = (
        EventKind.AUTHORISATION_ACTIVATED
        if row.status is AuthorisationStatus.ACTIVE
        else EventKind.AUTHORISATION_SIGNED
    )
    return await service.publish_event(session, row, kind)


def _other_side(side: AuthorisationSide) -> Forbidden:
    steps = {
        AuthorisationSide.SOURCE_AGENCY: Message("A source agency consents for its own resources."),
        AuthorisationSide.AUTHORISING_BODY: Message("The authorising body that the offer names grants it."),
        AuthorisationSide.OPERATOR: Message("The operator that the offer names accepts it."),
    }
    return Forbidden(
        steps[side],
        remedy=Message(
            "GET /v1/authorisations/{authorisation_id} shows which sides it has, and who has signed."
        ),
    )
