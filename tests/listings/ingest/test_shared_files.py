"""The real public files that the project is tried on."""

from pathlib import Path

import duckdb
import pytest

from listings.ingest.convert import convert
from listings.ingest.result import IngestResult, Kind
from tests.support.budget import roomy

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"

pytestmark = pytest.mark.skipif(
    not DATA.is_dir(),
    reason=f"needs the public example files in {DATA.name}/ beside the checkout (../shared/data)",
)


async def take(folder: Path, name: str) -> tuple[IngestResult, duckdb.DuckDBPyRelation]:
    target = folder / "revision.parquet"
    result = await convert(DATA / name, target, filename=name, timeout_s=60, budget=roomy(folder.parent))
    assert [item.name for item in folder.iterdir()] == ["revision.parquet"]
    return result, duckdb.read_parquet(str(target))


async def test_airports_keep_their_codes(tmp_path: Path) -> None:
    result, rows = await take(tmp_path, "airports.csv")
    assert result.rows == 3_376
    assert [c.kind for c in result.columns] == [Kind.TEXT] * 5 + [Kind.DECIMAL] * 2
    assert rows.filter("iata = '00M'").fetchall()[0][1] == "Thigpen"


async def test_bird_strikes_keep_their_names_and_blanks(tmp_path: Path) -> None:
    result, rows = await take(tmp_path, "birdstrikes.csv")
    by_name = {column.name: column for column in result.columns}
    assert result.rows == 10_000
    assert by_name["Cost Total $"].kind is Kind.INTEGER
    assert by_name["Flight Date"].kind is Kind.DATE
    assert by_name["Speed IAS in knots"].nullable
    assert {p.name: p.nulls for p in result.profile}["Speed IAS in knots"] == 2_836
    assert rows.filter("\"Effect Amount of damage\" = 'None'").aggregate("count(*)").fetchall() != [(0,)]


async def test_weather_and_flights(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    weather, _ = await take(tmp_path / "a", "seattle-weather.csv")
    assert [c.kind for c in weather.columns] == [Kind.DATE] + [Kind.DECIMAL] * 4 + [Kind.TEXT]
    flights, rows = await take(tmp_path / "b", "flights-200k.arrow")
    assert flights.rows == 200_000
    assert flights.source_format == "arrow-file"
    assert [c.kind for c in flights.columns] == [Kind.INTEGER, Kind.INTEGER, Kind.NUMBER]
    assert rows.aggregate("count(*)").fetchall() == [(200_000,)]
