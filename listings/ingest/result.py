"""What goes into an ingest and what comes out: shared by the child that does it and the service that asks."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any

from infra.messages import Message, message_from_json, message_to_json
from listings.ingest.personal import Detected


class Delimiter(StrEnum):
    """What separates the values of a CSV file."""

    COMMA = "comma"
    SEMICOLON = "semicolon"
    TAB = "tab"
    PIPE = "pipe"

    @property
    def mark(self) -> str:
        """The character itself."""
        return {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|"}[self.value]


class Quote(StrEnum):
    """What stands around a value of a CSV file that holds the delimiter."""

    DOUBLE = "double"
    SINGLE = "single"
    NONE = "none"

    @property
    def mark(self) -> str:
        """The character itself; empty where there is none."""
        return {"double": '"', "single": "'", "none": ""}[self.value]


class DecimalMark(StrEnum):
    """What stands before the fraction of a number in a CSV file."""

    POINT = "point"
    COMMA = "comma"


class TextEncoding(StrEnum):
    """How the characters of a text file are encoded, by the names of the IANA."""

    UTF_8 = "utf-8"
    UTF_16 = "utf-16"
    GB18030 = "gb18030"
    BIG5 = "big5"
    EUC_KR = "euc-kr"
    SHIFT_JIS = "shift_jis"
    EUC_JP = "euc-jp"
    WINDOWS_1252 = "windows-1252"


@dataclass(frozen=True, slots=True)
class IngestOptions:
    """What the owner states about a file; kept with its revision, so that the conversion can be repeated.

    :param strict: refuse a column of dates or times that holds something else (``mixed-column``), rather than keep it
        as text with a notice.
    :param delimiter: of a CSV file; None to detect.
    :param header: whether a CSV file's first line names the columns; None to detect.
    :param encoding: of a text file; None to detect UTF-8 and GB18030.
    :param quote: of a CSV file; None to detect.
    :param decimal_mark: of a CSV file; with a comma, points, blanks and apostrophes group thousands. None for a point.
    :param null_words: what stands for a missing value in every column of a text file, as it is written.
    :param lenient: drop lines of a text file that cannot be read, and tell which, rather than refuse the file.
    """

    strict: bool = True
    delimiter: Delimiter | None = None
    header: bool | None = None
    encoding: TextEncoding | None = None
    quote: Quote | None = None
    decimal_mark: DecimalMark | None = None
    null_words: tuple[str, ...] = ()
    lenient: bool = False

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready mapping; ``from_json`` reads it back."""
        return asdict(self)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "IngestOptions":
        """Read what ``to_json`` wrote.

        :raises KeyError, TypeError, ValueError: the document is of another shape.
        """
        # What is asked for with get() is absent from documents before there was a choice.
        delimiter, encoding = document["delimiter"], document.get("encoding")
        quote, decimal_mark = document.get("quote"), document.get("decimal_mark")
        return cls(
            strict=document["strict"],
            delimiter=Delimiter(delimiter) if delimiter is not None else None,
            header=document["header"],
            encoding=TextEncoding(encoding) if encoding is not None else None,
            quote=Quote(quote) if quote is not None else None,
            decimal_mark=DecimalMark(decimal_mark) if decimal_mark is not None else None,
            null_words=tuple(str(word) for word in document.get("null_words", ())),
            lenient=document.get("lenient", False),
        )


class IngestPhase(StrEnum):
    """What a conversion does; files skip what they do not need."""

    UNPACKING = "unpacking"
    READING = "reading"
    VERIFYING = "verifying"
    WRITING = "writing"
    PROFILING = "profiling"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a conversion is.

    :param share: of the whole conversion, from 0 to 1; it never falls.
    :param rows: read so far in this phase, an estimate until the file has been read once; None where nothing is known.
    """

    phase: IngestPhase
    share: float
    rows: int | None = None

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready mapping; ``from_json`` reads it back."""
        return asdict(self)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "Progress":
        """Read what ``to_json`` wrote.

        :raises KeyError, TypeError, ValueError: the document is of another shape.
        """
        share, rows = float(document["share"]), document["rows"]
        if not 0 <= share <= 1:
            raise ValueError(share)
        return cls(IngestPhase(document["phase"]), share, int(rows) if rows is not None else None)


class Kind(StrEnum):
    """The logical type of a column; holds for every value of it, the last row included."""

    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    TIMESTAMP = "timestamp"


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a revision.

    :param name: the name of the API: the given name without surrounding blanks, line breaks made blanks.
    :param original_name: the name exactly as the file gave it.
    :param kind: logical type. ``decimal`` is exact, ``number`` is binary floating point.
    :param physical: the Parquet column's type in DuckDB's words, e.g. ``DECIMAL(6,2)``.
    :param nullable: whether any value is missing.
    :param zone: ``UTC`` when the file's timestamps carried offsets (they are stored in UTC); None when they
        carried none, and so are local to whatever place the file is about.
    """

    name: str
    original_name: str
    kind: Kind
    physical: str
    nullable: bool
    zone: str | None = None


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """The light profile of one column.

    Extremes of text columns are not kept, only their lengths: an extreme may be somebody's name. ``values``
    lists every distinct value of a text or boolean column that has few of them, each often repeated.

    :param distinct: number of distinct values; exact when ``distinct_exact``, otherwise within a few percent.
    :param minimum: smallest value as text (ISO 8601 for dates); None for text columns and empty ones.
    :param shape: a regular expression that nearly all values of a code-like text column match.
    :param increasing: whether a date or timestamp column never falls from one row to the next.
    :param sampled: of how many rows, in blocks over the whole file, the following is told; all of a small file;
        ``sampled_nulls`` of them are missing, or infinite.
    :param quantiles: of numbers and dates the smallest value, those at every twentieth and the largest, as text.
    :param histogram: how many values lie in each of twenty equal parts between the first and the last quantile.
    :param top_values: ``value`` (text) and ``count`` of the most frequent values of truth values, integers and short
        texts; one that fewer than one row in a hundred has is left out, for it may be somebody's.
    """

    name: str
    nulls: int
    distinct: int
    distinct_exact: bool
    minimum: str | None = None
    maximum: str | None = None
    length_min: int | None = None
    length_max: int | None = None
    values: tuple[str, ...] = ()
    shape: str | None = None
    increasing: bool | None = None
    sampled: int = 0
    sampled_nulls: int = 0
    quantiles: tuple[str, ...] = ()
    histogram: tuple[int, ...] = ()
    top_values: tuple[dict[str, Any], ...] = ()

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "ColumnProfile":
        """Read what ``asdict`` made of one, through JSON."""
        lists = ("values", "quantiles", "histogram", "top_values")
        return cls(**{**document, **{name: tuple(document[name]) for name in lists if name in document}})


@dataclass(frozen=True, slots=True)
class KeyProfile:
    """Columns that may identify a row together.

    :param sampled: rows looked at, in blocks over the whole file, in which no column is missing.
    :param distinct: different combinations of values among them.
    """

    columns: tuple[str, ...]
    sampled: int
    distinct: int


@dataclass(frozen=True, slots=True)
class Notice:
    """Something the owner should know about a file that was accepted all the same.

    :param code: stable slug, e.g. ``kept-as-text``.
    :param message: a :class:`Message`; plain English where it was written before notices were translated.
    :param line: line of the source file, counted from 1, where there is one.
    """

    code: str
    message: str
    column: str | None = None
    line: int | None = None

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready mapping, whose text can still be translated; ``from_json`` reads it back."""
        return {
            "code": self.code,
            "message": str(self.message),
            "text": message_to_json(self.message) if isinstance(self.message, Message) else None,
            "column": self.column,
            "line": self.line,
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "Notice":
        """Read what ``to_json`` wrote, or what was written before notices were translated.

        :raises KeyError, TypeError, ValueError: the document is of another shape.
        """
        text = document.get("text")
        message = message_from_json(text) if text is not None else document["message"]
        return cls(document["code"], message, document["column"], document["line"])


@dataclass(frozen=True, slots=True)
class IngestResult:
    """A finished conversion.

    :param rows: number of data rows.
    :param sha256: lower-case hex digest of the Parquet file, ``size_bytes`` long.
    :param source_sha256: the same of the file as it came, ``source_bytes`` long.
    :param source_format: ``csv``, ``json-lines``, ``parquet``, ``arrow-file`` or ``arrow-stream``.
    :param encoding: of a text format, ``utf-8-bom`` for UTF-8 with its mark, else None.
    :param delimiter: of a CSV file, else None.
    :param sample: the first rows by column name, long texts cut.
    :param detected: personal information in columns, whatever was declared.
    :param row_bytes: of the widest row: names, texts, and a bound for what is no text.
    :param keys: pairs and triples of columns that hardly repeat together; none where a column identifies a row alone.
    """

    rows: int
    columns: tuple[Column, ...]
    profile: tuple[ColumnProfile, ...]
    sha256: str
    size_bytes: int
    source_sha256: str
    source_bytes: int
    source_format: str
    encoding: str | None = None
    delimiter: str | None = None
    notices: tuple[Notice, ...] = field(default=())
    sample: tuple[dict[str, Any], ...] = field(default=())
    row_bytes: int = 0
    detected: tuple[Detected, ...] = field(default=())
    keys: tuple[KeyProfile, ...] = field(default=())

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready mapping; ``from_json`` reads it back."""
        return {**asdict(replace(self, notices=())), "notices": [notice.to_json() for notice in self.notices]}

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> "IngestResult":
        """Read what ``to_json`` wrote.

        :raises KeyError, TypeError, ValueError: the document is of another shape.
        """
        values = dict(document)
        values["columns"] = tuple(
            Column(**{**item, "kind": Kind(item["kind"])}) for item in values["columns"]
        )
        values["profile"] = tuple(ColumnProfile.from_json(item) for item in values["profile"])
        values["detected"] = tuple(Detected.from_json(item) for item in values["detected"])
        values["keys"] = tuple(
            KeyProfile(**{**item, "columns": tuple(item["columns"])}) for item in values.get("keys", ())
        )
        values["sample"] = tuple(values["sample"])
        values["notices"] = tuple(Notice.from_json(item) for item in values["notices"])
        return cls(**values)
