"""The data dictionary: what the columns of a product mean, and which of them hold personal information. Pure."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from infra.messages import Message
from listings.products.errors import DictionaryRefused
from listings.products.masking import SHOW, MaskRule, rule_of
from listings.resources.domain import Classification


@dataclass(frozen=True, slots=True)
class DictionaryEntry:
    """What a column means.

    :ivar unit: unit of measure, as written to people, or None.
    :ivar personal: holds personal information (PIPL art. 4), so samples show it masked.
    :ivar sensitive: personal information that is sensitive (PIPL art. 28); such a column is personal too.
    :ivar classification: as the operator described it, never below the column's own; None for the column's own.
    :ivar mask: how its values are shown in samples; None for what its class and its being personal ask for.
    """

    name: str
    title_zh: str
    title_en: str
    unit: str | None
    personal: bool
    sensitive: bool = False
    classification: Classification | None = None
    mask: MaskRule | None = None

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "DictionaryEntry":
        """Read what was stored of an entry, also before there were classes.

        :raises KeyError, TypeError, ValueError: the document is of another shape.
        """
        stated, mask = document.get("classification"), document.get("mask")
        return cls(
            **{
                **document,
                "classification": None if stated is None else Classification(stated),
                "mask": None if mask is None else MaskRule.from_json(mask),
            }
        )


def mask_rules(entries: Iterable[DictionaryEntry]) -> dict[str, MaskRule | None]:
    """How the values of each column are shown; None for a column that is absent."""
    return {
        entry.name: rule_of(
            entry.mask, entry.classification, personal=entry.personal, sensitive=entry.sensitive
        )
        for entry in entries
    }


def concealed_columns(entries: Sequence[DictionaryEntry]) -> set[str]:
    """Names of the columns of which no value is shown as it is to whoever has not licensed them."""
    shown = {name for name, rule in mask_rules(entries).items() if rule == SHOW}
    return {entry.name for entry in entries} - shown


def declared_classes(entries: Iterable[DictionaryEntry]) -> dict[str, Classification | None]:
    """The classes that a dictionary states, by column."""
    return {entry.name: entry.classification for entry in entries}


def data_dictionary(
    columns: Iterable[str],
    described: Mapping[str, DictionaryEntry],
    *,
    personal: bool,
    units: Mapping[str, str],
) -> list[DictionaryEntry]:
    """One entry for each column, in the data's order; a column nobody described is titled by its name.

    :param columns: names of the data's columns.
    :param personal: the resource holds personal information, so that a column counts as personal until it is
        described as not: one that a later revision brings must not be shown before anybody has looked at it.
    :param units: declared of columns by name; the dictionary's own come first.
    """
    entries = [described.get(name, DictionaryEntry(name, name, name, None, personal)) for name in columns]
    return [entry if entry.unit else replace(entry, unit=units.get(entry.name)) for entry in entries]


def personal_columns(entries: Iterable[DictionaryEntry]) -> set[str]:
    """Names of the columns whose values are shown to nobody who has not licensed them."""
    return {entry.name for entry in entries if entry.personal}


def guarded_columns(entries: Iterable[DictionaryEntry]) -> set[str]:
    """Names of the columns of which a coarser value tells too much where few rows share it: personal or important."""
    return {
        entry.name for entry in entries if entry.personal or entry.classification is Classification.IMPORTANT
    }


def require_known_columns(entries: Sequence[DictionaryEntry], columns: Collection[str] | None) -> None:
    """Refuse a dictionary that describes a column more than once, or one that is not in the data.

    :param columns: names of the newest revision's columns, or None when there is no revision yet.
    :raises DictionaryRefused: names the columns.
    """
    names = [entry.name for entry in entries]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise DictionaryRefused(
            Message("Described more than once: {columns}.", columns=", ".join(repeated[:20])),
            remedy=Message("Describe each column once."),
        )
    if columns is not None:
        require_columns(names, columns)


def require_columns(names: Sequence[str], columns: Collection[str]) -> None:
    """Refuse names that are not in the data.

    :raises DictionaryRefused: names them.
    """
    unknown = sorted(set(names) - set(columns))
    if unknown:
        raise DictionaryRefused(
            Message("Not in the data: {columns}.", columns=", ".join(unknown[:20])),
            remedy=Message(
                "Use the column names of the newest revision; GET /v1/products/{product_id}/revisions lists them."
            ),
        )
