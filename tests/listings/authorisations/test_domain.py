"""Scope, term and shares of an authorisation, and cells whose overlap is a conflict."""

from datetime import UTC, datetime
from itertools import product
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listings.authorisations.domain import (
    _SCENARIO_NUMBERS,
    CONSIDERATION_LABELS,
    SCENARIO_LABELS,
    Consideration,
    Scenario,
    Shares,
    cells,
    lane,
    require_shares,
    require_term,
    scenario_range,
)
from listings.authorisations.errors import ScopeRefused, SharesRefused, TermRefused
from listings.authorisations.regions import region_range

NOW = datetime(2026, 6, 1, tzinfo=UTC)
RESOURCE = (UUID(int=1), 7)


def meet(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def test_a_term_of_exactly_the_longest_is_allowed() -> None:
    require_term(NOW, NOW.replace(year=2031), now=NOW, max_years=5)
    with pytest.raises(TermRefused, match="longer than 5 years") as refused:
        require_term(NOW, NOW.replace(year=2031, microsecond=1), now=NOW, max_years=5)
    assert refused.value.extensions == {"max_term_years": 5}


def test_a_term_that_begins_on_a_leap_day_ends_by_the_first_of_march() -> None:
    leap = datetime(2028, 2, 29, tzinfo=UTC)
    require_term(leap, datetime(2033, 3, 1, tzinfo=UTC), now=NOW, max_years=5)
    with pytest.raises(TermRefused):
        require_term(leap, datetime(2033, 3, 2, tzinfo=UTC), now=NOW, max_years=5)


@pytest.mark.parametrize(("start", "end"), [(2027, 2027), (2028, 2027), (2020, 2021)])
def test_a_term_is_a_term_and_not_over(start: int, end: int) -> None:
    with pytest.raises(TermRefused):
        require_term(NOW.replace(year=start), NOW.replace(year=end), now=NOW, max_years=5)


@pytest.mark.parametrize("shares", [Shares(5000, 4000, 999), Shares(11000, -1000, 0), Shares(0, 0, 0)])
def test_shares_make_up_the_whole(shares: Shares) -> None:
    with pytest.raises(SharesRefused):
        require_shares(shares)
    require_shares(Shares(5000, 4000, 1000))
    require_shares(Shares(0, 10000, 0))


def test_a_scope_is_spread_over_every_combination() -> None:
    spread = cells(
        [RESOURCE, (UUID(int=2), 8)], [Scenario.COMMERCE, Scenario.INSURANCE], ["310000", "320500", "110101"]
    )
    assert len(spread) == 12
    assert len(set(spread)) == 12


@pytest.mark.parametrize(
    ("scenarios", "regions"),
    [
        ([Scenario.ALL, Scenario.COMMERCE], ["100000"]),
        ([Scenario.COMMERCE], ["100000", "310000"]),
        ([Scenario.COMMERCE], ["320000", "320500"]),
        ([], ["100000"]),
        ([Scenario.COMMERCE], []),
        (list(_SCENARIO_NUMBERS), [str(110101 + step) for step in range(80)]),
    ],
    ids=[
        "all and one",
        "country and province",
        "province and prefecture",
        "no scenario",
        "no region",
        "too many",
    ],
)
def test_a_contradictory_or_boundless_scope_is_refused(scenarios: list[Scenario], regions: list[str]) -> None:
    with pytest.raises(ScopeRefused):
        cells([RESOURCE], scenarios, regions)


def test_regions_contain_their_parts_and_nothing_else() -> None:
    country, province, prefecture, county = (
        region_range(code) for code in ("100000", "320000", "320500", "320505")
    )
    assert all(meet(one, other) for one, other in product([country, province, prefecture, county], repeat=2))
    assert not meet(province, region_range("330000"))
    assert not meet(prefecture, region_range("320600"))
    assert not meet(county, region_range("320506"))


def test_scenarios_meet_only_themselves_and_all() -> None:
    for one, other in product(Scenario, repeat=2):
        expected = one is other or Scenario.ALL in (one, other)
        assert meet(scenario_range(one), scenario_range(other)) is expected


@given(st.integers(1, 10**6), st.integers(1, 10**6), st.booleans(), st.booleans())
def test_lanes_meet_exactly_when_one_is_exclusive(one: int, other: int, first: bool, second: bool) -> None:
    if one != other:
        assert meet(lane(one, exclusive=first), lane(other, exclusive=second)) is (first or second)


def test_every_code_has_both_labels() -> None:
    assert set(SCENARIO_LABELS) == set(Scenario)
    assert set(CONSIDERATION_LABELS) == set(Consideration)
    assert set(_SCENARIO_NUMBERS) == set(Scenario) - {Scenario.ALL}
