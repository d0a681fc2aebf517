"""Proposed suites: what each rests on, and what is never taken from one file."""

from dataclasses import replace
from typing import Any

import pytest

from infra.labels import Label
from listings.ingest.profile import WORDS
from quality.arguments import problems, require_suite
from quality.checks import Check, CheckType, Dimension, Severity
from quality.limits import MAX_CHECKS
from quality.proposals.budgets import budget
from quality.proposals.domain import propose, propose_suite
from quality.proposals.facts import ColumnFacts, FileFacts, KeyFacts, Meaning, Proposal, Reference
from quality.proposals.vocabulary import FORMS

ROWS = 1_000


def fact(name: str, kind: str = "text", nulls: int = 0, distinct: int = 5, **more: Any) -> ColumnFacts:
    return ColumnFacts(name, kind, nulls, distinct, sampled=ROWS, sampled_nulls=nulls, **more)


def by_name(found: list[Proposal]) -> dict[str, Proposal]:
    return {proposal.check.name: proposal for proposal in found}


def of(
    *facts: ColumnFacts, rows: int = ROWS, keys: tuple[KeyFacts, ...] = (), **more: Any
) -> dict[str, Proposal]:
    file = FileFacts(rows, facts, keys)
    found = propose(file, **more)
    kinds = {one.name: one.kind for one in facts}
    for proposal in found:
        assert not list(problems(proposal.check, kinds)), proposal
        assert proposal.basis.zh
        assert proposal.basis.en
    return by_name(found)


def quantiles(*, start: float = 0, step: float = 1, last: float | None = None) -> tuple[str, ...]:
    points = [start + step * place for place in range(21)]
    return tuple(f"{point:g}" for point in [*points[:-1], points[-1] if last is None else last])


def test_every_suite_counts_rows_and_looks_for_repeated_ones() -> None:
    found = list(of(fact("x")).values())
    names = [proposal.check.name for proposal in found[:3]]
    assert names == ["row_count", "row_count:band", "no_repeated_rows"]
    assert found[0].check.arguments == {"minimum": "1", "expected": "1000"}
    assert found[0].check.severity is Severity.BLOCKING
    assert "1,000 rows" in found[0].basis.en


@pytest.mark.parametrize("repeated", [0, 9, 20, 100, 200])
def test_a_column_called_an_identifier_is_held_to_it_however_often_it_repeats(repeated: int) -> None:
    found = of(fact("station_id", distinct=ROWS - repeated), fact("n", "decimal"))
    assert found["unique:station_id"].check.severity is Severity.BLOCKING
    assert "its name says that it identifies" in found["unique:station_id"].basis.en


def test_a_reference_is_no_key_and_neither_is_a_quantity() -> None:
    found = of(fact("station_id", distinct=12), fact("income", "integer", distinct=995))
    assert not [name for name in found if name.startswith("unique")]


def test_columns_that_identify_together_are_proposed_as_the_profile_found_them() -> None:
    facts = fact("station_id", distinct=12), fact("observed_at", "timestamp", distinct=84, increasing=True)
    found = of(*facts, keys=(KeyFacts(("station_id", "observed_at"), ROWS, ROWS - 1),))
    key = found["unique_together:station_id:observed_at"]
    assert key.check.severity is Severity.BLOCKING
    assert key.basis.en == "of 1,000 rows looked at 1 repeats the combination"
    assert "increasing:observed_at" in found


@pytest.mark.parametrize(
    ("missing", "limit"),
    [
        (0, "0"),
        (1, "0.1"),
        (2, "0.5"),
        (10, "1"),
        (11, "2"),
        (60, "10"),
        (200, "20"),
        (350, "20"),
        (1_000, "20"),
    ],
)
def test_a_budget_of_blanks_is_a_step_and_bounded(missing: int, limit: str) -> None:
    assert budget(missing, ROWS).limit == limit


def test_a_third_of_blanks_is_no_budget() -> None:
    check = of(fact("speed", "integer", nulls=350))["not_null:speed"]
    assert check.check.tolerance.limit == "20"
    assert check.basis.en.startswith("350 of 1,000 rows are blank (35%); no more than 20% is ever proposed")


def test_columns_that_may_be_blank_by_what_they_mean_have_no_budget() -> None:
    assert len(of(fact("remarks", nulls=900), fact("备注", nulls=900))) == 3


@pytest.mark.parametrize(
    ("name", "meaning", "bounds"),
    [
        ("latitude", Meaning(), {"minimum": "-90", "maximum": "90"}),
        ("x", Meaning(title_zh="经度"), {"minimum": "-180", "maximum": "180"}),
        ("pm25", Meaning(), {"minimum": "0", "maximum": "1000"}),
        ("humidity", Meaning(unit="%"), {"minimum": "0", "maximum": "100"}),
        ("x", Meaning(unit="%"), {"minimum": "0", "maximum": "100"}),
        ("x", Meaning(unit="万元"), {"minimum": "0"}),
        ("x", Meaning(unit="mg/m³"), {"minimum": "0"}),
        ("Cost Total $", Meaning(), {"minimum": "0"}),
        ("price_change", Meaning(unit="元"), None),
        ("delay", Meaning(unit="min"), None),
        ("x", Meaning(), None),
    ],
)
def test_ranges_come_from_units_names_and_titles(
    name: str, meaning: Meaning, bounds: dict[str, str] | None
) -> None:
    found = of(fact(name, "decimal", quantiles=()), meanings={name: meaning})
    proposed = found.get(f"between:{name}")
    assert (None if proposed is None else proposed.check.arguments) == bounds


def test_fences_rest_on_quartiles_and_never_on_the_extremes() -> None:
    first = of(fact("x", "number", distinct=900, quantiles=quantiles(start=10)))["fence:x"]
    assert first.check.arguments == {"minimum": "-15", "maximum": "55"}
    assert "quartiles 15–25, not the extremes" in first.basis.en
    worse = of(fact("x", "number", distinct=900, quantiles=quantiles(start=10, last=9_999)))["fence:x"]
    assert worse.check == first.check


def test_no_value_of_a_personal_column_stands_in_a_proposal() -> None:
    personal = {name: Meaning(personal=True) for name in ("income", "town")}
    found = of(
        fact("income", "number", distinct=900, quantiles=quantiles(start=10)),
        fact("town", values=("a", "b"), top_values=(("a", 500), ("b", 500))),
        meanings=personal,
    )
    assert {name for name in found if ":" in name} == {
        "row_count:band", "not_null:income", "not_null:town", "well_formed:town",
    }  # fmt: skip


def test_the_list_of_what_occurs_is_never_closed() -> None:
    weather = fact(
        "weather",
        values=("fog", "rain", "sun"),
        shape="^[a-z]+$",
        top_values=(("rain", 600), ("sun", 395), ("fog", 5)),
    )
    found = of(weather)
    assert not [name for name in found if name.startswith("in_set")]
    assert found["contains_all:weather"].check.arguments == {"values": ["rain", "sun"]}
    assert found["matches:weather"].check.arguments == {"pattern": "^[a-z]+$"}
    assert "well_formed:weather" in found
    assert "contains_all:weather" not in of(weather, meanings={"weather": Meaning(personal=True)})


@pytest.mark.parametrize(
    ("one", "code"),
    [
        (fact("country", values=("Palau", "USA"), top_values=(("USA", 999),)), "iso_3166_1_alpha_3"),
        (fact("country", values=("CN", "US")), "iso_3166_1_alpha_2"),
        (fact("行政区划代码", top_values=(("310115", 90), ("999999", 10))), "gb_t_2260"),
        (fact("currency", values=("CNY", "RMB")), "iso_4217"),
        (fact("open", values=("否", "是")), "yes_no_zh"),
        (fact("country", values=("中国",)), None),
    ],
)
def test_closed_lists_are_standard_ones(one: ColumnFacts, code: str | None) -> None:
    found = of(one).get(f"in_set:{one.name}")
    assert (None if found is None else found.check.arguments) == (None if code is None else {"list": code})


def test_forms_that_are_known_by_name_come_first() -> None:
    found = of(fact("信用代码", shape="^[A-Z]{3}$"))
    assert found["matches:信用代码"].check.arguments["pattern"] == "^[0-9A-HJ-NPQRTUWXY]{18}$"


def test_pairs_and_times() -> None:
    found = of(
        fact("temp_max", "number", nulls=30), fact("temp_min", "number"), fact("pm10", "decimal"),
        fact("pm25", "decimal"), fact("start_at", "timestamp"), fact("end_at", "timestamp"),
        fact("valid_until", "date"), within="PT48H",
    )  # fmt: skip
    assert {"not_less:temp_max:temp_min", "not_less:pm10:pm25", "not_less:end_at:start_at"} <= found.keys()
    assert found["not_less:temp_max:temp_min"].check.tolerance.limit == "5"
    assert "not_after_arrival:start_at" in found
    assert not {"not_after_arrival:end_at", "not_after_arrival:valid_until"} & found.keys()
    assert found["recent:start_at"].check.arguments == {"within": "PT48H"}


def test_earlier_revisions_give_bands_and_baselines() -> None:
    weather = fact("weather", values=("rain", "sun"), top_values=(("rain", 600), ("sun", 400)))
    measured = fact("x", "number", distinct=900, quantiles=quantiles())
    file = FileFacts(ROWS, (weather, measured))
    before = FileFacts(
        900,
        (
            replace(weather, top_values=(("rain", 700), ("sun", 300))),
            replace(measured, quantiles=quantiles(start=1)),
        ),
    )
    first = of(weather, measured)
    assert not [one for one in first if one.startswith("distribution")]
    assert first["row_count:band"].check.arguments == {"minimum": "900"}
    found = by_name(propose(file, earlier=[before]))
    assert found["row_count:band"].check.arguments == {"minimum": "810", "maximum": "2000"}
    drift = found["distribution:weather"].check
    assert drift.arguments == {
        "baseline": {"kind": "categories", "shares": {"rain": "0.6", "sun": "0.4"}},
        "maximum": "0.2",
    }
    assert len(found["distribution:x"].check.arguments["baseline"]["quantiles"]) == 11
    kinds = {"weather": "text", "x": "number"}
    assert not [one for p in found.values() for one in problems(p.check, kinds)]


def test_references_are_offered_for_columns_of_the_same_name_and_kind() -> None:
    station = fact("station_id", distinct=12)
    title = Label("监测站", "Stations")
    product = "0190b2a8-0000-7000-8000-000000000001"
    found = of(
        station,
        references=[
            Reference(product, title, "station_id", "text"),
            Reference("b", title, "station_id", "integer"),
        ],
    )
    assert [name for name in found if name.startswith("references")] == ["references:station_id:1"]


def test_what_a_suite_has_no_room_for_is_told() -> None:
    suite = propose_suite(FileFacts(ROWS, tuple(fact(f"c{n}") for n in range(500))))
    assert len(suite.proposals) == MAX_CHECKS
    assert suite.left_out is not None
    assert "603 more were left out: 103 not_null, 500 well_formed" in suite.left_out.en
    assert propose_suite(FileFacts(1, (fact("a"),))).left_out is None


def test_proposals_are_read_back_as_checks() -> None:
    for proposal in of(fact("id", distinct=ROWS), fact("at", "timestamp")).values():
        assert Check.from_json(proposal.check.to_json()) == proposal.check


def test_a_proposed_suite_is_one_that_is_taken_whatever_the_columns_are_called() -> None:
    odd = ["站" * 250 + str(number) for number in range(300)]
    facts = [*(fact(name) for name in odd), fact("zero\u200bwidth"), fact("tab\tbed", "integer")]
    suite = propose_suite(FileFacts(ROWS, tuple(facts)))
    checks = [proposal.check for proposal in suite.proposals]
    require_suite(checks, {one.name: one.kind for one in facts})
    assert suite.left_out is not None
    small = [p.check for p in propose(FileFacts(ROWS, (fact("zero\u200bwidth"), fact("x" * 499))))]
    require_suite(small, {"zero\u200bwidth": "text", "x" * 499: "text"})
    assert {"zero\u200bwidth", "x" * 499} <= {column for check in small for column in check.columns}


def test_every_form_is_a_pattern_that_every_engine_takes() -> None:
    for pattern in (*(form.form for form in FORMS), *WORDS, "^[A-Z]{2}-[0-9]{4}[.]/_$"):
        check = Check(CheckType.MATCHES, ("c",), Dimension.CONFORMITY, {"pattern": pattern})
        assert not problems(check, {"c": "text"}), pattern
