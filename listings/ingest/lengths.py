"""How long values are, without unpacking them: a dictionary's text is counted once and never repeated.

The figures are lower bounds for nested values (their JSON text is longer) and exact for plain texts.
"""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

Lengths = np.ndarray[Any, np.dtype[np.int64]]
"""Bytes of each value of an array."""


def is_text(kind: pa.DataType) -> bool:
    """Whether values of this type are of any length themselves."""
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    ) or is_binary(kind)


def is_binary(kind: pa.DataType) -> bool:
    """Whether values of this type are bytes that are no text."""
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_binary_view(kind))


def nesting(kind: pa.DataType) -> int:
    """How many lists, structs and maps the innermost value lies in."""
    deepest, waiting = 0, [(kind, 0)]
    while waiting:
        one, depth = waiting.pop()
        deepest = max(deepest, depth)
        waiting += [(one.field(i).type, depth + 1) for i in range(one.num_fields)]
    return deepest


def lengths(array: pa.Array) -> Lengths:
    """Bytes that each value takes as text at least; 0 for a missing text.

    :raises ValueError: a type whose values may be repeated in ways that this does not follow.
    """
    kind = array.type
    if isinstance(kind, pa.BaseExtensionType):
        return lengths(array.storage)
    if pa.types.is_dictionary(kind):
        each = lengths(array.dictionary)
        places = array.indices.fill_null(0).to_numpy(zero_copy_only=False)
        found = each[places.astype(np.int64)] if len(each) else np.zeros(len(array), np.int64)
        return np.where(array.is_valid().to_numpy(zero_copy_only=False), found, 0)
    if pa.types.is_string_view(kind) or pa.types.is_binary_view(kind):
        # Arrow has no function for these; a view of 16 bytes begins with its length.
        views = np.frombuffer(array.buffers()[1], np.int32)[4 * array.offset :: 4][: len(array)]
        return np.where(array.is_valid().to_numpy(zero_copy_only=False), views, 0).astype(np.int64)
    if is_text(kind):
        return _numbers(pc.binary_length(array).fill_null(0))
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_map(kind):
        return _list_lengths(array)
    if pa.types.is_fixed_size_list(kind):
        values = array.values.slice(array.offset * kind.list_size, len(array) * kind.list_size)
        return np.asarray(lengths(values).reshape(len(array), kind.list_size).sum(axis=1) + 2)
    if pa.types.is_struct(kind):
        total = np.full(len(array), 2, np.int64)
        for i in range(kind.num_fields):
            total += lengths(array.field(i)) + len(kind.field(i).name.encode()) + 3
        return total
    if kind.num_fields:
        raise ValueError(f"values of {kind} cannot be measured")
    return np.ones(len(array), np.int64)


def _list_lengths(array: pa.Array) -> Lengths:
    offsets = _numbers(array.offsets)
    values = array.keys if pa.types.is_map(array.type) else array.values
    if not values.type.num_fields and not is_text(values.type) and not pa.types.is_dictionary(values.type):
        found = np.diff(offsets) * 2  # without an array as long as all the lists together
    else:
        found = _sums(values, offsets)
    if pa.types.is_map(array.type):
        found = found + _sums(array.items, offsets)
    return np.where(array.is_valid().to_numpy(zero_copy_only=False), found + 2, 0)


def _sums(values: pa.Array, offsets: Lengths) -> Lengths:
    upto = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths(values) + 1)])
    return np.asarray(upto[offsets[1:]] - upto[offsets[:-1]])


def _numbers(array: pa.Array) -> Lengths:
    return np.asarray(array.to_numpy(zero_copy_only=False), np.int64)
