"""How an order and a signature are checked. Pure."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from contracts.agreements.errors import DigestMismatch, OrderRefused, OutsideAuthorisation
from contracts.terms import Terms
from infra.messages import Message
from listings.authorisations.domain import Scenario, scenarios_outside
from listings.authorisations.regions import regions_outside, require_regions
from listings.products.domain import DeliveryClass
from pricing.regulated.purposes import PurposeClass

MAX_COLUMNS_BYTES = 4_500
"""What the names of an agreement's columns take together, as JSON escaped to ASCII: every licence token lists them, and
a token goes into a header."""

MAX_SCOPE_BYTES = 4_860
"""What columns, scenarios and regions take together, likewise."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What an authorisation covers of one resource; `columns` None means all."""

    columns: tuple[str, ...] | None
    purposes: tuple[str, ...]
    scenarios: tuple[str, ...]
    regions: tuple[str, ...]
    valid_until: datetime


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

    :raises OrderRefused: one of them is not offered, or is named more than once; or their names together are too long
        for a licence token.
    """
    if wanted is None:
        return _fitting(tuple(offered))
    unknown = [name for name in wanted if name not in offered]
    if unknown:
        raise OrderRefused(
            Message("The product has no column {unknown!r}.", unknown=unknown[0]),
            remedy=Message("Choose among the columns of the product."),
            columns=list(offered),
        )
    if len(set(wanted)) != len(wanted):
        raise OrderRefused(
            Message("A column is named more than once."), remedy=Message("Name each column once.")
        )
    return _fitting(tuple(name for name in offered if name in set(wanted)))


def _fitting(columns: tuple[str, ...]) -> tuple[str, ...]:
    size = len(json.dumps(columns, separators=(",", ":")))
    if size > MAX_COLUMNS_BYTES:
        raise OrderRefused(
            Message(
                "The names of the {count} columns take {size:,} bytes in a licence token; at most {limit:,} fit.",
                count=len(columns),
                size=size,
                limit=MAX_COLUMNS_BYTES,
            ),
            remedy=Message(
                "Name fewer columns in `columns`, and order the others in another agreement; or ask the operator for"
                " shorter names."
            ),
            limit=MAX_COLUMNS_BYTES,
        )
    return columns


def require_delivery(offered: Collection[DeliveryClass]) -> None:
    """Make sure that the product is delivered by the records API, the way of every licence.

    :raises OrderRefused: it is not.
    """
    if DeliveryClass.RECORDS_API not in offered:
        raise OrderRefused(
            Message("The product is not delivered by the records API."),
            remedy=Message("Ask the operator to deliver it so, by a new edition of the product."),
            delivery_classes=sorted(offered),
        )


def require_fitting(columns: Collection[str], scenarios: Collection[str], regions: Collection[str]) -> None:
    """Make sure that a licence token can list all of them.

    :raises OrderRefused: together they are too long.
    """
    size = sum(len(json.dumps(list(names), separators=(",", ":"))) for names in (columns, scenarios, regions))
    if size > MAX_SCOPE_BYTES:
        raise OrderRefused(
            Message(
                "Columns, scenarios and regions take {size:,} bytes in a licence token; at most {limit:,} fit.",
                size=size,
                limit=MAX_SCOPE_BYTES,
            ),
            remedy=Message(
                "Name larger regions in `regions`, such as a province for its prefectures, or fewer `columns`; or order"
                " the others in another agreement."
            ),
            limit=MAX_SCOPE_BYTES,
        )


def require_purposes(wanted: Collection[PurposeClass], offered: Collection[str]) -> None:
    """Make sure that the product is offered for every purpose of an order.

    :raises OrderRefused: it is not, or one is named more than once.
    """
    outside = [purpose.value for purpose in wanted if purpose.value not in offered]
    if outside:
        raise OrderRefused(
            Message("The product is not offered for the purpose {outside!r}.", outside=outside[0]),
            remedy=Message("Choose among the purposes of the product, which the catalogue shows."),
            purposes=sorted(offered),
        )
    if len(set(wanted)) != len(wanted):
        raise OrderRefused(
            Message("A purpose is named more than once."), remedy=Message("Name each purpose once.")
        )


def chosen_scenarios(wanted: Collection[Scenario] | None, authorised: Collection[str]) -> tuple[str, ...]:
    """The fields of use of an order, in order; None asks for all that the authorisation covers.

    :raises OrderRefused: one is not covered, or 'all' stands beside others.
    """
    if wanted is None:
        return tuple(sorted(authorised))
    if outside := scenarios_outside(wanted, authorised):
        raise OrderRefused(
            Message("The authorisation does not cover the scenario {outside!r}.", outside=outside[0]),
            remedy=Message("Choose among the scenarios of the authorisation."),
            scenarios=sorted(authorised),
        )
    if Scenario.ALL in wanted and len(set(wanted)) > 1:
        raise OrderRefused(
            Message("'all' already covers the other scenarios."),
            remedy=Message("Name 'all' alone, or leave it out."),
        )
    return tuple(sorted({scenario.value for scenario in wanted}))


def chosen_regions(wanted: Collection[str] | None, authorised: Collection[str]) -> tuple[str, ...]:
    """The divisions of an order, in order; None asks for all that the authorisation covers.

    :raises OrderRefused: one is not covered.
    :raises ScopeRefused: one is no division, or contains another.
    """
    if wanted is None:
        return tuple(sorted(authorised))
    require_regions(wanted)
    if outside := regions_outside(wanted, authorised):
        raise OrderRefused(
            Message("The authorisation does not cover the region {outside}.", outside=outside[0]),
            remedy=Message("Choose divisions that lie within the regions of the authorisation."),
            regions=sorted(authorised),
        )
    return tuple(sorted(set(wanted)))


def require_within(agreement_id: UUID, terms: Terms, scope: Scope) -> None:
    """Make sure that what is about to be concluded still lies within what its product and its authorisation cover.

    Terms from before scenarios and regions travelled name none, and are given those of the authorisation.

    :raises OutsideAuthorisation: names what does not.
    """
    outside = [
        *(
            f"column {name}"
            for name in terms.columns
            if scope.columns is not None and name not in scope.columns
        ),
        *(f"purpose {one}" for one in terms.purposes if one not in scope.purposes),
        *(f"scenario {code}" for code in scenarios_outside(terms.scenarios, scope.scenarios)),
        *(f"region {code}" for code in regions_outside(terms.regions, scope.regions)),
    ]
    if terms.valid_until > scope.valid_until:
        outside.append(f"term until {terms.valid_until.isoformat()}")
    if outside:
        raise OutsideAuthorisation(
            Message(
                "The product and its authorisation do not cover this any more: {outside}.",
                outside=", ".join(outside),
            ),
            remedy=Message(
                "End this agreement at POST /v1/agreements/{agreement_id}/termination, and order again what the"
                " catalogue offers now.",
                agreement_id=agreement_id,
            ),
        )


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
