"""Reading a data call: what is taken, and what is refused in which words."""

from contextlib import suppress
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote, urlencode
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listings.ingest.result import Column, Kind
from market.delivery import cursors, domain
from market.delivery.domain import Operator
from market.delivery.errors import (
    ColumnUnknown,
    InvalidQuery,
    PurposeNotLicensed,
    RegionNotLicensed,
    ScenarioNotLicensed,
)

REVISION = UUID("0198c0de-0000-7000-8000-000000000001")
OTHER = UUID("0198c0de-0000-7000-8000-000000000002")


def column(name: str, kind: Kind, zone: str | None = None) -> Column:
    return Column(name=name, original_name=name, kind=kind, physical="", nullable=True, zone=zone)


COLUMNS = {
    each.name: each
    for each in (
        column("station", Kind.TEXT),
        column("id", Kind.INTEGER),
        column("price", Kind.DECIMAL),
        column("pm25", Kind.NUMBER),
        column("valid", Kind.BOOLEAN),
        column("day", Kind.DATE),
        column("at", Kind.TIMESTAMP, "UTC"),
        column("local", Kind.TIMESTAMP),
        column("空气:eq:质量", Kind.TEXT),
        column("a,b", Kind.TEXT),
    )
}


def read(*fields: tuple[str, str]) -> domain.Query:
    return domain.read_query(urlencode(fields), COLUMNS, REVISION)


def test_without_parameters_all_licensed_columns_come_from_the_start() -> None:
    query = read()
    assert [each.name for each in query.columns] == list(COLUMNS)
    assert (query.filters, query.limit, query.after) == ((), 50, -1)


def test_columns_are_chosen_one_by_one_or_with_commas_and_once() -> None:
    query = read(("select", "pm25"), ("select", "id,station,id"), ("select", "a,b"))
    assert [each.name for each in query.columns] == ["pm25", "id", "station", "a,b"]


@pytest.mark.parametrize(
    ("text", "operator", "values"),
    [
        ("station:eq:万寿西宫", Operator.EQ, ("万寿西宫",)),
        ("station:eq:", Operator.EQ, ("",)),
        ("station:eq:a:gt:b", Operator.EQ, ("a:gt:b",)),
        ("station:in:a,b,c", Operator.IN, ("a", "b", "c")),
        ("station:contains:west", Operator.CONTAINS, ("west",)),
        ("空气:eq:质量:ne:good", Operator.NE, ("good",)),
        ("id:gt:-35", Operator.GT, (-35,)),
        ("price:le:12.50", Operator.LE, (Decimal("12.50"),)),
        ("pm25:lt:3.5e1", Operator.LT, (35.0,)),
        ("valid:eq:false", Operator.EQ, (False,)),
        ("day:ge:2026-01-31", Operator.GE, (date(2026, 1, 31),)),
        ("at:ge:2026-01-31T08:00:00+08:00", Operator.GE, (datetime(2026, 1, 31),)),  # noqa: DTZ001 -- stored so
        ("at:ge:2026-01-31T08:00:00Z", Operator.GE, (datetime(2026, 1, 31, 8),)),  # noqa: DTZ001
        ("local:eq:2026-01-31 08:00", Operator.EQ, (datetime(2026, 1, 31, 8),)),  # noqa: DTZ001
        ("day:is_null:true", Operator.IS_NULL, (True,)),
    ],
)
def test_filters_are_read_as_the_kind_of_their_column(
    text: str, operator: Operator, values: tuple[Any, ...]
) -> None:
    (found,) = read(("filter", text)).filters
    assert (found.operator, found.values) == (operator, values)


def test_a_plus_sign_that_nobody_encoded_is_still_an_offset() -> None:
    (found,) = domain.read_query("filter=at:ge:2026-01-31T08:00:00+08:00", COLUMNS, REVISION).filters
    assert found.values == (datetime(2026, 1, 31),)  # noqa: DTZ001


@pytest.mark.parametrize(
    "text",
    [
        "station",
        "station:like:x",
        "id:gt:3.5",
        "id:gt:" + "9" * 39,
        "price:gt:1e3",
        "price:gt:0." + "1" * 39,
        "pm25:gt:nan",
        "pm25:gt:inf",
        "pm25:gt:1e999",
        "pm25:gt:1.2.3",
        "valid:gt:true",
        "valid:eq:yes",
        "day:eq:2026-02-30",
        "day:eq:20260131",
        "at:eq:tomorrow",
        "at:eq:0001-01-01T00:00:00+14:00",
        "local:eq:2026-01-31T08:00:00Z",
        "pm25:contains:3",
        "day:is_null:maybe",
        "station:eq:" + "x" * 501,
        "station:eq:nul\x00",
        "id:in:" + ",".join(["1"] * 101),
    ],
)
def test_what_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(InvalidQuery):
        read(("filter", text))


@pytest.mark.parametrize(
    "fields",
    [
        [("limit", "0")],
        [("limit", "1001")],
        [("limit", "１２")],
        [("limit", "")],
        [("limit", "5"), ("limit", "6")],
        [("cursor", "nonsense")],
        [("cursor", "")],
        [("filtre", "id:eq:1")],
        [("filter", "id:eq:1")] * 21,
        [("select", "id")] * 500,
        [("select", "x" * 9000)],
    ],
)
def test_parameters_that_are_wrong_or_unknown_are_refused(fields: list[tuple[str, str]]) -> None:
    with pytest.raises(InvalidQuery):
        read(*fields)


def test_a_query_that_is_not_utf8_is_refused() -> None:
    with pytest.raises(InvalidQuery):
        domain.read_query("select=%ff%fe", COLUMNS, REVISION)


def test_a_column_outside_the_licence_is_no_column() -> None:
    licensed = domain.readable(tuple(COLUMNS.values()), ["pm25", "station", "gone"])
    assert list(licensed) == ["station", "pm25"]  # in the data's order, and only what there is
    answers = []
    for name in ("price", "no_such_column"):
        for field in (f"select={name}", f"filter={name}:eq:1"):
            with pytest.raises(ColumnUnknown) as refusal:
                domain.read_query(field, licensed, REVISION)
            answers.append({**refusal.value.problem(), "detail": refusal.value.detail.replace(name, "NAME")})
    assert all(answer == answers[0] for answer in answers)
    assert answers[0]["columns"] == ["station", "pm25"]


def test_a_cursor_leads_on_in_its_revision_only() -> None:
    cursor = cursors.encode_cursor(REVISION, 49)
    assert read(("cursor", cursor)).after == 49
    with pytest.raises(cursors.CursorOfRevision):
        domain.read_query(f"cursor={quote(cursor)}", COLUMNS, OTHER)


@given(st.integers(0, 10**7), st.integers(0, 35), st.sampled_from("AZaz09-_"))
def test_a_cursor_that_was_altered_is_none(row: int, place: int, other: str) -> None:
    cursor = cursors.encode_cursor(REVISION, row)
    assert cursors.decode_cursor(cursor, REVISION) == row
    altered = cursor[:place] + other + cursor[place + 1 :]
    if altered != cursor:
        with pytest.raises(InvalidQuery, match="Invalid cursor"):
            cursors.decode_cursor(altered, REVISION)


def test_the_only_purpose_need_not_be_said() -> None:
    assert domain.choose_purpose(["research"], None) == "research"
    assert domain.choose_purpose(["research", "credit"], "credit") == "credit"
    for licensed, stated in ((["research", "credit"], None), (["research"], "credit"), (["research"], "")):
        with pytest.raises(PurposeNotLicensed):
            domain.choose_purpose(licensed, stated)


@pytest.mark.parametrize(
    ("scenarios", "regions", "stated", "chosen"),
    [
        (["insurance"], ["310000"], (None, None), ("insurance", "310000")),
        (["insurance"], ["310000"], ("insurance", "310115"), ("insurance", "310115")),
        (["insurance", "commerce"], ["310000", "320500"], ("commerce", "320505"), ("commerce", "320505")),
        (["all"], ["100000"], (None, None), ("all", "100000")),
        (["all"], ["100000"], ("education", "810000"), ("education", "810000")),
        (None, None, (None, None), (None, None)),
    ],
)
def test_a_call_is_made_for_one_scenario_and_one_region(
    scenarios: list[str] | None, regions: list[str] | None, stated: tuple[Any, Any], chosen: tuple[Any, Any]
) -> None:
    use = domain.choose_use(["research"], scenarios, regions, domain.StatedUse(None, *stated))
    assert use == domain.Use("research", *chosen)


@pytest.mark.parametrize(
    ("scenarios", "regions", "stated", "refusal"),
    [
        (["insurance", "commerce"], ["310000"], (None, None), ScenarioNotLicensed),
        (["insurance"], ["310000"], ("commerce", None), ScenarioNotLicensed),
        (["insurance"], ["310000"], ("all", None), ScenarioNotLicensed),
        (["all"], ["310000"], ("no_such", None), ScenarioNotLicensed),
        (["insurance"], ["310000", "320000"], (None, None), RegionNotLicensed),
        (["insurance"], ["310000"], (None, "320000"), RegionNotLicensed),
        (["insurance"], ["310000"], (None, "100000"), RegionNotLicensed),
        (["insurance"], ["310100"], (None, "310000"), RegionNotLicensed),
        (["insurance"], ["100000"], (None, "990000"), RegionNotLicensed),
        (["insurance"], ["100000"], (None, "000000"), RegionNotLicensed),
        (["insurance"], ["310000"], (None, "31"), RegionNotLicensed),
        (["insurance"], ["310000"], (None, ""), RegionNotLicensed),
        (["insurance"], ["310000"], (None, "３１００００"), RegionNotLicensed),
        # A token from before it said this does not open what it does not say.
        (None, None, ("insurance", None), ScenarioNotLicensed),
        (None, None, (None, "310000"), RegionNotLicensed),
    ],
)
def test_a_call_outside_scenario_or_region_is_refused(
    scenarios: list[str] | None, regions: list[str] | None, stated: tuple[Any, Any], refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        domain.choose_use(["research"], scenarios, regions, domain.StatedUse(None, *stated))


def test_the_digest_tells_requests_apart_and_the_key_pages() -> None:
    def plan(
        query: str, purpose: str = "research", *said: str | None, revision: UUID = REVISION
    ) -> domain.QueryPlan:
        return domain.plan(revision, COLUMNS, query, domain.Use(purpose, *said))

    base = plan("limit=5&filter=id:gt:1&filter=pm25:lt:9")
    same = plan("filter=pm25:lt:9.0&filter=id:gt:1&limit=5")
    assert (same.page_key, same.digest) == (base.page_key, base.digest)
    other_purpose = plan("limit=5&filter=id:gt:1&filter=pm25:lt:9", "credit")
    assert other_purpose.page_key == base.page_key
    assert other_purpose.digest != base.digest
    placed = [
        plan("limit=5&filter=id:gt:1&filter=pm25:lt:9", "research", *said)
        for said in (("insurance", "310000"), ("insurance", "310100"), ("commerce", "310000"))
    ]
    assert {one.page_key for one in placed} == {base.page_key}
    assert len({base.digest, *(one.digest for one in placed)}) == 4
    for other in (plan("limit=5"), plan("limit=6&filter=id:gt:1&filter=pm25:lt:9"), plan("", revision=OTHER)):
        assert other.page_key != base.page_key
        assert other.digest != base.digest


@given(st.text(max_size=60), st.sampled_from(["filter", "select", "limit", "cursor", "x"]))
def test_whatever_is_sent_is_read_or_refused(text: str, name: str) -> None:
    query = None
    with suppress(InvalidQuery, ColumnUnknown):
        query = domain.read_query(f"{name}={text}", COLUMNS, REVISION)
    if query is not None:
        assert name != "x"
        assert set(query.columns) <= set(COLUMNS.values())
        assert 1 <= query.limit <= domain.MAX_LIMIT
        assert query.after >= -1
