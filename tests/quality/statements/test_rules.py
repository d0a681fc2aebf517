"""What a SQL statement of a check may say: one SELECT that computes, and nothing that reaches out."""

import time

import pytest

from quality.limits import MAX_STATEMENT_CHARACTERS
from quality.statements.rules import StatementRefused, require

SOUND = [
    "SELECT * FROM revision WHERE pm25 > pm10",
    'select row_number from Revision r where r."a" is null; -- the missing ones',
    "FROM revision",
    """WITH latest AS (SELECT station, max("at") AS t FROM revision GROUP BY station)
    SELECT r.* FROM revision r JOIN latest USING (station) WHERE r."at" < latest.t - INTERVAL 1 DAY""",
    "SELECT * FROM revision WHERE (a, b) IN (SELECT a, b FROM revision GROUP BY ALL HAVING count(*) > 1)",
    "SELECT * FROM revision QUALIFY abs(v - lag(v) OVER (PARTITION BY station ORDER BY day)) > 50",
    "SELECT * FROM revision WHERE NOT regexp_full_match(code, '[A-Z]{2}') OR code ILIKE 'x%' ESCAPE '!'",
    "SELECT * EXCLUDE (b) FROM revision WHERE CASE WHEN a THEN b ELSE c END BETWEEN 1 AND DATE '2024-01-01'",
    "SELECT * FROM revision WHERE TRY_CAST(v AS DECIMAL(10, 2)) IS DISTINCT FROM round(v::DOUBLE, 2)",
    "SELECT * FROM revision WHERE EXISTS (SELECT 1 FROM revision b WHERE b.id = revision.parent)",
    "SELECT row_number FROM revision WHERE 站点 = '北京' UNION ALL SELECT row_number FROM revision WHERE a LIKE '%读%'",
    "SELECT row_number FROM revision ORDER BY v DESC NULLS LAST LIMIT 10 OFFSET 5",
    "SELECT * FROM revision WHERE extract(year FROM day) < 2000 AND coalesce(nullif(a, ''), 'x') = 'x'",
    "SELECT * FROM (SELECT *, sum(v) FILTER (WHERE v > 0) OVER (PARTITION BY k) AS s FROM revision) WHERE s > 100",
]


@pytest.mark.parametrize("statement", SOUND)
def test_what_computes_over_the_revision_is_taken(statement: str) -> None:
    accepted = require(statement)
    assert require(accepted.text).text == accepted.text


def test_the_names_that_it_mentions_are_told_in_order() -> None:
    found = require("SELECT * FROM revision r WHERE r.b > a AND b < 5")
    assert found.columns == ("b", "a")


REFUSED = {
    # more or less than one SELECT
    "": "characters",
    "SELECT * FROM revision; DROP TABLE revision": "no SELECT",
    "SELECT 1 FROM revision; SELECT 2 FROM revision": "2 statements",
    "DELETE FROM revision": "no SELECT",
    "CREATE TABLE t AS SELECT * FROM revision": "no SELECT",
    "INSERT INTO revision SELECT * FROM revision": "no SELECT",
    "COPY revision TO '/tmp/out.csv'": "no SELECT",
    "COPY (SELECT * FROM revision) TO '/tmp/out.csv'": "no SELECT",
    "ATTACH '/etc/passwd' AS p": "no SELECT",
    "INSTALL httpfs": "no SELECT",
    "LOAD httpfs": "no SELECT",
    "SET threads = 64": "no SELECT",
    "PRAGMA memory_limit = '64GB'": "no SELECT",
    "CALL pragma_version()": "no SELECT",
    "EXPLAIN ANALYZE SELECT * FROM revision": "no SELECT",
    "EXPORT DATABASE '/tmp/x'": "no SELECT",
    "PREPARE p AS SELECT * FROM revision": "no SELECT",
    "CREATE SECRET s (TYPE s3)": "no SELECT",
    "SELECT FROM WHERE": "no SELECT",
    "SELECT * FROM revision WHERE " + " || ".join(["a"] * 400) + " = b": "too deeply nested",
    "DESCRIBE revision": "SHOW_REF",
    "SUMMARIZE revision": "SHOW_REF",
    "SELECT 1": "does not read",
    "VALUES (1)": "does not read",
    # files and the network
    "SELECT * FROM '/etc/passwd', revision": "/etc/passwd",
    'SELECT * FROM "/etc/passwd", revision': "/etc/passwd",
    "SELECT * FROM read_csv('/etc/passwd'), revision": "TABLE_FUNCTION",
    "SELECT * FROM read_text('/proc/self/environ'), revision": "TABLE_FUNCTION",
    "SELECT * FROM read_parquet('https://example.org/x.parquet'), revision": "TABLE_FUNCTION",
    "SELECT * FROM glob('/etc/*'), revision": "TABLE_FUNCTION",
    "SELECT * FROM revision WHERE EXISTS (FROM read_blob('/etc/shadow'))": "TABLE_FUNCTION",
    # the system
    "SELECT * FROM duckdb_settings(), revision": "TABLE_FUNCTION",
    "SELECT * FROM duckdb_secrets(), revision": "TABLE_FUNCTION",
    "SELECT * FROM pg_class, revision": "pg_class",
    "SELECT * FROM information_schema.tables, revision": "information_schema",
    "SELECT * FROM main.revision": "main.revision",
    "SELECT * FROM system.main.duckdb_views, revision": "duckdb_views",
    "WITH duckdb_views AS (SELECT * FROM duckdb_views) SELECT * FROM duckdb_views, revision": "duckdb_views",
    "SELECT * FROM (WITH pg_class AS (SELECT 1) SELECT 1) x, pg_class, revision": "pg_class",
    "SELECT getenv('HOME') FROM revision": "getenv",
    "SELECT current_setting('home_directory') FROM revision": "current_setting",
    "SELECT getvariable('x') FROM revision": "getvariable",
    "SELECT version() FROM revision": "version",
    "SELECT main.abs(1) FROM revision": "abs",
    "SELECT * FROM query('SELECT 1'), revision": "TABLE_FUNCTION",
    "SELECT * FROM query_table('revision')": "TABLE_FUNCTION",
    "SELECT json_execute_serialized_sql('x') FROM revision": "json_execute",
    "SELECT write_log('x') FROM revision": "write_log",
    # chance and clocks
    "SELECT * FROM revision WHERE random() > 0.5": "random",
    "SELECT * FROM revision TABLESAMPLE 10%": "TABLESAMPLE",
    "SELECT * FROM revision WHERE day > now()": "now",
    "SELECT * FROM revision WHERE day > CURRENT_TIMESTAMP": "current_timestamp",
    "SELECT * FROM revision WHERE sleep_ms(100000) = 1": "sleep_ms",
    "SELECT uuid() FROM revision": "uuid",
    # what grows, or reaches an evaluator
    "WITH RECURSIVE t AS (SELECT 1 UNION ALL SELECT * FROM t) SELECT * FROM t, revision": "RECURSIVE",
    "SELECT * FROM generate_series(1, 1000000000000), revision": "TABLE_FUNCTION",
    "SELECT unnest(range(1000000000)) FROM revision": "unnest",
    "SELECT repeat('x', 1000000000) FROM revision": "repeat",
    "SELECT lpad('x', 1000000000, 'y') FROM revision": "lpad",
    "SELECT printf('%1000000000d', 1) FROM revision": "printf",
    "SELECT list_transform([1], lambda x: x + 1) FROM revision": "list_transform",
    "SELECT COLUMNS('.*') FROM revision": "COLUMNS",
    "SELECT COLUMNS(c -> c LIKE 'a%') FROM revision": "COLUMNS",
    "PIVOT revision ON a": "no SELECT",
    "SELECT string_agg(name) FROM revision": "string_agg",
    "SELECT * FROM revision POSITIONAL JOIN range(5)": "TABLE_FUNCTION",
    # types, parameters, texts
    "SELECT * FROM revision WHERE a::ENUM('x', 'y') = 'x'": "enum",
    "SELECT * FROM revision WHERE a::INTEGER[] = b": "list",
    "SELECT * FROM revision WHERE a::STRUCT(b INTEGER) = b": "STRUCT",
    "SELECT * FROM revision WHERE a::my.type = b": "my.type",
    "SELECT * FROM revision WHERE a = $1": "PARAMETER",
    "SELECT * FROM revision WHERE a = ?": "PARAMETER",
    "SELECT * FROM revision AT (VERSION => 1)": "TABLESAMPLE",
    "SELECT * FROM revision WHERE a = 'x\x00y'": "characters that no",
    "SELECT * FROM revision WHERE a = '\ud800'": "characters that no",
    "SELECT * FROM revision WHERE a = 'open": "no SELECT",
    "SELECT * FROM revision /* open": "no SELECT",
    "SELECT * FROM revision WHERE a ＝ 1": "no SELECT",
    "SELECT * FROM revision /* */ WHERE 1 /* ; */; --\n DROP TABLE revision": "no SELECT",
}


@pytest.mark.parametrize(("statement", "what"), REFUSED.items(), ids=lambda text: ascii(text)[:60])
def test_what_does_anything_else_is_refused(statement: str, what: str) -> None:
    with pytest.raises(StatementRefused) as refused:
        require(statement)
    assert what.lower() in refused.value.what.lower()
    assert refused.value.remedy


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM revision WHERE a = '" + "x" * MAX_STATEMENT_CHARACTERS + "'",
        "SELECT * FROM revision WHERE " + "(" * 3_000 + "1" + ")" * 3_000,
        "SELECT * FROM revision WHERE " + "NOT " * 2_000 + "a",
        "SELECT * FROM revision WHERE a = " + "[" * 2_000 + "]" * 2_000,
        "SELECT * FROM revision WHERE a = " + "-(" * 1_500 + "1" + ")" * 1_500,
        "SELECT * FROM " + ", ".join(["revision"] * 900),
        " UNION ".join(["SELECT * FROM revision"] * 300),
        "SELECT * FROM " + "(SELECT * FROM " * 500 + "revision" + ")" * 500,
        "SELECT * FROM revision WHERE a IN (" + ", ".join(["1"] * 3_200) + ")",
        "SELECT * FROM revision WHERE " + " + ".join(["a"] * 2_400) + " > 1",
    ],
    ids=lambda text: f"{text[:40]}… {len(text)}",
)
def test_what_is_too_long_or_too_deep_is_refused_at_once(statement: str) -> None:
    started = time.monotonic()
    with pytest.raises(StatementRefused):
        require(statement)
    assert time.monotonic() - started < 2
