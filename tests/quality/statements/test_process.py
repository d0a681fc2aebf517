"""Statements really run: what they count, and that none takes more than it may or takes down the next."""

import datetime as dt
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from quality.checks import Check, CheckStatus, CheckType, Dimension, Example
from quality.facts import RunFacts
from quality.runs.engines.warm import WarmEngine
from quality.statements.limits import FailingRows, StatementFailed, StatementLimits, memory_within
from quality.statements.process import StatementProcess

ROWS = 20_000
SECONDS = 2.0
MEMORY = 128 * 1024 * 1024


@pytest.fixture(scope="module")
def process() -> Iterator[StatementProcess]:
    with StatementProcess(StatementLimits(SECONDS, MEMORY, examples=2)) as made:
        yield made


@pytest.fixture(scope="module")
def revision(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("statements") / 'it\'s a "revision".parquet'
    start = dt.datetime(2024, 1, 1)  # noqa: DTZ001
    table = pa.table(
        {
            "id": range(ROWS),
            "name": [f"station {number % 7}" for number in range(ROWS)],
            "v": [Decimal(number) / 4 for number in range(ROWS)],
            "day": [start + dt.timedelta(hours=number) for number in range(ROWS)],
            'weird "name"': [None if number % 10 else "x" for number in range(ROWS)],
        }
    )
    pq.write_table(table, path, row_group_size=3_000)
    return path


def test_it_counts_rows_and_shows_the_first_of_them_masked(process: StatementProcess, revision: Path) -> None:
    found = process.failing_rows(
        revision, "SELECT * FROM revision WHERE name = 'station 3' AND v >= 0.75 AND id < 20"
    )
    examples = (Example(4, "3, s****3, 0.75"), Example(11, "10, s****3, 2.50"))
    assert found == FailingRows(ROWS, 3, 0, examples)


@pytest.mark.parametrize(
    ("statement", "failing"),
    [
        ("SELECT * FROM revision", ROWS),
        ("SELECT * FROM revision WHERE false", 0),
        ("SELECT row_number FROM revision WHERE row_number > 19990; -- the last", 10),
        ("SELECT r.row_number FROM revision r JOIN revision s ON r.id = s.id + 1 AND s.v < 1", 4),
        ("SELECT r.row_number FROM revision r JOIN (SELECT id FROM revision WHERE v < 1) USING (id)", 4),
        ("SELECT n AS row_number FROM revision AS r(n, number) WHERE number < 3", 3),
        (
            "SELECT row_number FROM revision NATURAL JOIN (SELECT id FROM revision WHERE id > 3) WHERE v < 2",
            4,
        ),
        ("SELECT row_number FROM revision UNION ALL SELECT row_number FROM revision", ROWS),
        ("SELECT * FROM revision QUALIFY day - lag(day) OVER (ORDER BY id) <> INTERVAL 1 HOUR", 0),
        ('SELECT * FROM revision WHERE "weird ""name""" IS NULL', ROWS * 9 // 10),
        (
            """WITH few AS (SELECT name FROM revision GROUP BY name HAVING count(*) < 2858)
            SELECT row_number FROM revision WHERE name IN (FROM few)""",
            6 * 2857,
        ),
        ("SELECT * FROM revision WHERE TRY_CAST(name AS INTEGER) IS NULL AND id % 2 = 0", ROWS // 2),
    ],
)
def test_a_row_counts_once(process: StatementProcess, revision: Path, statement: str, failing: int) -> None:
    assert process.failing_rows(revision, statement).failing == failing


FAILING = {
    # asks for what is not there
    "SELECT name FROM revision": "does not return row_number",
    "SELECT * FROM revision WHERE nowhere = 1": "nowhere",
    "SELECT 0 AS row_number FROM revision": "no position",
    "SELECT 20001 AS row_number FROM revision": "no position",
    "SELECT 'x' AS row_number FROM revision": "no position",
    "SELECT CAST(NULL AS BIGINT) AS row_number FROM revision": "no position",
    "SELECT * FROM revision WHERE sum(v) > 1": "WHERE",
    "SELECT * FROM revision WHERE abs(name) = 1": "abs",
    "SELECT * FROM revision WHERE CAST(name AS INTEGER) = 1": "try_cast",
    "SELECT * FROM revision WHERE regexp_matches(name, '(((a{1,99}){1,99}){1,99}){1,99}')": "a pattern is too large",
    "SELECT * FROM read_csv('/etc/passwd'), revision": "may not use",
    "SELECT * FROM revision WHERE id * 9223372036854775807 > 1": "Cast it to DOUBLE",
    # never ends
    "SELECT a.* FROM revision a, revision b, revision c WHERE sin(a.v) + sin(b.v) + sin(c.v) > 3": "longer than",
    "SELECT * FROM revision WHERE v > (SELECT count(*) FROM revision b, revision c, revision d)": "longer than",
    "SELECT * FROM revision r WHERE (SELECT max(levenshtein(a.name, r.name)) FROM revision a, revision b) > 9": (
        "longer than"
    ),
    # needs more memory than there is, and may not write what it does not fit into it
    "SELECT a.row_number FROM revision a JOIN revision b ON a.id % 200 = b.id % 200 ORDER BY a.name || b.id": (
        "more memory than a check may use"
    ),
    "SELECT a.row_number FROM revision a, revision b": "far more rows",
    "SELECT DISTINCT a.row_number, a.name || b.name || b.id FROM revision a, revision b": "e",
    "SELECT * FROM revision WHERE length("
    + "replace(" * 9
    + "name"
    + (", 'a', '" + "a" * 100 + "')") * 9
    + ") > 5": "memory",
    "WITH a AS (SELECT name || name AS x, row_number FROM revision), "
    + ", ".join(
        f"{after} AS (SELECT {' || '.join(['x'] * 60)} AS x, row_number FROM {before})"
        for before, after in zip("abcde", "bcdef", strict=True)
    )
    + " SELECT row_number FROM f WHERE length(x) > 5": "e",
}


@pytest.mark.parametrize(("statement", "why"), FAILING.items(), ids=lambda text: text[:70])
def test_what_cannot_be_carried_out_says_so_in_bounded_time(
    process: StatementProcess, revision: Path, statement: str, why: str
) -> None:
    started = time.monotonic()
    with pytest.raises(StatementFailed, match=why):
        process.failing_rows(revision, statement)
    assert time.monotonic() - started < 10
    # And the next one runs.
    assert process.failing_rows(revision, "SELECT * FROM revision WHERE id = 5").failing == 1


def test_a_value_of_the_data_is_not_quoted_in_an_error(process: StatementProcess, revision: Path) -> None:
    with pytest.raises(StatementFailed) as failed:
        process.failing_rows(revision, "SELECT * FROM revision WHERE CAST(name AS DATE) IS NULL")
    assert "station" not in str(failed.value)


def test_columns_of_our_names_and_a_file_of_no_rows(process: StatementProcess, tmp_path: Path) -> None:
    path = tmp_path / "r.parquet"
    pq.write_table(pa.table({"Row_Number": [7, 8], "file_row_number": [1, 2], "revision": [3, 4]}), path)
    found = process.failing_rows(
        path, "SELECT row_number_ FROM revision WHERE row_number = 8 AND file_row_number = 2"
    )
    assert found == FailingRows(2, 1, 0, (Example(2, "8, 2"),))
    pq.write_table(pa.table({"a": pa.array([], pa.int64())}), path)
    assert process.failing_rows(path, "SELECT * FROM revision") == FailingRows(0, 0, 0, ())


@pytest.mark.parametrize(
    ("statement", "failing", "missing"),
    [
        ("SELECT * FROM revision WHERE a > b", 3, 2),
        ("SELECT * FROM revision WHERE a > b OR a IS NULL", 3, 1),
        ("SELECT row_number, a, b, note FROM revision WHERE coalesce(a, 0) > coalesce(b, 0)", 1, 0),
        ("SELECT row_number FROM revision WHERE a IS DISTINCT FROM 1", 3, 0),
        ("SELECT row_number FROM revision WHERE score < 0", 2, 2),
        ("SELECT row_number FROM revision WHERE score IS NULL", 2, 0),
        ("SELECT row_number, note FROM revision WHERE false", 0, 0),
        ("WITH big AS (SELECT row_number, a FROM revision) SELECT row_number FROM big WHERE a > 100", 1, 1),
    ],
)
def test_a_missing_value_counts_against_the_check_unless_the_statement_speaks_of_it(
    process: StatementProcess, tmp_path: Path, statement: str, failing: int, missing: int
) -> None:
    columns = {
        "A": [1, None, 5, 0],
        "b": [1, 1, 2, None],
        "note": ["x", None, None, None],
        "score": [0.5, float("nan"), None, 1.0],
    }
    path = tmp_path / "r.parquet"
    pq.write_table(pa.table(columns), path)
    found = process.failing_rows(path, statement)
    assert (found.failing, found.missing) == (failing, missing)


def test_of_two_thousand_columns_one_is_asked_for(process: StatementProcess, tmp_path: Path) -> None:
    path = tmp_path / "wide.parquet"
    pq.write_table(pa.table({f"c{number}": [number, -number] for number in range(2_000)}), path)
    assert process.failing_rows(path, "SELECT row_number FROM revision WHERE c1999 < 0").failing == 1


async def test_a_statement_is_a_check_among_others(
    warm_engine: WarmEngine, revision: Path, tmp_path: Path
) -> None:
    def stated(statement: str) -> Check:
        return Check(CheckType.SQL, (), Dimension.CONSISTENCY, {"statement": statement}, name=statement)

    checks = [
        stated("SELECT * FROM revision WHERE v > 4990"),
        Check(CheckType.NOT_NULL, ("id",), Dimension.COMPLETENESS),
        stated("SELECT * FROM '/etc/passwd', revision"),
    ]
    found = (await warm_engine.run(checks, revision, RunFacts())).results
    assert [result.status for result in found] == [CheckStatus.FAILED, CheckStatus.PASSED, CheckStatus.ERROR]
    assert (found[0].evaluated, found[0].failing) == (ROWS, 39)
    assert found[0].examples[0] == Example(19_962, "4990.25")


def test_a_statement_shares_the_memory_of_its_run() -> None:
    mebibyte = 1024 * 1024
    assert memory_within(2_048 * mebibyte, 300 * mebibyte) == 512 * mebibyte
    assert memory_within(800 * mebibyte, 300 * mebibyte) == 340 * mebibyte
    assert memory_within(512 * mebibyte, 500 * mebibyte) == 64 * mebibyte
