"""A column kept as text whose values read as numbers or dates written in another way: what to declare. Pure."""

import re
from collections import Counter
from collections.abc import Sequence

from infra.messages import Message
from listings.ingest.errors import shown
from listings.ingest.expected import KIND_LABELS
from listings.ingest.formats import DATE_FORMATS, NUMBER_FORMATS, ColumnFormat, matching_formats
from listings.ingest.readings import DATES, FURTHER_DATES, MISSING_MARKERS, NUMBER, TRUTH_WORDS, narrowed
from listings.ingest.result import Kind, Notice

_CURRENCY = re.compile(r"[¥￥$€£] ?-?[0-9][0-9., ]*|-?[0-9][0-9., ]* ?(元|万元|[¥￥$€£])")
_CLOCK = re.compile("[0-9]:[0-9]")


def hint(name: str, values: Sequence[str]) -> Notice | None:
    """What to tell of a column of texts; None where its values are just that.

    :param values: the first ones, trimmed, without empty ones.
    """
    values = [narrowed(value) for value in values if value.upper() not in MISSING_MARKERS]
    formats = Counter(form for value in values for form in matching_formats(value))
    if values and all(value.lower() in TRUTH_WORDS for value in values):
        return _notice(name, Kind.BOOLEAN, None, values)
    numbers = [v for v in values if NUMBER.fits(v) or NUMBER_FORMATS.intersection(matching_formats(v))]
    dates = [v for v in values if _is_date(v)]
    if len(dates) * 2 > len(values):
        kind = Kind.TIMESTAMP if any(_CLOCK.search(value) for value in dates) else Kind.DATE
        orders = [(count, form) for form, count in formats.items() if form in DATE_FORMATS]
        return _notice(name, kind, max(orders)[1] if orders else None, dates)
    plain = [value for value in values if NUMBER.fits(value)]
    if len(plain) * 2 > len(values):  # in full-width digits, or they would have been read
        return _notice(name, Kind.DECIMAL, None, plain)
    usual = [(count, form) for form, count in formats.items() if form in NUMBER_FORMATS]
    if usual and len(numbers) * 2 > len(values):
        best = max(usual)[1]
        return _notice(name, Kind.DECIMAL, best, [v for v in numbers if best in matching_formats(v)])
    money = [value for value in values if _CURRENCY.fullmatch(value)]
    if len(money) * 2 > len(values):
        message = Message(
            "Column {column} is kept as text: values such as {example} carry a sign of currency. Write the number"
            " alone, and the currency into the column's unit.",
            column=shown(name),
            example=shown(money[0]),
        )
        return Notice("kept-as-text", message, name)
    return None


def declaration(kind: Kind, form: ColumnFormat | None) -> Message:
    """How a column comes to be read as what its values look like."""
    if form is None:
        return Message(
            "To have it read, declare the column as {kind} with PUT /v1/products/{{product_id}}/columns.",
            kind=kind.value,
        )
    return Message(
        "To have it read, declare the column as {kind} with the format {format}:"
        " PUT /v1/products/{{product_id}}/columns.",
        kind=kind.value,
        format=form.value,
    )


def number_format(value: str) -> ColumnFormat | None:
    """The format of numbers that a value is written in, where it is not the usual one."""
    return next((form for form in matching_formats(value) if form in NUMBER_FORMATS), None)


def _is_date(value: str) -> bool:
    orders = {ColumnFormat.DAY_FIRST, ColumnFormat.MONTH_FIRST}
    return any(reading.fits(value) for reading in (*DATES, *FURTHER_DATES)) or bool(
        orders.intersection(matching_formats(value))
    )


def _notice(name: str, kind: Kind, form: ColumnFormat | None, examples: Sequence[str]) -> Notice:
    message = Message(
        "Column {column} is kept as text, though values such as {example} read as {kind}. {way}",
        column=shown(name),
        example=_examples(examples),
        kind=KIND_LABELS[kind],
        way=declaration(kind, form),
    )
    return Notice("kept-as-text", message, name)


def _examples(values: Sequence[str]) -> str:
    """One value, or two of different makes."""
    make = re.sub("[0-9]+", "0", values[0])
    other = next((value for value in values if re.sub("[0-9]+", "0", value) != make), None)
    return shown(values[0]) if other is None else f"{shown(values[0])}, {shown(other)}"
