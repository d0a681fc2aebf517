"""A file is read in parts as it is at once: batches, rows that may be alike, and rows that repeat."""

import random
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from quality.engine import frames
from quality.engine.frames import Revision


def stored(folder: Path, table: pa.Table, **options: int) -> Revision:
    pq.write_table(table, folder / "r.parquet", **options)
    return Revision(folder / "r.parquet")


@pytest.fixture
def revision(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Revision:
    chance = random.Random(3)
    rows = [(chance.randint(0, 30_000), chance.choice(["a", "b", None]), None) for _ in range(50_000)]
    monkeypatch.setattr(frames, "BATCH_BYTES", 200_000)
    monkeypatch.setattr(frames, "_SORTED_ROWS", 7_000)
    n, s, nothing = zip(*rows, strict=True)
    table = pa.table({"n": n, "s": pa.array(s).dictionary_encode(), 'x"': pa.array(nothing, pa.float64())})
    return stored(tmp_path, table, row_group_size=8_000)


def rows_of(revision: Revision) -> list[tuple[object, ...]]:
    return list(zip(*revision.whole(revision.names).to_pydict().values(), strict=True))


def test_batches_are_the_whole_in_order(revision: Revision) -> None:
    places, parts = zip(*revision.batches(["n", "s"]), strict=True)
    assert len(parts) > 3
    assert list(places) == [0, *np.cumsum([part.num_rows for part in parts])[:-1]]
    assert pa.concat_tables(parts).equals(revision.whole(["n", "s"]))
    assert revision.schema.field("s").type == pa.string()


def test_rows_that_may_be_alike_come_together(revision: Revision) -> None:
    values = [row[0] for row in rows_of(revision)]
    counts = Counter(values)
    settled, found = revision.together(["n"])
    parts = list(found)
    assert len(parts) > 1
    assert settled == sum(count == 1 for count in counts.values())
    assert sorted(place for places, _ in parts for place in places) == [
        place for place, value in enumerate(values, 1) if counts[value] > 1
    ]
    for places, table in parts:
        assert table.column("n").to_pylist() == [values[place - 1] for place in places]
    seen = [set(table.column("n").to_pylist()) for _, table in parts]
    assert sum(map(len, seen)) == len(set.union(*seen))


def test_repeated_rows_are_counted_and_found(revision: Revision) -> None:
    rows, seen, places = rows_of(revision), set(), []
    for place, row in enumerate(rows, 1):
        if row in seen:
            places.append(place)
        seen.add(row)
    assert revision.repeated(5) == (len(places), places[:5])


def test_no_number_is_missing_and_an_empty_file_has_no_rows(tmp_path: Path) -> None:
    numbers = stored(tmp_path, pa.table({"n": [1.0, float("nan"), float("nan")], "t": ["", None, "\x01"]}))
    assert numbers.whole(["n"]).column("n").null_count == 2
    assert numbers.repeated(5) == (0, [])
    empty = stored(tmp_path, pa.table({"n": pa.array([], pa.int64())}))
    assert empty.repeated(5) == (0, [])
    assert [(place, part.num_rows) for place, part in empty.batches(["n"])] == [(0, 0)]


def test_ten_thousand_columns(tmp_path: Path) -> None:
    wide = stored(tmp_path, pa.table({f"c{n}": [n, n + 1] for n in range(10_000)}))
    assert wide.repeated(5) == (0, [])
    assert wide.whole(["c9999"]).num_columns == 1
