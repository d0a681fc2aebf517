"""What an amendment leaves outside the authorisation. Pure."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from contracts.amendments.errors import NothingAmended, PreviewOutdated
from infra.digest import json_digest
from infra.messages import Message


@dataclass(frozen=True, slots=True)
class Impact:
    """What an amendment stops when it takes effect: ids of products, of licences, and of agreements not concluded."""

    products: frozenset[UUID]
    licences: frozenset[UUID]
    agreements: frozenset[UUID]

    def document(self) -> dict[str, list[str]]:
        """As JSON, ids in order."""
        return {
            "products": sorted(map(str, self.products)),
            "licences": sorted(map(str, self.licences)),
            "agreements": sorted(map(str, self.agreements)),
        }

    @classmethod
    def of(cls, document: dict[str, list[str]]) -> "Impact":
        """The impact within a document made by :meth:`document`."""
        return cls(*(frozenset(map(UUID, document[name])) for name in ("products", "licences", "agreements")))

    def beyond(self, confirmed: "Impact") -> "Impact":
        """What is stopped now and was not when it was confirmed."""
        return Impact(
            self.products - confirmed.products,
            self.licences - confirmed.licences,
            self.agreements - confirmed.agreements,
        )

    @property
    def count(self) -> int:
        """How many things it stops."""
        return len(self.products) + len(self.licences) + len(self.agreements)


def preview_digest(text: dict[str, Any], impact: Impact) -> str:
    """What names a preview: the amended text and everything that it stops."""
    return json_digest({"text": text, "stops": impact.document()}).hex()


def require_preview(confirmed: str, now: str) -> None:
    """Refuse to propose what another preview showed.

    :raises PreviewOutdated: it is not the one of now.
    """
    if confirmed != now:
        raise PreviewOutdated(
            Message("The preview that was confirmed is not the one of now."),
            remedy=Message("Look at the preview again and send its digest."),
        )


def require_not_grown(impact: Impact, confirmed: Impact) -> None:
    """Refuse to stop what nobody was shown.

    :raises PreviewOutdated: it would stop more than was confirmed.
    """
    grown = impact.beyond(confirmed)
    if grown.count:
        raise PreviewOutdated(
            Message(
                "By now the amendment would also stop {products} products, {licences} licences and {agreements}"
                " agreements that were not there when it was confirmed.",
                products=len(grown.products),
                licences=len(grown.licences),
                agreements=len(grown.agreements),
            ),
            remedy=Message("Decline it, look at the preview again and propose it anew."),
            grown={name: len(ids) for name, ids in grown.document().items()},
        )


def require_changed(before: dict[str, Any], after: dict[str, Any]) -> None:
    """Refuse an amendment that changes nothing.

    :raises NothingAmended: both texts say the same.
    """
    same = {name: value for name, value in after.items() if name != "version"}
    if same == {name: value for name, value in before.items() if name != "version"}:
        raise NothingAmended(
            Message("The amendment would leave everything as it is."),
            remedy=Message(
                "Send what is to change: resources, columns, scenarios, regions, purposes, term or shares."
            ),
        )


def next_to_sign(
    sources: Iterable[UUID], body_id: UUID | None, operator_id: UUID, signed: Collection[UUID]
) -> list[UUID]:
    """Whose signature is the next step: every source agency's, then the authorising body's, then the operator's.

    :param body_id: None where two sides signed the authorisation.
    :param signed: organisations that have signed.
    """
    if missing := sorted(set(sources) - set(signed)):
        return missing
    for party in (body_id, operator_id):
        if party is not None and party not in signed:
            return [party]
    return []
