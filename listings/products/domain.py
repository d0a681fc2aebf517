"""What a product must have before it is published, and what of its data may be shown."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from infra.errors import Conflict, Forbidden, Invalid, NotFound
from infra.messages import Message, joined
from listings.ingest.result import Column

SAMPLE_ROWS = 20
"""Rows of a sample."""

MASK = "***"
"""What stands in a sample in place of personal information."""


class DeliveryClass(StrEnum):
    """How data reaches the buyer."""

    RECORDS_API = "records_api"


class QualityStanding(StrEnum):
    """What the quality check of a revision has come to."""

    CHECKING = "checking"
    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class DictionaryEntry:
    """What a column means.

    :ivar unit: unit of measure, as written to people, or None.
    :ivar personal: holds personal information (PIPL art. 4), so samples show it masked.
    """

    name: str
    title_zh: str
    title_en: str
    unit: str | None
    personal: bool


@dataclass(frozen=True, slots=True)
class Gap:
    """One thing that is missing before a product can be published, and how to supply it."""

    code: str
    detail: Message
    remedy: Message


@dataclass(frozen=True, slots=True)
class Readiness:
    """What is known of a product when it is submitted or approved."""

    quality: QualityStanding | None
    sample_rows: int
    plan_id: UUID | None
    personal_information: bool
    personal_columns: int


class ProductIncomplete(Conflict):
    """Something is missing before the product can be published; `missing` lists all of it."""

    slug = "product-incomplete"
    title = Message("The product is not complete")


class SameOrganisation(Forbidden):
    """Whoever decides about a product must not belong to those who made it."""

    slug = "four-eyes"
    title = Message("Somebody else must decide this")


class ColumnsUnauthorised(Conflict):
    """A revision holds columns that the authorisation does not cover."""

    slug = "columns-not-authorised"
    title = Message("The data goes beyond the authorisation")


class SchemaBroken(Conflict):
    """A new revision drops or retypes a column that buyers rely on."""

    slug = "schema-broken"
    title = Message("The new revision would break its buyers")


class DictionaryRefused(Invalid):
    """The dictionary does not fit the data."""

    slug = "dictionary-columns"
    title = Message("The dictionary does not fit the data")


class NotTradeable(Conflict):
    """The product is on the market no more, for now or for good."""

    slug = "product-not-tradeable"
    title = Message("The product cannot be ordered at present")


class PurposeNotOffered(Invalid):
    """The authorisation does not cover the purpose."""

    slug = "purpose-not-offered"
    title = Message("The product is not offered for this purpose")


class PlanNotYours(NotFound):
    """No such price plan of the operator's."""

    slug = "price-plan-not-found"
    title = Message("No such price plan")


_QUALITY_GAPS = {
    None: Gap(
        "revision",
        Message("There is no revision."),
        Message("Upload a file to POST /v1/products/{product_id}/revisions."),
    ),
    QualityStanding.CHECKING: Gap(
        "quality_report",
        Message("The quality check has not finished."),
        Message("Wait for it; a check takes seconds to minutes."),
    ),
    QualityStanding.FAILED: Gap(
        "quality_report",
        Message("The newest revision failed its quality check."),
        Message("Read the report and upload better data."),
    ),
    QualityStanding.ERROR: Gap(
        "quality_report",
        Message("The quality check could not be carried out."),
        Message("Upload the data again, or report it."),
    ),
}


def gaps(ready: Readiness) -> list[Gap]:
    """Everything that is missing, not only the first thing; empty when the product may be published."""
    missing = []
    if ready.quality is not QualityStanding.PASSED:
        missing.append(_QUALITY_GAPS[ready.quality])
    if ready.quality is not None and ready.sample_rows == 0:
        missing.append(
            Gap(
                "sample",
                Message("The revision has no rows to show."),
                Message("Upload a file with at least one row."),
            )
        )
    if ready.plan_id is None:
        missing.append(
            Gap(
                "price_plan",
                Message("No price plan is attached."),
                Message("Use PUT /v1/products/{product_id}/price-plan."),
            )
        )
    if ready.personal_information and ready.personal_columns == 0:
        missing.append(
            Gap(
                "dictionary",
                Message("The resource holds personal information and no column is marked as personal."),
                Message("Mark the columns with PUT /v1/products/{product_id}/dictionary."),
            )
        )
    return missing


def require_complete(ready: Readiness) -> None:
    """Refuse to submit or publish an incomplete product.

    :raises ProductIncomplete: with every gap in `missing`.
    """
    missing = gaps(ready)
    if missing:
        raise ProductIncomplete(
            joined((gap.detail for gap in missing), " "),
            remedy=joined((gap.remedy for gap in missing), " "),
            missing=[{"code": gap.code, "detail": gap.detail, "remedy": gap.remedy} for gap in missing],
        )


def require_other_side(decider: UUID, parties: Collection[UUID]) -> None:
    """Four eyes: the deciding organisation is neither the operator nor the owner.

    :raises SameOrganisation: it is.
    """
    if decider in parties:
        raise SameOrganisation(Message("Your organisation is a party to this product."))


def require_columns_authorised(columns: Iterable[Column], authorised: Sequence[str] | None) -> None:
    """Refuse data that goes beyond the authorisation.

    :param authorised: column names, or None for all columns.
    :raises ColumnsUnauthorised: names the columns that are too many.
    """
    if authorised is None:
        return
    beyond = [column.name for column in columns if column.name not in set(authorised)]
    if beyond:
        raise ColumnsUnauthorised(
            Message("The authorisation does not cover: {beyond}.", beyond=", ".join(beyond[:20])),
            remedy=Message("Leave these columns out of the file, or have them authorised."),
            columns=beyond[:100],
        )


def require_compatible(before: Iterable[Column], now: Iterable[Column]) -> None:
    """Refuse a revision of a published product that drops or retypes a column; adding one is fine.

    :raises SchemaBroken: names the columns.
    """
    kinds = {column.name: column.kind for column in now}
    broken = [
        f"{column.name} (was {column.kind}, now {kinds.get(column.name, 'absent')})"
        for column in before
        if kinds.get(column.name) is not column.kind
    ]
    if broken:
        raise SchemaBroken(
            Message("Buyers rely on: {broken}.", broken=", ".join(broken[:20])),
            remedy=Message("Keep names and kinds of the published columns, or list a new product."),
        )


def dictionary(
    columns: Iterable[Column], described: Mapping[str, DictionaryEntry], *, personal: bool
) -> list[DictionaryEntry]:
    """One entry for each column, in the data's order; a column nobody described is titled by its name.

    :param personal: the resource holds personal information, so that a column counts as personal until it is
        described as not: one that a later revision brings must not be shown before anybody has looked at it.
    """
    return [
        described.get(column.name, DictionaryEntry(column.name, column.name, column.name, None, personal))
        for column in columns
    ]


def personal_columns(entries: Iterable[DictionaryEntry]) -> set[str]:
    """Names of the columns whose values are shown to nobody who has not licensed them."""
    return {entry.name for entry in entries if entry.personal}


def require_known_columns(entries: Sequence[DictionaryEntry], columns: Iterable[Column] | None) -> None:
    """Refuse a dictionary that describes a column twice, or one that is not in the data.

    :param columns: of the newest revision, or None when there is none yet.
    :raises DictionaryRefused: names the columns.
    """
    names = [entry.name for entry in entries]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DictionaryRefused(
            Message("Described twice: {twice}.", twice=", ".join(twice[:20])),
            remedy=Message("Describe each column once."),
        )
    if columns is not None:
        unknown = sorted(set(names) - {column.name for column in columns})
        if unknown:
            raise DictionaryRefused(
                Message("Not in the data: {unknown}.", unknown=", ".join(unknown[:20])),
                remedy=Message("Use the column names of the newest revision, as GET …/revisions lists them."),
            )


def masked(rows: Iterable[Mapping[str, Any]], personal: Collection[str]) -> list[dict[str, Any]]:
    """Rows for display: values of personal columns become `MASK`; an absent value stays absent."""
    return [
        {name: MASK if name in personal and value is not None else value for name, value in row.items()}
        for row in rows
    ]
