"""The terms of an agreement: what both sides sign, and what its licence is then issued under. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from infra.digest import json_digest
from pricing.regulated.purposes import PurposeClass

LATEST = "latest"
"""Of a licence that reads whatever revision is the latest."""


@dataclass(frozen=True, slots=True)
class Terms:
    """Everything an agreement settles. Times are UTC, the term is half-open [valid_from, valid_until).

    :param right_id: the right to hold the resource that the authorisation rests on.
    :param columns: what may be read, in the product's order.
    :param purposes: what the data may be used for; each call names one of them.
    :param quotas: limits over the whole term, by metered unit; a unit that is not named is not limited.
    :param edition_id: the edition of the product that was ordered; ``edition_digest`` is that of its document. None of
        agreements from before there were editions.
    :param revision_id: the revision that is read, whatever comes after it; None for the latest.
    :param scenarios: fields of use; ``regions``, divisions (GB/T 2260) it may be used for: each call names one of each.
        Empty in what was signed before they travelled: such a licence has those of its authorisation.
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
    quotas: Mapping[str, int]
    shares: Mapping[str, int]
    edition_id: UUID | None = None
    edition_digest: str | None = None
    revision_id: UUID | None = None
    scenarios: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()

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
            "quotas": dict(self.quotas),
            "shares": dict(self.shares),
            "revision": str(self.revision_id) if self.revision_id else LATEST,
            "scenarios": list(self.scenarios),
            "regions": list(self.regions),
        } | self._edition()

    def _edition(self) -> dict[str, Any]:
        if self.edition_id is None:
            return {}
        return {"edition_id": str(self.edition_id), "edition_digest": self.edition_digest}

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
            quotas=_quotas_of(document),
            shares=document["shares"],
            edition_id=UUID(document["edition_id"]) if "edition_id" in document else None,
            edition_digest=document.get("edition_digest"),
            revision_id=_revision_of(document),
            scenarios=tuple(document.get("scenarios", ())),
            regions=tuple(document.get("regions", ())),
        )


def _revision_of(document: Mapping[str, Any]) -> UUID | None:
    """Documents from before revisions could be pinned name none, and mean the latest."""
    revision = document.get("revision", LATEST)
    return None if revision == LATEST else UUID(revision)


def _quotas_of(document: Mapping[str, Any]) -> dict[str, int]:
    """What was signed never changes: documents of the first releases have a member for each of two units."""
    if "quotas" in document:
        return dict(document["quotas"])
    limits = {"calls": document["quota_calls"], "rows": document["quota_rows"]}
    return {code: limit for code, limit in limits.items() if limit is not None}


def document_digest(document: Mapping[str, Any]) -> str:
    """SHA-256, in hexadecimal, of a document of terms as canonical JSON: what both sides sign."""
    return json_digest(document).hex()
