"""SQL that reads texts as an expected type: the value where it fits, NULL where it does not. Pure.

It is made in layers, each a projection of the one below, since DuckDB takes long to plan what is repeated: ``v0`` is
the trimmed text of the column ``c0`` without markers for missing values, ``n0`` the plain number it says, ``d0`` the
date and ``m0`` the date and time.
"""

from listings.ingest.expected import LITERAL, NUMERIC_KINDS, ExpectedColumn
from listings.ingest.formats import DATE_FORMATS, ColumnFormat
from listings.ingest.readings import (
    DATED_KINDS,
    DATES,
    FURTHER_DATES,
    SPAN,
    TRUTH_WORDS,
    is_marker,
    narrowing,
)
from listings.ingest.result import Kind

# Format → what a value looks like, and SQL of the plain number it says.
_NUMBERS = {
    ColumnFormat.THOUSANDS_COMMA: (
        r"-?([0-9]{1,3}(,[0-9]{3})+|0|[1-9][0-9]*)(\.[0-9]+)?",
        "replace({v}, ',', '')",
    ),
    ColumnFormat.DECIMAL_COMMA: (
        r"-?([0-9]{1,3}([. \x{00A0}\x{202F}'][0-9]{3})+|[0-9]+)(,[0-9]+)?",
        r"replace(regexp_replace({v}, '[. \x{00A0}\x{202F}'']', '', 'g'), ',', '.')",
    ),
    ColumnFormat.PERCENT: (r"-?[0-9]+(\.[0-9]+)? ?[%％]", "rtrim({v}, ' %％')"),
    ColumnFormat.PERCENT_DECIMAL_COMMA: (
        r"-?[0-9]+(,[0-9]+)? ?[%％]",
        "replace(rtrim({v}, ' %％'), ',', '.')",
    ),
}
# Format → what a date looks like, and how it is read once its marks are slashes.
_DAYS = {
    ColumnFormat.DAY_FIRST: ("[0-9]{1,2}[./-][0-9]{1,2}[./-][0-9]{4}", "%d/%m/%Y"),
    ColumnFormat.MONTH_FIRST: ("[0-9]{1,2}[./-][0-9]{1,2}[./-][0-9]{4}", "%m/%d/%Y"),
    ColumnFormat.COMPACT: ("[0-9]{8}", "%Y%m%d"),
}
_CLOCK = " [0-9]{1,2}:[0-9]{2}(:[0-9]{2})?"


def present(v: str, kind: Kind) -> str:
    """SQL of a trimmed text, NULL where it is a marker for a missing value; what is no text is narrowed."""
    return v if kind is Kind.TEXT else f"CASE WHEN {is_marker(v)} THEN NULL ELSE {narrowing(v)} END"


def plain_number(v: str, form: ColumnFormat | None) -> str:
    """SQL of the number a text says, written out without exponent; NULL where it says none."""
    if form in _NUMBERS:
        pattern, plain = _NUMBERS[form]
        number = plain.replace("{v}", v)
        return f"CASE WHEN {_matches(v, pattern)} AND {_matches(number, LITERAL)} THEN {number} END"
    return (
        f"CASE WHEN NOT {_matches(v, LITERAL)} THEN NULL"
        # A lambda holds the text once: what is repeated takes long to plan.
        f" WHEN contains(lower({v}), 'e')"
        f" THEN list_transform([ltrim(lower({v}), '+')], lambda n: {_written_out('n')})[1]"
        f" ELSE ltrim({v}, '+') END"
    )


def _written_out(n: str) -> str:
    """SQL of a number with its exponent worked in, digit by digit: nothing is rounded."""
    mantissa = f"ltrim(split_part({n}, 'e', 1), '-')"
    whole = f"split_part({mantissa}, '.', 1)"
    digits = f"concat({whole}, split_part({mantissa}, '.', 2))"
    point = f"(strlen({whole}) + CAST(split_part({n}, 'e', 2) AS INTEGER))"
    sign = f"CASE WHEN starts_with({n}, '-') THEN '-' ELSE '' END"
    shifted = f"concat({digits}, repeat('0', {point} - strlen({digits})))"
    return (
        f"CASE WHEN {point} <= 0 THEN concat({sign}, '0.', repeat('0', -{point}), {digits})"
        f" WHEN {point} >= strlen({digits}) THEN concat({sign}, {_unpadded(shifted)})"
        f" ELSE concat({sign}, {_unpadded(f'left({digits}, {point})')}, '.', substr({digits}, {point} + 1)) END"
    )


def _unpadded(digits: str) -> str:
    return f"coalesce(nullif(ltrim({digits}, '0'), ''), '0')"


def whole_digits(n: str) -> str:
    """SQL: digits before the point of a plain number."""
    return f"greatest(strlen(ltrim(split_part({n}, '.', 1), '-')), 1)"


def fraction_digits(n: str) -> str:
    """SQL: digits after the point of a plain number, without zeros at its end."""
    return f"strlen(rtrim(split_part({n}, '.', 2), '0'))"


def physical_type(expected: ExpectedColumn, digits: tuple[int, int]) -> str:
    """The type that values are stored as, in DuckDB's words.

    :param digits: before and after the point, of a decimal.
    """
    return {
        Kind.TEXT: "VARCHAR",
        Kind.INTEGER: "BIGINT",
        Kind.DECIMAL: f"DECIMAL({sum(digits)},{digits[1]})",
        Kind.NUMBER: "DOUBLE",
        Kind.BOOLEAN: "BOOLEAN",
        Kind.DATE: "DATE",
        Kind.TIMESTAMP: "TIMESTAMP",
    }[expected.kind]


def parsed(index: int, expected: ExpectedColumn) -> list[str]:
    """SQL of what a value ``v`` of a column says, as far as its type needs it: the second layer."""
    v = f"v{index}"
    if expected.kind in NUMERIC_KINDS:
        return [f"{plain_number(v, expected.format)} AS n{index}"]
    if expected.kind in DATED_KINDS:
        day, moment = _dated(v, Kind.DATE, expected), _dated(v, Kind.TIMESTAMP, expected)
        return [f"{day} AS d{index}", f"{moment} AS m{index}"]
    return []


def typed_value(index: int, expected: ExpectedColumn, digits: tuple[int, int]) -> str:
    """SQL of the typed value of a column; NULL where the text does not fit.

    :param digits: before and after the point, of a decimal.
    """
    v, n = f"v{index}", f"n{index}"
    day, moment = f"CAST({_of_our_era(f'd{index}')} AS DATE)", _of_our_era(f"m{index}")
    match expected.kind:
        case Kind.TEXT:
            return v
        case Kind.INTEGER:
            return f"CASE WHEN {fraction_digits(n)} = 0 THEN TRY_CAST(split_part({n}, '.', 1) AS BIGINT) END"
        case Kind.DECIMAL:
            whole, fraction = digits
            fits = f"{whole_digits(n)} <= {whole} AND {fraction_digits(n)} <= {fraction}"
            return f"CASE WHEN {fits} THEN TRY_CAST({n} AS {physical_type(expected, digits)}) END"
        case Kind.NUMBER:
            return f"CASE WHEN isfinite(TRY_CAST({n} AS DOUBLE)) THEN TRY_CAST({n} AS DOUBLE) END"
        case Kind.BOOLEAN:
            return f"CASE {_truths(v)} END"
        case Kind.DATE:
            midnight = f"CASE WHEN CAST({moment} AS TIME) = TIME '00:00:00' THEN CAST({moment} AS DATE) END"
            return f"coalesce({day}, {midnight})"
        case Kind.TIMESTAMP:
            return moment if expected.zone else f"coalesce({moment}, CAST({day} AS TIMESTAMP))"


def _truths(v: str) -> str:
    """SQL of the branches of a CASE that read the words for true and false."""
    words = {
        truth: ", ".join(f"'{word}'" for word, said in TRUTH_WORDS.items() if said is truth)
        for truth in (True, False)
    }
    return " ".join(f"WHEN lower({v}) IN ({some}) THEN {str(truth).lower()}" for truth, some in words.items())


def _of_our_era(found: str) -> str:
    return f"CASE WHEN {found} BETWEEN {SPAN} THEN {found} END"


def _dated(v: str, kind: Kind, expected: ExpectedColumn) -> str:
    """SQL of a date, or of a date and time, written in any form known for it."""
    readings = [
        reading
        for reading in (*DATES, *FURTHER_DATES)
        if reading.kind is kind and reading.zone == expected.zone
    ]
    tries = [f"WHEN {_matches(v, reading.pattern)} THEN {reading.reading(v)}" for reading in readings]
    if expected.format in DATE_FORMATS and not expected.zone:
        tries.append(_formatted(v, kind, expected.format))
    nothing = f"CAST(NULL AS {'DATE' if kind is Kind.DATE else 'TIMESTAMP'})"
    return f"CASE {' '.join(tries)} ELSE {nothing} END" if tries else nothing


def _formatted(v: str, kind: Kind, form: ColumnFormat) -> str:
    pattern, order = _DAYS[form]
    orders = f"'{order}'"
    if kind is Kind.TIMESTAMP and form is ColumnFormat.COMPACT:
        pattern, orders = "[0-9]{14}", "'%Y%m%d%H%M%S'"
    elif kind is Kind.TIMESTAMP:
        pattern, orders = pattern + _CLOCK, f"['{order} %H:%M:%S', '{order} %H:%M']"
    value = f"TRY_STRPTIME(replace(replace({v}, '.', '/'), '-', '/'), {orders})"
    found = f"CAST({value} AS DATE)" if kind is Kind.DATE else value
    return f"WHEN {_matches(v, pattern)} THEN {found}"


def _matches(v: str, pattern: str) -> str:
    return f"regexp_full_match({v}, '{pattern.replace(chr(39), chr(39) * 2)}')"
