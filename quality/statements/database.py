"""SQL statements of checks, run in DuckDB over one Parquet file, with nothing else in reach.

For `quality.statements.__main__` only. The database has the one view ``revision``, the one file that may be opened is
the revision, and the configuration is locked before the statement is parsed; what `quality.statements.rules` lets
through could not use anything else anyway.
"""

import datetime as dt
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

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


def failing_rows(path: Path, statement: str, limits: StatementLimits | None = None) -> FailingRows:
    """The rows of a revision that a statement returns.

    :raises StatementFailed: it may not run, asks for what is not there, or takes more time or memory than it may.
    """
    bounds = limits or StatementLimits()
    try:
        accepted = require(statement)
    except StatementRefused as refused:
        raise StatementFailed(f"{refused.what} {refused.remedy}") from None
    file = pq.ParquetFile(path)
    names, rows = file.schema_arrow.names, file.metadata.num_rows
    file.close()
    position = _free(POSITION, names)
    with _confined(path, names, position, bounds) as connection, _timed(connection, bounds):
        return _found(connection, accepted, rows, names, position, bounds)


def _free(name: str, names: list[str]) -> str:
    taken = {other.lower() for other in names}
    while name in taken:
        name += "_"
    return name


def _found(
    connection: duckdb.DuckDBPyConnection,
    statement: Statement,
    rows: int,
    names: list[str],
    position: str,
    bounds: StatementLimits,
) -> FailingRows:
    marked = np.zeros(rows + 1, dtype=bool)
    returned = 0
    # As a relation the result comes batch by batch; as one of execute() all of it would be in memory.
    result = connection.sql(f"SELECT {_quoted(position)} FROM ({statement.text}\n) AS failing")  # noqa: S608
    reader = result.to_arrow_reader(_BATCH)
    if not pa.types.is_integer(reader.schema.field(0).type):
        raise StatementFailed(f"{position} of the statement's result is no position of a row.")
    for batch in reader:
        returned += batch.num_rows
        if returned > 4 * rows + _SPARE_ROWS:
            raise StatementFailed("The statement returns far more rows than the revision has.")
        column = batch.column(0)
        positions = column.drop_null().cast(pa.int64(), safe=False).to_numpy(zero_copy_only=False)
        if column.null_count or (len(positions) and (positions.min() < 1 or positions.max() > rows)):
            raise StatementFailed(f"{position} of the statement's result is no position of a row.")
        marked[positions] = True
    first = [int(place) for place in np.flatnonzero(marked)[: bounds.examples]]
    mentioned = {name.lower() for name in statement.columns}
    columns = [name for name in names if name.lower() in mentioned][:_SHOWN_COLUMNS]
    return FailingRows(rows, int(marked.sum()), _examples(connection, columns, position, first))


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
    path: Path, names: list[str], position: str, bounds: StatementLimits
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database of one view and one file, whose errors are told for a person."""
    connection = duckdb.connect(
        ":memory:",
        config={
            "threads": 1,
            "memory_limit": f"{bounds.memory_bytes // 1024}KiB",
            "max_temp_directory_size": "0KB",
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
        columns = ", ".join(_quoted(name) for name in names)
        numbered = _free("file_row_number", names)
        place = "row_number() OVER ()" if numbered != "file_row_number" else "file_row_number + 1"
        option = "" if numbered != "file_row_number" else ", file_row_number = true"
        literal = "'" + str(path.resolve()).replace("'", "''") + "'"
        connection.execute(
            f"CREATE VIEW {TABLE} AS SELECT {place} AS {_quoted(position)}, {columns} "  # noqa: S608
            f"FROM read_parquet({literal}{option})"
        )
        connection.execute("SET lock_configuration = true")
        yield connection
    except duckdb.InterruptException:
        raise StatementFailed(f"The statement takes longer than {bounds.seconds:g} seconds.") from None
    except (duckdb.OutOfMemoryException, MemoryError):
        raise StatementFailed(
            f"The statement needs more than {bounds.memory_bytes // (1024 * 1024):,} MiB of memory."
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
    if isinstance(error, duckdb.ConversionException):
        return "a value cannot be converted. Use try_cast, which makes it a missing one."
    return f"{type(error).__name__.removesuffix('Exception')}."
