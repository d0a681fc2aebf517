"""Nested Arrow values as JSON text, one at a time: as Python's objects a value takes many times its size."""

import json
from collections.abc import Iterator
from math import isfinite
from typing import Any

import pyarrow as pa

from infra.messages import Message
from listings.ingest.errors import UnsupportedColumn, shown
from listings.ingest.lengths import is_binary

_NANOSECONDS = pa.time64("ns")


def unwritable(kind: pa.DataType) -> bool:
    """Whether a value within is of a type that is refused as a column too: binary, or a duration."""
    return any(is_binary(one) or pa.types.is_fixed_size_binary(one) or _is_span(one) for one in _within(kind))


def has_floats(kind: pa.DataType) -> bool:
    """Whether a value within may be NaN or infinite."""
    return any(pa.types.is_floating(one) for one in _within(kind))


def _within(kind: pa.DataType) -> Iterator[pa.DataType]:
    """The types of the values within a nested type."""
    waiting = [kind]
    while waiting:
        one = waiting.pop()
        if isinstance(one, pa.BaseExtensionType):
            waiting.append(one.storage_type)
        elif pa.types.is_dictionary(one):
            waiting.append(one.value_type)
        else:
            yield one
        waiting += [one.field(i).type for i in range(one.num_fields)]


def json_texts(values: pa.Array, column: str) -> pa.Array:
    """Each value's JSON text; a number within that is not finite is null there.

    :raises UnsupportedColumn: a value cannot be written, such as a date outside the years 1 to 9999.
    """
    if any(one == _NANOSECONDS for one in _within(values.type)):  # Python's times have microseconds
        values = values.cast(_with_texts(values.type))
    return pa.array(_texts(values, column), pa.string())


def _with_texts(kind: pa.DataType) -> pa.DataType:
    """A nested type with texts in place of times of day in nanoseconds."""
    if kind == _NANOSECONDS:
        return pa.string()
    parts = [kind.field(i).with_type(_with_texts(kind.field(i).type)) for i in range(kind.num_fields)]
    if pa.types.is_struct(kind):
        return pa.struct(parts)
    if pa.types.is_list(kind):
        return pa.list_(*parts)
    if pa.types.is_large_list(kind):
        return pa.large_list(*parts)
    if pa.types.is_fixed_size_list(kind):
        return pa.list_(*parts, kind.list_size)
    if pa.types.is_map(kind):
        return pa.map_(_with_texts(kind.key_type), _with_texts(kind.item_type))
    return kind


def _texts(values: pa.Array, column: str) -> Iterator[str | None]:
    for value in values:
        try:
            text = json.dumps(_finite(value.as_py()), ensure_ascii=False, default=str, allow_nan=False)
        except (ValueError, OverflowError, ArithmeticError, KeyError, TypeError) as error:
            raise UnsupportedColumn(
                Message(
                    "Column {name} holds a value that JSON text cannot say: {reason}.",
                    name=shown(column),
                    reason=str(error).splitlines()[0][:200].rstrip(".")
                    if str(error)
                    else type(error).__name__,
                ),
                remedy=Message("Correct or empty the value, or write its parts as columns of their own."),
                column=column,
            ) from None
        yield text if value.is_valid else None


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, dict):
        return {name: _finite(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value


def _is_span(kind: pa.DataType) -> bool:
    return bool(pa.types.is_duration(kind) or pa.types.is_interval(kind))
