"""What a data call asks for, read and checked: pure, no clock and no I/O.

The query's grammar, all parameters optional::

    select=NAME            repeated, or NAME,NAME: columns of the answer; default: all that the licence opens
    filter=NAME:OP:VALUE   repeated, all must hold; OP is eq, ne, lt, le, gt, ge, in, contains or is_null
    limit=N                rows of the page, 1 to 1000; default 50, or what is left of the quota if that is less
    cursor=TEXT            next_cursor of the page before

A value is written as the column's kind is written in the answer; ``in`` takes values with commas between them,
``contains`` looks for a piece of text, ``is_null`` takes ``true`` or ``false``. A missing value meets no comparison.
"""

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from hashlib import sha256
from typing import Any, NamedTuple
from urllib.parse import parse_qsl
from uuid import UUID

from infra.errors import Forbidden
from infra.messages import Message
from listings.authorisations.domain import Scenario
from listings.authorisations.errors import ScopeRefused
from listings.authorisations.regions import region_within, require_region
from listings.ingest.result import Column, Kind
from market.delivery.cursors import decode_cursor
from market.delivery.errors import (
    ColumnUnknown,
    InvalidQuery,
    PurposeNotLicensed,
    RegionNotLicensed,
    ScenarioNotLicensed,
)
from market.delivery.values import read_value

DEFAULT_LIMIT = 50
MAX_LIMIT = 1000
MAX_QUERY_LENGTH = 8192
MAX_FILTERS = 20
MAX_IN_VALUES = 100
MAX_FIELDS = 400
_SCENARIOS = frozenset(scenario.value for scenario in Scenario)
_REGION = re.compile("[1-9][0-9]{5}")
_SHORTER = Message("Send several calls, each with a part of what is asked for.")


class Operator(StrEnum):
    """How a column is compared."""

    CONTAINS = "contains"
    EQ = "eq"
    GE = "ge"
    GT = "gt"
    IN = "in"
    IS_NULL = "is_null"
    LE = "le"
    LT = "lt"
    NE = "ne"


_ORDERING = frozenset({Operator.LT, Operator.LE, Operator.GT, Operator.GE})
_FILTER_MARK = re.compile(f":({'|'.join(Operator)}):")


class Filter(NamedTuple):
    """One condition. ``values`` are of the column's kind: one, several for ``in``, a boolean for ``is_null``."""

    column: Column
    operator: Operator
    values: tuple[Any, ...]


class Query(NamedTuple):
    """A page of a revision: which columns and rows, from after which row on. Rows are counted from 0."""

    columns: tuple[Column, ...]
    filters: tuple[Filter, ...]
    limit: int
    after: int


class Use(NamedTuple):
    """What a call is made for. Scenario and region are None with a token from before they travelled."""

    purpose: str
    scenario: str | None = None
    region: str | None = None


class StatedUse(NamedTuple):
    """What a call says that it is made for in Data-Purpose, Data-Scenario and Data-Region; None where one is absent."""

    purpose: str | None = None
    scenario: str | None = None
    region: str | None = None


class QueryPlan(NamedTuple):
    """A call planned against one revision.

    :ivar page_key: names the page: the same revision and query give the same key, whoever asks.
    :ivar use: what it is made for.
    :ivar digest: names the request, whichever revision it is resolved to, and what it is made for.
    :ivar asked: what it asks for at most, by metered unit.
    :ivar limit_stated: whether the caller set the limit; otherwise it may be lowered.
    """

    revision_id: UUID
    use: Use
    query: Query
    page_key: bytes
    digest: bytes
    asked: Mapping[str, int]
    limit_stated: bool = True

    def limited(self, limit: int) -> "QueryPlan":
        """The same call with another limit, of a caller who set none."""
        assert not self.limit_stated
        query = self.query._replace(limit=limit)
        return self._replace(
            query=query, page_key=_page_key(self.revision_id, query), asked={"rows": query.limit}
        )


def choose_purpose(licensed: Sequence[str], stated: str | None) -> str:
    """The purpose of a call.

    :raises PurposeNotLicensed: another than the licence's, or none although it has several.
    """
    if stated is None and len(licensed) == 1:
        return licensed[0]
    if stated is not None and stated in licensed:
        return stated
    raise PurposeNotLicensed(
        Message("The licence has several purposes; the call must state one of them.")
        if stated is None
        else Message("The stated purpose is not one of the licence's purposes."),
        remedy=Message("Send one of the licence's purposes in the header Data-Purpose."),
        purposes=list(licensed),
    )


def choose_use(
    purposes: Sequence[str],
    scenarios: Sequence[str] | None,
    regions: Sequence[str] | None,
    stated: StatedUse,
) -> Use:
    """What a call is made for, within what the licence says.

    :param scenarios: of the licence; None with a token from before they travelled, and `regions` likewise.
    :raises PurposeNotLicensed, ScenarioNotLicensed, RegionNotLicensed: it is none of the licence's.
    """
    return Use(
        choose_purpose(purposes, stated.purpose),
        _choose_scenario(scenarios, stated.scenario),
        _choose_region(regions, stated.region),
    )


def _choose_scenario(licensed: Sequence[str] | None, stated: str | None) -> str | None:
    if stated is None:
        if licensed is None or len(licensed) == 1:
            return licensed[0] if licensed else None
        detail = Message("The licence has several scenarios; the call must state one of them.")
    elif licensed is None:
        raise _token_of_before(ScenarioNotLicensed)
    elif stated in licensed or (Scenario.ALL in licensed and stated in _SCENARIOS):
        return stated
    else:
        detail = Message("The stated scenario is not one of the licence's scenarios.")
    raise ScenarioNotLicensed(
        detail,
        remedy=Message("Send one of the licence's scenarios in the header Data-Scenario."),
        scenarios=sorted(_SCENARIOS) if Scenario.ALL in licensed else list(licensed),
    )


def _choose_region(licensed: Sequence[str] | None, stated: str | None) -> str | None:
    if stated is None:
        if licensed is None or len(licensed) == 1:
            return licensed[0] if licensed else None
        detail = Message("The licence has several regions; the call must state one of them.")
    elif licensed is None:
        raise _token_of_before(RegionNotLicensed)
    elif _is_region(stated) and region_within(stated, licensed):
        return stated
    else:
        detail = Message("The stated region lies within none of the licence's regions.")
    raise RegionNotLicensed(
        detail,
        remedy=Message(
            "Send one of the licence's regions, or a division within one, in the header Data-Region."
        ),
        regions=list(licensed),
    )


def _is_region(text: str) -> bool:
    try:
        if _REGION.fullmatch(text):
            require_region(text)
            return True
    except ScopeRefused:
        pass
    return False


def _token_of_before(kind: type[Forbidden]) -> Forbidden:
    return kind(
        Message("The licence token is from before tokens said this."),
        remedy=Message("Get a new one at POST /v1/licences/{licence_id}/tokens."),
    )


def readable(columns: Sequence[Column], licensed: Sequence[str]) -> dict[str, Column]:
    """The columns there are for a licence, in the data's order."""
    opened = frozenset(licensed)
    return {column.name: column for column in columns if column.name in opened}


def plan(
    revision_id: UUID,
    columns: Mapping[str, Column],
    raw_query: str,
    use: Use,
) -> QueryPlan:
    """Plan a call.

    :param columns: what :func:`readable` gave.
    :param raw_query: the query string as it was sent.
    :param use: what :func:`choose_use` gave.
    :raises ColumnUnknown, InvalidQuery: it cannot be answered as it is.
    :raises CursorOfRevision: it is to be planned against another revision.
    """
    query, stated_fields = _read_query(raw_query, columns, revision_id)
    columns_stated, limit_stated, cursor = stated_fields
    # What was left to us depends on the revision and on the quota; the request says only that it was.
    request = (
        [column.name for column in query.columns] if columns_stated else None,
        _normal(query.filters),
        query.limit if limit_stated else None,
        cursor,
    )
    return QueryPlan(
        revision_id,
        use,
        query,
        _page_key(revision_id, query),
        sha256(b"records\1" + repr(request).encode() + b"\0" + _used_for(use)).digest(),
        {"rows": query.limit},
        limit_stated,
    )


def _used_for(use: Use) -> bytes:
    # A key that was first sent with a token of before comes again with it as the same request.
    said = [use.purpose] if use.scenario is None else [use.purpose, use.scenario, use.region or ""]
    return "\0".join(said).encode()


def _page_key(revision_id: UUID, query: Query) -> bytes:
    names = tuple(column.name for column in query.columns)
    described = repr((names, _normal(query.filters), query.limit, query.after))
    return sha256(revision_id.bytes + described.encode()).digest()


def _normal(filters: Sequence[Filter]) -> list[tuple[str, str, str]]:
    return sorted((filter_.column.name, filter_.operator.value, repr(filter_.values)) for filter_ in filters)


def read_query(raw: str, columns: Mapping[str, Column], revision_id: UUID) -> Query:
    """Read a query string.

    :raises ColumnUnknown, InvalidQuery, CursorOfRevision: it cannot be read.
    """
    return _read_query(raw, columns, revision_id)[0]


def _read_query(
    raw: str, columns: Mapping[str, Column], revision_id: UUID
) -> tuple[Query, tuple[bool, bool, str | None]]:
    """The query; and whether it names columns and a limit, and its cursor."""
    names: list[str] = []
    filters: list[Filter] = []
    once: dict[str, str] = {}
    for name, value in _fields(raw):
        if name == "select":
            names.extend([value] if value in columns else value.split(","))
        elif name == "filter":
            filters.append(_read_filter(value, columns))
        elif name in ("limit", "cursor") and name not in once:
            once[name] = value
        else:
            raise InvalidQuery(
                Message("The parameter {name!r} is unknown, or was sent more than once.", name=name[:80]),
                remedy=Message(
                    "Use select, filter, limit and cursor; only select and filter may be repeated."
                ),
            )
    if len(filters) > MAX_FILTERS:
        raise InvalidQuery(
            Message(
                "There are {count} filters; at most {max_filters} are allowed.",
                count=len(filters),
                max_filters=MAX_FILTERS,
            ),
            remedy=_SHORTER,
        )
    chosen = [_known(name, columns) for name in dict.fromkeys(names)] if names else list(columns.values())
    after = decode_cursor(once["cursor"], revision_id) if "cursor" in once else -1
    query = Query(tuple(chosen), tuple(filters), _read_limit(once.get("limit")), after)
    return query, (bool(names), "limit" in once, once.get("cursor"))


def _fields(raw: str) -> list[tuple[str, str]]:
    if len(raw) > MAX_QUERY_LENGTH:
        raise InvalidQuery(
            Message(
                "The query is {count} characters long; at most {max_query_length} are allowed.",
                count=len(raw),
                max_query_length=MAX_QUERY_LENGTH,
            ),
            remedy=_SHORTER,
        )
    try:
        return parse_qsl(raw, keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS)
    except ValueError:  # of which a UnicodeDecodeError is one
        raise InvalidQuery(
            Message("The query string is not UTF-8, or has too many fields."),
            remedy=Message("Percent-encode it as UTF-8."),
        ) from None


def _known(name: str, columns: Mapping[str, Column]) -> Column:
    found = columns.get(name)
    if found is None:
        raise ColumnUnknown(
            Message("There is no column {name!r}.", name=name[:200]),
            remedy=Message("Use the columns listed here."),
            columns=list(columns),
        )
    return found


def _read_limit(text: str | None) -> int:
    if text is None:
        return DEFAULT_LIMIT
    if not re.fullmatch("[0-9]{1,4}", text) or not 1 <= int(text) <= MAX_LIMIT:
        raise InvalidQuery(
            Message(
                "limit must be a whole number from 1 to {max_limit}, not {text!r}.",
                max_limit=MAX_LIMIT,
                text=text[:20],
            ),
            remedy=Message("Write it like limit=100, or leave it out."),
        )
    return int(text)


def _read_filter(text: str, columns: Mapping[str, Column]) -> Filter:
    # A column's name may hold colons itself, so the first mark with a known column before it counts.
    marks = list(_FILTER_MARK.finditer(text))
    if not marks:
        raise InvalidQuery(
            Message("Invalid filter {text!r}.", text=text[:200]),
            remedy=Message(
                "Write column:operator:value, for example pm25:gt:35; operators are {operators}.",
                operators=", ".join(Operator),
            ),
        )
    mark = next((mark for mark in marks if text[: mark.start()] in columns), marks[0])
    column = _known(text[: mark.start()], columns)
    operator = Operator(mark[1])
    return Filter(column, operator, _read_values(column, operator, text[mark.end() :]))


def _read_values(column: Column, operator: Operator, text: str) -> tuple[Any, ...]:
    if operator is Operator.IS_NULL:
        if text not in ("true", "false"):
            raise InvalidQuery(
                Message("The operator is_null takes true or false."),
                remedy=Message(
                    "Write column:is_null:true for rows without a value, and false for the others."
                ),
            )
        return (text == "true",)
    if operator is Operator.CONTAINS and column.kind is not Kind.TEXT:
        raise InvalidQuery(
            Message(
                "The operator contains is for text columns; {column!r} is of kind {value}.",
                column=column.name,
                value=column.kind.value,
            ),
            remedy=Message("Compare it with eq, ne, lt, le, gt, ge or in."),
        )
    if operator in _ORDERING and column.kind is Kind.BOOLEAN:
        raise InvalidQuery(
            Message(
                "The operator {operator} does not apply to booleans; use eq or ne for {column!r}.",
                operator=operator.value,
                column=column.name,
            ),
            remedy=Message("Write column:eq:true or column:eq:false."),
        )
    pieces = text.split(",") if operator is Operator.IN else [text]
    if len(pieces) > MAX_IN_VALUES:
        raise InvalidQuery(
            Message(
                "The operator in takes at most {max_in_values} values, not {count}.",
                max_in_values=MAX_IN_VALUES,
                count=len(pieces),
            ),
            remedy=_SHORTER,
        )
    return tuple(read_value(column, piece) for piece in pieces)
