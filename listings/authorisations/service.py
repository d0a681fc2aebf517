"""Use cases of authorisations: found, stopped, ended; how they come about is in `offers`."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from infra.audit import service as audit
from infra.audit.tables import AuditEntry
from infra.auth import Actor, OrganisationKind
from infra.db import AsyncSession, now
from infra.errors import Forbidden, NotFound
from infra.events import service as events
from infra.events.kinds import EventKind
from infra.messages import Message
from infra.paging import PageRequest
from infra.rulebook.domain import Rules
from infra.stops import service as stops
from listings import decisions
from listings.authorisations import repository
from listings.authorisations.domain import Consideration, Grant, Scenario, Shares
from listings.authorisations.errors import ResourceNotCovered
from listings.authorisations.states import (
    AUTHORISATION,
    AuthorisationAction,
    AuthorisationStatus,
    require_live,
    require_suspendable,
)
from listings.authorisations.tables import Authorisation, AuthorisationResource, AuthorisationSignature
from listings.resources import registering
from pricing.regulated.purposes import PurposeClass

SUBJECT = "authorisation"

MAX_DECISIONS = 1000
"""Decisions about one authorisation that are shown, the latest ones."""


async def access_authorisation(session: AsyncSession, actor: Actor, authorisation_id: UUID) -> Authorisation:
    """An authorisation the actor can access: the only way to one by its id.

    :raises NotFound: there is none the actor can access.
    """
    return _found(await repository.get_visible(session, actor, authorisation_id))


async def get_authorisation(session: AsyncSession, authorisation_id: UUID) -> Authorisation:
    """An authorisation, whoever asks.

    :raises NotFound: there is none.
    """
    return _found(await repository.get(session, authorisation_id))


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


async def list_covered(
    session: AsyncSession, rows: Sequence[Authorisation]
) -> Mapping[UUID, Sequence[AuthorisationResource]]:
    """The resources that each of the authorisations covers now."""
    return await repository.covered(session, [row.id for row in rows])


async def list_signatures(
    session: AsyncSession, rows: Sequence[Authorisation]
) -> Mapping[UUID, Sequence[AuthorisationSignature]]:
    """What each side decided about each of the authorisations as it was offered."""
    return await repository.signatures(session, [row.id for row in rows])


async def list_of_resource(session: AsyncSession, resource_id: UUID) -> Sequence[Authorisation]:
    """Authorisations that cover a resource and have not ended, oldest first."""
    return await repository.list_of_resource(session, resource_id)


async def list_amendment_signatures(
    session: AsyncSession, row: Authorisation, amendment_id: UUID
) -> Sequence[AuthorisationSignature]:
    """What each side decided about an amendment of the authorisation, oldest first."""
    return (await repository.signatures(session, [row.id], amendment_id)).get(row.id, ())


async def list_decisions(session: AsyncSession, row: Authorisation) -> Sequence[AuditEntry]:
    """The latest decisions about an authorisation, newest first: who, when, for what reason, under which rules."""
    return await audit.list_about(session, [row.id], MAX_DECISIONS)


async def suspend(session: AsyncSession, actor: Actor, authorisation_id: UUID, reason: str) -> Authorisation:
    """Its only source agency, its authorising body or a regulator stops it, and with the commit every licence below it.

    :raises Forbidden: the actor is none of these.
    :raises AuthorisationStateForbids: it is not in force.
    """
    row = await lock(session, actor, authorisation_id)
    _require_supervisor(actor, row)
    require_suspendable(row.status)
    await stops.place(session, actor, subject_kind=SUBJECT, subject_id=row.id, reason=reason)
    await record_decision(session, actor, row, "suspended", reason)
    return await publish_event(session, row, EventKind.AUTHORISATION_SUSPENDED)


async def reinstate(
    session: AsyncSession, actor: Actor, authorisation_id: UUID, reason: str
) -> Authorisation:
    """Lift the stops of the actor's own organisation; the suspension ends once no other organisation's remains.

    :raises Forbidden: the actor is neither its only source agency, nor its authorising body, nor a regulator.
    :raises NotStopped: the actor's organisation has not stopped it.
    """
    row = await lock(session, actor, authorisation_id)
    _require_supervisor(actor, row)
    await stops.lift(session, actor, subject_kind=SUBJECT, subject_id=row.id, reason=reason)
    await record_decision(session, actor, row, "reinstated", reason)
    if not await stops.active(session, [row.id]):
        await publish_event(session, row, EventKind.AUTHORISATION_REINSTATED)
    return row


async def revoke(session: AsyncSession, actor: Actor, authorisation_id: UUID, reason: str) -> Authorisation:
    """End an authorisation for good, or withdraw an offer: everything below it stops, and its scope is free again.

    :raises Forbidden: the actor is neither its only source agency nor its authorising body, nor made the offer.
    :raises AuthorisationStateForbids: it has ended already.
    """
    row = await lock(session, actor, authorisation_id)
    if row.status is AuthorisationStatus.ACTIVE or actor.organisation_id != row.offered_by_organisation:
        _require_principal(actor, row)
    row.status = AUTHORISATION.next_state(row.status, AuthorisationAction.REVOKE)
    await stops.place(session, actor, subject_kind=SUBJECT, subject_id=row.id, reason=reason, final=True)
    await end(session, row)
    await record_decision(session, actor, row, "revoked", reason)
    return await publish_event(session, row, EventKind.AUTHORISATION_REVOKED)


async def get_live_grant(
    session: AsyncSession, authorisation_id: UUID, resource_id: UUID, *, share: bool = False
) -> Grant:
    """What the authorisation gives for the resource now.

    :param share: keep the authorisation's state as it is until the transaction ends.
    :raises AuthorisationNotLive: it is not in force, or something it rests on is stopped.
    :raises NotRegistered: no registration of the resource is in force.
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
        version=row.version,
        mode=row.mode,
        resource_id=resource_id,
        right_id=covered.right_id,
        owner_id=covered.owner_id,
        authorising_body_id=row.authorising_body_id,
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
    active = await stops.active(session, given.links)
    await registering.require_not_ended(session, active)
    require_live(row.status, row.valid_from, row.valid_until, now=await now(session), stopped=bool(active))
    return given


def in_force_for(
    authorisation_id: sa.SQLColumnExpression[UUID], resource_id: sa.SQLColumnExpression[UUID]
) -> sa.ColumnElement[bool]:
    """A condition for statements of other slices: the authorisation in this column carries the resource now."""
    return repository.in_force_for(authorisation_id, resource_id)


async def lock(session: AsyncSession, actor: Actor, authorisation_id: UUID) -> Authorisation:
    """An authorisation the actor can access, locked until the transaction ends.

    :raises NotFound: there is none the actor can access.
    """
    return _found(await repository.get_visible(session, actor, authorisation_id, lock=True))


def _require_principal(actor: Actor, row: Authorisation) -> None:
    """Who decides about the whole: the authorising body, or the source agency where there is one alone."""
    if actor.organisation_id in (row.owner_id, row.authorising_body_id):
        return
    raise Forbidden(
        Message("This is decided by the authorising body, and by the source agency where there is only one."),
        remedy=Message(
            "Ask the authorising body. A source agency among several stops its own resource at POST"
            " /v1/resources/{resource_id}/suspension, and has it taken out by an amendment."
        ),
    )


def _require_supervisor(actor: Actor, row: Authorisation) -> None:
    if not actor.oversees(OrganisationKind.REGULATOR):
        _require_principal(actor, row)


async def end(session: AsyncSession, row: Authorisation) -> None:
    """Say that an authorisation has ended now, and free its scope."""
    row.ended_at = await now(session)
    await repository.release(session, row.id, row.ended_at if row.accepted_at else None)


async def record_decision(
    session: AsyncSession,
    actor: Actor,
    row: Authorisation,
    what: str,
    reason: str | None = None,
    *,
    rules: Rules | None = None,
    **detail: Any,
) -> Authorisation:
    """Write a decision into the audit log, and why into the row.

    :param what: as the second part of the entry's action: ``suspended``.
    :param detail: what else a reviewer needs.
    """
    # Lifting a stop on what has been revoked does not change why it was.
    if row.status is not AuthorisationStatus.REVOKED or what != "reinstated":
        row.reason = reason
    await session.flush()
    await decisions.record(
        session,
        actor,
        action=f"authorisation.{what}",
        subject_kind=SUBJECT,
        subject_id=row.id,
        under="authorisation.",
        reason=reason,
        rules=rules,
        status=row.status.value,
        **detail,
    )
    return row


async def publish_event(
    session: AsyncSession, row: Authorisation, kind: EventKind, **payload: Any
) -> Authorisation:
    """Tell every side of the authorisation what happened to it."""
    covered = (await repository.covered(session, [row.id])).get(row.id, ())
    await events.publish(
        session,
        kind,
        subject_id=row.id,
        organisations=sorted(
            {one.owner_id for one in covered}
            | {row.operator_id}
            | ({row.authorising_body_id} if row.authorising_body_id else set())
        ),
        payload={"status": row.status.value, **payload},
    )
    return row


async def publish_resource_changed(
    session: AsyncSession, resource_id: UUID, changed: Mapping[str, Any]
) -> None:
    """Tell every side of the authorisations that cover a resource what was changed in its registration."""
    for row in await repository.list_of_resource(session, resource_id):
        await publish_event(
            session,
            row,
            EventKind.AUTHORISATION_RESOURCE_CHANGED,
            resource_id=str(resource_id),
            **changed,
        )
