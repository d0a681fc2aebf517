"""Use cases of products: made, described, reviewed, stopped; and what other floors ask of them."""

from collections.abc import Sequence
from dataclasses import asdict
from uuid import UUID

from infra.audit import service as audit
from infra.auth import Actor, OrganisationKind
from infra.db import AsyncSession, now
from infra.errors import Forbidden, NotFound
from infra.messages import Message
from infra.paging import PageRequest
from infra.rulebook import service as rulebook
from infra.stops import service as stops
from listings.authorisations import service as authorisations
from listings.catalogue.domain import index_terms
from listings.products import repository, revisions, states
from listings.products.domain import (
    DictionaryEntry,
    NotTradeable,
    PlanNotYours,
    PurposeNotOffered,
    Readiness,
    personal_columns,
    require_complete,
    require_known_columns,
    require_other_side,
)
from listings.products.facts import ProductFacts, RevisionFacts
from listings.products.schemas import DictionaryPut, ProductCreate, ProductText, QuoteAsk
from listings.products.states import ProductAction, ProductStatus
from listings.products.tables import DataProduct
from listings.resources import service as resources
from listings.resources.domain import THEMES, require_listable, require_themes
from pricing.models.metrics import Metric
from pricing.plans import service as plans
from pricing.quotes import domain as pricing
from pricing.quotes.context import quote_context

SUBJECT = "product"


async def create(session: AsyncSession, actor: Actor, data: ProductCreate) -> DataProduct:
    """Make a draft product of a resource the actor's organisation is authorised to operate.

    :raises NotFound: the actor may not know of the authorisation.
    :raises Forbidden: the actor does not belong to its operator.
    :raises AuthorisationNotLive, ResourceNotCovered: the authorisation does not carry the product.
    :raises NotListable: the classification of the resource forbids it.
    :raises UnknownTheme: a theme is not in the code list.
    """
    authorisation = await authorisations.access_authorisation(session, actor, data.authorisation_id)
    if authorisation.operator_id != actor.organisation_id:
        raise Forbidden(Message("Only the authorised operator makes products of a resource."))
    grant = await authorisations.live_grant(session, data.authorisation_id, data.resource_id)
    resource = await resources.access_resource(session, actor, data.resource_id)
    require_listable(resource.classification, resource.risk_assessment_sha256)
    require_themes(data.themes)
    row = DataProduct(
        **data.model_dump(),
        operator_id=grant.operator_id,
        owner_id=grant.owner_id,
        status=ProductStatus.DRAFT,
        search_terms=_terms(data),
        created_at=await now(session),
        created_by=actor.id,
    )
    session.add(row)
    await session.flush()
    await _record(session, actor, row, "created", authorisation_id=str(row.authorisation_id))
    return row


def _terms(text: ProductText) -> list[str]:
    labels = [label for code in text.themes for label in (THEMES[code].zh, THEMES[code].en)]
    return index_terms(text.title_zh, text.title_en, text.description_zh, text.description_en, *labels)


async def describe(session: AsyncSession, actor: Actor, product_id: UUID, data: ProductText) -> DataProduct:
    """Describe a draft anew.

    :raises Forbidden: the actor does not belong to the operator.
    :raises ProductStateForbids: it is no draft.
    """
    row = await _own_draft(session, actor, product_id)
    require_themes(data.themes)
    for name, value in data.model_dump().items():
        setattr(row, name, value)
    row.search_terms = _terms(data)
    await session.flush()
    await _record(session, actor, row, "described")
    return row


async def set_dictionary(
    session: AsyncSession, actor: Actor, product_id: UUID, data: DictionaryPut
) -> DataProduct:
    """Say what the columns of a draft mean, and which are personal; replaces what was said before.

    :raises Forbidden: the actor does not belong to the operator.
    :raises ProductStateForbids: it is no draft.
    :raises DictionaryRefused: a column is described twice or is not in the newest revision.
    """
    row = await _own_draft(session, actor, product_id)
    entries = [DictionaryEntry(**entry.model_dump()) for entry in data.columns]
    newest = await revisions.newest(session, row.id)
    require_known_columns(entries, newest.columns if newest else None)
    row.dictionary = [asdict(entry) for entry in entries]
    await session.flush()
    await _record(
        session, actor, row, "dictionary_set", personal=[entry.name for entry in entries if entry.personal]
    )
    return row


async def attach_plan(session: AsyncSession, actor: Actor, product_id: UUID, plan_id: UUID) -> DataProduct:
    """Attach a price plan of the operator's to a draft.

    :raises Forbidden: the actor does not belong to the operator.
    :raises ProductStateForbids: it is no draft.
    :raises PlanNotYours: the operator has no such plan.
    """
    row = await _own_draft(session, actor, product_id)
    plan = await plans.get_plan(session, plan_id)
    if plan.organisation_id != row.operator_id:
        raise PlanNotYours(
            Message("You have no such price plan."), remedy=Message("POST /v1/price-plans makes one.")
        )
    row.plan_id = plan.id
    await session.flush()
    await _record(session, actor, row, "price_plan_attached", plan_id=str(plan.id))
    return row


async def submit(session: AsyncSession, actor: Actor, product_id: UUID) -> DataProduct:
    """The operator submits a complete product for review.

    :raises Forbidden: the actor does not belong to the operator.
    :raises ProductStateForbids: it is no draft.
    :raises ProductIncomplete: something is missing; all of it is named.
    :raises AuthorisationNotLive, NotListable: what it rests on does not carry it now.
    """
    row = await _own(session, actor, product_id)
    target = states.next_state(row.status, ProductAction.SUBMIT)
    revision = await _require_publishable(session, row)
    row.status, row.submitted_at, row.submitted_by = target, await now(session), actor.id
    await session.flush()
    await _record(session, actor, row, "submitted", **_reviewed(row, revision))
    return row


async def approve(session: AsyncSession, actor: Actor, product_id: UUID, note: str | None) -> DataProduct:
    """A regulator approves: the product is published. Of two at once, one is told it is published already.

    :raises SameOrganisation: the actor's organisation is a party to the product, or no regulator.
    :raises ProductStateForbids: it was not submitted.
    :raises ProductIncomplete, AuthorisationNotLive, NotListable: it is not what was submitted any more.
    """
    row = await _for_review(session, actor, product_id)
    target = states.next_state(row.status, ProductAction.APPROVE)
    revision = await _require_publishable(session, row)
    moment = await now(session)
    row.status, row.reviewed_at, row.reviewed_by, row.review_note = target, moment, actor.id, note
    row.published_at = moment
    await session.flush()
    await _record(session, actor, row, "published", note=note, **_reviewed(row, revision))
    return row


async def send_back(session: AsyncSession, actor: Actor, product_id: UUID, reason: str) -> DataProduct:
    """A regulator returns a submitted product to its operator, with reasons to act on.

    :raises SameOrganisation: the actor's organisation is a party to the product, or no regulator.
    :raises ProductStateForbids: it was not submitted.
    """
    row = await _for_review(session, actor, product_id)
    row.status = states.next_state(row.status, ProductAction.RETURN)
    row.reviewed_at, row.reviewed_by, row.review_note = await now(session), actor.id, reason
    await session.flush()
    await _record(session, actor, row, "returned", reason=reason)
    return row


async def suspend(session: AsyncSession, actor: Actor, product_id: UUID, reason: str) -> DataProduct:
    """The operator or a regulator stops the product, and with its commit every licence that hangs below it.

    :raises Forbidden: the actor is neither.
    :raises ProductStateForbids: it is not published.
    """
    row = await _for_stopping(session, actor, product_id)
    row.status = states.next_state(row.status, ProductAction.SUSPEND)
    await stops.place(session, actor, subject_kind=SUBJECT, subject_id=row.id, reason=reason)
    await _record(session, actor, row, "suspended", reason=reason)
    return row


async def reinstate(session: AsyncSession, actor: Actor, product_id: UUID, reason: str) -> DataProduct:
    """Lift the stops of the actor's own organisation; it is published again once nobody else's remains.

    :raises Forbidden: the actor is neither the operator nor a regulator.
    :raises ProductStateForbids: it is not suspended.
    :raises NotStopped: the actor's organisation has not stopped it.
    """
    row = await _for_stopping(session, actor, product_id)
    target = states.next_state(row.status, ProductAction.REINSTATE)
    await stops.lift(session, actor, subject_kind=SUBJECT, subject_id=row.id, reason=reason)
    if not await stops.active(session, [row.id]):
        row.status = target
    await session.flush()
    await _record(session, actor, row, "reinstated", reason=reason, status=row.status.value)
    return row


async def withdraw(session: AsyncSession, actor: Actor, product_id: UUID, reason: str) -> DataProduct:
    """The operator takes the product off the market. What was agreed before goes on to its end.

    :raises Forbidden: the actor does not belong to the operator.
    :raises ProductStateForbids: it is withdrawn already.
    """
    row = await _own(session, actor, product_id)
    row.status = states.next_state(row.status, ProductAction.WITHDRAW)
    await session.flush()
    await _record(session, actor, row, "withdrawn", reason=reason)
    return row


async def access_product(session: AsyncSession, actor: Actor, product_id: UUID) -> DataProduct:
    """A product the actor may know of: its operator's, its owner's, or once submitted any for a regulator.

    Everybody else finds published products in the catalogue.

    :raises NotFound: there is none the actor may know of.
    """
    return _found(await repository.visible(session, actor, product_id))


async def list_visible(
    session: AsyncSession, actor: Actor, status: ProductStatus | None, page: PageRequest
) -> tuple[Sequence[DataProduct], str | None]:
    """One page of the products the actor may know of, newest first."""
    return await repository.page_visible(session, actor, status, page)


async def review_queue(session: AsyncSession) -> Sequence[DataProduct]:
    """Products that wait for a reviewer, longest waiting first, 200 at most."""
    return await repository.submitted(session)


async def quote(session: AsyncSession, product_id: UUID, data: QuoteAsk) -> pricing.Quote:
    """What a use of a product on the market would cost over one billing period.

    :raises NotFound, NotTradeable: see `tradeable_product`.
    :raises PurposeNotOffered: the authorisation does not cover the purpose.
    """
    facts = await tradeable_product(session, product_id)
    if data.purpose.value not in facts.purposes:
        raise PurposeNotOffered(
            Message("The product is offered for: {purposes}.", purposes=", ".join(facts.purposes)),
            remedy=Message("Name one of these purposes."),
        )
    plan = await plans.get_plan(session, facts.plan_id)
    context = quote_context(await rulebook.in_force(session), data.purpose)
    return pricing.quote(plan, {Metric.CALLS: data.calls, Metric.ROWS: data.rows}, context)


async def current_revision(session: AsyncSession, product_id: UUID) -> RevisionFacts:
    """The revision that buyers read: the newest whose quality check has passed. Asks no state of the product.

    :raises NotFound: there is none.
    """
    facts = await revisions.newest_passed(session, product_id)
    if facts is None:
        raise NotFound(Message("The product has no revision that has passed its quality check."))
    return facts


async def tradeable_product(session: AsyncSession, product_id: UUID) -> ProductFacts:
    """A product that can be ordered now, with everything a contract copies from it.

    :raises NotFound: there is no such product in the catalogue.
    :raises NotTradeable: it, or something it rests on, is stopped, or has no revision to read.
    :raises AuthorisationNotLive: the authorisation has lapsed.
    """
    row = await repository.product(session, product_id)
    if row is None or row.status is not ProductStatus.PUBLISHED or row.plan_id is None:
        raise NotFound(Message("There is no such product in the catalogue."))
    grant = await authorisations.live_grant(session, row.authorisation_id, row.resource_id)
    links = (row.id, *grant.links)
    if await stops.active(session, [row.id]):
        raise NotTradeable(Message("The product has been stopped."))
    revision = await current_revision(session, row.id)
    resource = await resources.facts(session, row.resource_id)
    return ProductFacts(
        id=row.id,
        title_zh=row.title_zh,
        title_en=row.title_en,
        operator_id=row.operator_id,
        owner_id=row.owner_id,
        resource_id=row.resource_id,
        right_id=grant.right_id,
        authorisation_id=row.authorisation_id,
        authorisation_valid_from=grant.valid_from,
        authorisation_valid_until=grant.valid_until,
        authorised_columns=grant.columns,
        scenarios=tuple(scenario.value for scenario in grant.scenarios),
        regions=grant.regions,
        purposes=tuple(purpose.value for purpose in grant.purposes),
        shares=asdict(grant.shares),
        plan_id=row.plan_id,
        delivery_class=row.delivery_class,
        classification=resource.classification,
        personal_information=resource.personal_information,
        columns=tuple(column.name for column in revision.columns),
        revision=revision,
        links=links,
    )


def _found(row: DataProduct | None) -> DataProduct:
    if row is None:
        raise NotFound(Message("There is no such product."))
    return row


async def _locked(session: AsyncSession, actor: Actor, product_id: UUID) -> DataProduct:
    return _found(await repository.visible(session, actor, product_id, lock=True))


async def _own(session: AsyncSession, actor: Actor, product_id: UUID) -> DataProduct:
    row = await _locked(session, actor, product_id)
    if row.operator_id != actor.organisation_id:
        raise Forbidden(Message("Only the operator of the product does this."))
    return row


async def _own_draft(session: AsyncSession, actor: Actor, product_id: UUID) -> DataProduct:
    row = await _own(session, actor, product_id)
    states.require_draft(row.status)
    return row


async def _for_review(session: AsyncSession, actor: Actor, product_id: UUID) -> DataProduct:
    row = await _locked(session, actor, product_id)
    if actor.organisation_kind is not OrganisationKind.REGULATOR:
        raise Forbidden(Message("Only a regulator reviews products."))
    require_other_side(actor.organisation_id, {row.operator_id, row.owner_id})
    return row


async def _for_stopping(session: AsyncSession, actor: Actor, product_id: UUID) -> DataProduct:
    if actor.organisation_kind is OrganisationKind.REGULATOR:
        return await _locked(session, actor, product_id)
    return await _own(session, actor, product_id)


async def _require_publishable(session: AsyncSession, row: DataProduct) -> RevisionFacts:
    await authorisations.live_grant(session, row.authorisation_id, row.resource_id, share=True)
    resource = await resources.facts(session, row.resource_id)
    require_listable(resource.classification, resource.risk_assessment_sha256)
    newest = await revisions.newest_checked(session, row.id)
    require_complete(
        Readiness(
            quality=newest.standing if newest else None,
            sample_rows=newest.sample_rows if newest else 0,
            plan_id=row.plan_id,
            personal_information=resource.personal_information,
            personal_columns=len(personal_columns(revisions.described_columns(row).values())),
        )
    )
    assert newest is not None
    return newest.facts


def _reviewed(row: DataProduct, revision: RevisionFacts) -> dict[str, str]:
    return {"revision_id": str(revision.id), "sha256": revision.sha256, "plan_id": str(row.plan_id)}


async def _record(session: AsyncSession, actor: Actor, row: DataProduct, what: str, **detail: object) -> None:
    await audit.record(
        session, actor, action=f"product.{what}", subject_kind=SUBJECT, subject_id=row.id, detail=dict(detail)
    )
