"""SQL statements of checks, run in DuckDB over one Parquet file, with nothing else in reach.

For `quality.statements.__main__` only. The database has the one view ``revision``, the one file that may be opened is
the revision, and the configuration is locked before the statement is parsed; what `quality.statements.rules` lets
through could not use anything else anyway.
"""

import datetime as dt
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Self

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from quality.checks import Example, mask
from quality.statements.limits import FailingRows, StatementFailed, StatementLimits
from quality.statements.rules import TABLE, Statement, StatementRefused, require

POSITION = "row_number"
"""The column that says which row of the file it is, from 1; longer by underscores where the data have one so called."""

_SHOWN_COLUMNS = 4
_BATCH = 65_536
_SPARE_ROWS = 1_000_000
_TOLD: Mapping[type[Exception], str] = {
    duckdb.ConversionException: "a value cannot be converted. Use try_cast, which makes it a missing one.",
    duckdb.OutOfRangeException: "a number is larger than its type can hold. Cast it to DOUBLE.",
    duckdb.InvalidInputException: "a function does not take such a value, or a pattern is too large.",
    duckdb.NotImplementedException: "a function does not take such a value, or a pattern is too large.",
}


def failing_rows(path: Path, statement: str, limits: StatementLimits | None = None) -> FailingRows:
    """The rows of a revision that a statement returns.

    :raises StatementFailed: it may not run, asks for what is not there, or takes more time or memory than it may.
    """
    bounds = limits or StatementLimits()
    try:
        accepted = require(statement)
    except StatementRefused as refused:
        raise StatementFailed(f"{refused.what} {refused.remedy}") from None
    file = _File.of_path(path)
    names = file.names if accepted.everything else file.of(accepted.columns)
    with _confined(path, file, names, bounds) as connection, _timed(connection, bounds):
        return _found(connection, accepted, file, bounds)


@dataclass(frozen=True, slots=True)
class _File:
    """The revision's file: its columns, those of them that are binary floating point, and what rows are told by."""

    names: tuple[str, ...]
    floating: frozenset[str]
    rows: int
    position: str

    @classmethod
    def of_path(cls, path: Path) -> Self:
        with pq.ParquetFile(path) as file:
            schema, rows = file.schema_arrow, file.metadata.num_rows
        floating = frozenset(field.name for field in schema if pa.types.is_floating(field.type))
        return cls(tuple(schema.names), floating, rows, _free(POSITION, schema.names))

    def of(self, mentioned: Iterable[str]) -> list[str]:
        """The columns that a statement mentions, which is not told apart by case, in the file's order."""
        wanted = {name.lower() for name in mentioned}
        return [name for name in self.names if name.lower() in wanted]

    def selected(self, name: str) -> str:
        """A column as the statement sees it: a number that is none (NaN) is missing, as in all other checks."""
        quoted = _quoted(name)
        return (
            f"CASE WHEN NOT isnan({quoted}) THEN {quoted} END AS {quoted}"
            if name in self.floating
            else quoted
        )


def _free(name: str, names: Iterable[str]) -> str:
    taken = {other.lower() for other in names}
    while name in taken:
        name += "_"
    return name


def _found(
    connection: duckdb.DuckDBPyConnection,
    statement: Statement,
    file: _File,
    bounds: StatementLimits,
) -> FailingRows:
    place = _quoted(file.position)
    if file.position not in {name.lower() for name in connection.sql(statement.text).columns}:
        raise StatementFailed(f"The statement does not return {file.position}: select it, or *.")
    returned = _marked(connection, f"SELECT {place} FROM ({statement.text}\n) AS failing", file)  # noqa: S608
    missing = np.zeros(file.rows + 1, dtype=bool)
    without = " OR ".join(f"{_quoted(name)} IS NULL" for name in file.of(statement.compared))
    if without:
        missing = _marked(connection, f"SELECT {place} FROM {TABLE} WHERE {without}", file)  # noqa: S608
    failing = returned | missing
    first = [int(row) for row in np.flatnonzero(failing)[: bounds.examples]]
    shown = file.of(statement.columns)[:_SHOWN_COLUMNS]
    examples = _examples(connection, shown, file.position, first)
    return FailingRows(file.rows, int(failing.sum()), int(missing.sum()), examples)


def _marked(connection: duckdb.DuckDBPyConnection, query: str, file: _File) -> "np.ndarray[Any, Any]":
    """Which rows, from 1, a query returns the positions of."""
    marked = np.zeros(file.rows + 1, dtype=bool)
    returned = 0
    # As a relation the result comes batch by batch; as one of execute() all of it would be in memory.
    reader = connection.sql(query).to_arrow_reader(_BATCH)
    if not pa.types.is_integer(reader.schema.field(0).type):
        raise StatementFailed(f"{file.position} of the statement's result is no position of a row.")
    for batch in reader:
        returned += batch.num_rows
        if returned > 4 * file.rows + _SPARE_ROWS:
            raise StatementFailed("The statement returns far more rows than the revision has.")
        column = batch.column(0)
        places = column.drop_null().cast(pa.int64(), safe=False).to_numpy(zero_copy_only=False)
        if column.null_count or (len(places) and (places.min() < 1 or places.max() > file.rows)):
            raise StatementFailed(f"{file.position} of the statement's result is no position of a row.")
        marked[places] = True
    return marked


def _examples(
    connection: duckdb.DuckDBPyConnection, columns: list[str], position: str, places: list[int]
) -> tuple[Example, ...]:
    if not places:
        return ()
    wanted = ", ".join(_quoted(name) for name in [position, *columns])
    listed = ", ".join(str(place) for place in places)
    found = connection.execute(
        f"SELECT {wanted} FROM {TABLE} WHERE {_quoted(position)} IN ({listed}) ORDER BY 1"  # noqa: S608
    ).fetchall()
    return tuple(
        Example(int(place), ", ".join(_shown(value) for value in values)) for place, *values in found
    )


def _shown(value: Any) -> str:
    quantity = isinstance(value, int | float | Decimal | dt.date | dt.time | dt.timedelta)
    return "" if value is None else mask(str(value), quantity=quantity)


@contextmanager
def _confined(
    path: Path, file: _File, names: Iterable[str], bounds: StatementLimits
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database of one view and one file, whose errors are told for a person."""
    connection = duckdb.connect(
        ":memory:",
        config={
            "threads": 1,
            "memory_limit": f"{bounds.memory_bytes // 1024}KiB",
            "temp_directory": "",
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "allow_community_extensions": False,
            "python_enable_replacements": False,
        },
    )
    try:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET allowed_paths = ?", [[str(path.resolve())]])
        connection.execute("SET enable_external_access = false")
        columns = "".join(f", {file.selected(name)}" for name in names)
        numbered = _free("file_row_number", file.names)
        place = "row_number() OVER ()" if numbered != "file_row_number" else "file_row_number + 1"
        option = "" if numbered != "file_row_number" else ", file_row_number = true"
        literal = "'" + str(path.resolve()).replace("'", "''") + "'"
        connection.execute(
            f"CREATE VIEW {TABLE} AS SELECT {place} AS {_quoted(file.position)}{columns} "  # noqa: S608
            f"FROM read_parquet({literal}{option})"
        )
        connection.execute("SET lock_configuration = true")
        yield connection
    except duckdb.InterruptException:
        raise StatementFailed(f"The statement takes longer than {bounds.seconds:g} seconds.") from None
    except (duckdb.OutOfMemoryException, MemoryError):
        mebibytes = f"{bounds.memory_bytes // (1024 * 1024):,} MiB"
        raise StatementFailed(
            f"The statement needs more memory than a check may use ({mebibytes})."
        ) from None
    except duckdb.Error as error:
        raise StatementFailed(f"The statement cannot be carried out: {_reason(error)}") from None
    except (pa.ArrowException, OSError) as error:  # Arrow's reader hands over the database's errors so
        if "INTERRUPT" in str(error).upper():
            raise StatementFailed(f"The statement takes longer than {bounds.seconds:g} seconds.") from None
        raise StatementFailed(f"The statement cannot be carried out: {_reason(error)}") from None
    finally:
        connection.close()


@contextmanager
def _timed(connection: duckdb.DuckDBPyConnection, bounds: StatementLimits) -> Iterator[None]:
    """Interrupt what runs when the time is over, and go on doing so until it ends."""
    over = threading.Event()

    def interrupt() -> None:
        wait = bounds.seconds
        while not over.wait(wait):
            connection.interrupt()
            wait = 0.05

    thread = threading.Thread(target=interrupt, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _reason(error: Exception) -> str:
    """What the library says, unless it may quote a value of the data."""
    if isinstance(error, duckdb.BinderException | duckdb.CatalogException | duckdb.ParserException):
        return str(error).splitlines()[0][:300]
    told = next((text for kind, text in _TOLD.items() if isinstance(error, kind)), None)
    return told or f"{type(error).__name__.removesuffix('Exception')}."
