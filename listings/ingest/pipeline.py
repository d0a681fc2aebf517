"""One file from source to revision, inside the child process."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path

import duckdb

from infra.messages import Message
from listings.ingest import encodings, json_lines, sniff
from listings.ingest.compressed import unpacked
from listings.ingest.conform import conform
from listings.ingest.delimited import convert_csv
from listings.ingest.dialect import Dialect, dialect_of, stated_in
from listings.ingest.errors import FileTooLarge, MalformedRecord, WrongEncoding, shown
from listings.ingest.examine import examine
from listings.ingest.expected import ExpectedColumn
from listings.ingest.limits import MEBIBYTE, Limits, unpacking
from listings.ingest.matching import match_names
from listings.ingest.names import column_names
from listings.ingest.odd_rows import odd_rows
from listings.ingest.profile import first_rows, profile, widest_row
from listings.ingest.progress import Reporter
from listings.ingest.records import Dropped, readable_records, records
from listings.ingest.result import (
    Column,
    DecimalMark,
    Delimiter,
    IngestOptions,
    IngestPhase,
    IngestResult,
    Notice,
    TextEncoding,
)
from listings.ingest.table import Table
from listings.ingest.writing import literal


def ingest(
    source: Path,
    target: Path,
    work: Path,
    filename: str,
    options: IngestOptions,
    limits: Limits,
    expected: Sequence[ExpectedColumn] = (),
    reporter: Reporter | None = None,
) -> IngestResult:
    """Convert, profile and checksum one file. The target appears last and whole, by renaming.

    :param source: an absolute path.
    :param work: folder for temporary files, on the target's file system.
    :param filename: the file's original name, a hint to its format.
    :param expected: columns that are read with the types given; the types of others are inferred.
    :param reporter: is told how far the conversion is.
    :raises FileRefused: the file is not taken.
    :raises MemoryError: the limits do not suffice for it.
    """
    reporter = reporter or Reporter(lambda _: None)
    size = source.stat().st_size
    if size > limits.source_bytes:
        raise FileTooLarge(
            Message(
                "The file has {size:,} bytes; at most {limit:,} are taken.",
                size=size,
                limit=limits.source_bytes,
            ),
            remedy=Message("Split it into smaller files, or compress it as Parquet."),
        )
    reporter.enter(IngestPhase.UNPACKING)
    with unpacking(limits):
        given = unpacked(source, work, filename, limits, reporter)
    source_format = sniff.format_of(given.path, given.filename, options.encoding)
    made = work / "revision.parquet"
    if source_format in {"csv", "json-lines"}:
        result = _from_text(
            given.path, made, source_format, given.filename, options, limits, expected, reporter
        )
    else:
        result = _from_columns(given.path, made, source_format, limits, expected, reporter)
    if given.path != source:
        original = encodings.digest(source)
        result = replace(
            result,
            source_sha256=original.sha256,
            source_bytes=original.size,
            notices=given.notices + result.notices,
        )
    made.replace(target)
    return result


def _from_text(
    source: Path,
    made: Path,
    source_format: str,
    filename: str,
    options: IngestOptions,
    limits: Limits,
    expected: Sequence[ExpectedColumn],
    reporter: Reporter,
) -> IngestResult:
    reporter.enter(IngestPhase.READING)
    text, notices = source, []
    if options.encoding in (None, TextEncoding.UTF_8):
        scan = encodings.scan_text(source, limits)
        if scan.encoding == "gb18030" and options.encoding is TextEncoding.UTF_8:
            _decoded(source, made.with_name("source.utf8"), TextEncoding.UTF_8)
        if scan.encoding == "gb18030":
            text = _decoded(source, made.with_name("source.utf8"), TextEncoding.GB18030)
            notices.append(_detected_encoding(text))
    else:
        text = _decoded(source, made.with_name("source.utf8"), options.encoding)
        scan = replace(encodings.scan_text(text, limits), encoding=options.encoding.value)
        original = encodings.digest(source)
        scan = replace(scan, sha256=original.sha256, size=original.size)
    if source_format == "json-lines":
        table, told = _json_table(text, made.with_name("source.csv"), options, limits, expected)
        notices += told
    else:
        if (stated := stated_in(text)) is not None:
            text = _without_first_line(text, made.with_name("source.csv"))
            options = replace(options, delimiter=options.delimiter or stated)
            notices.append(_stated_delimiter(stated))
        table, told = _csv_table(text, filename, options, limits, expected)
        notices += told
        if not scan.ends_with_newline:
            notices.append(
                Notice(
                    "no-final-line-end",
                    Message("The last line has no line end; check that the file is whole."),
                )
            )
    reporter.expect(sniff.estimated_rows(table.path))
    with (
        _engine(made.parent, source, len(table.names), limits) as connection,
        reporter.watching(connection),
    ):
        columns, more = convert_csv(
            connection, table, made, limits, reporter, strict=options.strict, lenient=options.lenient
        )
        there = {column.name for column in columns}
        notices = [notice for notice in notices if notice.column is None or notice.column in there]
        delimiter = table.delimiter if source_format == "csv" else None
        reporter.enter(IngestPhase.PROFILING)
        return _finished(connection, made, columns, notices + more, scan, source_format, delimiter=delimiter)


def _decoded(source: Path, target: Path, encoding: TextEncoding) -> Path:
    """The file as UTF-8.

    :raises WrongEncoding: it is not encoded so.
    """
    try:
        encodings.transcode(source, target, encoding.value)
    except UnicodeError as error:
        raise WrongEncoding(
            Message(
                "The file is not encoded as {encoding}: {reason}.",
                encoding=encoding.value,
                reason=str(error)[:200],
            ),
            remedy=Message("State another encoding, or leave it out to have UTF-8 and GB18030 detected."),
        ) from None
    return target


def _without_first_line(source: Path, target: Path) -> Path:
    """The file with its first line blank, so that the others keep their numbers."""
    with source.open("rb") as reading, target.open("wb") as writing:
        reading.readline()
        writing.write(b"\n")
        shutil.copyfileobj(reading, writing, MEBIBYTE)
    return target


def _stated_delimiter(stated: Delimiter) -> Notice:
    message = Message(
        "The first line says how values are separated ({delimiter}), and is not read as data.",
        delimiter=stated.value,
    )
    return Notice("delimiter-stated", message, line=1)


def _detected_encoding(decoded: Path) -> Notice:
    with decoded.open(encoding="utf-8") as stream:
        wide = "".join(character for character in stream.read(4096) if character >= "\x80")
    return Notice(
        "encoding-detected",
        Message(
            "The file is not UTF-8; it was read as GB18030: {sample}. If that is wrong, upload it again with its"
            " encoding, such as encoding=euc-kr.",
            sample=shown(wide, 12),
        ),
    )


def _from_columns(
    source: Path,
    made: Path,
    source_format: str,
    limits: Limits,
    expected: Sequence[ExpectedColumn],
    reporter: Reporter,
) -> IngestResult:
    from listings.ingest.columnar import convert_columnar  # pyarrow, which text files do without

    reporter.enter(IngestPhase.READING)
    scan = encodings.digest(source)
    reporter.enter(IngestPhase.WRITING)
    with unpacking(limits):
        columns, notices = convert_columnar(source, source_format, made, limits)
    reporter.enter(IngestPhase.PROFILING)
    with (
        _engine(made.parent, source, len(columns), limits) as connection,
        reporter.watching(connection),
    ):
        columns, more = conform(connection, made, columns, expected, limits)
        return _finished(connection, made, columns, notices + more, scan, source_format)


def _finished(
    connection: duckdb.DuckDBPyConnection,
    made: Path,
    columns: list[Column],
    notices: list[Notice],
    scan: encodings.Scan,
    source_format: str,
    delimiter: str | None = None,
) -> IngestResult:
    rows, columns, profiles, keys = profile(connection, made, columns)
    detected, told = examine(connection, columns, profiles, rows)
    told += odd_rows(connection, columns, profiles, rows)
    file = encodings.digest(made)
    return IngestResult(
        rows=rows,
        columns=tuple(columns),
        profile=tuple(profiles),
        keys=keys,
        sha256=file.sha256,
        size_bytes=file.size,
        source_sha256=scan.sha256,
        source_bytes=scan.size,
        source_format=source_format,
        encoding=scan.encoding,
        delimiter=delimiter,
        notices=tuple(notices + told),
        sample=first_rows(connection, columns),
        row_bytes=widest_row(connection, columns),
        detected=tuple(detected),
    )


def _csv_table(
    path: Path, filename: str, options: IngestOptions, limits: Limits, expected: Sequence[ExpectedColumn]
) -> tuple[Table, list[Notice]]:
    dialect = dialect_of(path, filename, options, limits, [column.name for column in expected])
    names, notices = column_names(dialect.names, limits)
    matched = match_names(names, expected)
    if not dialect.header:
        message = Message(
            "The first line reads as data; the columns are called {first} to {last}.",
            first=names[0],
            last=names[-1],
        )
        notices.append(Notice("no-header", message, line=1))
    line_of = partial(_csv_line, path, dialect, limits, options.lenient)
    everything = (None,) * len(names)
    return (
        Table(
            path,
            dialect.delimiter,
            dialect.header,
            dialect.names,
            matched.names,
            everything,
            line_of,
            matched.expected,
            quote=dialect.quote,
            decimal_comma=options.decimal_mark is DecimalMark.COMMA,
            null_words=options.null_words,
        ),
        notices + matched.notices,
    )


def _csv_line(path: Path, dialect: Dialect, limits: Limits, lenient: bool, row: int) -> int:
    found = records(path, dialect.delimiter, limits, dialect.quote)
    if lenient:
        width = len(dialect.names)
        found = readable_records(path, dialect.delimiter, limits, dialect.quote, width, Dropped())
    record = next(islice(found, row + dialect.header, None), None)
    assert record is not None, "a row beyond the file's end"
    return record[0]


def _json_table(
    path: Path, spooled: Path, options: IngestOptions, limits: Limits, expected: Sequence[ExpectedColumn]
) -> tuple[Table, list[Notice]]:
    dropped = Dropped() if options.lenient else None
    keys = json_lines.survey(path, limits, dropped)
    given = tuple(keys.types)
    names, notices = column_names(given, limits, line=None)
    json_lines.spool(path, spooled, keys, limits, null_words=options.null_words, lenient=options.lenient)
    line_of = partial(json_lines.line_of, path, limits, options.lenient)
    matched = match_names(names, expected)
    table = Table(
        spooled,
        ",",
        False,
        given,
        matched.names,
        keys.allowed(),
        line_of,
        matched.expected,
        null_words=() if len(names) > 1 else (json_lines.MISSING,),
        spooled=True,
        empty={name: keys.empty[key] for key, name in zip(given, matched.names, strict=True)},
    )
    inferred = {name for name, column in zip(given, matched.expected, strict=True) if column is None}
    told = [notice for notice in keys.notices() if notice.column in inferred]
    told += dropped.notices(keys.lines) if dropped is not None else []
    return table, notices + matched.notices + told


@contextmanager
def _engine(work: Path, source: Path, width: int, limits: Limits) -> Iterator[duckdb.DuckDBPyConnection]:
    """DuckDB, held to its memory, and to the source file and the work folder for its file access.

    :raises MemoryError: the work inside needs more memory than allowed.
    :raises FileRefused: the work inside failed for a reason that only DuckDB knows.
    """
    connection = duckdb.connect(
        ":memory:",
        config={
            "threads": limits.threads,
            "memory_limit": f"{limits.engine_bytes_for(width) // 1024}KiB",
            "temp_directory": str(work / "spill"),
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        },
    )
    try:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET enable_progress_bar = true")  # it is asked how far it is, and prints nothing
        connection.execute("SET enable_progress_bar_print = false")
        connection.execute(f"SET allowed_directories = [{literal(str(work))}]")
        connection.execute(f"SET allowed_paths = [{literal(str(source))}]")
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        yield connection
    except duckdb.OutOfMemoryException:
        raise MemoryError from None
    except duckdb.Error as error:
        reason = str(error).splitlines()[0][:300]
        raise MalformedRecord(
            Message("The file cannot be read as a table: {reason}.", reason=reason),
            remedy=Message("Check the file, or save it again as CSV (RFC 4180, UTF-8) or Parquet."),
        ) from error
    finally:
        connection.close()
