"""What an agreement says, how it is checked, and the document both sides sign. Pure."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from infra.errors import Conflict, Forbidden, Invalid
from infra.messages import Message
from pricing.regulated.purposes import PurposeClass


class OrderRefused(Invalid):
    """The order asks for something that the product or its authorisation does not give."""

    slug = "order-refused"
    title = Message("The order asks for more than can be given")


class OwnProduct(Forbidden):
    """Nobody buys from themselves."""

    slug = "own-product"
    title = Message("This product is your own")


class DigestMismatch(Conflict):
    """The signature is for another text than the one on file."""

    slug = "digest-mismatch"
    title = Message("You are signing another text")


@dataclass(frozen=True, slots=True)
class Terms:
    """Everything an agreement settles. Times are UTC, the term is half-open [valid_from, valid_until).

    :param right_id: the right to hold the resource that the authorisation rests on.
    :param columns: what may be read, in the product's order.
    :param purposes: what the data may be used for; each call names one of them.
    :param quota_calls: calls over the whole term, None for no limit; likewise ``quota_rows``.
    :param shares: split of the revenue in basis points, by ``owner``, ``operator`` and ``platform``.
    """

    product_id: UUID
    resource_id: UUID
    right_id: UUID
    authorisation_id: UUID
    owner_id: UUID
    operator_id: UUID
    buyer_id: UUID
    price_plan_id: UUID
    title_zh: str
    title_en: str
    columns: tuple[str, ...]
    purposes: tuple[PurposeClass, ...]
    purpose_statement: str
    valid_from: datetime
    valid_until: datetime
    quota_calls: int | None
    quota_rows: int | None
    shares: Mapping[str, int]

    def document(self) -> dict[str, Any]:
        """The terms as JSON: what is shown, stored and signed."""
        return {
            "product_id": str(self.product_id),
            "resource_id": str(self.resource_id),
            "right_id": str(self.right_id),
            "authorisation_id": str(self.authorisation_id),
            "owner_id": str(self.owner_id),
            "operator_id": str(self.operator_id),
            "buyer_id": str(self.buyer_id),
            "price_plan_id": str(self.price_plan_id),
            "title_zh": self.title_zh,
            "title_en": self.title_en,
            "columns": list(self.columns),
            "purposes": [purpose.value for purpose in self.purposes],
            "purpose_statement": self.purpose_statement,
            "valid_from": self.valid_from.isoformat(),
            "valid_until": self.valid_until.isoformat(),
            "quota_calls": self.quota_calls,
            "quota_rows": self.quota_rows,
            "shares": dict(self.shares),
        }

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "Terms":
        """The terms within a document made by :meth:`document`."""
        ids = ("product", "resource", "right", "authorisation", "owner", "operator", "buyer", "price_plan")
        return cls(
            **{f"{name}_id": UUID(document[f"{name}_id"]) for name in ids},
            title_zh=document["title_zh"],
            title_en=document["title_en"],
            columns=tuple(document["columns"]),
            purposes=tuple(PurposeClass(purpose) for purpose in document["purposes"]),
            purpose_statement=document["purpose_statement"],
            valid_from=datetime.fromisoformat(document["valid_from"]),
            valid_until=datetime.fromisoformat(document["valid_until"]),
            quota_calls=document["quota_calls"],
            quota_rows=document["quota_rows"],
            shares=document["shares"],
        )

    def links(self) -> list[UUID]:
        """Every link of the chain above a licence, but the agreement itself: a stop on any of them stops it."""
        return [
            self.product_id,
            self.resource_id,
            self.right_id,
            self.authorisation_id,
            self.owner_id,
            self.operator_id,
            self.buyer_id,
        ]


def digest(document: Mapping[str, Any]) -> str:
    """SHA-256, in hexadecimal, of the document as JSON with sorted keys and no white space."""
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return sha256(text.encode()).hexdigest()


def require_digest(signed: str, on_file: str) -> None:
    """Make sure that a side signs what is on file.

    :raises DigestMismatch: it does not.
    """
    if signed != on_file:
        raise DigestMismatch(
            Message("The digest you sent is not that of the agreement's document."),
            remedy=Message("Read the agreement again and sign the digest it shows."),
        )


def chosen_columns(wanted: Collection[str] | None, offered: Collection[str]) -> tuple[str, ...]:
    """The columns of an order, in the product's order; None asks for all.

    :raises OrderRefused: one of them is not offered, or is asked for twice.
    """
    if wanted is None:
        return tuple(offered)
    unknown = [name for name in wanted if name not in offered]
    if unknown:
        raise OrderRefused(
            Message("The product has no column {unknown!r}.", unknown=unknown[0]),
            remedy=Message("Choose among the columns of the product."),
            columns=list(offered),
        )
    if len(set(wanted)) != len(wanted):
        raise OrderRefused(Message("A column is asked for twice."), remedy=Message("Name each column once."))
    return tuple(name for name in offered if name in set(wanted))


def require_purposes(wanted: Collection[PurposeClass], authorised: Collection[str]) -> None:
    """Make sure that the authorisation covers every purpose of an order.

    :raises OrderRefused: it does not, or one is named twice.
    """
    outside = [purpose.value for purpose in wanted if purpose.value not in authorised]
    if outside:
        raise OrderRefused(
            Message("The authorisation does not cover the purpose {outside!r}.", outside=outside[0]),
            remedy=Message("Choose among the purposes of the authorisation."),
            purposes=sorted(authorised),
        )
    if len(set(wanted)) != len(wanted):
        raise OrderRefused(Message("A purpose is named twice."), remedy=Message("Name each purpose once."))


def term(
    wanted_from: datetime | None, wanted_until: datetime, *, now: datetime, authorised_until: datetime
) -> tuple[datetime, datetime]:
    """The term of an agreement: from now or later, and no longer than the authorisation it stands on.

    :raises OrderRefused: it begins in the past, is empty, or outlasts the authorisation.
    """
    start = wanted_from or now
    if start < now:
        raise OrderRefused(
            Message("The term would begin in the past."),
            remedy=Message("Leave `valid_from` out to begin now."),
        )
    if wanted_until <= start:
        raise OrderRefused(
            Message("The term would end before it begins."), remedy=Message("Choose a later `valid_until`.")
        )
    if wanted_until > authorised_until:
        raise OrderRefused(
            Message(
                "The authorisation behind the product ends at {authorised_until}.",
                authorised_until=authorised_until.isoformat(),
            ),
            remedy=Message("Choose an earlier `valid_until`."),
            authorised_until=authorised_until.isoformat(),
        )
    return start, wanted_until
