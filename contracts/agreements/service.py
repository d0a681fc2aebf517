"""Use cases of agreements."""

from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, NewType
from uuid import UUID

from contracts.agreements import repository
from contracts.agreements.domain import (
    Scope,
    chosen_columns,
    chosen_regions,
    chosen_scenarios,
    require_delivery,
    require_digest,
    require_fitting,
    require_purposes,
    require_within,
    term,
)
from contracts.agreements.errors import AlreadyOrdered, NotASignatory, OwnProduct
from contracts.agreements.facts import AgreementDetails, AgreementFacts
from contracts.agreements.schemas import OrderCreate
from contracts.agreements.states import AgreementAction, AgreementStatus, next_state
from contracts.agreements.tables import Agreement, AgreementSignature
from contracts.licences import service as licences
from contracts.parties import party_names
from contracts.terms import LATEST, Terms, document_digest
from infra.audit import service as audit
from infra.auth import Actor
from infra.db import AsyncSession, now
from infra.errors import NotFound
from infra.events import service as events
from infra.events.kinds import EventKind
from infra.identity import officers
from infra.identity import service as identity
from infra.keys import KeyRing
from infra.messages import Message
from infra.paging import PageRequest
from infra.rulebook import service as rulebook
from infra.rulebook.domain import Rules
from infra.rulebook.retention import kept_until
from infra.stops import service as stops
from listings.catalogue import service as catalogue
from listings.catalogue.errors import NotInCatalogue, NotTradeable
from listings.catalogue.facts import ProductFacts
from listings.editions import service as editions
from listings.editions.tables import ProductEdition
from listings.revisions import reading as readings

SIGNATURE_TYPE = "agreement-signature+jwt"
SIGNATURE_AUDIENCE = "agreement"

VisibleAgreement = NewType("VisibleAgreement", Agreement)
"""An agreement that the caller can see; only :func:`access_agreement` makes one."""

_SAME_ORDER = ("columns", "edition_id", "price_plan_id", "purposes", "quotas", "regions", "scenarios")


async def access_agreement(
    session: AsyncSession, actor: Actor, agreement_id: UUID, *, lock: bool = False
) -> VisibleAgreement:
    """An agreement the caller can see: its parties, the regulator and the platform.

    :raises NotFound: there is none, or the caller cannot see it.
    """
    agreement = await repository.get_visible(session, actor, agreement_id, lock=lock)
    if agreement is None:
        raise NotFound(
            Message("There is no agreement {agreement_id} that you can see.", agreement_id=agreement_id)
        )
    return VisibleAgreement(agreement)


async def list_agreements(
    session: AsyncSession, actor: Actor, page: PageRequest
) -> tuple[Sequence[Agreement], str | None]:
    """The agreements the caller can see, newest first."""
    return await repository.list_visible(session, actor, page)


async def get_details(session: AsyncSession, agreement: VisibleAgreement) -> AgreementDetails:
    """An agreement with its signatures, its licence, the stops on it, and the names of its parties."""
    return AgreementDetails(
        agreement=agreement,
        signatures=await repository.signatures(session, agreement.id),
        licence_id=await licences.licence_of(session, agreement.id),
        stopped=[stop.reason for stop in await stops.active(session, [agreement.id])],
        edition=await _edition(session, agreement),
        names=await party_names(session, [agreement]),
    )


async def _edition(session: AsyncSession, agreement: VisibleAgreement) -> ProductEdition | None:
    edition_id = Terms.of(agreement.document).edition_id
    return await editions.find_edition(session, edition_id) if edition_id is not None else None


async def place_order(session: AsyncSession, actor: Actor, order: OrderCreate) -> VisibleAgreement:
    """Order a product: an agreement for both sides to sign.

    :raises NotFound: no such product is on the market.
    :raises OrderRefused: columns, purposes, scenarios, regions or term go beyond what is on offer.
    :raises AlreadyOrdered: the same is ordered, and not signed by both sides yet.
    :raises RevisionNotReadable: it is to be pinned to a revision that is not read any more.
    :raises OwnProduct: the caller is the product's operator or owner.
    :raises OrganisationNotVerified: the caller's organisation may not trade yet.
    """
    await identity.require_verified(session, actor.organisation_id)
    rules = await rulebook.in_force(session)
    product = await catalogue.get_tradeable_product(session, order.product_id, rules)
    if actor.organisation_id in (product.operator_id, product.owner_id):
        raise OwnProduct(
            Message("Your organisation operates or owns this product."),
            remedy=Message("Order as the organisation that will use the data."),
        )
    moment = await now(session)
    require_purposes(order.purposes, product.purposes)
    require_delivery(product.delivery_classes)
    start, end = term(
        order.valid_from, order.valid_until, now=moment, authorised_until=product.authorisation_valid_until
    )
    pinned = None if order.revision == LATEST else UUID(str(order.revision))
    offered = product.columns
    if pinned is not None:
        revision = await readings.get_pinnable(session, product.id, pinned)
        offered = tuple(
            column.name
            for column in revision.columns
            if product.authorised_columns is None or column.name in product.authorised_columns
        )
    terms = Terms(
        product_id=product.id,
        resource_id=product.resource_id,
        right_id=product.right_id,
        authorisation_id=product.authorisation_id,
        owner_id=product.owner_id,
        operator_id=product.operator_id,
        buyer_id=actor.organisation_id,
        price_plan_id=product.plan_id,
        title_zh=product.title_zh,
        title_en=product.title_en,
        columns=chosen_columns(order.columns, offered),
        purposes=tuple(order.purposes),
        purpose_statement=order.purpose_statement,
        valid_from=start,
        valid_until=end,
        quotas=order.quotas,
        shares=product.shares,
        edition_id=product.edition_id,
        edition_digest=product.edition_digest,
        revision_id=pinned,
        scenarios=chosen_scenarios(order.scenarios, product.scenarios),
        regions=chosen_regions(order.regions, product.regions),
    )
    require_fitting(terms.columns, terms.scenarios, terms.regions)
    document = terms.document()
    await _require_new(session, terms, document)
    agreement = Agreement(
        status=AgreementStatus.REQUESTED,
        product_id=terms.product_id,
        owner_id=terms.owner_id,
        operator_id=terms.operator_id,
        buyer_id=terms.buyer_id,
        document=document,
        digest=document_digest(document),
        rules=rules.stamp(),
        requested_at=moment,
        requested_by=actor.id,
    )
    session.add(agreement)
    await session.flush()
    await _record(session, actor, agreement, "agreement.requested", {"digest": agreement.digest}, rules)
    await publish_event(session, agreement, EventKind.AGREEMENT_REQUESTED)
    return VisibleAgreement(agreement)


async def _require_new(session: AsyncSession, terms: Terms, document: dict[str, Any]) -> None:
    """Two officers who order the same thing at once want it once; each contract has its own charges."""
    await repository.lock_orders(session, terms.buyer_id, terms.product_id)
    for earlier in await repository.unsigned_orders(session, terms.buyer_id, terms.product_id):
        same = (earlier.document.get(member) == document.get(member) for member in _SAME_ORDER)
        if all(same) and Terms.of(earlier.document).revision_id == terms.revision_id:
            raise AlreadyOrdered(
                Message(
                    "Your organisation's order {agreement_id} for the same columns, purposes and quotas waits for"
                    " signatures.",
                    agreement_id=earlier.id,
                ),
                remedy=Message(
                    "Go on with that one, or withdraw it first (POST /v1/agreements/{agreement_id}/termination). To"
                    " have two contracts alike, order the second when both sides have signed the first.",
                    agreement_id=earlier.id,
                ),
                agreement_id=str(earlier.id),
            )


async def sign(
    session: AsyncSession, actor: Actor, keys: KeyRing, issuer: str, agreement_id: UUID, signed_digest: str
) -> VisibleAgreement:
    """Sign for one's side: the operator first, then the buyer, whose signature makes the agreement and its licence.

    :param issuer: base address of the service, as in its tokens.
    :raises NotASignatory: the caller is neither operator nor buyer.
    :raises BothSides: the caller ordered or signed for the other side, perhaps under another account.
    :raises DigestMismatch: the caller signs another document than the one on file.
    :raises AgreementStateForbids: it is not this side's turn.
    :raises NotTradeable: the product is not on the market any more, or is stopped.
    :raises OutsideAuthorisation: product or authorisation do not cover what was ordered any more.
    """
    agreement = await access_agreement(session, actor, agreement_id, lock=True)
    if actor.organisation_id == agreement.operator_id:
        action, others = AgreementAction.AGREE, [agreement.requested_by]
    elif actor.organisation_id == agreement.buyer_id:
        action = AgreementAction.VERIFY
        others = [
            signature.signed_by
            for signature in await repository.signatures(session, agreement.id)
            if signature.organisation_id == agreement.operator_id
        ]
    else:
        raise NotASignatory(
            Message("Your organisation is neither the operator nor the buyer of this agreement.")
        )
    require_digest(signed_digest, agreement.digest)
    await officers.require_other_side(session, actor, *others)
    await identity.require_verified(session, actor.organisation_id)
    agreement.status = next_state(agreement.status, action)
    moment = await now(session)
    issued = int(moment.timestamp())
    rules = await rulebook.in_force(session)
    terms = Terms.of(agreement.document)
    if agreement.status is AgreementStatus.FINALIZED:
        terms = await _require_on_offer(session, agreement, terms, rules)
    claims = {
        "iss": issuer,
        "aud": SIGNATURE_AUDIENCE,
        "iat": issued,
        "exp": int(kept_until(rules, moment).timestamp()),
        "agreement_id": str(agreement.id),
        "digest": agreement.digest,
        "organisation_id": str(actor.organisation_id),
        "signed_by": str(actor.id),
    }
    session.add(
        AgreementSignature(
            agreement_id=agreement.id,
            organisation_id=actor.organisation_id,
            signed_by=actor.id,
            digest=agreement.digest,
            witness=keys.sign(claims, SIGNATURE_TYPE),
            signed_at=moment,
            rules=rules.stamp(),
        )
    )
    await _record(
        session, actor, agreement, "agreement.signed", {"digest": agreement.digest, "as": action.name}, rules
    )
    await publish_event(session, agreement, EventKind.AGREEMENT_SIGNED)
    if agreement.status is AgreementStatus.FINALIZED:
        agreement.finalized_at = moment
        await licences.issue(
            session,
            actor,
            agreement_id=agreement.id,
            agreement_digest=agreement.digest,
            terms=terms,
        )
        await publish_event(session, agreement, EventKind.AGREEMENT_FINALIZED)
    await session.flush()
    return agreement


async def _require_on_offer(
    session: AsyncSession, agreement: VisibleAgreement, terms: Terms, rules: Rules
) -> Terms:
    """Make sure that what was on the market when it was ordered still is, as it was ordered.

    Its authorisation is not amended until the transaction ends.

    :return: the terms, with scenarios and regions.
    """
    try:
        product = await catalogue.get_tradeable_product(session, agreement.product_id, rules, share=True)
    except NotInCatalogue as gone:
        raise NotTradeable(
            Message("The product is not on the market any more."),
            remedy=Message(
                "End this agreement at POST /v1/agreements/{agreement_id}/termination, and look for another product"
                " with GET /v1/catalogue.",
                agreement_id=agreement.id,
            ),
        ) from gone
    terms = _within_authorisation(agreement.id, terms, product)
    if terms.revision_id is not None:
        await readings.get_pinnable(session, agreement.product_id, terms.revision_id)
    return terms


def _within_authorisation(agreement_id: UUID, terms: Terms, product: ProductFacts) -> Terms:
    scope = Scope(
        columns=product.authorised_columns,
        purposes=product.purposes,
        scenarios=product.scenarios,
        regions=product.regions,
        valid_until=product.authorisation_valid_until,
    )
    require_within(agreement_id, terms, scope)
    if terms.scenarios:
        return terms
    return replace(terms, scenarios=product.scenarios, regions=product.regions)


async def terminate(session: AsyncSession, actor: Actor, agreement_id: UUID, reason: str) -> VisibleAgreement:
    """End an agreement before its term; its licence stops at once.

    :raises NotASignatory: the caller is neither operator nor buyer.
    """
    agreement = await access_agreement(session, actor, agreement_id, lock=True)
    if actor.organisation_id not in (agreement.operator_id, agreement.buyer_id):
        raise NotASignatory(
            Message("Your organisation is neither the operator nor the buyer of this agreement.")
        )
    agreement.status = next_state(agreement.status, AgreementAction.TERMINATE)
    agreement.terminated_at = await now(session)
    agreement.termination_reason = reason
    await stops.place(
        session, actor, subject_kind="agreement", subject_id=agreement.id, reason=reason, final=True
    )
    await _record(session, actor, agreement, "agreement.terminated", {"reason": reason})
    await publish_event(session, agreement, EventKind.AGREEMENT_TERMINATED)
    await session.flush()
    return agreement


async def facts(session: AsyncSession, agreement_id: UUID) -> AgreementFacts:
    """An agreement for the floors above, which have checked who asks.

    :raises NotFound: there is none.
    """
    agreement = await repository.get(session, agreement_id)
    if agreement is None:
        raise NotFound(Message("There is no agreement {agreement_id}.", agreement_id=agreement_id))
    return AgreementFacts(
        id=agreement.id,
        status=agreement.status,
        terms=Terms.of(agreement.document),
        digest=agreement.digest,
        licence_id=await licences.licence_of(session, agreement.id),
    )


async def list_waiting(session: AsyncSession, authorisation_id: UUID) -> list[tuple[UUID, Terms]]:
    """The agreements under an authorisation that wait for signatures, by id."""
    waiting = await repository.waiting_under(session, authorisation_id)
    return [(agreement.id, Terms.of(agreement.document)) for agreement in waiting]


async def list_visible_among(session: AsyncSession, actor: Actor, ids: Collection[UUID]) -> Sequence[UUID]:
    """Those of some agreements that the actor can see."""
    return await repository.list_visible_among(session, actor, ids)


async def altered(session: AsyncSession) -> AsyncIterator[tuple[UUID, datetime]]:
    """The agreements whose document is not the one of its digest, and since when there is each."""
    async for agreement_id, document, digest, requested_at in repository.documents(session):
        if document_digest(document) != digest:
            yield agreement_id, requested_at


async def publish_event(session: AsyncSession, agreement: Agreement, kind: EventKind) -> None:
    """Publish what happened to an agreement, in the transaction in which it does."""
    await events.publish(
        session,
        kind,
        subject_id=agreement.id,
        organisations=(agreement.buyer_id, agreement.operator_id, agreement.owner_id),
        payload={"status": agreement.status.value, "product_id": str(agreement.product_id)},
    )


async def _record(
    session: AsyncSession,
    actor: Actor,
    agreement: Agreement,
    action: str,
    detail: dict[str, str],
    rules: Rules | None = None,
) -> None:
    await audit.record(
        session,
        actor,
        action=action,
        subject_kind="agreement",
        subject_id=agreement.id,
        detail=detail,
        rules=rules,
    )
