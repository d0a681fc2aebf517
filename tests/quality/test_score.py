"""Score, grade and gate: bounded, exact, and never better for worse data."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quality.checks import (
    KEYS,
    UNSCORED,
    WHOLE,
    Check,
    CheckResult,
    CheckStatus,
    CheckType,
    Dimension,
    Measured,
    Severity,
    Tolerance,
    ToleranceUnit,
)
from quality.gates import GRADES, Gate, RefusalCause, refusals
from quality.score import Assessment, Measure, Scale, assess

SCALE = Scale(
    {dimension: Decimal("0.2") for dimension in Dimension},
    {"A": Decimal("0.97"), "B": Decimal("0.93"), "C": Decimal("0.85"), "D": Decimal("0.70")},
    ("B", "B", "C", "D"),
)
GATE = Gate("D", Decimal(10))
OF_ROWS = sorted(set(CheckType) - WHOLE)
OBSERVED = {Dimension.TIMELINESS: Measure(9, 10), Dimension.ACCESSIBILITY: Measure(99, 100)}


def of_rows(check: Check, rows: int, failing: int) -> CheckResult:
    return CheckResult(check, rows, rows - failing)


def row_count(rows: int, arguments: dict[str, str], severity: Severity = Severity.WARNING) -> CheckResult:
    low, high = (int(arguments.get(name, limit)) for name, limit in (("minimum", 0), ("maximum", 10**9)))
    check = Check(CheckType.ROW_COUNT, (), Dimension.CONFORMITY, arguments, severity)
    return CheckResult(check, 1, int(low <= rows <= high), observed={"rows": rows})


tolerances = st.one_of(
    st.integers(0, 50).map(lambda limit: Tolerance(str(limit), ToleranceUnit.ROWS)),
    st.sampled_from(["0", "0.5", "2", "5", "33.3", "100"]).map(Tolerance),
)


@st.composite
def found(draw: st.DrawFn) -> Measured:
    """What a run may find: rows, some repeated; checks of every type; sound rows left in each."""
    rows = draw(st.integers(1, 400))
    repeated = draw(st.integers(0, rows - 1)) if draw(st.booleans()) else 0
    results = []
    for place in range(draw(st.integers(0, 5))):
        check = Check(
            kind := draw(st.sampled_from(OF_ROWS)),
            ("key",) if kind in KEYS else ("a",),
            draw(st.sampled_from(Dimension)),
            severity=draw(st.sampled_from(Severity)),
            tolerance=draw(tolerances),
            name=f"check {place}",
        )
        if check.type is CheckType.NO_REPEATED_ROWS:
            results.append(of_rows(check, rows, repeated))
        elif check.type in KEYS:
            failing = draw(st.integers(repeated, rows))
            apart = rows - failing + draw(st.integers(0, (failing - repeated) // 2))
            results.append(replace(of_rows(check, rows, failing), observed={"values": apart}))
        else:
            results.append(of_rows(check, rows, draw(st.integers(0, rows))))
    expected = draw(st.one_of(st.none(), st.integers(0, 500)))
    if expected is not None:
        results.append(row_count(rows, {"expected": str(expected), "minimum": str(expected // 2)}))
    return Measured(tuple(results), rows, repeated)


def judged(measured: Measured) -> tuple[Assessment, bool]:
    assessment = assess(measured, SCALE, OBSERVED)
    return assessment, not refusals(measured, assessment.grade, GATE)


def assert_no_better(before: Measured, after: Measured) -> None:
    (old, old_passed), (new, new_passed) = judged(before), judged(after)
    assert new.score <= old.score
    assert GRADES.index(new.grade) >= GRADES.index(old.grade)
    assert new_passed <= old_passed


@given(found())
def test_a_score_lies_between_nothing_and_everything(measured: Measured) -> None:
    assessment, _ = judged(measured)
    assert 0 <= assessment.score <= 1
    for measure in assessment.dimensions.values():
        assert measure.share is None or 0 <= measure.share <= 1


@given(found(), st.data())
def test_sound_rows_that_turn_bad_never_help(measured: Measured, data: st.DataObject) -> None:
    """Values are broken or blanked: more rows fail some of the checks."""
    worse = []
    for one in measured.results:
        more = 0 if one.check.type in WHOLE | KEYS else data.draw(st.integers(0, one.satisfied))
        blanks = data.draw(st.integers(0, more))
        worse.append(replace(one, satisfied=one.satisfied - more, missing=one.missing + blanks))
    assert_no_better(measured, replace(measured, results=tuple(worse)))


@given(found(), st.data())
def test_rows_that_are_repeated_never_help(measured: Measured, data: st.DataObject) -> None:
    """Rows are appended again, those that satisfy the most first."""
    more = data.draw(st.integers(1, 300))
    worse = []
    for one in measured.results:
        if one.check.type is CheckType.ROW_COUNT:
            worse.append(row_count(measured.rows + more, dict(one.check.arguments)))
        elif one.check.type is CheckType.NO_REPEATED_ROWS:
            worse.append(replace(one, evaluated=one.evaluated + more))
        elif one.check.type in KEYS:
            fewer = data.draw(st.integers(0, min(more, one.satisfied)))
            worse.append(replace(one, evaluated=one.evaluated + more, satisfied=one.satisfied - fewer))
        else:
            sound = data.draw(st.integers(0, more))
            worse.append(replace(one, evaluated=one.evaluated + more, satisfied=one.satisfied + sound))
    after = Measured(tuple(worse), measured.rows + more, measured.repeated + more)
    (old, _), (new, _) = judged(measured), judged(after)
    assert new.score <= old.score
    failing_before = {one.check.name for one in measured.results if one.status is CheckStatus.FAILED}
    rows_fail = {one.check.name for one in after.results if one.status is CheckStatus.FAILED}
    assert failing_before - {"row_count"} <= rows_fail, "no tolerance grows with what is repeated"


@given(found(), st.data())
def test_sound_rows_that_go_missing_never_help(measured: Measured, data: st.DataObject) -> None:
    """Rows that satisfy every check and repeat nothing are left out."""
    sound = min(
        (one.satisfied for one in measured.results if one.check.type not in WHOLE), default=measured.rows
    )
    gone = data.draw(st.integers(0, max(0, min(sound, measured.rows - measured.repeated) - 1)))
    rows = measured.rows - gone
    worse = [
        row_count(rows, dict(one.check.arguments))
        if one.check.type is CheckType.ROW_COUNT
        else replace(
            one,
            evaluated=rows,
            satisfied=one.satisfied - gone,
            observed={"values": one.different - gone} if one.check.type in KEYS else {},
        )
        for one in measured.results
    ]
    assert_no_better(measured, Measured(tuple(worse), rows, measured.repeated))


@given(found(), st.data())
def test_a_check_that_cannot_be_carried_out_never_helps(measured: Measured, data: st.DataObject) -> None:
    """But that of a key: without it, rows are told apart as wholes."""
    worse = [
        replace(one, evaluated=0, satisfied=0, missing=0, error="no such column")
        if one.check.type not in WHOLE | KEYS and data.draw(st.booleans())
        else one
        for one in measured.results
    ]
    assert_no_better(measured, replace(measured, results=tuple(worse)))


@given(found())
def test_a_file_without_rows_is_worth_nothing(measured: Measured) -> None:
    empty = [
        row_count(0, dict(one.check.arguments))
        if one.check.type is CheckType.ROW_COUNT
        else replace(one, evaluated=0, satisfied=0)
        for one in measured.results
    ]
    after = Measured(tuple(empty), 0, 0)
    assert_no_better(measured, after)
    assert judged(after)[0].score == 0
    assert not judged(after)[1]


@given(found(), st.randoms())
def test_the_order_does_not_matter(measured: Measured, chance: object) -> None:
    shuffled = list(measured.results)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert judged(replace(measured, results=tuple(shuffled))) == judged(measured)


def unique_ids(repeated: int) -> Measured:
    """A thousand rows, of which so many carry the identifier of another."""
    check = Check(CheckType.UNIQUE, ("id",), Dimension.ACCURACY)
    result = replace(of_rows(check, 1000, 2 * repeated), observed={"values": 1000 - repeated})
    return Measured((result,), 1000, 0)


def test_identifiers_of_which_two_percent_repeat_score_worse_than_with_nine_in_a_thousand() -> None:
    scores = [assess(unique_ids(repeated), SCALE).score for repeated in (0, 9, 20)]
    assert scores == [Decimal("1.000000"), Decimal("0.991000"), Decimal("0.980000")]


def test_types_that_judge_the_whole_or_the_order_enter_no_score() -> None:
    for kind in UNSCORED:
        assert (
            assess(Measured((CheckResult(Check(kind, ("a",), Dimension.ACCURACY), 1, 0),), 5, 0), SCALE).score
            == 0
        )
    some = CheckResult(Check(CheckType.NOT_NULL, ("a",), Dimension.COMPLETENESS), 5, 5)
    drift = CheckResult(Check(CheckType.DISTRIBUTION, ("a",), Dimension.ACCURACY), 1, 0)
    assert assess(Measured((some, drift), 5, 0), SCALE).score == 1


def test_rows_that_should_be_there_and_are_not_count_against_every_check() -> None:
    filled = of_rows(Check(CheckType.NOT_NULL, ("a",), Dimension.COMPLETENESS), 50, 0)
    assessment = assess(Measured((filled, row_count(50, {"expected": "100"})), 50, 0), SCALE)
    assert assessment.dimensions[Dimension.COMPLETENESS] == Measure(50, 100)
    assert assessment.dimensions[Dimension.CONFORMITY] == Measure(50, 100)
    many = assess(Measured((row_count(200, {"maximum": "150"}),), 200, 0), SCALE)
    assert many.dimensions[Dimension.CONFORMITY] == Measure(150, 200)


def test_what_is_observed_counts_where_it_is_lower() -> None:
    fresh = of_rows(Check(CheckType.NOT_AFTER_ARRIVAL, ("t",), Dimension.TIMELINESS), 100, 20)
    measured = Measured((fresh,), 100, 0)
    for observed, counted in ((Measure(9, 10), Measure(80, 100)), (Measure(7, 10), Measure(7, 10))):
        assessment = assess(measured, SCALE, {Dimension.TIMELINESS: observed})
        assert assessment.dimensions[Dimension.TIMELINESS] == counted
        assert assessment.observed[Dimension.TIMELINESS] == observed
    nothing = assess(measured, SCALE, {Dimension.ACCESSIBILITY: Measure(0, 0)})
    assert Dimension.ACCESSIBILITY in nothing.unmeasured


def perfect(dimensions: Sequence[Dimension]) -> Measured:
    return Measured(
        tuple(of_rows(Check(CheckType.NOT_NULL, ("a",), one), 10, 0) for one in dimensions), 10, 0
    )


@pytest.mark.parametrize(
    ("measured", "grade"), [(6, "A"), (5, "B"), (4, "B"), (3, "C"), (2, "D"), (1, "D"), (0, "E")]
)
def test_what_is_not_measured_lowers_the_grade_that_can_be_reached(measured: int, grade: str) -> None:
    assessment = assess(perfect(list(Dimension)[:measured]), SCALE)
    assert assessment.grade == grade
    assert len(assessment.unmeasured) == 6 - measured
    assert assessment.score == (1 if measured else 0)
    assert assessment.uncapped == ("A" if measured else "E")


def test_caps_never_rise_with_what_is_not_measured() -> None:
    assert replace(SCALE, caps=("C", "A")).cap(2) == "C"
    assert replace(SCALE, caps=()).cap(6) == "A"


def causes(*results: CheckResult, rows: int = 100, grade: str = "A", gate: Gate = GATE) -> list[RefusalCause]:
    return [one.cause for one in refusals(Measured(results, rows, 0), grade, gate)]


def test_a_blocking_check_refuses_a_perfect_score() -> None:
    check = Check(CheckType.NOT_NULL, ("a",), Dimension.COMPLETENESS, severity=Severity.BLOCKING)
    assert causes(of_rows(check, 100, 0)) == []
    for result in (
        of_rows(check, 100, 1),
        CheckResult(check, 0, 0),
        CheckResult(check, 0, 0, error="no such column"),
        row_count(0, {"minimum": "1"}, Severity.BLOCKING),
    ):
        assert causes(result) == [RefusalCause.BLOCKING_CHECK]


def test_a_warning_far_beyond_its_tolerance_refuses_too() -> None:
    check = Check(CheckType.IN_SET, ("a",), Dimension.CONFORMITY, tolerance=Tolerance("5"))
    assert causes(of_rows(check, 100, 15)) == []
    assert causes(of_rows(check, 100, 16)) == [RefusalCause.FAR_BEYOND_TOLERANCE]
    assert causes(of_rows(check, 100, 16), gate=Gate("D", Decimal("11.5"))) == []
    assert causes(CheckResult(check, 0, 0, error="no such column")) == [RefusalCause.FAR_BEYOND_TOLERANCE]
    rows = replace(check, tolerance=Tolerance("3", ToleranceUnit.ROWS))
    assert causes(of_rows(rows, 100, 14)) == [RefusalCause.FAR_BEYOND_TOLERANCE]


def test_a_warning_that_judges_the_whole_refuses_nothing() -> None:
    for kind in WHOLE | {CheckType.EXPECTATION}:
        check = Check(kind, ("a",), Dimension.ACCURACY)
        assert causes(CheckResult(check, 1, 0)) == []


def test_a_low_grade_refuses_by_the_gate_of_the_class() -> None:
    assert causes(grade="D") == []
    assert causes(grade="E") == causes(grade="D", gate=Gate("C", Decimal(10))) == [RefusalCause.LOW_GRADE]
    (refusal,) = refusals(Measured((), 1, 0), "E", GATE)
    assert refusal.sentence_en == "The grade is E; the lowest that passes is D"
    assert refusal.to_json()["sentence_zh"] == "等级为 E，最低须为 D"


def test_a_tolerance_allows_its_share_of_rows_that_do_not_repeat() -> None:
    check = Check(CheckType.NOT_NULL, ("a",), Dimension.COMPLETENESS, tolerance=Tolerance("10"))
    assert CheckResult(check, 20, 18).status is CheckStatus.PASSED
    assert CheckResult(check, 20, 17).status is CheckStatus.FAILED
    assert CheckResult(check, 0, 0).status is CheckStatus.EMPTY
    (again,) = Measured((CheckResult(check, 40, 37),), 40, 20).results
    assert again.status is CheckStatus.FAILED


Table = list[tuple[str, str, str]]
"""Rows of a key, a code and a quantity; the empty text is a missing value."""

cells = st.tuples(
    st.sampled_from(["k1", "k2", "k3", "k4", "k5", ""]), st.sampled_from("ab?"), st.sampled_from("12!")
)


def checked(rows: Table, expected: int) -> Measured:
    """What the engine finds in a small table, counted naively."""
    size = len(rows)

    def each(kind: CheckType, column: int, dimension: Dimension, good: Sequence[str] | None) -> CheckResult:
        check = Check(kind, (["key", "code", "quantity"][column],), dimension, name=f"{kind}:{column}")
        blank = sum(not row[column] for row in rows)
        bad = sum(bool(row[column]) and good is not None and row[column][0] not in good for row in rows)
        return CheckResult(check, size, size - blank - bad, blank)

    keys = [row[0] for row in rows if row[0]]
    unique = Check(CheckType.UNIQUE, ("key",), Dimension.ACCURACY, name="unique")
    equal = Check(CheckType.NO_REPEATED_ROWS, (), Dimension.ACCURACY, name="repeated")
    repeated = size - len(set(rows))
    results = (
        row_count(size, {"expected": str(expected)}),
        CheckResult(equal, size, size - repeated),
        CheckResult(
            unique,
            size,
            sum(keys.count(key) == 1 for key in keys),
            size - len(keys),
            {"values": len(set(keys))},
        ),
        each(CheckType.NOT_NULL, 0, Dimension.COMPLETENESS, None),
        each(CheckType.MATCHES, 0, Dimension.CONFORMITY, "k"),
        each(CheckType.NOT_NULL, 1, Dimension.COMPLETENESS, None),
        each(CheckType.IN_SET, 1, Dimension.CONFORMITY, "ab"),
        each(CheckType.BETWEEN, 2, Dimension.ACCURACY, "12"),
    )
    return Measured(results, size, repeated)


@given(st.lists(cells, min_size=1, max_size=12), st.integers(0, 14), st.data())
def test_damage_to_any_row_also_to_one_that_repeats_another_never_helps(
    rows: Table, expected: int, data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(rows) - 1))
    key, code, quantity = rows[place]
    worse = list(rows)
    match data.draw(
        st.sampled_from(["blank", "break", "key gone", "key broken", "key repeated", "row repeated"])
    ):
        case "blank":
            worse[place] = (key, "", quantity)
        case "break":
            worse[place] = (key, code, "!!")
        case "key gone":
            worse[place] = ("", code, quantity)
        case "key broken" if key:  # a value that is wrong, where there was none, completes a column
            worse[place] = (f"x{place}", code, quantity)
        case "key repeated" if key:
            worse[place] = (data.draw(st.sampled_from([row[0] or key for row in rows])), code, quantity)
        case "row repeated":
            worse.append(rows[place])
    assert_no_better(checked(rows, expected), checked(worse, expected))
