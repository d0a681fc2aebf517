"""Dates that no interface can write: refused when the file is taken, never handed out in a form of the engine's own."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from listings.ingest.errors import MixedColumn, UnsupportedColumn
from listings.ingest.limits import MEBIBYTE, Limits
from listings.ingest.result import IngestResult, Kind
from tests.support.budget import roomy
from tests.support.conversions import convert_here

BEFORE_OUR_ERA = -62_167_219_200 - 86_400 * 400
YEAR_10000 = 253_402_300_800
YEAR_1 = -62_135_596_800
LAST = YEAR_10000 - 1

ORDINARY = "moment,number\n" + "2026-01-01T00:00:00Z,1\n" * 30
"""So many that the column is one of moments."""


async def take(folder: Path, source: Path) -> IngestResult:
    limits = Limits(memory_bytes=512 * MEBIBYTE)
    target = folder / "out" / f"{source.stem}.parquet"
    return await convert_here(
        source, target, filename=source.name, timeout_s=60, budget=roomy(folder), limits=limits
    )


async def parquet(folder: Path, moment: int, kind: pa.DataType) -> IngestResult:
    """A file with an ordinary moment and the given one, counted as the type counts."""
    stored = pa.int32() if kind == pa.date32() else pa.int64()
    values = pa.array([0, moment], stored).cast(kind)
    source = folder / "file.parquet"
    pq.write_table(pa.table({"number": [1, 2], "moment": values}), source)
    return await take(folder, source)


@pytest.mark.parametrize(
    ("moment", "kind"),
    [
        (BEFORE_OUR_ERA * 10**6, pa.timestamp("us")),
        (BEFORE_OUR_ERA * 10**6, pa.timestamp("us", "UTC")),
        (YEAR_10000 * 10**6, pa.timestamp("us")),
        (YEAR_10000 * 10**6, pa.timestamp("us", "Asia/Shanghai")),
        (2**63 - 1, pa.timestamp("us")),  # what engines read as infinity
        (-(2**63) + 1, pa.timestamp("us")),
        (2**40, pa.timestamp("s")),
        (2**62, pa.timestamp("ms")),  # more microseconds than there are numbers: it became 1970
        (-(2**62), pa.timestamp("ms", "UTC")),
        (BEFORE_OUR_ERA // 86_400, pa.date32()),
        (YEAR_10000 // 86_400, pa.date32()),
        (2**31 - 1, pa.date32()),
        (-(2**31) + 1, pa.date32()),
    ],
)
async def test_a_date_that_cannot_be_written_is_refused(
    tmp_path: Path, moment: int, kind: pa.DataType
) -> None:
    with pytest.raises(UnsupportedColumn) as refusal:
        await parquet(tmp_path, moment, kind)
    assert refusal.value.extensions["column"] == "moment"


@pytest.mark.parametrize(
    ("moment", "kind"),
    [
        (YEAR_1 * 10**6, pa.timestamp("us")),
        (YEAR_1, pa.timestamp("s", "Asia/Shanghai")),
        (LAST * 10**6 + 999_999, pa.timestamp("us", "America/New_York")),
        (LAST, pa.timestamp("s")),
        (2**62 // 1000 * 1000, pa.timestamp("ns")),
        (YEAR_1 // 86_400, pa.date32()),
        (LAST // 86_400, pa.date32()),
    ],
)
async def test_the_first_and_the_last_are_taken(tmp_path: Path, moment: int, kind: pa.DataType) -> None:
    result = await parquet(tmp_path, moment, kind)
    assert result.columns[1].kind in {Kind.DATE, Kind.TIMESTAMP}


@pytest.mark.parametrize(
    "value", ["0000-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"]
)
async def test_text_that_means_such_a_date_is_refused(tmp_path: Path, value: str) -> None:
    source = tmp_path / "file.csv"
    source.write_text(ORDINARY + f"{value},2\n")
    with pytest.raises(MixedColumn) as refusal:
        await take(tmp_path, source)
    # As the remedy says: emptied, it is taken.
    assert "empty the value" in str(refusal.value.remedy)
    source.write_text(ORDINARY + ",2\n")
    assert (await take(tmp_path, source)).columns[0].kind is Kind.TIMESTAMP
