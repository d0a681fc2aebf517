"""Files as other tools write them: DuckDB, pandas, pyarrow and Python's csv, json and gzip, plain and packed."""

import csv
import gzip
import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet as pq

ROWS = 2_500
"""Not a whole number of pages."""
BEGIN = datetime.fromisoformat("2026-01-01T00:00:00")


def _row(number: int) -> dict[str, Any]:
    """A row of what is easily lost: zeros, blanks, quotes, digits, missing values, the type of the last row."""
    last = number == ROWS - 1
    return {
        "code": f"{number % 97:05d}",
        "id": 9_007_199_254_740_993 + number,
        "name": ('O\'Hara, "Quay"', "街道 第一", "line\nbreak", " two blanks  ", "é—😀", "NA", "null", "-")[
            number % 8
        ],
        "price": None if number % 11 == 0 else Decimal(number * 1_000_003 % 10**9).scaleb(-4),
        "share": None if number % 13 == 0 else (number - 1_200) / 7,
        "day": date(1999, 12, 31) + timedelta(days=number * 3),
        "at": BEGIN + timedelta(seconds=number * 61),
        "open": None if number % 5 == 0 else number % 2 == 0,
        "late": "only text at the end" if last else str(number),
    }


def rows() -> list[dict[str, Any]]:
    """The rows of all files that are written here."""
    return [_row(number) for number in range(ROWS)]


def _table() -> pa.Table:
    return pa.Table.from_pylist(
        rows(),
        pa.schema(
            {
                "code": pa.dictionary(pa.int32(), pa.string()),
                "id": pa.int64(),
                "name": pa.large_string(),
                "price": pa.decimal128(12, 4),
                "share": pa.float32(),
                "day": pa.date32(),
                "at": pa.timestamp("ms"),
                "open": pa.bool_(),
                "late": pa.string(),
            }
        ),
    )


def _frame() -> pd.DataFrame:
    return pd.DataFrame(rows())


def _text(value: Any) -> Any:
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else value


def _python_csv(path: Path) -> None:
    with path.open("w", encoding="gb18030", newline="") as file:
        writer = csv.DictWriter(file, list(_row(0)), delimiter=";")
        writer.writeheader()
        # GB 18030 has every character; a file of an office has none beyond the first plane.
        writer.writerows(
            {name: _text(value) for name, value in row.items() if name != "name"}
            | {"name": row["name"].strip("😀")}
            for row in rows()
        )


def _json_lines(path: Path) -> None:
    with gzip.open(path, "wt", encoding="utf-8") as file:
        for row in rows():
            plain = {name: value for name, value in row.items() if value is not None} | {
                "price": None if row["price"] is None else float(row["price"]),
                "day": row["day"].isoformat(),
                "at": row["at"].replace(tzinfo=UTC).isoformat(),
            }
            file.write(json.dumps(plain, ensure_ascii=False) + "\n")


def _duckdb(options: str) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        table = _table()
        with duckdb.connect() as connection:
            connection.register("given", table)
            connection.execute(
                "COPY (SELECT *, (id::HUGEINT * 1000003)::DECIMAL(38, 0) AS wide,"
                f" given.at AT TIME ZONE 'UTC' AS instant FROM given) TO '{path}' ({options})"
            )

    return write


def _stream(path: Path) -> None:
    with pa.ipc.new_stream(
        path, _table().schema, options=pa.ipc.IpcWriteOptions(compression="zstd")
    ) as writer:
        writer.write_table(_table(), max_chunksize=700)


def _zstandard(path: Path) -> None:
    made = path.with_suffix("")
    pyarrow.csv.write_csv(_table(), made)
    with pa.CompressedOutputStream(str(path), "zstd") as packed:
        packed.write(made.read_bytes())


def _of_2017(path: Path) -> None:
    """A file that comes with pyarrow, written by parquet-cpp 0.7.1."""
    path.write_bytes(
        (Path(pa.__file__).parent / "tests" / "data" / "parquet" / "v0.7.1.parquet").read_bytes()
    )


FILES: dict[str, Callable[[Path], object]] = {
    "python.gb18030.csv": _python_csv,
    "python.jsonl.gz": _json_lines,
    "pandas.tsv": lambda path: _frame().to_csv(path, sep="\t", index=False),
    "pandas.csv.gz": lambda path: _frame().to_csv(path, index=False, quoting=csv.QUOTE_NONNUMERIC),
    "pandas.feather": lambda path: _frame().to_feather(path),
    "pandas.parquet": lambda path: _frame().to_parquet(path, compression="gzip"),
    "pyarrow.csv.zst": _zstandard,
    "pyarrow.parquet": lambda path: pq.write_table(_table(), path, row_group_size=600, compression="brotli"),
    "pyarrow.arrows": _stream,
    "parquet-cpp-2017.parquet": _of_2017,
    "duckdb.parquet": _duckdb("FORMAT parquet, COMPRESSION zstd"),
    "duckdb.csv.gz": _duckdb("FORMAT csv, HEADER, COMPRESSION gzip"),
    "duckdb.jsonl.zst": _duckdb("FORMAT json, COMPRESSION zstd"),
}
"""Name of a file → what writes it to a path."""
