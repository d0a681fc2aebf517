"""Use cases of column classes: asked for by parties, decided by regulators, raised at once by who may suspend."""

from collections.abc import Sequence
from uuid import UUID

from infra.auth import Actor, OrganisationKind
from infra.db import AsyncSession
from infra.errors import Forbidden
from infra.identity import officers
from infra.messages import Message
from infra.paging import PageRequest
from listings.classification import offers
from listings.classification.schemas import ColumnClassRaise, ColumnGradingCreate
from listings.gradings import service as gradings
from listings.gradings.domain import GradingAction
from listings.gradings.tables import ColumnGrading
from listings.products import service as products
from listings.products.tables import DataProduct
from listings.resources import service as resources
from listings.resources.tables import DataResource


async def request_grading(
    session: AsyncSession, actor: Actor, resource_id: UUID, data: ColumnGradingCreate
) -> ColumnGrading:
    """The owner of a resource, or an operator authorised for it, asks for a lower class of a column.

    :raises NotFound: the actor cannot access the resource.
    :raises Forbidden: the actor belongs to neither.
    :raises GradingStateForbids: the class is not below the present one.
    """
    resource = await resources.access_resource(session, actor, resource_id)
    if actor.oversees(OrganisationKind.REGULATOR):
        raise Forbidden(
            Message("A lower class is asked for by the owner or an operator; a regulator decides."),
            remedy=Message("Ask the owner of the resource to do it."),
        )
    return await gradings.request(
        session,
        actor,
        resource,
        data.column,
        data.classification,
        (data.impact_object, data.impact_degree),
        data.reason,
    )


async def withdraw_request(
    session: AsyncSession, actor: Actor, resource_id: UUID, request_id: UUID, reason: str
) -> ColumnGrading:
    """Whoever asked takes the request back.

    :raises NotFound: there is no such request the actor can access.
    :raises Forbidden: another organisation asked.
    :raises GradingStateForbids: it is decided already.
    """
    resource = await resources.access_resource(session, actor, resource_id)
    asked = await gradings.get_request(session, resource.id, request_id)
    if asked.acted_by_organisation != actor.organisation_id:
        raise Forbidden(
            Message("Another organisation asked for this class."),
            remedy=Message("Ask it to withdraw the request, or the regulator to reject it."),
        )
    return await gradings.decide(session, actor, resource, request_id, GradingAction.WITHDRAWN, reason)


async def decide_request(
    session: AsyncSession,
    actor: Actor,
    resource_id: UUID,
    request_id: UUID,
    action: GradingAction,
    reason: str,
) -> ColumnGrading:
    """A regulator's officer, of an organisation that is no party, approves or rejects a lower class.

    :raises NotFound: there is no such request the actor can access.
    :raises Forbidden: the actor belongs to no regulator, or to the owner or whoever asked.
    :raises AnotherOfficer: the actor belongs to a party under another account.
    :raises GradingStateForbids: it is decided already, or the class is not below the present one any more.
    """
    resource = await resources.access_resource(session, actor, resource_id)
    asked = await gradings.get_request(session, resource.id, request_id)
    parties = {resource.owner_id, asked.acted_by_organisation}
    if not actor.oversees(OrganisationKind.REGULATOR) or actor.organisation_id in parties:
        raise Forbidden(
            Message(
                "A lower class is decided by a regulator that neither owns the resource nor asked for it."
            ),
            remedy=Message("Wait for the regulator's decision."),
        )
    await officers.require_no_member(
        session,
        actor,
        parties,
        Message(
            "A lower class is decided by somebody who belongs neither to the owner nor to whoever asked."
        ),
    )
    row = await gradings.decide(session, actor, resource, request_id, action, reason)
    await offers.recheck_resource(session, resource)
    return row


async def revoke_approval(
    session: AsyncSession, actor: Actor, resource_id: UUID, request_id: UUID, reason: str
) -> ColumnGrading:
    """The owner or a regulator takes an approval back: stricter again, and what may not be offered stops, at once.

    :raises NotFound: there is no such request the actor can access.
    :raises Forbidden: the actor is neither.
    :raises GradingStateForbids: it was not approved, or is revoked already.
    """
    resource = await resources.access_to_suspend(session, actor, resource_id)
    row = await gradings.revoke(session, actor, resource, request_id, reason)
    await offers.recheck_resource(session, resource)
    return row


async def raise_class(
    session: AsyncSession, actor: Actor, resource_id: UUID, data: ColumnClassRaise
) -> ColumnGrading:
    """The owner or a regulator gives a column a stricter class: what may not be offered any more stops at once.

    :raises NotFound: the actor cannot access the resource.
    :raises Forbidden: the actor is neither.
    :raises GradingStateForbids: it is not stricter than the present one.
    """
    resource = await resources.access_to_suspend(session, actor, resource_id)
    row = await gradings.raise_class(
        session, actor, resource, data.column, data.classification, data.reason, data.impact()
    )
    await offers.recheck_resource(session, resource)
    return row


async def list_gradings(
    session: AsyncSession, actor: Actor, resource_id: UUID, page: PageRequest
) -> tuple[Sequence[ColumnGrading], str | None]:
    """One page of all that happened to the classes of a resource's columns, newest first.

    :raises NotFound: the actor cannot access the resource.
    """
    resource = await resources.access_resource(session, actor, resource_id)
    return await gradings.list_of_resource(session, resource.id, page)


async def restrict_raw_data(
    session: AsyncSession, actor: Actor, resource_id: UUID, reason: str
) -> DataResource:
    """The owner decides that raw records may not leave: products that hand them out stop at once.

    :raises NotFound: the resource is not the actor's.
    """
    resource = await resources.restrict_raw_data(session, actor, resource_id, reason)
    await offers.recheck_resource(session, resource)
    return resource


async def recheck_product(session: AsyncSession, actor: Actor, product_id: UUID) -> DataProduct:
    """A party or a regulator has a product looked at anew; it is let go once its class allows the offer.

    :raises NotFound: the actor cannot access the product.
    :raises NotListable: it still may not be offered, and why.
    """
    row = await products.lock_visible(session, actor, product_id)
    refused = await offers.recheck_product(session, row.id)
    if refused is not None:
        raise refused
    return row
