"""How values are distributed: exact of a small file, the same each time of a large one, and nobody's value."""

import json
from dataclasses import asdict
from pathlib import Path

import duckdb
import pytest

from listings.ingest.profile import profile
from listings.ingest.result import Column, ColumnProfile, Kind


def profiled(path: Path, select: str, **kinds: Kind) -> dict[str, ColumnProfile]:
    with duckdb.connect(config={"threads": 2, "memory_limit": "200MB"}) as connection:
        connection.execute(f"COPY ({select}) TO '{path}'")
        types = dict(
            connection.execute(f"SELECT column_name, column_type FROM (DESCRIBE FROM '{path}')").fetchall()
        )
        columns = [Column(name, name, kind, types[name], nullable=True) for name, kind in kinds.items()]
        found = profile(connection, path, columns)[2]
    for one in found:
        assert ColumnProfile.from_json(json.loads(json.dumps(asdict(one), allow_nan=False))) == one
    return {one.name: one for one in found}


def test_a_small_file_is_told_exactly(tmp_path: Path) -> None:
    found = profiled(
        tmp_path / "small.parquet",
        "SELECT i AS n, (i / 10)::DECIMAL(9,2) AS d, DATE '2026-01-01' + i::INT AS day,"
        " CASE WHEN i % 4 = 0 THEN 'often' ELSE 'name ' || i END AS who,"
        " CASE WHEN i = 7 THEN 'inf'::DOUBLE WHEN i = 8 THEN 'nan'::DOUBLE ELSE i / 2 END AS x,"
        " CASE WHEN i < 50 THEN NULL ELSE i % 2 = 0 END AS yes FROM range(201) r (i)",
        n=Kind.INTEGER,
        d=Kind.DECIMAL,
        day=Kind.DATE,
        who=Kind.TEXT,
        x=Kind.NUMBER,
        yes=Kind.BOOLEAN,
    )
    assert found["n"].quantiles == tuple(str(10 * step) for step in range(21))
    assert (sum(found["n"].histogram), len(found["n"].histogram), found["n"].sampled) == (201, 20, 201)
    assert (found["d"].quantiles[0], found["d"].quantiles[-1]) == ("0.00", "20.00")
    assert (found["day"].quantiles[10], found["day"].minimum) == ("2026-04-11", "2026-01-01")
    # A name that few have is nobody's business.
    assert found["who"].top_values == ({"value": "often", "count": 51},)
    assert (found["x"].maximum, found["x"].quantiles[-1], found["x"].sampled_nulls) == ("100.0", "100.0", 2)
    assert (found["yes"].nulls, [one["value"] for one in found["yes"].top_values]) == (50, ["true", "false"])


@pytest.mark.parametrize("rows", [65_537, 400_000])
def test_a_large_file_is_told_alike_each_time(tmp_path: Path, rows: int) -> None:
    select = f"SELECT i AS n, i % 3 AS k FROM range({rows}) r (i)"
    first, second = [
        profiled(tmp_path / f"{number}.parquet", select, n=Kind.INTEGER, k=Kind.INTEGER) for number in (1, 2)
    ]
    assert first == second
    assert first["n"].sampled <= 65_536
    assert (first["n"].quantiles[0], first["n"].quantiles[-1]) == ("0", str(rows - 1))
    assert abs(int(first["n"].quantiles[10]) - rows / 2) < rows / 20
    assert {one["value"] for one in first["k"].top_values} == {"0", "1", "2"}


def test_columns_without_a_value_and_of_one_value_have_a_profile(tmp_path: Path) -> None:
    found = profiled(
        tmp_path / "odd.parquet",
        "SELECT NULL::BIGINT AS nothing, 5 AS same FROM range(30)",
        nothing=Kind.INTEGER,
        same=Kind.INTEGER,
    )
    assert (found["nothing"].quantiles, found["nothing"].sampled_nulls) == ((), 30)
    assert (found["same"].histogram, set(found["same"].quantiles)) == ((30,), {"5"})
