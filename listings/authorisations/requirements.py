"""Which resources and organisations may stand under an authorisation, asked whenever one is proposed or signed."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from infra.auth import Actor, OrganisationKind
from infra.db import AsyncSession
from infra.errors import Forbidden
from infra.identity import service as identity
from infra.messages import Message
from infra.rulebook.domain import Rules
from infra.stops import service as stops
from listings.authorisations.domain import CoveredResource
from listings.authorisations.errors import AuthorisationNotLive, AuthorisingBodyUnfit, OperatorUnfit
from listings.gradings import service as gradings
from listings.resources import registering
from listings.resources import service as resources
from listings.resources.domain import listing_rules, require_listable
from listings.resources.tables import DataResource
from listings.rights import service as rights


async def require_authorisable(
    session: AsyncSession,
    found: Sequence[DataResource],
    term: tuple[datetime, datetime],
    rules: Rules,
    columns: Sequence[str] | None,
) -> list[CoveredResource]:
    """Refuse locked resources that may not be authorised over a half-open term; answers the rights that they rest on.

    :param columns: that are authorised, None for all: what is authorised has the strictest class of these.
    :raises NotRegistered, NotListable, AuthorisationNotLive, RightMissing, RightEncumbered: see `offer`.
    """
    await _require_listable(session, found, rules, columns)
    held = await rights.find_holding_rights(session, [resource.id for resource in found], *term)
    return [CoveredResource(one.id, one.owner_id, held[one.id]) for one in found]


async def require_carried(
    session: AsyncSession, covered: Collection[CoveredResource], rules: Rules, columns: Sequence[str] | None
) -> None:
    """Refuse to sign what could not be offered any more: by now a resource is stopped, or its right is pledged.

    :raises NotRegistered, NotListable, AuthorisationNotLive: of a resource, see `offer`.
    :raises RightEncumbered, RightEnded: of the right that a resource rests on.
    """
    found = await resources.lock_all(session, [one.resource_id for one in covered])
    await _require_listable(session, found, rules, columns)
    await rights.require_carrying(session, {one.resource_id: one.right_id for one in covered})


async def _require_listable(
    session: AsyncSession, found: Sequence[DataResource], rules: Rules, columns: Sequence[str] | None
) -> None:
    await registering.require_in_force(session, found)
    listable = listing_rules(rules)
    for resource in found:
        offered = (await gradings.get_classes(session, resource)).offered(columns)
        assessed = await resources.find_valid_assessment(session, resource.id)
        require_listable(offered, assessed, listable)
    await _require_not_stopped(session, [resource.id for resource in found])


async def _require_not_stopped(session: AsyncSession, resource_ids: list[UUID]) -> None:
    stopped = await stops.active(session, resource_ids)
    if stopped:
        raise AuthorisationNotLive(
            Message("The resource is suspended: {reason}", reason=stopped[0].reason),
            remedy=Message("Try again when the suspension has been lifted."),
            resource_id=str(stopped[0].subject_id),
        )


async def require_operator(session: AsyncSession, operator_id: UUID) -> None:
    """Check that an organisation is a verified operator.

    :raises OperatorUnfit, OrganisationNotVerified: it is not.
    """
    operator = await identity.require_verified(session, operator_id)
    if operator.kind is not OrganisationKind.OPERATOR:
        raise OperatorUnfit(
            Message("The organisation is not an operator."),
            remedy=Message("Name a verified organisation of the kind operator."),
        )


async def require_authorising_body(session: AsyncSession, actor: Actor, body_id: UUID) -> None:
    """Check that an organisation is a verified authorising body, and the actor's own where that is one.

    :raises AuthorisingBodyUnfit, OrganisationNotVerified, Forbidden: it is not.
    """
    body = await identity.require_verified(session, body_id)
    if body.kind is not OrganisationKind.AUTHORISING_BODY:
        raise AuthorisingBodyUnfit(
            Message("The organisation is no authorising body (授权主体)."),
            remedy=Message(
                "Name a verified organisation of the kind authorising_body; GET /v1/directory finds them."
            ),
        )
    if actor.organisation_kind is OrganisationKind.AUTHORISING_BODY and body_id != actor.organisation_id:
        raise Forbidden(
            Message("An authorising body grants in its own name."),
            remedy=Message("Name your own organisation as authorising_body_id."),
        )
