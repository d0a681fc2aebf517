"""What each type of check counts: exactly, every row, and the same in parts as at once."""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from quality.checks import Check, CheckType, Dimension
from quality.engine.aggregates import tally
from quality.engine.conditions import Context, Misfit
from quality.engine.tally import Tally, finish, merge

ARRIVED = dt.datetime(2026, 5, 1, 4, tzinfo=dt.UTC)
HERE = Context(ARRIVED, "Asia/Shanghai")


def counted(kind: str, *columns: pa.Array, context: Context = HERE, **arguments: Any) -> tuple[Any, ...]:
    found = tally(kind, [pa.chunked_array([column]) for column in columns], arguments, context, 5)
    return found.satisfied, found.missing, found.rows


def decimals(*texts: str | None, kind: pa.DataType | None = None) -> pa.Array:
    return pa.array([None if text is None else Decimal(text) for text in texts], kind or pa.decimal128(10, 2))


@pytest.mark.parametrize(
    "kind",
    [pa.decimal128(10, 2), pa.decimal256(60, 2), pa.float64(), pa.float32()],
    ids=str,
)
def test_both_ends_of_a_decimal_range_pass(kind: pa.DataType) -> None:
    texts = ["0.10", "0.30", "0.09", "0.31", None]
    values: Any = texts if pa.types.is_decimal(kind) else [None if t is None else float(t) for t in texts]
    column = decimals(*texts, kind=kind) if pa.types.is_decimal(kind) else pa.array(values, kind)
    assert counted("between", column, minimum="0.10", maximum="0.30") == (2, 1, (3, 4))
    assert counted("between", column, minimum="0.10", maximum="0.30", strict_minimum=True)[0] == 1
    assert counted("between", column, minimum="0.10", maximum="0.30", strict_maximum=True)[0] == 1


def test_large_integers_keep_their_last_digit() -> None:
    column = pa.array([2**53, 2**53 + 1, 2**53 + 2])
    assert counted("between", column, maximum=str(2**53 + 1))[0] == 2
    assert counted("between", column, minimum=str(2**53 + 1), strict_minimum=True)[0] == 1
    assert counted("between", column, minimum="0", maximum=str(10**30))[0] == 3
    assert counted("between", column, minimum=str(10**30)) == (0, 0, (1, 2, 3))
    assert counted("between", pa.array([0, 255], pa.uint8()), minimum="-1", maximum="254.5") == (1, 0, (2,))
    assert counted("between", pa.array([2**64 - 1], pa.uint64()), maximum=str(2**64 - 2))[0] == 0
    assert counted("between", decimals("99999999.99"), maximum="1" + "0" * 20)[0] == 1


def test_bounds_of_times() -> None:
    local = pa.array([dt.datetime(2026, 1, 1, 8), dt.datetime(2026, 1, 1, 8, 0, 0, 1), None])  # noqa: DTZ001
    for unit in ("us", "ns", "ms"):
        column = local.cast(pa.timestamp(unit), safe=False)
        passing = 2 if unit == "ms" else 1
        assert counted("between", column, maximum="2026-01-01T00:00:00Z")[0] == passing
        assert counted("between", column, maximum="2026-01-01T08:00:00")[0] == passing
    zoned = local.cast(pa.timestamp("us")).cast(pa.timestamp("us", "UTC"))
    assert counted("between", zoned, maximum="2026-01-01T16:00:00+08:00")[0] == 1
    days = pa.array([dt.date(2026, 1, 1), dt.date(2026, 1, 2)])
    assert counted("between", days, minimum="2026-01-01", maximum="2026-01-01")[0] == 1
    assert counted("between", days, minimum="2026-01-01", strict_minimum=True)[0] == 1


def test_sets_and_missing_values_are_those_of_the_type() -> None:
    assert counted("in_set", pa.array(["a", "b ", None]), values=["a", "b"]) == (1, 1, (2,))
    assert counted("in_set", pa.array([1, 2, 3]), values=["1", "2.0", "2.5", "x"])[0] == 2
    assert counted("in_set", decimals("1.50", "2.00", "3.00"), values=["1.5", "2", "3.001"])[0] == 2
    assert counted("in_set", pa.array([True, False, None]), values=["true"]) == (1, 1, (2,))
    assert counted("in_set", pa.array([dt.date(2026, 1, 1)]), values=["2026-01-01"])[0] == 1
    assert counted("in_set", pa.array(["CNY", "XYZ"]), list="iso_4217") == (1, 0, (2,))
    assert counted("not_null", pa.array(["a", "N/A", "", None]), missing_values=["N/A", ""]) == (
        1,
        3,
        (2, 3, 4),
    )
    with pytest.raises(Misfit, match="standard list"):
        counted("in_set", pa.array(["a"]), list="nonsense")


def test_patterns_are_those_of_the_whole_value() -> None:
    column = pa.array(["A1", "A12", "xA1", "A1\n", None])
    assert counted("matches", column, pattern="A[0-9]|B") == (1, 1, (2, 3, 4))
    assert counted("matches", pa.array([440300, 7]), pattern="[0-9]{6}") == (1, 0, (2,))
    with pytest.raises(Misfit, match="does not fit"):
        counted("matches", pa.array([1.5]), pattern=".*")


@pytest.mark.parametrize(
    "garbled",
    ["北京\ufffd", "a\x00b", "åŒ—äº¬", "Ã©cole", "itâ€™s", "锟斤拷", "烫烫烫", "鈥檚", "ï¿½", "ç©ºæ°”"],
)
def test_garbled_text_is_told_from_text(garbled: str) -> None:
    assert counted("well_formed", pa.array([garbled]))[0] == 0


@pytest.mark.parametrize(
    "sound",
    [
        "北京市建国路1号",
        "école Ünïcode naïve",
        "a\tb\r\nc",
        "5 °C, ±2 µm",
        "São Paulo – „Zürich“",
        "“quoted”…",
        "日本語",
        "£100",
    ],
)
def test_sound_text_is_not_garbled(sound: str) -> None:
    assert counted("well_formed", pa.array([sound]))[0] == 1


def test_pairs_of_several_types_compare_exactly() -> None:
    assert counted("not_less", pa.array([3, 1, None]), pa.array([3, 2, 1])) == (1, 1, (2,))
    assert counted("not_less", pa.array([2**53 + 1]), pa.array([float(2**53 + 2)]))[0] == 0
    assert counted("not_less", pa.array([2.5, -1.5]), pa.array([2, -1]))[0] == 1
    assert counted("not_less", decimals("0.30", "1.00"), pa.array([0.3, 1.5]))[0] == 1
    assert counted("not_less", pa.array([1, 2]), decimals("1.01", "2.00"))[0] == 1
    ends = pa.array([dt.date(2026, 1, 2)]), pa.array([dt.datetime(2026, 1, 1, 23)])  # noqa: DTZ001
    assert counted("not_less", *ends)[0] == 1
    with pytest.raises(Misfit, match="cannot be compared"):
        counted("not_less", pa.array(["a"]), pa.array([1]))


@pytest.mark.parametrize(
    "whole",
    [2**62 + 1, 2**62 + 1024, 2**62 + 1025, 2**63 - 1, -(2**63), -(2**62) - 5000, 5],
)
@pytest.mark.parametrize(
    "binary", [2.0**62, 2.0**62 + 1024, 2.0**63, 1e300, -1e300, -(2.0**62) - 8192, 4.5, float("inf")]
)
def test_large_integers_and_binary_numbers_compare_exactly(whole: int, binary: float) -> None:
    assert counted("not_less", pa.array([whole]), pa.array([binary]))[0] == (whole >= binary)
    assert counted("not_less", pa.array([binary]), pa.array([whole]))[0] == (binary >= whole)
    if whole > 0:
        assert counted("not_less", pa.array([2 * whole], pa.uint64()), pa.array([binary]))[0] == (
            2 * whole >= binary
        )


def test_every_row_of_a_repeated_value_fails() -> None:
    assert counted("unique", pa.array(["a", "b", "a", None, None])) == (1, 2, (1, 3))
    assert counted("unique", pa.array([1, 2, 3, None])) == (3, 1, (4,))
    assert counted("unique", pa.array([0.0, -0.0, 1.0])) == (1, 0, (1, 2))
    assert counted("unique", pa.array([-(2**63), 2**63 - 1, 2**63 - 1])) == (1, 0, (2, 3))
    assert counted("unique", decimals("1.50", "1.5", "2"))[0] == 1
    assert counted("unique_together", pa.array(["a", "a", "b", None]), pa.array([1, 1, 1, 2])) == (
        1,
        1,
        (1, 2),
    )
    wide = [pa.array([n * 2**40, n * 2**40]) for n in (1, -1)]
    spread = [pa.array([0, 2**61, 2**61]), pa.array([0, 2**61, 2**61 - 1])]
    assert counted("unique_together", *wide)[0] == 0
    assert counted("unique_together", *spread)[0] == 3
    assert counted("unique", pa.array([], pa.string())) == (0, 0, ())


def test_order_looks_past_missing_values() -> None:
    assert counted("increasing", pa.array([1, None, 1, 3, 2, None, 2])) == (4, 2, (5,))
    assert counted("increasing", pa.nulls(3, pa.int64())) == (0, 3, ())


def test_arrival_is_on_the_clock_of_the_column() -> None:
    local = pa.array([dt.datetime(2026, 5, 1, 12), dt.datetime(2026, 5, 1, 12, 0, 1)])  # noqa: DTZ001
    assert counted("not_after_arrival", local) == (1, 0, (2,))
    assert counted("not_after_arrival", local, context=Context(ARRIVED, "UTC"))[0] == 0
    assert counted("not_after_arrival", pa.array([dt.date(2026, 5, 1), dt.date(2026, 5, 2)])) == (1, 0, (2,))
    with pytest.raises(Misfit, match="not known when"):
        counted("not_after_arrival", local, context=Context(None, "UTC"))
    with pytest.raises(Misfit, match="no times"):
        counted("not_after_arrival", pa.array([1]))


def test_references_are_looked_up_in_the_other_file(tmp_path: Path) -> None:
    pq.write_table(pa.table({"code": ["a", "b", None], "n": pa.array([1, 2, 3], pa.int32())}), tmp_path / "r")
    other = Context(None, "UTC", tmp_path / "r")
    assert counted("references", pa.array(["a", "c", None]), context=other, column="code") == (1, 1, (2,))
    assert counted("references", pa.array([1, 9]), context=other, column="n") == (1, 0, (2,))
    with pytest.raises(Misfit, match="no column 'ghost'"):
        counted("references", pa.array(["a"]), context=other, column="ghost")
    with pytest.raises(Misfit, match="no revision"):
        counted("references", pa.array(["a"]), column="code")


def decided(kind: CheckType, column: pa.Array, **arguments: Any) -> tuple[int, Mapping[str, Any]]:
    check = Check(kind, ("a",), Dimension.ACCURACY, arguments)
    found = tally(kind, [pa.chunked_array([column])], arguments, HERE, 5)
    total, observed = finish(check, found, ARRIVED.astimezone(dt.timezone(dt.timedelta(hours=8))))
    assert total.evaluated == 1
    return total.satisfied, observed


def test_checks_of_the_whole_say_what_they_observed() -> None:
    assert decided(CheckType.ROW_COUNT, pa.array([1, 2]), minimum="3") == (0, {"rows": 2})
    assert decided(CheckType.CONTAINS_ALL, pa.array(["a"]), values=["a", "b"]) == (0, {"absent": ["b"]})
    newest = pa.array([dt.datetime(2026, 4, 30, 12), None])  # noqa: DTZ001
    assert decided(CheckType.RECENT, newest, within="P1D") == (1, {"newest": "2026-04-30T12:00:00"})
    assert decided(CheckType.RECENT, newest, within="PT23H")[0] == 0
    assert decided(CheckType.RECENT, pa.array([dt.date(2026, 4, 30)]), within="P1D")[0] == 1
    assert decided(CheckType.RECENT, pa.nulls(2, pa.date32()), within="P1D") == (0, {"newest": None})
    shares = {"kind": "categories", "shares": {"a": "0.5", "b": "0.25"}}
    column = pa.array(["a", "a", "b", "c"])
    assert decided(CheckType.DISTRIBUTION, column, baseline=shares, maximum="0")[1] == {"distance": "0"}
    worse = pa.array(["a", "a", "c", None])
    assert decided(CheckType.DISTRIBUTION, worse, baseline=shares, maximum="0.25") == (
        1,
        {"distance": "0.25"},
    )


def test_the_distance_at_deciles_is_zero_of_the_data_themselves() -> None:
    deciles = [str(10 * place) if place else "1" for place in range(11)]
    baseline = {"kind": "quantiles", "quantiles": deciles}
    column = pa.array(range(1, 101))
    assert decided(CheckType.DISTRIBUTION, column, baseline=baseline, maximum="0") == (1, {"distance": "0"})
    shifted = pa.array(range(21, 121))
    assert decided(CheckType.DISTRIBUTION, shifted, baseline=baseline, maximum="0.1")[1] == {
        "distance": "0.2"
    }
    blanked = pa.array([None if n > 90 else n for n in range(1, 101)])
    with_blanks = baseline | {"missing": "0.1", "quantiles": [str(9 * n) if n else "1" for n in range(11)]}
    assert decided(CheckType.DISTRIBUTION, blanked, baseline=with_blanks, maximum="0")[0] == 1
    assert decided(CheckType.DISTRIBUTION, blanked, baseline=baseline, maximum="0.05") == (
        0,
        {"distance": "0.1"},
    )


PARTS: dict[CheckType, dict[str, Any]] = {
    CheckType.ROW_COUNT: {"minimum": "1"},
    CheckType.NOT_NULL: {},
    CheckType.BETWEEN: {"minimum": "-2", "maximum": "2"},
    CheckType.CONTAINS_ALL: {"values": ["1", "5"]},
    CheckType.INCREASING: {},
    CheckType.DISTRIBUTION: {
        "baseline": {"kind": "quantiles", "quantiles": [str(n) for n in range(-5, 6)]},
        "maximum": "0.2",
    },
}


@example(CheckType.BETWEEN, [None, None, 5], [2], 2)
@given(
    st.sampled_from(list(PARTS)),
    st.lists(st.none() | st.integers(-5, 5), max_size=12),
    st.lists(st.integers(0, 12), max_size=3),
    st.sampled_from([2, 50]),
)
def test_parts_add_up_to_the_whole(
    kind: CheckType, values: list[int | None], cuts: list[int], kept: int
) -> None:
    check = Check(kind, ("a",), Dimension.ACCURACY, PARTS[kind])
    column = pa.chunked_array([pa.array(values, pa.int64())])
    at_once = finish(check, tally(kind, [column], check.arguments, HERE, kept), None)
    ends = sorted({0, *(min(cut, len(values)) for cut in cuts), len(values)})
    total: Tally | None = None
    for start, end in zip([0, *ends], ends, strict=False):
        part = tally(kind, [column.slice(start, end - start)], check.arguments, HERE, kept)
        state = dict(part.state)
        if state.get("first_row") is not None:
            state["first_row"] += start
        moved = Tally(
            part.evaluated, part.satisfied, part.missing, tuple(row + start for row in part.rows), state
        )
        total = moved if total is None else merge(check, total, moved, kept)
    assert total is not None
    merged = finish(check, total, None)
    assert (merged[0].satisfied, merged[0].missing, merged[1]) == (
        at_once[0].satisfied,
        at_once[0].missing,
        at_once[1],
    )
    assert merged[0].rows == at_once[0].rows
