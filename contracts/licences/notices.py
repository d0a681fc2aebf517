"""What the buyer is told of a licence that is stopped: by whom, why, and what to do about it. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from infra.auth import OrganisationKind
from infra.messages import Message

THINGS: Mapping[str, Message] = {
    "agreement": Message("agreement"),
    "authorisation": Message("authorisation"),
    "licence": Message("licence"),
    "organisation": Message("organisation"),
    "product": Message("product"),
    "product_class": Message("product"),
    "product_enforcement": Message("product"),
    "registration": Message("registration of the data resource"),
    "resource": Message("data resource"),
    "right": Message("right to the data"),
    "right_above": Message("right to the data"),
    "right_encumbrance": Message("right to the data"),
}
"""What a stop can be on, as a sentence calls it."""


@dataclass(frozen=True, slots=True)
class ActiveStop:
    """One active stop on a licence or on a link of the chain above it.

    :ivar placed_by: the organisation that placed it; ``placed_by_kind`` is None where the service itself did.
    :ivar final: stands for an end, which nobody lifts.
    """

    subject_kind: str
    subject_id: UUID
    reason: str
    final: bool
    placed_by: UUID
    placed_by_kind: OrganisationKind | None


@dataclass(frozen=True, slots=True)
class StopNotice:
    """Why a licence is stopped and what its buyer can do; ``stops`` names every active stop, for programs."""

    detail: Message
    remedy: Message
    stops: list[dict[str, Any]]


def stop_notice(
    stops: Sequence[ActiveStop], *, licence_id: UUID, agreement_id: UUID, buyer_id: UUID
) -> StopNotice:
    """Tell of the stop that decides what can be done: an end before anything that can be lifted, else the oldest.

    :param stops: the active ones, oldest first; at least one.
    """
    told = next((stop for stop in stops if stop.final), stops[0])
    if told.final:
        detail, remedy = _end(told, agreement_id, buyer_id)
    else:
        detail, remedy = _suspension(told, licence_id, buyer_id)
    return StopNotice(
        detail,
        remedy,
        [
            {
                "subject_kind": stop.subject_kind,
                "subject_id": str(stop.subject_id),
                "reason": stop.reason,
                "final": stop.final,
                "placed_by_organisation": str(stop.placed_by),
            }
            for stop in stops
        ],
    )


def _end(stop: ActiveStop, agreement_id: UUID, buyer_id: UUID) -> tuple[Message, Message]:
    if stop.subject_kind == "agreement" and stop.placed_by == buyer_id:
        return (
            Message("Your organisation ended the agreement: {reason}", reason=stop.reason),
            Message("Order the product again: POST /v1/agreements."),
        )
    if stop.subject_kind == "agreement":
        return (
            Message("The operator ended the agreement: {reason}", reason=stop.reason),
            Message("Ask the operator why, and order the product again: POST /v1/agreements."),
        )
    if stop.subject_kind == "licence":
        return (
            Message("The licence was ended for good: {reason}", reason=stop.reason),
            Message(
                "Order the product again within what its operator may offer now: POST /v1/agreements. End this"
                " agreement at POST /v1/agreements/{agreement_id}/termination.",
                agreement_id=agreement_id,
            ),
        )
    return (
        Message("The {thing} was ended for good: {reason}", thing=_thing(stop), reason=stop.reason),
        Message(
            "Nothing brings it back. Look for another product at GET /v1/catalogue, and end this agreement at"
            " POST /v1/agreements/{agreement_id}/termination.",
            agreement_id=agreement_id,
        ),
    )


def _suspension(stop: ActiveStop, licence_id: UUID, buyer_id: UUID) -> tuple[Message, Message]:
    if stop.subject_kind == "registration":
        return (
            Message("No registration of the data resource is in force: {reason}", reason=stop.reason),
            Message(
                "Ask the owner of the data, who renews it or registers the resource again. Calls go through again as"
                " soon as a registration is in force."
            ),
        )
    if stop.subject_id == buyer_id:
        return (
            Message("Your organisation is suspended: {reason}", reason=stop.reason),
            Message(
                "Appeal at POST /v1/organisations/{buyer_id}/appeals. When the suspension has been lifted, get a new"
                " token at POST /v1/licences/{licence_id}/tokens.",
                buyer_id=buyer_id,
                licence_id=licence_id,
            ),
        )
    if stop.subject_kind == "product_class":
        return (
            Message("The product may not be offered as it is: {reason}", reason=stop.reason),
            Message(
                "Ask the operator, who changes what the product offers or has its data graded anew. Calls go through"
                " again as soon as it may be offered."
            ),
        )
    if stop.subject_kind == "product_enforcement":
        return (
            Message("The product is suspended: {reason}", reason=stop.reason),
            Message("Ask the operator. Calls go through again as soon as what the reason says is mended."),
        )
    if stop.subject_kind in ("right_above", "right_encumbrance"):
        return (
            Message("The right to the data is frozen: {reason}", reason=stop.reason),
            Message(
                "Ask the owner of the data, who sees what weighs on the right. Calls go through again as soon as"
                " nothing freezes it."
            ),
        )
    if stop.placed_by_kind is None:
        return (
            Message("The {thing} is suspended: {reason}", thing=_thing(stop), reason=stop.reason),
            Message("Ask the platform. Calls go through again as soon as the suspension has been lifted."),
        )
    return (
        Message(
            "The {placer} has suspended the {thing}: {reason}",
            placer=stop.placed_by_kind,
            thing=_thing(stop),
            reason=stop.reason,
        ),
        Message(
            "Ask the {placer}, who can lift it. Calls go through again as soon as it has been lifted.",
            placer=stop.placed_by_kind,
        ),
    )


def _thing(stop: ActiveStop) -> Message:
    return THINGS.get(stop.subject_kind, THINGS["licence"])
