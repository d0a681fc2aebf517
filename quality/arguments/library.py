"""Expectations of Great Expectations that a check of type ``expectation`` may name. Pure.

Each judges one row at a time. None takes a condition, a query, a plug-in or a text that reaches an evaluator. What
``mostly`` would say a tolerance says, and rows with a missing value fail whatever ``ignore_row_if`` would say.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from infra.messages import Message
from quality.arguments.values import Reader, Unreadable, list_of, text, whole_number

_FORMAT = re.compile(r"(%[YmdHMSyjfb]|[ T:/.,年月日时分秒-])+")


@dataclass(frozen=True, slots=True)
class LibraryExpectation:
    """One expectation of the list.

    :param columns: how many it takes, at least and at most.
    :param kinds: logical types that its columns may have; None for any.
    :param parameters: its arguments by our names, with the library's name and the reader of each.
    :param required: arguments that must be there; of the others at least one, if ``some``.
    """

    columns: tuple[int, int] = (1, 1)
    kinds: frozenset[str] | None = None
    parameters: Mapping[str, tuple[str, Reader]] = field(default_factory=dict)
    required: frozenset[str] = frozenset()
    some: bool = False


def _time_format(value: Any) -> str:
    if not isinstance(value, str) or len(value) > 100 or not _FORMAT.fullmatch(value):
        raise Unreadable(Message('Write a format of times, such as "%Y-%m-%d %H:%M:%S".'))
    return value


_TEXT = frozenset({"text"})

LIBRARY_EXPECTATIONS: Mapping[str, LibraryExpectation] = {
    "expect_column_value_lengths_to_be_between": LibraryExpectation(
        kinds=_TEXT,
        parameters={"minimum": ("min_value", whole_number), "maximum": ("max_value", whole_number)},
        some=True,
    ),
    "expect_column_values_to_not_be_in_set": LibraryExpectation(
        kinds=_TEXT, parameters={"values": ("value_set", list_of(text))}, required=frozenset({"values"})
    ),
    "expect_column_values_to_be_json_parseable": LibraryExpectation(kinds=_TEXT),
    "expect_column_values_to_match_strftime_format": LibraryExpectation(
        kinds=_TEXT,
        parameters={"format": ("strftime_format", _time_format)},
        required=frozenset({"format"}),
    ),
    "expect_column_pair_values_to_be_equal": LibraryExpectation(columns=(2, 2)),
    "expect_select_column_values_to_be_unique_within_record": LibraryExpectation(columns=(2, 8)),
}
"""The allow-list, by the library's name."""
