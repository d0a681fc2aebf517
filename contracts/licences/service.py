"""Use cases of licences."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NewType
from uuid import UUID

from contracts.licences import counters, repository, tokens
from contracts.licences.counters import LicenceCounter
from contracts.licences.errors import ColumnsTooLong, InvalidLicenceToken, LicenceNotLive, NotTheBuyer
from contracts.licences.facts import LicenceDetails
from contracts.licences.notices import ActiveStop, StopNotice, stop_notice
from contracts.licences.tables import Licence, LicenceToken, TokenEndReason
from contracts.parties import party_names
from contracts.terms import Terms
from infra.audit import service as audit
from infra.auth import Actor, OrganisationKind, Permission
from infra.db import AsyncSession, new_id, now
from infra.errors import Forbidden, NotFound
from infra.events import service as events
from infra.events.kinds import EventKind
from infra.identity import holders
from infra.identity import service as identity
from infra.key_folder import MAX_TOKEN_SECONDS
from infra.keys import KeyRing, TokenTooLong
from infra.messages import Message, told
from infra.paging import PageRequest
from infra.rulebook import service as rulebook
from infra.stops import service as stops
from infra.unit_columns import quota_values
from listings.revisions import reading
from listings.revisions import service as revisions
from listings.revisions.domain import SchemaNotice

SUBJECT = "licence"

VisibleLicence = NewType("VisibleLicence", Licence)
"""A licence that the caller can see; only :func:`access_licence` makes one."""


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A new token and its lifetime in seconds."""

    token: str
    token_id: UUID
    expires_in: int


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
    await _publish_event(session, licence, EventKind.LICENCE_ISSUED, {})
    return licence


async def get_details(session: AsyncSession, licence: VisibleLicence) -> LicenceDetails:
    """A licence with what it used, whether it is live now, and the names of its parties."""
    counter = await repository.counter(session, licence.id)
    stopped = await _stopped(session, counter)
    moment = await now(session)
    within = licence.valid_from <= moment < licence.valid_until
    data = await _data_of(session, licence)
    stopped = [*stopped, *([data.refused] if data.refused is not None else [])]
    return LicenceDetails(
        licence=licence,
        counter=counter,
        stopped=stopped,
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
                refused=reason or told(Message("The revision that it is pinned to was recalled."))
            )
        return _LicensedData()
    row = await revisions.find_newest_passed(session, licence.product_id)
    if row is None:
        return _LicensedData()
    present = {column.name for column in revisions.facts_of(row).columns}
    if not present & set(licence.columns):
        gone = Message("None of the licence's columns is left in the product's data.")
        return _LicensedData(refused=told(gone), columns_lost=tuple(licence.columns))
    notice = await revisions.find_notice(session, licence.product_id)
    lost = {one.name for one in notice.breaking if one.now is None} if notice else set()
    return _LicensedData(None, notice, tuple(name for name in licence.columns if name in lost))


async def _stopped(session: AsyncSession, counter: LicenceCounter) -> list[str]:
    """Reasons of the stops on a licence and on the links above it."""
    active = await stops.active(session, [counter.licence_id, *counter.links])
    return [stop.reason for stop in active]


async def suspend(session: AsyncSession, actor: Actor, licence_id: UUID, reason: str) -> VisibleLicence:
    """The operator or a regulator stops one licence: from the commit on no call with it is admitted, on any node.

    :raises NotFound: the actor cannot see it.
    :raises Forbidden: the actor is neither.
    """
    licence = await _access_to_suspend(session, actor, licence_id)
    await stops.place(session, actor, subject_kind=SUBJECT, subject_id=licence.id, reason=reason)
    await _publish_event(session, licence, EventKind.LICENCE_SUSPENDED, {})
    return licence


async def reinstate(session: AsyncSession, actor: Actor, licence_id: UUID, reason: str) -> VisibleLicence:
    """Lift the stops of the actor's own organisation; the suspension ends once no other organisation's remains.

    :raises Forbidden: the actor is neither the operator nor a regulator.
    :raises NotStopped: the actor's organisation has not stopped it.
    """
    licence = await _access_to_suspend(session, actor, licence_id)
    await stops.lift(session, actor, subject_kind=SUBJECT, subject_id=licence.id, reason=reason)
    if not await stops.active(session, [licence.id]):
        await _publish_event(session, licence, EventKind.LICENCE_REINSTATED, {})
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


async def issue_token(
    session: AsyncSession, actor: Actor, keys: KeyRing, issuer: str, licence_id: UUID
) -> IssuedToken:
    """A new token for a live licence, for the buyer alone.

    :param issuer: base address of the service, as in its tokens.
    :raises NotTheBuyer: the caller is another party.
    :raises LicenceNotLive: a link above it is broken, or its term is over.
    :raises HolderEnded: the caller's program or membership ended since the request was authenticated.
    :raises ColumnsTooLong: its columns do not fit a token.
    """
    licence = await access_licence(session, actor, licence_id)
    _require_buyer(actor, licence)
    membership_id = await holders.hold(session, actor, Permission.LICENCE_TOKEN)
    moment = await now(session)
    if notice := await explain_stop(session, licence.id):
        raise LicenceNotLive(notice.detail, remedy=notice.remedy, stops=notice.stops)
    if moment >= licence.valid_until:
        raise LicenceNotLive(
            Message("The licence's term ended at {moment}.", moment=licence.valid_until.isoformat()),
            remedy=Message("Order the product again."),
        )
    rules = await rulebook.in_force(session)
    life = timedelta(hours=rules.integer("licence.token_hours"))
    expires_at = min(moment + life, moment + timedelta(seconds=MAX_TOKEN_SECONDS), licence.valid_until)
    token_id = new_id()
    session.add(
        LicenceToken(
            id=token_id,
            licence_id=licence.id,
            issued_to=actor.id,
            membership_id=membership_id,
            organisation_id=actor.organisation_id,
            issued_at=moment,
            expires_at=expires_at,
        )
    )
    claims = tokens.claims_of(
        issuer=issuer,
        token_id=token_id,
        client_id=str(actor.id),
        licence_id=licence.id,
        agreement_id=licence.agreement_id,
        agreement_digest=licence.agreement_digest,
        product_id=licence.product_id,
        buyer_id=licence.buyer_id,
        columns=licence.columns,
        purposes=licence.purposes,
        scenarios=licence.scenarios,
        regions=licence.regions,
        quotas=licence.quotas,
        valid_from=licence.valid_from,
        issued_at=moment,
        expires_at=expires_at,
        revision_id=licence.revision_id,
    )
    await audit.record(
        session,
        actor,
        action="licence.token_issued",
        subject_kind="licence",
        subject_id=licence.id,
        detail={"token_id": str(token_id), "expires_at": expires_at.isoformat()},
        rules=rules,
    )
    return IssuedToken(_sign(keys, claims), token_id, int((expires_at - moment).total_seconds()))


def _sign(keys: KeyRing, claims: dict[str, Any]) -> str:
    try:
        return keys.sign(claims, tokens.TOKEN_TYPE)
    except TokenTooLong:
        # Orders of so many are refused today; agreements of the first releases may still have them.
        raise ColumnsTooLong(
            Message("The names of the licence's columns are longer than a token can hold."),
            remedy=Message("Order the product again with fewer columns."),
        ) from None


async def list_tokens(
    session: AsyncSession, actor: Actor, licence_id: UUID, page: PageRequest
) -> tuple[Sequence[LicenceToken], str | None]:
    """Tokens of a licence that have not run out, for the buyer alone, newest first.

    :raises NotTheBuyer: the caller is another party.
    """
    licence = await access_licence(session, actor, licence_id)
    _require_buyer(actor, licence)
    return await repository.tokens_page(session, licence.id, page)


async def revoke_token(session: AsyncSession, actor: Actor, licence_id: UUID, token_id: UUID) -> None:
    """End a token before its time, for the buyer alone: it is refused from the next call on.

    A token that was ended before stays as it is.

    :raises NotTheBuyer: the caller is another party.
    :raises NotFound: the licence has no such token, or it has run out.
    """
    licence = await access_licence(session, actor, licence_id)
    _require_buyer(actor, licence)
    row = await repository.token_of(session, licence.id, token_id)
    if row is None:
        raise NotFound(
            Message("There is no token {token_id} of this licence.", token_id=token_id),
            remedy=Message("List the licence's tokens to find it; one that has run out is no longer kept."),
        )
    await end_token(session, actor, row)


async def find_token(session: AsyncSession, token_id: UUID) -> LicenceToken | None:
    """A token of any licence, or None when it is not known or was forgotten after it had run out."""
    return await repository.find_token(session, token_id)


async def require_token_not_ended(session: AsyncSession, token_id: UUID) -> None:
    """Check that a token whose signature is good was not ended before its time.

    :raises InvalidLicenceToken: it was.
    """
    row = await repository.find_token(session, token_id)
    if row is not None and row.ended_at is not None:
        raise InvalidLicenceToken(
            Message("The licence token was revoked, or whoever it was issued to has lost access."),
            remedy=Message("Get a new one at POST /v1/licences/{licence_id}/tokens."),
            reason="revoked",
        )


async def end_token(session: AsyncSession, actor: Actor, row: LicenceToken) -> None:
    """End a token that the caller may end; one that was ended before stays as it is."""
    if await repository.end_token(session, row.id, TokenEndReason.REVOKED):
        await audit.record(
            session,
            actor,
            action="licence.token_revoked",
            subject_kind="licence",
            subject_id=row.licence_id,
            detail={"token_id": str(row.id)},
        )


async def forget_tokens(session: AsyncSession) -> int:
    """Delete the tokens that ran out an hour ago; answers how many."""
    return await repository.forget_tokens(session)


def _require_buyer(actor: Actor, licence: VisibleLicence) -> None:
    if actor.organisation_id != licence.buyer_id:
        raise NotTheBuyer(Message("Your organisation is not the buyer of this licence."))


async def list_below(session: AsyncSession, link_id: UUID) -> Sequence[Licence]:
    """The licences that rest on a link, or are it, and whose term has not ended, oldest first."""
    return await repository.list_below(session, link_id)


async def publish_stopped(session: AsyncSession, link_id: UUID, cause: EventKind) -> int:
    """Tell the parties of every licence below a link, or of the licence itself, that it has stopped; answers how many.

    Licences whose term has ended are left out.

    The licences have stopped with the commit that stopped the link; only the news of it travels.

    :param cause: what happened to the link.
    """
    below = await repository.list_below(session, link_id)
    for licence in below:
        await _publish_event(session, licence, EventKind.LICENCE_STOPPED, {"cause": cause.value})
    return len(below)


async def publish_revision_news(
    session: AsyncSession, product_id: UUID, kind: EventKind, payload: Mapping[str, Any]
) -> int:
    """Tell the parties of every licence of a product what happened to a revision of it; answers how many.

    Licences whose term has ended are left out.
    """
    below = await repository.list_below(session, product_id)
    for licence in below:
        pinned = str(licence.revision_id) if licence.revision_id else None
        await _publish_event(session, licence, kind, {**payload, "pinned_revision_id": pinned})
    return len(below)


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
    await _publish_event(session, licence, EventKind.LICENCE_STOPPED, {"cause": cause.value})


async def publish_resumed(session: AsyncSession, link_id: UUID, cause: EventKind) -> int:
    """Tell the parties of the licences below a link that was mended which of them go on; answers how many.

    A licence that something else stops is left out, and so is one whose term has ended.

    :param cause: what happened to the link.
    """
    resumed = 0
    for licence in await repository.list_below(session, link_id):
        if not await _stopped(session, await repository.counter(session, licence.id)):
            await _publish_event(session, licence, EventKind.LICENCE_RESUMED, {"cause": cause.value})
            resumed += 1
    return resumed


async def _publish_event(
    session: AsyncSession, licence: Licence, kind: EventKind, more: Mapping[str, Any]
) -> None:
    await events.publish(
        session,
        kind,
        subject_id=licence.id,
        organisations=(licence.buyer_id, licence.operator_id, licence.owner_id),
        payload={"agreement_id": str(licence.agreement_id), "product_id": str(licence.product_id), **more},
    )
