"""Use cases of licences."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import NewType
from uuid import UUID

from contracts.licences import counters, news, repository
from contracts.licences.facts import LicenceDetails
from contracts.licences.notices import ActiveStop, StopNotice, stop_notice
from contracts.licences.tables import Licence
from contracts.parties import party_names
from contracts.terms import Terms
from infra.audit import service as audit
from infra.auth import Actor, OrganisationKind
from infra.db import AsyncSession, now
from infra.errors import Forbidden, NotFound
from infra.events.kinds import EventKind
from infra.identity import service as identity
from infra.messages import Message, told
from infra.paging import PageRequest
from infra.stops import service as stops
from infra.unit_columns import quota_values
from listings.revisions import reading
from listings.revisions import service as revisions
from listings.revisions.domain import SchemaNotice

SUBJECT = "licence"

VisibleLicence = NewType("VisibleLicence", Licence)
"""A licence that the caller can see; only :func:`access_licence` makes one."""


async def access_licence(session: AsyncSession, actor: Actor, licence_id: UUID) -> VisibleLicence:
    """A licence the caller can see: its parties, the regulator and the platform.

    :raises NotFound: there is none, or the caller cannot see it.
    """
    licence = await repository.get_visible(session, actor, licence_id)
    if licence is None:
        raise NotFound(Message("There is no licence {licence_id} that you can see.", licence_id=licence_id))
    return VisibleLicence(licence)


async def list_licences(
    session: AsyncSession, actor: Actor, page: PageRequest
) -> tuple[Sequence[Licence], str | None]:
    """The licences the caller can see, newest first."""
    return await repository.list_visible(session, actor, page)


async def list_visible_ids(session: AsyncSession, actor: Actor) -> Sequence[UUID]:
    """Ids of the licences the caller can see, the newest 10,000."""
    return await repository.list_visible_ids(session, actor, 10_000)


async def licence_of(session: AsyncSession, agreement_id: UUID) -> UUID | None:
    """The licence that an agreement gave rise to, or None while it is not concluded."""
    return await repository.id_of_agreement(session, agreement_id)


async def issue(
    session: AsyncSession, actor: Actor, *, agreement_id: UUID, agreement_digest: str, terms: Terms
) -> Licence:
    """Issue the licence of a concluded agreement, and open its counters.

    :param terms: with the scenarios and regions of the authorisation where what was signed names none.
    """
    licence = Licence(
        agreement_id=agreement_id,
        agreement_digest=agreement_digest,
        product_id=terms.product_id,
        owner_id=terms.owner_id,
        operator_id=terms.operator_id,
        buyer_id=terms.buyer_id,
        columns=list(terms.columns),
        purposes=[purpose.value for purpose in terms.purposes],
        scenarios=list(terms.scenarios),
        regions=list(terms.regions),
        valid_from=terms.valid_from,
        valid_until=terms.valid_until,
        issued_at=await now(session),
        revision_id=terms.revision_id,
        **quota_values(terms.quotas),
    )
    session.add(licence)
    await session.flush()
    await counters.open(session, licence.id)
    await audit.record(
        session,
        actor,
        action="licence.issued",
        subject_kind="licence",
        subject_id=licence.id,
        detail={"agreement_id": str(agreement_id), "agreement_digest": agreement_digest},
    )
    await news.publish(session, licence, EventKind.LICENCE_ISSUED, {})
    return licence


async def get_details(session: AsyncSession, licence: VisibleLicence) -> LicenceDetails:
    """A licence with what it used, whether it is live now, and the names of its parties."""
    counter = await repository.counter(session, licence.id)
    standing = await stops.standing(session, [licence.id, *counter.links])
    moment = await now(session)
    stopped = [stop.reason for stop in standing if stop.begins_at <= moment]
    within = licence.valid_from <= moment < licence.valid_until
    data = await _data_of(session, licence)
    stopped = [*stopped, *([data.refused] if data.refused is not None else [])]
    return LicenceDetails(
        licence=licence,
        counter=counter,
        stopped=stopped,
        stops_ahead=[stop for stop in standing if moment < stop.begins_at < licence.valid_until],
        live=within and not stopped,
        names=await party_names(session, [licence]),
        notice=data.notice,
        columns_lost=data.columns_lost,
    )


@dataclass(frozen=True, slots=True)
class _LicensedData:
    """What a licence reads now: why it reads nothing, and what it will lose."""

    refused: str | None = None
    notice: SchemaNotice | None = None
    columns_lost: tuple[str, ...] = ()


async def _data_of(session: AsyncSession, licence: Licence) -> _LicensedData:
    if licence.revision_id is not None:
        found = await reading.find_readable_revision(session, licence.product_id, licence.revision_id)
        if found is None or found.recalled is not None:
            reason = found.recalled if found else None
            return _LicensedData(
                refused=told(reason or Message("The revision that it is pinned to was recalled."))
            )
        return _LicensedData()
    try:
        current = await revisions.get_current(session, licence.product_id)
    except NotFound as nothing:
        return _LicensedData(refused=told(nothing.detail))
    present = {column.name for column in current.facts.columns}
    if not present & set(licence.columns):
        gone = Message("None of the licence's columns is left in the product's data.")
        return _LicensedData(refused=told(gone), columns_lost=tuple(licence.columns))
    notice = current.notice
    lost = {one.name for one in notice.breaking if one.now is None} if notice else set()
    return _LicensedData(None, notice, tuple(name for name in licence.columns if name in lost))


async def suspend(session: AsyncSession, actor: Actor, licence_id: UUID, reason: str) -> VisibleLicence:
    """The operator or a regulator stops one licence: from the commit on no call with it is admitted, on any node.

    :raises NotFound: the actor cannot see it.
    :raises Forbidden: the actor is neither.
    """
    licence = await _access_to_suspend(session, actor, licence_id)
    await stops.place(session, actor, subject_kind=SUBJECT, subject_id=licence.id, reason=reason)
    await news.publish(session, licence, EventKind.LICENCE_SUSPENDED, {})
    return licence


async def reinstate(session: AsyncSession, actor: Actor, licence_id: UUID, reason: str) -> VisibleLicence:
    """Lift the stops of the actor's own organisation; the suspension ends once no other organisation's remains.

    :raises Forbidden: the actor is neither the operator nor a regulator.
    :raises NotStopped: the actor's organisation has not stopped it.
    """
    licence = await _access_to_suspend(session, actor, licence_id)
    await stops.lift(session, actor, subject_kind=SUBJECT, subject_id=licence.id, reason=reason)
    if not await stops.active(session, [licence.id]):
        await news.publish(session, licence, EventKind.LICENCE_REINSTATED, {})
    return licence


async def _access_to_suspend(session: AsyncSession, actor: Actor, licence_id: UUID) -> VisibleLicence:
    licence = await access_licence(session, actor, licence_id)
    if licence.operator_id != actor.organisation_id and not actor.oversees(OrganisationKind.REGULATOR):
        raise Forbidden(
            Message("Only the operator and a regulator can suspend a licence."),
            remedy=Message(
                "The buyer ends its agreement at POST /v1/agreements/{agreement_id}/termination.",
                agreement_id=licence.agreement_id,
            ),
        )
    return licence


async def explain_stop(session: AsyncSession, licence_id: UUID) -> StopNotice | None:
    """What to tell the buyer of a licence that is stopped; None when nothing stops it, or there is none."""
    licence = await repository.get(session, licence_id)
    if licence is None:
        return None
    counter = await repository.counter(session, licence_id)
    active = await stops.active(session, [licence_id, *counter.links])
    if not active:
        return None
    kinds = await identity.kinds(session, {stop.placed_by_organisation for stop in active})
    return stop_notice(
        [
            ActiveStop(
                subject_kind=stop.subject_kind,
                subject_id=stop.subject_id,
                reason=stop.reason,
                final=stop.final,
                placed_by=stop.placed_by_organisation,
                placed_by_kind=kinds.get(stop.placed_by_organisation),
            )
            for stop in active
        ],
        licence_id=licence_id,
        agreement_id=licence.agreement_id,
        buyer_id=licence.buyer_id,
    )


async def list_below(session: AsyncSession, link_id: UUID) -> Sequence[Licence]:
    """The licences that rest on a link, or are it, and whose term has not ended, oldest first."""
    return await repository.list_below(session, link_id)


async def list_not_ended_below(session: AsyncSession, link_id: UUID) -> Sequence[Licence]:
    """The licences that rest on a link and have not ended for good."""
    return await repository.list_not_ended_below(session, link_id)


async def list_visible_among(session: AsyncSession, actor: Actor, ids: Collection[UUID]) -> Sequence[UUID]:
    """Those of some licences that the actor can see."""
    return await repository.list_visible_among(session, actor, ids)


async def end(session: AsyncSession, actor: Actor, licence_id: UUID, reason: str, cause: EventKind) -> None:
    """End a licence for good: from the commit on no call with it is admitted, on any node.

    :param cause: what happened to the link above it.
    """
    licence = await repository.get(session, licence_id)
    assert licence is not None
    await stops.place(session, actor, subject_kind=SUBJECT, subject_id=licence.id, reason=reason, final=True)
    await news.publish(session, licence, EventKind.LICENCE_STOPPED, {"cause": cause.value})
