"""How values of a column are shown in samples and profiles: by its rule, within what its class allows. Pure.

- hide: nothing of the value;
- truncate: its first characters, of personal information a third of them at most;
- generalise: the band of a number, month or year of a date, province of a division code;
- hash: equal values alike, by a secret of the product's, so that nobody finds them by trying.
"""

import hashlib
import hmac
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

from infra.messages import Message
from listings.products.errors import DictionaryRefused
from listings.resources.domain import Classification

MASK = "***"
"""What stands in place of a value that is not shown."""

_HASH_CHARACTERS = 16
_FORMULA = re.compile(r"[=@\t\r\n]|[+-](?![0-9.]+(?:[eE][+-]?[0-9]+)?$)")
_DATED = re.compile(r"([0-9]{4})(?:-([0-9]{2}))?")
_DIVISION = re.compile(r"([1-9][0-9])[0-9]{4}(?:[0-9]{6})?")


class MaskMethod(StrEnum):
    """How values are shown."""

    SHOW = "show"
    HIDE = "hide"
    TRUNCATE = "truncate"
    GENERALISE = "generalise"
    HASH = "hash"


class GeneraliseTo(StrEnum):
    """What a value is made coarser to."""

    BAND = "band"
    MONTH = "month"
    YEAR = "year"
    PROVINCE = "province"


@dataclass(frozen=True, slots=True)
class MaskRule:
    """How the values of one column are shown.

    :ivar keep: characters that a truncated value keeps.
    :ivar to: what a generalised value is made coarser to; ``width`` is that of a band, an exact decimal as text.
    """

    method: MaskMethod
    keep: int = 0
    to: GeneraliseTo | None = None
    width: str | None = None

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready mapping; ``from_json`` reads it back."""
        return {"method": self.method, "keep": self.keep, "to": self.to, "width": self.width}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "MaskRule":
        """Read what ``to_json`` wrote.

        :raises KeyError, TypeError, ValueError: the document is of another shape.
        """
        to = document["to"]
        return cls(
            MaskMethod(document["method"]),
            document["keep"],
            GeneraliseTo(to) if to is not None else None,
            document["width"],
        )


HIDE, SHOW = MaskRule(MaskMethod.HIDE), MaskRule(MaskMethod.SHOW)

Rules = Mapping[str, MaskRule | None]
"""Rule of each column; None for one that is absent altogether."""


def allowed_methods(
    classification: Classification | None, *, personal: bool, sensitive: bool
) -> frozenset[MaskMethod]:
    """The methods that a column of this class may be shown by; none for core data, which is absent."""
    if classification is Classification.CORE:
        return frozenset()
    if sensitive:
        return frozenset({MaskMethod.HIDE, MaskMethod.HASH})
    if classification is Classification.IMPORTANT:
        return frozenset({MaskMethod.HIDE, MaskMethod.HASH, MaskMethod.GENERALISE})
    if personal:
        return frozenset(MaskMethod) - {MaskMethod.SHOW}
    return frozenset(MaskMethod)


def rule_of(
    stated: MaskRule | None, classification: Classification | None, *, personal: bool, sensitive: bool
) -> MaskRule | None:
    """The rule in effect: what was stated where the class allows it, else hidden, or shown where nothing forbids it.

    :return: None for a column that is absent.
    """
    allowed = allowed_methods(classification, personal=personal, sensitive=sensitive)
    if not allowed:
        return None
    if stated is not None and stated.method in allowed:
        return stated
    return SHOW if stated is None and MaskMethod.SHOW in allowed else HIDE


def require_rule(
    column: str,
    rule: MaskRule,
    classification: Classification | None,
    *,
    personal: bool,
    sensitive: bool,
) -> None:
    """Refuse a rule that says too little, or shows more than the class of the column allows.

    :raises DictionaryRefused: names the column and what would do.
    """
    allowed = allowed_methods(classification, personal=personal, sensitive=sensitive)
    if rule.method not in allowed:
        raise DictionaryRefused(
            Message(
                "Column {column} may not be shown by the rule {method}.", column=column, method=rule.method
            ),
            remedy=Message("Use one of: {methods}.", methods=", ".join(sorted(allowed)))
            if allowed
            else Message("Leave the column out: core data is in no sample."),
        )
    incomplete = (rule.method is MaskMethod.TRUNCATE and rule.keep < 1) or (
        rule.method is MaskMethod.GENERALISE
        and (rule.to is None or (rule.to is GeneraliseTo.BAND and not _is_width(rule.width)))
    )
    if incomplete:
        raise DictionaryRefused(
            Message("The rule of column {column} does not say how much is shown.", column=column),
            remedy=Message(
                "State keep from 1 for truncate; to, and for a band a width above 0, for generalise."
            ),
        )


def _is_width(width: str | None) -> bool:
    try:
        return width is not None and Decimal(width).is_finite() and Decimal(width) > 0
    except InvalidOperation:
        return False


def mask_value(value: Any, rule: MaskRule, *, personal: bool, key: bytes | None) -> Any:
    """One value as it is shown; what is missing stays missing.

    :param personal: of which a truncated value keeps a third at most.
    :param key: the product's secret; without it a value that would be hashed is hidden.
    """
    if value is None or rule.method is MaskMethod.HIDE:
        return None if value is None else MASK
    if rule.method is MaskMethod.SHOW:
        return harmless(value) if isinstance(value, str) else value
    text = _text(value)
    if rule.method is MaskMethod.TRUNCATE:
        keep = min(rule.keep, len(text) // 3) if personal else rule.keep
        return harmless(text if keep >= len(text) and not personal else text[:keep] + MASK)
    if rule.method is MaskMethod.HASH:
        if key is None:
            return MASK
        return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()[:_HASH_CHARACTERS]
    return _coarser(text, rule)


def harmless(text: str) -> str:
    """A text that no spreadsheet takes for a formula: one that would be begins with an apostrophe."""
    return f"'{text}" if _FORMULA.match(text) else text


def mask_rows(
    rows: Iterable[Mapping[str, Any]], rules: Rules, personal: Collection[str], key: bytes | None = None
) -> list[dict[str, Any]]:
    """Rows as they are shown; a column without a rule is absent."""
    return [
        {
            name: mask_value(value, rule, personal=name in personal, key=key)
            for name, value in row.items()
            if (rule := rules.get(name)) is not None
        }
        for row in rows
    ]


def remask(rows: Iterable[Mapping[str, Any]], stored: Rules, rules: Rules) -> list[dict[str, Any]]:
    """Rows that were masked before, by the rules of now: stricter ones take effect, milder ones wait for a new draw.

    :param stored: rules that the rows were masked by.
    """
    shown = []
    for row in rows:
        kept = {}
        for name, value in row.items():
            rule = rules.get(name)
            if rule is None:
                continue
            same = rule == stored.get(name) or rule.method is MaskMethod.SHOW or value is None
            kept[name] = value if same else MASK
        shown.append(kept)
    return shown


def masked_profile(profile: Iterable[Mapping[str, Any]], rules: Rules) -> list[dict[str, Any]]:
    """The profile of columns as far as their samples are shown.

    Of a column that is not shown as it is, only what tells no value: counts of rows, missing and distinct values.
    Absent columns are absent. Members that come to profiles later are left out of masked columns too.
    """
    open_members = ("name", "nulls", "null_share", "distinct", "distinct_exact", "rows")
    found = []
    for column in profile:
        rule = rules.get(column["name"])
        if rule is None:
            continue
        if rule.method is MaskMethod.SHOW:
            found.append(dict(column))
        else:
            found.append({name: column[name] for name in open_members if name in column})
    return found


def singling_columns(rules: Rules, guarded: Collection[str]) -> list[str]:
    """Columns of which something is left that, together, may single a person or a thing out.

    :param guarded: columns that are personal information or important data.
    """
    coarse = (MaskMethod.TRUNCATE, MaskMethod.GENERALISE)
    return [
        name for name, rule in rules.items() if rule is not None and name in guarded and rule.method in coarse
    ]


def uncounted_rules(rules: Rules, guarded: Collection[str]) -> dict[str, MaskRule | None]:
    """The rules for rows of which nobody has counted how many share what would be left: nothing is.

    :param guarded: see `singling_columns`.
    """
    return {**rules, **dict.fromkeys(singling_columns(rules, guarded), HIDE)}


def hide_singled_out(
    rows: Sequence[dict[str, Any]], columns: Sequence[str], counts: Mapping[tuple[Any, ...], int], least: int
) -> list[dict[str, Any]]:
    """Hide what is left in rows whose combination fewer than so many rows of the data share.

    :param counts: rows of the data by the masked values of these columns.
    """
    if not columns:
        return list(rows)
    shown = []
    for row in rows:
        combination = tuple(row.get(name) for name in columns)
        few = counts.get(combination, 0) < least
        shown.append(
            {
                name: MASK if few and name in columns and value is not None else value
                for name, value in row.items()
            }
        )
    return shown


def _text(value: Any) -> str:
    return value if isinstance(value, str) else str(value)


def _coarser(text: str, rule: MaskRule) -> str:
    if rule.to is GeneraliseTo.BAND:
        try:
            width, number = Decimal(rule.width or "0"), Decimal(text)
            low = (number / width).to_integral_value(ROUND_FLOOR) * width
            return f"{low:f}–{low + width:f}"
        except (InvalidOperation, ZeroDivisionError):
            return MASK
    if rule.to is GeneraliseTo.PROVINCE:
        division = _DIVISION.fullmatch(text)
        return f"{division[1]}0000" if division else MASK
    dated = _DATED.match(text)
    if dated is None:
        return MASK
    if rule.to is GeneraliseTo.YEAR:
        return dated[1]
    return f"{dated[1]}-{dated[2]}" if dated[2] else MASK
