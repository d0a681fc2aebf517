"""Use cases of products: created, described, stopped, read; and what the slices above need of them."""

from collections.abc import Sequence
from dataclasses import asdict
from uuid import UUID

from infra.auth import Actor, OrganisationKind
from infra.db import AsyncSession, now
from infra.errors import Forbidden, NotFound
from infra.events.kinds import EventKind
from infra.messages import Message
from infra.paging import PageRequest
from infra.rulebook import service as rulebook
from infra.stops import service as stops
from listings.authorisations import service as authorisations
from listings.products import repository
from listings.products.columns import DeclaredColumn
from listings.products.dictionary import DictionaryEntry
from listings.products.domain import DeliveryClass, require_purposes
from listings.products.errors import PlanNotYours
from listings.products.listable import require_offerable
from listings.products.recording import SUBJECT, publish_event, record
from listings.products.schemas import ProductCreate, ProductUpdate
from listings.products.states import (
    ProductStatus,
    require_draft,
    require_liftable,
    require_suspendable,
    require_uploadable,
)
from listings.products.tables import DataProduct
from listings.resources import service as resources
from listings.resources.domain import axes_of, require_themes
from pricing.plans import service as plans


async def create(session: AsyncSession, actor: Actor, data: ProductCreate) -> DataProduct:
    """Create a draft product on a resource the actor's organisation is authorised to operate.

    :raises NotFound: the actor cannot access the authorisation.
    :raises Forbidden: the actor does not belong to its operator.
    :raises AuthorisationNotLive, ResourceNotCovered: the authorisation does not carry the product.
    :raises NotListable: the classification of the resource forbids it.
    :raises UnknownTheme: a theme is not in the code list.
    :raises PurposeNotAuthorised: the authorisation does not cover a purpose.
    """
    authorisation = await authorisations.access_authorisation(session, actor, data.authorisation_id)
    if authorisation.operator_id != actor.organisation_id:
        raise Forbidden(
            Message("Only the authorised operator can create a product on a resource."),
            remedy=Message("Ask the operator of the authorisation to create it."),
        )
    grant = await authorisations.get_live_grant(session, data.authorisation_id, data.resource_id)
    resource = await resources.access_resource(session, actor, data.resource_id)
    rules = await rulebook.in_force(session)
    delivery_classes = sorted(set(data.delivery_classes or [DeliveryClass.RECORDS_API]))
    await require_offerable(session, resource, rules, delivery_classes, grant.columns)
    require_themes(data.themes)
    authorised = [purpose.value for purpose in grant.purposes]
    purposes = authorised if data.purposes is None else data.purposes
    require_purposes(purposes, authorised)
    row = DataProduct(
        **data.model_dump(exclude={"purposes", "delivery_classes"}),
        purposes=sorted(set(purposes)),
        delivery_classes=[code.value for code in delivery_classes],
        theme_axes=axes_of(data.themes),
        operator_id=grant.operator_id,
        owner_id=grant.owner_id,
        status=ProductStatus.DRAFT,
        created_at=await now(session),
        created_by=actor.id,
        rules=rules.stamp(),
    )
    session.add(row)
    await session.flush()
    await record(session, actor, row, "created", rules=rules, authorisation_id=str(row.authorisation_id))
    return row


async def update(session: AsyncSession, actor: Actor, product_id: UUID, data: ProductUpdate) -> DataProduct:
    """Replace titles, descriptions, themes and update promise of a draft, and what it is offered for if that is named.

    :raises Forbidden: the actor does not belong to the operator.
    :raises ProductStateForbids: it is no draft.
    :raises UnknownTheme: a theme is not in the code list.
    :raises PurposeNotAuthorised: the authorisation does not cover a purpose.
    """
    row = await lock_own_draft(session, actor, product_id)
    require_themes(data.themes)
    if data.purposes is not None:
        authorisation = await authorisations.access_authorisation(session, actor, row.authorisation_id)
        require_purposes(data.purposes, authorisation.purposes)
        row.purposes = sorted(set(data.purposes))
    if data.delivery_classes is not None:
        row.delivery_classes = sorted(set(data.delivery_classes))
    for name, value in data.model_dump(exclude={"purposes", "delivery_classes"}).items():
        setattr(row, name, value)
    row.theme_axes = axes_of(data.themes)
    await session.flush()
    await record(session, actor, row, "described")
    return row


async def set_dictionary(
    session: AsyncSession, actor: Actor, row: DataProduct, entries: Sequence[DictionaryEntry]
) -> DataProduct:
    """Record what the columns of a draft mean, and which are personal; replaces what was recorded before.

    :param row: from `lock_own_draft`; the caller knows the data's columns and has compared the entries with them.
    """
    row.dictionary = [asdict(entry) for entry in entries]
    await session.flush()
    await record(
        session, actor, row, "dictionary_set", personal=[entry.name for entry in entries if entry.personal]
    )
    return row


async def set_declared_columns(
    session: AsyncSession, actor: Actor, row: DataProduct, columns: Sequence[DeclaredColumn]
) -> DataProduct:
    """Record of which types columns are; replaces what was recorded before.

    :param row: locked; the caller has compared the declarations with what buyers read.
    """
    row.declared_columns = [column.to_json() for column in columns]
    await session.flush()
    await record(session, actor, row, "columns_declared", columns=row.declared_columns)
    return row


async def attach_plan(session: AsyncSession, actor: Actor, product_id: UUID, plan_id: UUID) -> DataProduct:
    """Attach a price plan of the operator's to a draft.

    :raises Forbidden: the actor does not belong to the operator.
    :raises ProductStateForbids: it is no draft.
    :raises PlanNotYours: the operator has no such plan.
    """
    row = await lock_own_draft(session, actor, product_id)
    await require_own_plan(session, row, plan_id)
    row.plan_id = plan_id
    await session.flush()
    await record(session, actor, row, "price_plan_attached", plan_id=str(plan_id))
    return row


async def set_quality_suite(
    session: AsyncSession, actor: Actor, row: DataProduct, suite_id: UUID
) -> DataProduct:
    """Have the revisions of a product be judged by a version of its suite from now on.

    :param row: locked; a draft, or without a suite.
    """
    row.quality_suite_id = suite_id
    await session.flush()
    await record(session, actor, row, "quality_suite_set", quality_suite_id=str(suite_id))
    return row


async def require_own_plan(session: AsyncSession, row: DataProduct, plan_id: UUID) -> None:
    """Make sure that a price plan is of the product's operator.

    :raises NotFound: there is none.
    :raises PlanNotYours: it is another organisation's.
    """
    plan = await plans.get_plan(session, plan_id)
    if plan.organisation_id != row.operator_id:
        raise PlanNotYours(
            Message("You have no such price plan."), remedy=Message("Create one with POST /v1/price-plans.")
        )


async def list_under(session: AsyncSession, authorisation_id: UUID) -> Sequence[DataProduct]:
    """Every product that was made under an authorisation."""
    return await repository.list_under(session, authorisation_id)


async def list_published_under(session: AsyncSession, authorisation_id: UUID) -> list[DataProduct]:
    """The published products under an authorisation."""
    made = await repository.list_under(session, authorisation_id)
    return [row for row in made if row.status is ProductStatus.PUBLISHED]


async def stop_uncovered(session: AsyncSession, actor: Actor, product_id: UUID, reason: str) -> None:
    """Stop a product whose resource fell out of its authorisation.

    Its operator can lift the stop; without its resource back in the authorisation it is on no market all the same.
    """
    row = await repository.get(session, product_id)
    assert row is not None
    await stops.place(session, actor, subject_kind=SUBJECT, subject_id=row.id, reason=reason)
    await record(session, actor, row, "suspended", reason=reason)
    await publish_event(session, row, EventKind.PRODUCT_SUSPENDED)


async def suspend(session: AsyncSession, actor: Actor, product_id: UUID, reason: str) -> DataProduct:
    """The operator or a regulator stops the product, and with its commit every licence that hangs below it.

    :raises Forbidden: the actor is neither.
    :raises ProductStateForbids: it was never on the market.
    """
    row = await _for_stopping(session, actor, product_id)
    require_suspendable(row.status)
    await stops.place(session, actor, subject_kind=SUBJECT, subject_id=row.id, reason=reason)
    await record(session, actor, row, "suspended", reason=reason)
    await publish_event(session, row, EventKind.PRODUCT_SUSPENDED)
    return row


async def reinstate(session: AsyncSession, actor: Actor, product_id: UUID, reason: str) -> DataProduct:
    """Lift the stops of the actor's own organisation; the suspension ends once no other organisation's remains.

    :raises Forbidden: the actor is neither the operator nor a regulator.
    :raises NotStopped: the actor's organisation has not stopped it.
    :raises ProductStateForbids: nothing but its class stops it.
    """
    row = await _for_stopping(session, actor, product_id)
    require_liftable([(stop.subject_kind, stop.reason) for stop in await stops.active(session, [row.id])])
    await stops.lift(session, actor, subject_kind=SUBJECT, subject_id=row.id, reason=reason)
    remaining = len(await stops.active(session, [row.id]))
    await record(
        session, actor, row, "reinstated", reason=reason, status=row.status.value, stops_remaining=remaining
    )
    if not remaining:
        await publish_event(session, row, EventKind.PRODUCT_REINSTATED)
    return row


async def access_product(session: AsyncSession, actor: Actor, product_id: UUID) -> DataProduct:
    """A product the actor can access: its operator's, its owner's, or once submitted any for a regulator.

    Everybody else finds published products in the catalogue.

    :raises NotFound: there is none the actor can access.
    """
    return _found(await repository.get_visible(session, actor, product_id))


async def list_products(
    session: AsyncSession, actor: Actor, status: ProductStatus | None, stopped: bool | None, page: PageRequest
) -> tuple[Sequence[DataProduct], str | None]:
    """One page of the products the actor can access, newest first.

    :param stopped: only those with an active stop on them, or only those without.
    """
    return await repository.list_visible(session, actor, status, stopped, page)


async def list_operated(session: AsyncSession, operator_id: UUID, *, limit: int) -> Sequence[DataProduct]:
    """The newest products of an operator that were not withdrawn."""
    return await repository.list_operated(session, operator_id, limit)


async def list_of_resource(session: AsyncSession, resource_id: UUID) -> Sequence[DataProduct]:
    """Products made of a resource that were not withdrawn, oldest first."""
    return await repository.list_of_resource(session, resource_id)


async def find_visible(session: AsyncSession, actor: Actor, product_id: UUID) -> DataProduct | None:
    """A product, when the actor can access it."""
    return await repository.get_visible(session, actor, product_id)


async def list_published_on(session: AsyncSession, resource_id: UUID) -> Sequence[DataProduct]:
    """Every product on a resource that was ever published, in id order, locked until the transaction ends."""
    return await repository.list_published_on(session, resource_id)


async def find_product(session: AsyncSession, product_id: UUID) -> DataProduct | None:
    """A product, for slices that have decided themselves who can access what rests on it; None where there is none."""
    return await repository.get(session, product_id)


async def lock_product(session: AsyncSession, product_id: UUID) -> DataProduct | None:
    """A product, for what the service itself does to it; locked until the transaction ends."""
    return await repository.lock(session, product_id)


async def find_on_market(session: AsyncSession, product_id: UUID) -> DataProduct | None:
    """A product, when it is on the market now."""
    return await repository.get_on_market(session, product_id)


async def lock_own(session: AsyncSession, actor: Actor, product_id: UUID) -> DataProduct:
    """A product of the actor's own organisation, locked until the transaction ends.

    :raises NotFound: there is none the actor can access.
    :raises Forbidden: the actor does not belong to its operator.
    """
    row = await lock_visible(session, actor, product_id)
    if row.operator_id != actor.organisation_id:
        raise Forbidden(
            Message("Only the operator of the product can do this."),
            remedy=Message("Ask the operator named in operator_id to do it."),
        )
    return row


async def lock_own_draft(session: AsyncSession, actor: Actor, product_id: UUID) -> DataProduct:
    """As `lock_own`, and a draft.

    :raises ProductStateForbids: it is no draft.
    """
    row = await lock_own(session, actor, product_id)
    require_draft(row.status)
    return row


async def get_uploadable(
    session: AsyncSession, actor: Actor, product_id: UUID, *, lock: bool = False
) -> DataProduct:
    """A product to which the actor's organisation may upload data now, being its operator or its owner.

    :param lock: until the transaction ends.
    :raises NotFound: the actor is neither; a regulator sees the product and does not fill it.
    :raises ProductStateForbids: it is under review or withdrawn.
    """
    row = _found(await repository.get_visible(session, actor, product_id, lock=lock))
    if actor.organisation_id not in (row.operator_id, row.owner_id):
        row = _found(None)
    require_uploadable(row.status)
    return row


async def lock_party(session: AsyncSession, actor: Actor, product_id: UUID) -> DataProduct:
    """A product whose operator or owner the actor's organisation is, whatever its state; locked.

    :raises NotFound: the actor is neither.
    """
    row = await lock_visible(session, actor, product_id)
    return row if actor.organisation_id in (row.operator_id, row.owner_id) else _found(None)


async def lock_visible(session: AsyncSession, actor: Actor, product_id: UUID) -> DataProduct:
    """A product the actor can access, locked until the transaction ends.

    :raises NotFound: there is none the actor can access.
    """
    return _found(await repository.get_visible(session, actor, product_id, lock=True))


def get_described_columns(row: DataProduct) -> dict[str, DictionaryEntry]:
    """The columns of a product that somebody described, by name."""
    return {entry["name"]: DictionaryEntry.from_json(entry) for entry in row.dictionary}


def get_declared_columns(row: DataProduct) -> tuple[DeclaredColumn, ...]:
    """The columns of a product whose types were declared."""
    return tuple(DeclaredColumn.from_json(column) for column in row.declared_columns)


def _found(row: DataProduct | None) -> DataProduct:
    if row is None:
        raise NotFound(
            Message("There is no such product."),
            remedy=Message(
                "GET /v1/products lists those you can access, GET /v1/catalogue those on the market."
            ),
        )
    return row


async def _for_stopping(session: AsyncSession, actor: Actor, product_id: UUID) -> DataProduct:
    if actor.oversees(OrganisationKind.REGULATOR):
        return await lock_visible(session, actor, product_id)
    return await lock_own(session, actor, product_id)
