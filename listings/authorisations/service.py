"""Use cases of authorisations."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import sqlalchemy as sa

from infra.audit import service as audit
from infra.auth import Actor, OrganisationKind
from infra.db import AsyncSession, now
from infra.errors import Forbidden, NotFound
from infra.events import service as events
from infra.events.kinds import EventKind
from infra.identity import officers
from infra.identity import service as identity
from infra.messages import Message
from infra.paging import PageRequest
from infra.rulebook import service as rulebook
from infra.rulebook.domain import Rules
from infra.stops import service as stops
from listings.authorisations import repository
from listings.authorisations.domain import (
    Consideration,
    Grant,
    Scenario,
    Shares,
    cells,
    require_shares,
    require_term,
)
from listings.authorisations.errors import AuthorisationNotLive, OperatorUnfit, ResourceNotCovered
from listings.authorisations.schemas import AuthorisationCreate
from listings.authorisations.states import (
    AUTHORISATION,
    AuthorisationAction,
    AuthorisationStatus,
    require_live,
    require_suspendable,
)
from listings.authorisations.tables import Authorisation
from listings.gradings import service as gradings
from listings.resources import service as resources
from listings.resources.domain import listing_rules, require_listable
from listings.rights import service as rights
from pricing.regulated.purposes import PurposeClass

SUBJECT = "authorisation"


async def grant(session: AsyncSession, actor: Actor, data: AuthorisationCreate) -> Authorisation:
    """Offer an authorisation for resources of the actor's own organisation; the scope is reserved from now on.

    :raises NotFound: a resource is not the actor's.
    :raises OrganisationNotVerified: one of the two organisations is not verified.
    :raises OperatorUnfit: the other organisation is no operator.
    :raises NotListable: the classification of a resource forbids it.
    :raises AuthorisationNotLive: a resource is suspended.
    :raises RightMissing: a resource rests on no right to hold over the whole term.
    :raises TermRefused, SharesRefused, ScopeRefused: see there.
    :raises ExclusivityRefused: part of the scope is taken, and one of the two is exclusive.
    """
    rules = await rulebook.in_force(session)
    moment = await now(session)
    require_term(
        data.valid_from, data.valid_until, now=moment, max_years=rules.integer("authorisation.max_term_years")
    )
    require_shares(data.shares.domain())
    await identity.require_verified(session, actor.organisation_id)
    await _require_operator(session, data.operator_id)
    # Locked in id order: two grants for the same resource wait for each other here and not within the index.
    owned = await resources.lock_own(session, actor, set(data.resource_ids))
    listable = listing_rules(rules)
    for resource in owned:
        offered = (await gradings.get_classes(session, resource)).offered(data.columns)
        require_listable(offered, resource.risk_assessment_sha256, listable)
    await _require_not_stopped(session, [resource.id for resource in owned])
    held = await rights.find_holding_rights(
        session, [resource.id for resource in owned], data.valid_from, data.valid_until
    )
    spread = cells(
        [(resource.id, resource.number) for resource in owned if resource.number is not None],
        data.scenarios,
        data.regions,
    )
    row = Authorisation(
        owner_id=actor.organisation_id,
        operator_id=data.operator_id,
        status=AuthorisationStatus.OFFERED,
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
        granted_at=moment,
        granted_by=actor.id,
        rules=rules.stamp(),
    )
    await repository.add(session, row, held, spread)
    await resources.allow_access(session, row.operator_id, held.keys(), basis_id=row.id)
    await audit.record(
        session,
        actor,
        action="authorisation.offered",
        subject_kind=SUBJECT,
        subject_id=row.id,
        detail=data.model_dump(mode="json"),
        rules=rules,
    )
    return row


async def _require_not_stopped(session: AsyncSession, resource_ids: list[UUID]) -> None:
    stopped = await stops.active(session, resource_ids)
    if stopped:
        raise AuthorisationNotLive(
            Message("The resource is suspended: {reason}", reason=stopped[0].reason),
            remedy=Message("Offer the authorisation when the suspension has been lifted."),
            resource_id=str(stopped[0].subject_id),
        )


async def _require_operator(session: AsyncSession, operator_id: UUID) -> None:
    operator = await identity.require_verified(session, operator_id)
    if operator.kind is not OrganisationKind.OPERATOR:
        raise OperatorUnfit(
            Message("The organisation is not an operator."),
            remedy=Message("Name a verified organisation of the kind operator."),
        )


async def access_authorisation(session: AsyncSession, actor: Actor, authorisation_id: UUID) -> Authorisation:
    """An authorisation the actor can access: the only way to one by its id.

    :raises NotFound: there is none the actor can access.
    """
    return _found(await repository.get_visible(session, actor, authorisation_id))


def _found(row: Authorisation | None) -> Authorisation:
    if row is None:
        raise NotFound(
            Message("There is no such authorisation."),
            remedy=Message("GET /v1/authorisations lists those you can access."),
        )
    return row


async def list_authorisations(
    session: AsyncSession, actor: Actor, page: PageRequest
) -> tuple[Sequence[Authorisation], str | None]:
    """One page of the authorisations the actor gave, holds or supervises, newest first."""
    return await repository.list_visible(session, actor, page)


async def list_resource_ids(
    session: AsyncSession, rows: Sequence[Authorisation]
) -> Mapping[UUID, Sequence[UUID]]:
    """The resources that each of the authorisations covers."""
    return await repository.resource_ids(session, [row.id for row in rows])


async def accept(session: AsyncSession, actor: Actor, authorisation_id: UUID) -> Authorisation:
    """The operator accepts: the authorisation is in force for its term.

    :raises Forbidden: the actor does not belong to the operator.
    :raises BothSides: the actor offered it, perhaps under another account.
    :raises AuthorisationStateForbids: it is not on offer any more.
    :raises TermRefused: its term is over.
    """
    row = await _locked(session, actor, authorisation_id)
    _require_party(actor, row.operator_id)
    await officers.require_other_side(session, actor, row.granted_by)
    row.status = AUTHORISATION.next_state(row.status, AuthorisationAction.ACCEPT)
    moment = await now(session)
    rules = await rulebook.in_force(session)
    require_term(
        row.valid_from, row.valid_until, now=moment, max_years=rules.integer("authorisation.max_term_years")
    )
    await _require_operator(session, row.operator_id)
    row.accepted_at, row.accepted_by = moment, actor.id
    row.rules = rules.stamp()
    return await _decided(session, actor, row, "accepted", rules=rules)


async def decline(session: AsyncSession, actor: Actor, authorisation_id: UUID, reason: str) -> Authorisation:
    """The operator declines the offer; its scope is free again.

    :raises Forbidden: the actor does not belong to the operator.
    :raises AuthorisationStateForbids: it is not on offer any more.
    """
    row = await _locked(session, actor, authorisation_id)
    _require_party(actor, row.operator_id)
    row.status = AUTHORISATION.next_state(row.status, AuthorisationAction.DECLINE)
    await resources.end_access(session, row.operator_id, basis_id=row.id)
    await _end(session, row)
    return await _decided(session, actor, row, "declined", reason)


async def suspend(session: AsyncSession, actor: Actor, authorisation_id: UUID, reason: str) -> Authorisation:
    """The owner or a regulator stops the authorisation, and with its commit every licence that hangs below it.

    :raises Forbidden: the actor is neither.
    :raises AuthorisationStateForbids: it is not in force.
    """
    row = await _locked(session, actor, authorisation_id)
    _require_supervisor(actor, row)
    require_suspendable(row.status)
    await stops.place(session, actor, subject_kind=SUBJECT, subject_id=row.id, reason=reason)
    await _decided(session, actor, row, "suspended", reason)
    return await _publish_event(session, row, EventKind.AUTHORISATION_SUSPENDED)


async def reinstate(
    session: AsyncSession, actor: Actor, authorisation_id: UUID, reason: str
) -> Authorisation:
    """Lift the stops of the actor's own organisation; the suspension ends once no other organisation's remains.

    :raises Forbidden: the actor is neither the owner nor a regulator.
    :raises NotStopped: the actor's organisation has not stopped it.
    """
    row = await _locked(session, actor, authorisation_id)
    _require_supervisor(actor, row)
    await stops.lift(session, actor, subject_kind=SUBJECT, subject_id=row.id, reason=reason)
    await _decided(session, actor, row, "reinstated", reason)
    if not await stops.active(session, [row.id]):
        await _publish_event(session, row, EventKind.AUTHORISATION_REINSTATED)
    return row


async def revoke(session: AsyncSession, actor: Actor, authorisation_id: UUID, reason: str) -> Authorisation:
    """The owner ends the authorisation for good; everything below it stops, and its scope is free again.

    :raises Forbidden: the actor is not the owner.
    :raises AuthorisationStateForbids: it has ended already.
    """
    row = await _locked(session, actor, authorisation_id)
    _require_party(actor, row.owner_id)
    row.status = AUTHORISATION.next_state(row.status, AuthorisationAction.REVOKE)
    await stops.place(session, actor, subject_kind=SUBJECT, subject_id=row.id, reason=reason, final=True)
    await _end(session, row)
    await _decided(session, actor, row, "revoked", reason)
    return await _publish_event(session, row, EventKind.AUTHORISATION_REVOKED)


async def get_live_grant(
    session: AsyncSession, authorisation_id: UUID, resource_id: UUID, *, share: bool = False
) -> Grant:
    """What the authorisation gives for the resource now.

    :param share: keep the authorisation's state as it is until the transaction ends.
    :raises AuthorisationNotLive: it is not in force, or something it rests on is stopped.
    :raises ResourceNotCovered: there is none, or it does not cover the resource.
    """
    row, covered = await repository.coverage(session, authorisation_id, resource_id, share=share)
    if row is None or covered is None:
        raise ResourceNotCovered(
            Message("The authorisation does not cover this resource."),
            remedy=Message("Name one of the authorisation's resource_ids."),
        )
    given = Grant(
        authorisation_id=row.id,
        resource_id=resource_id,
        right_id=covered.right_id,
        owner_id=row.owner_id,
        operator_id=row.operator_id,
        columns=tuple(row.columns) if row.columns is not None else None,
        scenarios=tuple(Scenario(code) for code in row.scenarios),
        regions=tuple(row.regions),
        purposes=tuple(PurposeClass(code) for code in row.purposes),
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        exclusive=row.exclusive,
        consideration=Consideration(row.consideration),
        shares=Shares(row.owner_share, row.operator_share, row.platform_share),
    )
    require_live(
        row.status,
        row.valid_from,
        row.valid_until,
        now=await now(session),
        stopped=bool(await stops.active(session, given.links)),
    )
    return given


def in_force_for(
    authorisation_id: sa.SQLColumnExpression[UUID], resource_id: sa.SQLColumnExpression[UUID]
) -> sa.ColumnElement[bool]:
    """A condition for statements of other slices: the authorisation in this column carries the resource now."""
    return repository.in_force_for(authorisation_id, resource_id)


async def _locked(session: AsyncSession, actor: Actor, authorisation_id: UUID) -> Authorisation:
    return _found(await repository.get_visible(session, actor, authorisation_id, lock=True))


def _require_party(actor: Actor, organisation_id: UUID) -> None:
    if actor.organisation_id != organisation_id:
        raise Forbidden(
            Message("This is for the other side of the authorisation to decide."),
            remedy=Message("Ask the organisation named in the authorisation: owner_name or operator_name."),
        )


def _require_supervisor(actor: Actor, row: Authorisation) -> None:
    if not actor.oversees(OrganisationKind.REGULATOR):
        _require_party(actor, row.owner_id)


async def _end(session: AsyncSession, row: Authorisation) -> None:
    row.ended_at = await now(session)
    await repository.release(session, row.id, row.ended_at if row.accepted_at else None)


async def _decided(
    session: AsyncSession,
    actor: Actor,
    row: Authorisation,
    what: str,
    reason: str | None = None,
    *,
    rules: Rules | None = None,
) -> Authorisation:
    # Lifting a stop on what has been revoked does not change why it was.
    if row.status is not AuthorisationStatus.REVOKED or what != "reinstated":
        row.reason = reason
    await session.flush()
    await audit.record(
        session,
        actor,
        action=f"authorisation.{what}",
        subject_kind=SUBJECT,
        subject_id=row.id,
        detail={"status": row.status.value, "reason": reason},
        rules=rules,
    )
    return row


async def _publish_event(session: AsyncSession, row: Authorisation, kind: EventKind) -> Authorisation:
    await events.publish(
        session,
        kind,
        subject_id=row.id,
        organisations=(row.owner_id, row.operator_id),
        payload={"status": row.status.value},
    )
    return row
