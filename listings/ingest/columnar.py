"""Parquet and Arrow to the revision's Parquet with pyarrow, batch by batch.

Types are already stated by the file, so nothing is inferred; they are brought to the few that a revision has:

- integers keep their width, floats theirs (half floats become single); what is not finite becomes missing;
- decimals of up to 38 digits stay exact; dates are days; timestamps are microseconds, in UTC if they had a zone;
- wider decimals, and a column of timestamps one of which is finer than microseconds, become text with a notice;
- dictionaries are unpacked; times of day become text; lists, structs and maps become JSON text with a notice;
- binary values and durations are refused: no API of the market could hand them out.

A kilobyte can unpack to gigabytes: a dictionary names one long text in every row. So texts stay in their dictionaries
until they have been measured, and are unpacked a row group at a time.
"""

from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from infra.messages import Message, joined
from listings.ingest.errors import (
    BadColumnName,
    EmptyFile,
    FileTooLarge,
    HeaderOnly,
    TruncatedFile,
    UnsupportedColumn,
    shown,
)
from listings.ingest.lengths import Lengths, is_binary, is_text, lengths, nesting
from listings.ingest.limits import MAX_NESTING, MEBIBYTE, Limits
from listings.ingest.names import column_names, require_columns
from listings.ingest.nested import has_floats, json_texts, unwritable
from listings.ingest.result import Column, Kind, Notice
from listings.ingest.row_groups import measured, write_groups

_DAY = 86_400_000_000
_FIRST_DAY = (date.min - date(1970, 1, 1)).days
_LAST_DAY = (date.max - date(1970, 1, 1)).days
_BATCH_ROWS = 65_536
_BATCH_BYTES = 32 * MEBIBYTE


@dataclass(frozen=True, slots=True)
class _Plan:
    """How one column is brought to its stored type."""

    kind: Kind
    stored: pa.DataType
    convert: Callable[[pa.Array], pa.Array]
    zone: str | None = None
    notice: Message | None = None


def convert_columnar(
    source: Path, source_format: str, target: Path, limits: Limits
) -> tuple[list[Column], list[Notice]]:
    """Rewrite a Parquet file, Arrow file or Arrow stream as a revision.

    :raises FileRefused: the file is cut off or damaged, claims more than the limits allow, has no rows, or has a
        column of a type that cannot be handed out.
    """
    finer: set[str] = set()
    try:
        while True:
            with source.open("rb") as stream, suppress(_Finer):
                if source_format == "parquet":
                    opened = _open_parquet(pa.PythonFile(stream), limits)
                else:
                    opened = _open_ipc(pa.PythonFile(stream), source_format)
                return _write(*opened, target, limits, finer)
    except pa.ArrowMemoryError:
        raise MemoryError from None
    except UnicodeDecodeError:
        raise BadColumnName(
            Message("A column's name is not UTF-8."), remedy=Message("Rename the column.")
        ) from None
    except (pa.ArrowException, OSError, EOFError) as error:
        reason = str(error).splitlines()[0][:200].rstrip(".") if str(error) else type(error).__name__
        raise TruncatedFile(
            Message("The file is damaged or cut off: {reason}.", reason=reason),
            remedy=Message(
                "Upload it again, whole; where the same is said again, write the file anew as CSV, or as Parquet with"
                " plain columns."
            ),
        ) from error


def _open_parquet(stream: pa.NativeFile, limits: Limits) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    metadata = pq.read_metadata(stream)
    groups = [metadata.row_group(i) for i in range(metadata.num_row_groups)]
    stated = sum(group.total_byte_size for group in groups)
    require_columns(len(metadata.schema.to_arrow_schema().names), limits)
    _refuse_oversize(metadata.num_rows, metadata.num_columns, stated, limits)
    stream.seek(0)
    _refuse_fine_instants(stream, metadata)
    file = pq.ParquetFile(stream, read_dictionary=_dictionaries(metadata), coerce_int96_timestamp_unit="us")
    widest = max((group.total_byte_size // max(group.num_rows, 1) for group in groups), default=0)
    rows = max(1, min(_BATCH_ROWS, limits.rows_per_group(metadata.num_columns), _BATCH_BYTES // (widest + 1)))
    return file.schema_arrow, file.iter_batches(batch_size=rows, use_threads=False)


def _refuse_fine_instants(stream: pa.NativeFile, metadata: pq.FileMetaData) -> None:
    """Refuse timestamps of 96 bit with nanoseconds. Only as microseconds they have all their years.

    :raises UnsupportedColumn: names the column.
    """
    leaves = [metadata.schema.column(i) for i in range(metadata.num_columns)]
    paths = [leaf.path for leaf in leaves if leaf.physical_type == "INT96"]
    if not paths:
        return
    files = [pq.ParquetFile(stream, coerce_int96_timestamp_unit=unit) for unit in ("us", "ns")]
    ways = (file.iter_batches(batch_size=_BATCH_ROWS, columns=paths, use_threads=False) for file in files)
    for coarse, fine in zip(*ways, strict=True):
        for name, microseconds, nanoseconds in zip(coarse.schema.names, coarse, fine, strict=True):
            # What nanoseconds cannot count begins anew, in both of them.
            if not np.array_equal(_instants(microseconds) * 1_000, _instants(nanoseconds)):
                raise UnsupportedColumn(
                    Message(
                        "Column {name} holds timestamps of 96 bit with nanoseconds, which are not read.",
                        name=shown(name),
                    ),
                    remedy=Message("Write the column as timestamps of 64 bit (TIMESTAMP), or as text."),
                    column=name,
                )


def _instants(values: pa.Array) -> Lengths:
    """Timestamps as they are counted, and those within lists and structs."""
    if pa.types.is_struct(values.type):
        return np.concatenate([_instants(part) for part in values.flatten()])
    if pa.types.is_map(values.type):
        return np.concatenate([_instants(part) for part in (values.keys, values.items)])
    if values.type.num_fields:
        return _instants(values.flatten())
    if not pa.types.is_timestamp(values.type):
        return np.zeros(0, np.int64)
    return np.asarray(values.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False))


def _dictionaries(metadata: pq.FileMetaData) -> list[str]:
    """Paths of the texts that are kept in dictionaries, at any depth: they are read as such."""
    if not metadata.num_row_groups:
        return []
    first = metadata.row_group(0)
    columns = (first.column(i) for i in range(first.num_columns))
    return [c.path_in_schema for c in columns if c.physical_type == "BYTE_ARRAY" and c.has_dictionary_page]


def _open_ipc(stream: pa.NativeFile, source_format: str) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    if source_format == "arrow-stream":
        reader = pa.ipc.open_stream(stream)
        return reader.schema, iter(reader)
    file = pa.ipc.open_file(stream)
    return file.schema, (file.get_batch(i) for i in range(file.num_record_batches))


def _refuse_oversize(rows: int, columns: int, stated_bytes: int, limits: Limits) -> None:
    if not limits.allows(rows, columns) or stated_bytes > limits.expanded_bytes:
        raise FileTooLarge(
            Message(
                "The file claims {rows:,} rows of {columns:,} columns, {stated_bytes:,} bytes unpacked.",
                rows=rows,
                columns=columns,
                stated_bytes=stated_bytes,
            ),
            remedy=Message(
                "Split it into files of at most {rows:,} rows and {cells:,} values.",
                rows=limits.rows,
                cells=limits.cells,
            ),
            rows=rows,
            columns=columns,
        )


def _write(
    schema: pa.Schema, batches: Iterator[pa.RecordBatch], target: Path, limits: Limits, finer: set[str]
) -> tuple[list[Column], list[Notice]]:
    """Write what the batches hold.

    :param finer: columns of timestamps that are kept as text.
    :raises _Finer: after another one was added.
    """
    if not schema.names:
        raise EmptyFile(Message("The file has no columns."), remedy=Message("Upload a table."))
    names, notices = column_names(schema.names, limits, line=None)
    plans = [_plan(name, field.type, finer) for name, field in zip(names, schema, strict=True)]
    stored = pa.schema([(name, plan.stored) for name, plan in zip(names, plans, strict=True)])
    lost = [0] * len(plans)

    def convert(batch: pa.RecordBatch, first_row: int) -> pa.RecordBatch:
        arrays, known = [], len(finer)
        for index, plan in enumerate(plans):
            before = batch.column(index)
            try:
                arrays.append(plan.convert(before))
            except _Finer:
                finer.add(names[index])
            else:
                lost[index] += arrays[-1].null_count - before.null_count
        if len(finer) > known:
            raise _Finer
        made = pa.record_batch(arrays, schema=stored)
        measured(made, names, limits, first_row=first_row)  # the JSON text of nested values is known only now
        return made

    rows = write_groups(
        _valid(batches),
        names,
        stored,
        convert,
        target,
        limits,
        lambda rows: _refuse_oversize(rows, len(names), 0, limits),
    )
    if not rows:
        raise HeaderOnly(
            Message("The file has columns and no rows."),
            remedy=Message("Upload a file with at least one row."),
        )
    columns = []
    for given, name, plan, missing in zip(schema.names, names, plans, lost, strict=True):
        columns.append(Column(name, given, plan.kind, str(plan.stored), nullable=True, zone=plan.zone))
        if plan.notice:
            notices.append(Notice("kept-as-text", plan.notice, name))
        if missing:
            message = Message(
                "{count:,} values of {name} are NaN or infinite; they were read as missing.",
                count=missing,
                name=shown(name),
            )
            notices.append(Notice("markers-read-as-missing", message, name))
    return columns, notices


def _valid(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        batch.validate(full=True)
        yield batch


def _plan(name: str, kind: pa.DataType, finer: Collection[str] = ()) -> _Plan:
    """How a column is brought to its stored type.

    :param finer: columns of timestamps that are kept as text.
    :raises FileRefused: values of this type cannot be handed out.
    """
    if isinstance(kind, pa.BaseExtensionType):
        inner = _plan(name, kind.storage_type, finer)
        return _Plan(inner.kind, inner.stored, lambda a: inner.convert(a.storage), inner.zone, inner.notice)
    if pa.types.is_dictionary(kind):
        if pa.types.is_nested(kind.value_type) or pa.types.is_dictionary(kind.value_type):
            raise _unsupported(name, kind)
        inner = _plan(name, kind.value_type, finer)
        return _Plan(
            inner.kind, inner.stored, lambda a: inner.convert(a.dictionary_decode()), inner.zone, inner.notice
        )
    if pa.types.is_integer(kind):
        return _Plan(Kind.INTEGER, kind, lambda a: a)
    if pa.types.is_floating(kind):
        stored = pa.float32() if pa.types.is_float16(kind) else kind
        return _Plan(Kind.NUMBER, stored, lambda a: _finite(a.cast(stored)))
    if pa.types.is_decimal(kind) and (exact := _exact(kind)) is not None:
        return _Plan(Kind.DECIMAL, exact, lambda a: a.cast(exact))
    if pa.types.is_boolean(kind):
        return _Plan(Kind.BOOLEAN, kind, lambda a: a)
    if pa.types.is_date(kind):
        return _Plan(Kind.DATE, pa.date32(), lambda a: _days(a, name))
    if pa.types.is_timestamp(kind) and name not in finer:
        zone = "UTC" if kind.tz else None
        return _Plan(Kind.TIMESTAMP, pa.timestamp("us"), lambda a: _microseconds(a, kind.tz, name), zone)
    return _text_plan(name, kind)


def _exact(kind: pa.DataType) -> pa.DataType | None:
    """A type that holds the decimals of another, with a digit before the point; None beyond 38 digits."""
    scale = max(kind.scale, 0)
    precision = max(kind.precision - min(kind.scale, 0), scale + 1 if scale >= kind.precision else 0)
    return pa.decimal128(precision, scale) if precision <= 38 else None


def _text_plan(name: str, kind: pa.DataType) -> _Plan:
    text = pa.string()
    if pa.types.is_timestamp(kind):
        notice = Message(
            "Column {name} holds times finer than microseconds; it is kept as text.", name=shown(name)
        )
        return _Plan(Kind.TEXT, text, lambda a: _written_times(a, kind.tz), notice=notice)
    if pa.types.is_decimal(kind):
        notice = Message(
            "Column {name} holds {kind}, which has more digits than a decimal may have; it is kept as text.",
            name=shown(name),
            kind=str(kind),
        )
        return _Plan(Kind.TEXT, text, lambda a: a.cast(text), notice=notice)
    if kind.num_fields:
        _require_measurable(name, kind)
        notice = Message(
            "Column {name} holds {kind}; it is kept as JSON text.",
            name=shown(name),
            kind=shown(str(kind), 200),
        )
        if has_floats(kind):
            notice = joined([notice, Message("NaN and infinities in it become null.")], " ")
        return _Plan(Kind.TEXT, text, lambda a: json_texts(a, name), notice=notice)
    if pa.types.is_time(kind) or pa.types.is_null(kind):
        return _Plan(Kind.TEXT, text, lambda a: a.cast(text))
    if is_text(kind) and not is_binary(kind):
        return _Plan(Kind.TEXT, text, lambda a: a.cast(text))
    raise _unsupported(name, kind)


def _require_measurable(name: str, kind: pa.DataType) -> None:
    """Refuse what is nested too deep, or in ways that let a few bytes stand for many."""
    if nesting(kind) > MAX_NESTING:
        raise UnsupportedColumn(
            Message(
                "Column {name} is nested {depth} deep; at most {limit} are taken.",
                name=shown(name),
                depth=nesting(kind),
                limit=MAX_NESTING,
            ),
            remedy=Message("Write its parts as columns of their own."),
            column=name,
        )
    if unwritable(kind):
        raise _unsupported(name, kind)
    try:
        lengths(pa.array([], kind))
    except (ValueError, pa.ArrowException):
        raise _unsupported(name, kind) from None


def _unsupported(name: str, kind: pa.DataType) -> UnsupportedColumn:
    return UnsupportedColumn(
        Message(
            "Column {name} is of the type {kind}, which no interface of the market can hand out.",
            name=shown(name),
            kind=str(kind)[:200],
        ),
        remedy=Message("Leave the column out, or write it as text or numbers."),
        column=name,
    )


def _finite(values: pa.Array) -> pa.Array:
    finite = pc.is_finite(values)
    return values if pc.all(finite).as_py() is not False else pc.if_else(finite, values, None)


def _microseconds(values: pa.Array, zone: str | None, name: str) -> pa.Array:
    # Seconds far enough away would begin anew when they are counted in microseconds.
    per_day = {"s": 86_400, "ms": 86_400_000, "us": _DAY, "ns": _DAY * 1_000}[values.type.unit]
    _of_our_era(values, name, per_day)
    if values.type.unit == "ns" and _is_finer(values):
        raise _Finer
    exact = values.cast(pa.timestamp("us", zone), safe=False)
    return exact.cast(pa.timestamp("us")) if zone else exact


class _Finer(Exception):
    """A column holds times that microseconds do not say."""


def _is_finer(values: pa.Array) -> bool:
    counted = values.cast(pa.int64())
    return bool(pc.any(pc.not_equal(counted, pc.multiply(pc.divide(counted, 1_000), 1_000))).as_py())


def _written_times(values: pa.Array, zone: str | None) -> pa.Array:
    """RFC 3339, in UTC where they have a zone."""
    counted = values.cast(pa.timestamp("ns", "UTC" if zone else None))
    return pc.replace_substring(counted.cast(pa.string()), " ", "T")


def _days(values: pa.Array, name: str) -> pa.Array:
    return _of_our_era(values, name, 1 if pa.types.is_date32(values.type) else 86_400_000).cast(pa.date32())


def _of_our_era(values: pa.Array, name: str, per_day: int) -> pa.Array:
    """The values, when four digits can say their years (RFC 3339).

    :param per_day: units of the values in a day.
    :raises UnsupportedColumn: one is before the year 1 or after the year 9999.
    """
    counted = values.cast(pa.int32() if pa.types.is_date32(values.type) else pa.int64())
    found = pc.min_max(counted)
    if found["min"].is_valid and not (
        _FIRST_DAY * per_day <= found["min"].as_py() and found["max"].as_py() < (_LAST_DAY + 1) * per_day
    ):
        raise UnsupportedColumn(
            Message("Column {name} holds a date before the year 1 or after the year 9999.", name=shown(name)),
            remedy=Message("Correct or empty the value, or write the column as text."),
            column=name,
        )
    return values
