"""How a value is shown as JSON, in the sample of a revision and in the data that is sold: one rule for both. Pure.

Numbers are JSON numbers, with the digits that the column has after the point; dates and timestamps are text as in RFC
3339, a timestamp with ``Z`` where the column has a zone; what is missing, and what JSON has no number for, is null.
"""

import json
import re
from typing import Any

from listings.ingest.result import Column, Kind

_DECIMAL = re.compile(r"DECIMAL\((\d+),(\d+)\)")
_EXACT_DIGITS = 15
"""Decimals of so many digits come out of a double as they went in."""


def shown(column: Column, place: str) -> str:
    """SQL of a column's value as ``to_json`` is to be given it.

    :param place: SQL of the value itself.
    """
    if column.kind is Kind.NUMBER:  # JSON has no NaN and no infinity
        return f"CASE WHEN isfinite({place}) THEN {place} END"
    if column.kind is Kind.TIMESTAMP:
        return f"replace(CAST({place} AS VARCHAR), ' ', 'T')" + (" || 'Z'" if column.zone == "UTC" else "")
    if column.kind is Kind.DECIMAL:  # without a digit before the point DuckDB writes .5, which is no JSON
        found = _DECIMAL.fullmatch(column.physical)
        assert found is not None, column.physical
        precision, scale = int(found[1]), int(found[2])
        return f"CAST({place} AS DECIMAL({max(precision, scale + 1)},{scale}))"
    return place


def read_shown(text: str) -> Any:
    """What JSON of :func:`shown` says, as a JSON document that keeps it may hold it.

    A decimal with more digits than a double keeps is text, digit by digit as it is shown.
    """
    return json.loads(text, parse_float=_number)


def _number(text: str) -> float | str:
    digits = text.lower().partition("e")[0].lstrip("-").replace(".", "").strip("0")
    return float(text) if len(digits) <= _EXACT_DIGITS or repr(float(text)) == text else text
