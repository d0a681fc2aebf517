"""Small files that unpack to much, and values too long to be served: refused before they are read, and said where."""

import asyncio
import json
import os
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.ipc as ipc
import pyarrow.parquet as pq
import pytest

from infra.memory_budget import FilesBusy, MemoryBudget
from listings.ingest.convert import convert
from listings.ingest.errors import (
    BadColumnName,
    FileRefused,
    FileTooLarge,
    IngestTimeout,
    MalformedRecord,
    UnsupportedColumn,
    ValueTooLarge,
)
from listings.ingest.limits import MAX_CELL_BYTES, MAX_ROW_BYTES, MEBIBYTE, Limits
from listings.ingest.result import IngestResult
from tests.support.budget import roomy
from tests.support.conversions import convert_here

LONG = "x" * 50_000_000
LIMITS = Limits(memory_bytes=512 * MEBIBYTE)


async def take(
    folder: Path,
    content: bytes | str,
    name: str,
    budget: MemoryBudget | None = None,
    *,
    how: Callable[..., Awaitable[IngestResult]] = convert,
) -> IngestResult:
    source = folder / f"source-{name}"
    source.write_bytes(content if isinstance(content, bytes) else content.encode())
    target = folder / "out" / f"{name}.parquet"
    return await how(
        source, target, filename=name, timeout_s=60, budget=budget or roomy(folder), limits=LIMITS
    )


async def refused(
    folder: Path, content: bytes | str, name: str, why: type[Exception], **given: Any
) -> dict[str, Any]:
    with pytest.raises(why) as caught:
        await take(folder, content, name, **given)
    assert list((folder / "out").iterdir()) == [], "a refused file leaves nothing behind"
    error = caught.value
    assert isinstance(error, FileRefused | FileTooLarge)
    assert error.remedy
    return error.extensions


def parquet(folder: Path, table: pa.Table, **given: Any) -> bytes:
    pq.write_table(table, folder / "made", compression="zstd", **given)
    return (folder / "made").read_bytes()


def arrow(folder: Path, table: pa.Table) -> bytes:
    options = ipc.IpcWriteOptions(compression="zstd")
    with (
        pa.OSFile(str(folder / "made"), "wb") as file,
        ipc.new_file(file, table.schema, options=options) as writer,
    ):
        writer.write_table(table)
    return (folder / "made").read_bytes()


MADE: dict[str, Callable[[Path], bytes]] = {
    "dictionary.parquet": lambda folder: parquet(folder, pa.table({"id": range(8), "a": [LONG] * 8})),
    "list.parquet": lambda folder: parquet(folder, pa.table({"a": [["b"], [LONG] * 8]})),
    "struct.parquet": lambda folder: parquet(folder, pa.table({"a": [{"b": "c"}, {"b": LONG}]})),
    "map.parquet": lambda folder: parquet(
        folder, pa.table({"a": pa.array([[("k", LONG)]], pa.map_(pa.string(), pa.string()))})
    ),
    "numbers.parquet": lambda folder: parquet(
        folder, pa.table({"a": pa.array([[0] * 5_000_000], pa.list_(pa.int8()))})
    ),
    "dictionary.arrow": lambda folder: arrow(
        folder, pa.table({"a": pa.array(["b"] + [LONG] * 8).dictionary_encode()})
    ),
    "view.arrow": lambda folder: arrow(
        folder, pa.table({"a": pa.array(["b", "x" * MAX_CELL_BYTES + "x"], pa.string_view())})
    ),
}


@pytest.mark.parametrize("name", list(MADE))
async def test_a_few_kilobytes_with_enormous_values_are_refused_by_column_and_row(
    tmp_path: Path, name: str
) -> None:
    content = MADE[name](tmp_path)
    assert len(content) < 20_000
    where = await refused(tmp_path, content, name, ValueTooLarge)
    assert where["column"] == "a"
    assert where["row"] in (1, 2)
    assert where["limit"] == MAX_CELL_BYTES


@pytest.mark.parametrize("made", [parquet, arrow])
async def test_what_unpacks_to_more_memory_than_there_is_says_so(
    tmp_path: Path, made: Callable[[Path, pa.Table], bytes]
) -> None:
    content = made(tmp_path, pa.table({"a": ["x" * 600_000_000]}))
    assert len(content) < 100_000
    name = "page.parquet" if made is parquet else "page.arrow"
    await refused(tmp_path, content, name, FileTooLarge)


@pytest.mark.parametrize(
    ("name", "written", "why", "where"),
    [
        (
            "cell.csv",
            lambda: "a,b\n1,x\n2," + "y" * 600_000 + "\n",
            ValueTooLarge,
            {"column": "b", "row": 2, "line": 3},
        ),
        ("last.csv", lambda: "a,b\n1,x\n2," + "y" * 50_000_000, MalformedRecord, {"line": 3}),
        ("middle.csv", lambda: "a,b\n1," + "y" * 50_000_000 + "\n2,x\n", MalformedRecord, {"line": 2}),
        (
            "cell.jsonl",
            lambda: '{"a": 1}\n\n' + json.dumps({"b": "y" * 600_000}),
            ValueTooLarge,
            {"column": "b", "row": 2, "line": 3},
        ),
        ("line.jsonl", lambda: json.dumps({"a": "y" * 200_000_000}), MalformedRecord, {"line": 1}),
        ("deep.jsonl", lambda: '{"a": ' + "[" * 100_000 + "]" * 100_000 + "}", MalformedRecord, {"line": 1}),
        ("key.jsonl", lambda: json.dumps({"k" * 1_900_000: 1}), BadColumnName, {"line": 1}),
        (
            "row.csv",
            lambda: "a,b,c\n" + ",".join(["y" * 500_000] * 3) + "\n",
            ValueTooLarge,
            {"row": 1, "line": 2},
        ),
        (
            "names.csv",
            lambda: ",".join(f"{n:0>180}" for n in range(1_900)) + "\n" + "," * 1_899,
            BadColumnName,
            {},
        ),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 20 else "",
)
async def test_a_text_file_is_bounded_where_it_is_read(
    tmp_path: Path, name: str, written: Callable[[], str], why: type[Exception], where: dict[str, Any]
) -> None:
    found = await refused(tmp_path, written(), name, why)
    assert {key: found[key] for key in where} == where


async def test_rows_are_bounded_in_parquet_too_and_what_is_within_the_bounds_is_taken(tmp_path: Path) -> None:
    fitting = MAX_ROW_BYTES // 2 - 1_000
    wide = {"id": [1, 2], "a": ["x", "y" * fitting], "b": ["x", "z" * fitting]}
    result = await take(tmp_path, parquet(tmp_path, pa.table(wide)), "fits.parquet")
    assert MAX_ROW_BYTES - 3_000 < result.row_bytes <= MAX_ROW_BYTES
    assert [len(row["a"]) for row in result.sample] == [1, 200]
    wide["c"] = ["x", "y" * 10_000]
    with pytest.raises(ValueTooLarge) as caught:
        await take(tmp_path, parquet(tmp_path, pa.table(wide)), "wide.parquet")
    assert caught.value.extensions == {"row": 2, "limit": MAX_ROW_BYTES}


async def test_row_groups_are_few_enough_bytes_to_be_read_in_little_memory(tmp_path: Path) -> None:
    lines = "".join(f"{n},{'y' * 400_000}\n" for n in range(100))
    long = pa.array(["x" * 400_000]).dictionary_encode()
    repeated = pa.DictionaryArray.from_arrays(pa.array([0] * 2_000, pa.int32()), long.dictionary)
    for name, content in (
        ("long.csv", f"id,text\n{lines}"),
        ("repeated.parquet", parquet(tmp_path, pa.table({"id": range(2_000), "text": repeated}))),
    ):
        result = await take(tmp_path, content, name)
        metadata = pq.read_metadata(tmp_path / "out" / f"{name}.parquet")
        assert metadata.num_rows == result.rows
        assert max(metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)) <= 41
    ids = pq.read_table(tmp_path / "out" / "long.csv.parquet").column("id").to_pylist()
    assert ids == list(range(100)), "rows in their order"


async def test_deep_and_unmeasurable_types_are_refused(tmp_path: Path) -> None:
    kind, value = pa.string(), "x"
    deep: Any = value
    for _ in range(20):
        kind, deep = pa.list_(kind), [deep]
    where = await refused(
        tmp_path,
        parquet(tmp_path, pa.table({"a": pa.array([deep], kind)})),
        "deep.parquet",
        UnsupportedColumn,
    )
    assert where["column"] == "a"
    repeated = pa.RunEndEncodedArray.from_arrays(
        pa.array([1_000_000_000], pa.int32()), pa.array(["x" * 1_000])
    )
    batch = pa.record_batch([repeated], ["a"])
    with pa.OSFile(str(tmp_path / "runs"), "wb") as file, ipc.new_file(file, batch.schema) as writer:
        writer.write_batch(batch)
    await refused(tmp_path, (tmp_path / "runs").read_bytes(), "runs.arrow", UnsupportedColumn)


async def watched(conversions: Iterable[Awaitable[IngestResult]]) -> tuple[list[Any], int, int]:
    """What conversions at once come to, the most children that they had at a time, and the most bytes of these."""
    most = resident = 0

    def children() -> set[str]:
        return set(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())

    def resident_bytes(child: str) -> int:
        try:
            return int(Path(f"/proc/{child}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        except (OSError, IndexError):  # it has just ended
            return 0

    others = children()  # tests before this one may have left some that wait for work

    async def watch() -> None:
        nonlocal most, resident
        while True:
            at_work = children() - others
            most = max(most, len(at_work))
            resident = max(resident, sum(map(resident_bytes, at_work)))
            await asyncio.sleep(0.005)

    watching = asyncio.create_task(watch())
    outcomes = await asyncio.gather(*conversions, return_exceptions=True)
    watching.cancel()
    return outcomes, most, resident


async def test_the_machine_converts_as_many_at_once_as_its_budget_holds(tmp_path: Path) -> None:
    content = MADE["dictionary.parquet"](tmp_path)
    budget = MemoryBudget(tmp_path / "memory", megabytes=1024, queue=5, wait_s=60)
    outcomes, most, _ = await watched(take(tmp_path, content, f"{n}.parquet", budget) for n in range(8))
    assert most <= 2, "two of 512 MB in 1,024 MB"
    kinds = [type(outcome) for outcome in outcomes]
    assert kinds.count(FilesBusy) == 1, "two at work, five in the queue"
    assert kinds.count(ValueTooLarge) == 7


async def test_conversions_at_once_stay_within_the_budget_together_and_lose_nothing(tmp_path: Path) -> None:
    budget = MemoryBudget(tmp_path / "memory", megabytes=1024, queue=5, wait_s=60)
    contents: dict[str, bytes | str] = {
        "numbers.csv": "a,b,c\n" + "".join(f"{n},{n}.25,2024-01-01\n" for n in range(300_000)),
        "texts.csv": "a,b\n" + "".join(f"{n},街道{n * 7919}号的说明\n" for n in range(200_000)),
        "objects.jsonl": "".join(f'{{"a": {n}, "b": "{n}x"}}\n' for n in range(50_000)),
        "rows.parquet": parquet(tmp_path, pa.table({"a": range(500_000), "b": ["x" * 50] * 500_000})),
    }
    outcomes, most, resident = await watched(
        take(tmp_path, content, name, budget) for name, content in contents.items()
    )
    assert [outcome.rows for outcome in outcomes] == [300_000, 200_000, 50_000, 500_000]
    assert most == 2, "two of 512 MB in 1,024 MB, and never one alone while others wait"
    assert 0 < resident <= 1024 * MEBIBYTE
    assert {path.name for path in (tmp_path / "out").iterdir()} == {f"{name}.parquet" for name in contents}


@pytest.mark.parametrize(
    "column",
    [
        pa.array([0, -62_135_596_801], pa.timestamp("s")),
        pa.array([2**62], pa.timestamp("s")),
        pa.array([253_402_300_800_000], pa.timestamp("ms", "UTC")),
        pa.array([-(2**62)], pa.timestamp("us")),
        pa.array([-719_163], pa.date32()),
        pa.array([2**31 - 1], pa.date32()),
        pa.array([86_400_000 * 2**34], pa.date64()),
    ],
)
async def test_dates_that_four_digits_cannot_say_are_refused(tmp_path: Path, column: pa.Array) -> None:
    content = arrow(tmp_path, pa.table({"at": column}))
    told = await refused(tmp_path, content, "dates.arrow", UnsupportedColumn, how=convert_here)
    assert told["column"] == "at"
    later = pa.table({"at": pa.array([-62_135_596_800, 253_402_300_799], pa.timestamp("s"))})
    result = await take(tmp_path, arrow(tmp_path, later), "later.arrow", how=convert_here)
    assert [row["at"] for row in result.sample] == ["0001-01-01T00:00:00", "9999-12-31T23:59:59"]


@pytest.mark.parametrize("value", ["0000-01-01", "0000-12-31 10:00:00", "0001-01-01T00:00:00+08:00"])
async def test_a_date_before_our_era_is_no_date_in_a_text_file_either(tmp_path: Path, value: str) -> None:
    like = value.replace("0000", "2024").replace("0001", "2024")
    with pytest.raises(FileRefused) as caught:
        await take(tmp_path, "at\n" + f"{like}\n" * 20 + f"{value}\n", "dates.csv", how=convert_here)
    assert caught.value.slug == "mixed-column"
    assert caught.value.extensions["line"] == 22


async def test_too_long(tmp_path: Path) -> None:
    source = tmp_path / "slow.csv"
    source.write_text("day,reading\n2024-01-01,1.5\n")
    target = tmp_path / "out/revision.parquet"
    with pytest.raises(IngestTimeout):
        await convert(source, target, filename="slow.csv", timeout_s=0, budget=roomy(tmp_path))
    assert list((tmp_path / "out").iterdir()) == []
