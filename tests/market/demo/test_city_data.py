"""The demo's made-up city."""

import csv
from collections import Counter
from pathlib import Path

from listings.ingest.convert import convert
from listings.ingest.result import Kind
from market.demo.city_data import COLUMNS, STATIONS, write_city_air_quality
from tests.support.budget import roomy


def test_the_same_file_every_time(tmp_path: Path) -> None:
    first = write_city_air_quality(tmp_path / "a.csv", days=20).read_bytes()
    assert first == write_city_air_quality(tmp_path / "b.csv", days=20).read_bytes()


def test_believable_with_a_few_honest_defects(tmp_path: Path) -> None:
    with write_city_air_quality(tmp_path / "a.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 60 * 24 * len(STATIONS) + 1
    keys = Counter((row["station_id"], row["observed_at"]) for row in rows)
    assert [count for count in keys.values() if count > 1] == [2]
    pm25 = sorted(float(row["pm25"]) for row in rows if row["pm25"])
    assert 15 < pm25[len(pm25) // 2] < 60
    assert pm25[-1] < 500
    assert [value for value in pm25 if value < 0] == [-3.0]
    assert [row["pm10"] for row in rows if row["pm10"] and float(row["pm10"]) > 900] == ["9999.0"]
    missing = sum(value == "" for row in rows for value in row.values())
    assert 0.001 < missing / (len(rows) * len(COLUMNS)) < 0.01


async def test_it_is_taken_in_with_the_types_it_means(tmp_path: Path) -> None:
    source = write_city_air_quality(tmp_path / "a.csv")
    result = await convert(
        source, tmp_path / "r.parquet", filename="a.csv", timeout_s=60, budget=roomy(tmp_path)
    )
    kinds = [column.kind for column in result.columns]
    assert kinds[:4] == [Kind.TEXT, Kind.TEXT, Kind.TEXT, Kind.TIMESTAMP]
    assert kinds[4:] == [*[Kind.DECIMAL] * 6, Kind.INTEGER, Kind.DECIMAL, Kind.INTEGER]
    assert result.columns[3].zone == "UTC"
    assert not result.notices
