"""What a SQL statement of a check may be: its text is parsed and every part of it must be on a list.

DuckDB's parser reads it, in a database without files; nothing is bound or run. What passes is one SELECT over the table
``revision``, of functions that only compute: no other table, no table function, no file, setting, clock or chance.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import duckdb

from infra.messages import Message
from quality.limits import MAX_STATEMENT_CHARACTERS

TABLE = "revision"
"""What the statement selects from: the columns of the revision, and ``row_number`` from 1."""

MAX_PARTS = 3_000
"""Parts of a statement: expressions, tables, literals."""

MAX_TABLES = 8
"""Tables and subqueries that it reads; each may be as large as the revision."""

_MAX_DEPTH = 100
_LONGER = 4
"""How many times longer the text may be that is written anew."""

_NODES = frozenset({"SELECT_NODE", "SET_OPERATION_NODE", "CTE_NODE"})
_TABLES = frozenset({"BASE_TABLE", "SUBQUERY", "JOIN", "EMPTY", "EXPRESSION_LIST"})
_MODIFIERS = frozenset({"ORDER_MODIFIER", "LIMIT_MODIFIER", "DISTINCT_MODIFIER"})
_EXPRESSIONS = frozenset(
    {
        "BETWEEN",
        "CASE",
        "CAST",
        "COLUMN_REF",
        "COMPARISON",
        "CONJUNCTION",
        "CONSTANT",
        "FUNCTION",
        "OPERATOR",
        "STAR",
        "SUBQUERY",
        "TYPE",
        "WINDOW",
    }
)
_OPERATORS = frozenset(
    {
        "COMPARE_IN",
        "COMPARE_NOT_IN",
        "OPERATOR_COALESCE",
        "OPERATOR_IS_NOT_NULL",
        "OPERATOR_IS_NULL",
        "OPERATOR_NOT",
        "OPERATOR_NULLIF",
    }
)
_FOR_MISSING = frozenset(
    {
        "COMPARE_DISTINCT_FROM",
        "COMPARE_NOT_DISTINCT_FROM",
        "OPERATOR_COALESCE",
        "OPERATOR_IS_NOT_NULL",
        "OPERATOR_IS_NULL",
    }
)
"""Where a statement says itself what becomes of a missing value."""

_TYPE_NAMES = """
bigint bool boolean date decimal double float hugeint integer int interval numeric real smallint text time timestamp
timestamptz tinyint ubigint uinteger varchar
"""
_TYPES = frozenset({*_TYPE_NAMES.split(), "timestamp with time zone"})

_FUNCTION_NAMES = """
+ - * / // % ^ ** || ~~ !~~ ~~* !~~* ~~~ ^@ like_escape not_like_escape ilike_escape not_ilike_escape row

abs add ceil ceiling div divide exp floor fdiv fmod greatest least ln log log10 log2 mod multiply pow power round sign
sqrt subtract trunc acos asin atan atan2 cos cot degrees pi radians sin tan isfinite isinf isnan

ascii bit_length chr concat concat_ws contains ends_with ifnull instr lcase left left_grapheme length length_grapheme
levenshtein lower ltrim md5 nfc_normalize nullif ord position prefix regexp_extract regexp_full_match regexp_matches
replace reverse right rtrim sha256 split_part starts_with strip_accents strlen strpos substr substring suffix translate
trim ucase unicode upper

century date_diff date_part date_sub date_trunc datediff datepart datesub datetrunc day dayname dayofmonth dayofweek
dayofyear decade epoch epoch_ms era hour isodow isoyear last_day make_date make_time make_timestamp microsecond
millisecond minute month monthname quarter second strftime strptime timezone to_days to_hours to_minutes to_months
to_seconds to_weeks to_years try_strptime week weekday weekofyear year yearweek

any_value approx_count_distinct arg_max arg_min avg bool_and bool_or corr count count_if count_star covar_pop covar_samp
first kurtosis last mad max max_by mean median min min_by mode quantile quantile_cont quantile_disc skewness stddev
stddev_pop stddev_samp sum var_pop var_samp variance

cume_dist dense_rank first_value lag last_value lead nth_value ntile percent_rank rank row_number
"""
_FUNCTIONS = frozenset(_FUNCTION_NAMES.split())
"""Functions that compute from their arguments alone. Texts that they let grow are bounded by the process's memory."""

_CLOCKS = frozenset(
    {"current_date", "current_time", "current_timestamp", "get_current_time", "localtime", "localtimestamp"}
)


class StatementRefused(Exception):
    """The statement is none that may run.

    :param what: what is wrong; ``remedy`` what to write instead.
    """

    def __init__(self, what: Message, remedy: Message) -> None:
        super().__init__(what)
        self.what, self.remedy = what, remedy


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement that may run.

    :param text: written anew from what was parsed, without comments, so that it can stand inside of another.
    :param columns: names that it mentions, in order, each once; a column of the revision or a name of its own.
    :param compared: those of them that it compares or computes with, and whose missing values it says nothing of.
    :param everything: whether it asks for all columns somewhere, by ``*`` or by leaving out the list.
    """

    text: str
    columns: tuple[str, ...]
    compared: tuple[str, ...]
    everything: bool


def require(statement: str) -> Statement:
    """Parse a statement, and refuse one of which any part is not on the lists.

    :raises StatementRefused: says which part, and what to write instead.
    """
    first = _parse(statement)
    # What will run is the text that is written anew: it is held to the same rules as what was read.
    text = _write(first)
    again = _parse(text, rewritten=True)
    return Statement(text, again.columns, again.compared, again.everything)


@dataclass(slots=True)
class _Parsed:
    tree: str
    columns: tuple[str, ...]
    compared: tuple[str, ...]
    everything: bool


def _parse(statement: str, *, rewritten: bool = False) -> _Parsed:
    if not 0 < len(statement) <= MAX_STATEMENT_CHARACTERS * (_LONGER if rewritten else 1):
        raise StatementRefused(
            Message("The statement has {count:,} characters.", count=len(statement)),
            Message("Write 1 to {most:,} characters.", most=MAX_STATEMENT_CHARACTERS),
        )
    if "\x00" in statement or any("\ud800" <= letter <= "\udfff" for letter in statement):
        raise StatementRefused(
            Message("The statement has characters that no statement has."),
            Message("Remove NUL and lone surrogates."),
        )
    try:
        with _parser().cursor() as cursor:
            (tree,) = cursor.execute("SELECT json_serialize_sql(?::VARCHAR)", [statement]).fetchone() or ("",)
        document = json.loads(tree)
    except (duckdb.Error, RecursionError, ValueError):
        raise _nested() from None
    if "expression depth" in _reason(document):
        raise _nested()
    if document["error"]:
        raise StatementRefused(
            Message("The statement is no SELECT that can be read: {reason}", reason=_reason(document)),
            Message("Write one SELECT over the table revision that returns the failing rows."),
        )
    if len(document["statements"]) != 1:
        raise StatementRefused(
            Message("The text holds {count:,} statements.", count=len(document["statements"])),
            Message("Write one SELECT over the table revision that returns the failing rows."),
        )
    walk = _Walk()
    try:
        walk.query(document["statements"][0]["node"], frozenset(), outermost=True)
    except RecursionError:
        raise _nested() from None
    if not walk.reads_revision:
        raise StatementRefused(
            Message("The statement does not read the table revision."),
            Message("Write one SELECT over the table revision that returns the failing rows."),
        )
    compared = [name for name in walk.compared if name.lower() not in walk.handled]
    return _Parsed(tree, tuple(walk.columns), tuple(compared), walk.everything)


def _write(parsed: _Parsed) -> str:
    try:
        with _parser().cursor() as cursor:
            (text,) = cursor.execute("SELECT json_deserialize_sql(?::JSON)", [parsed.tree]).fetchone() or (
                "",
            )
    except duckdb.Error:
        raise _nested() from None
    return str(text)


@cache
def _parser() -> duckdb.DuckDBPyConnection:
    """An empty database that can reach nothing: only its parser is used."""
    return duckdb.connect(
        ":memory:",
        config={
            "threads": 1,
            "memory_limit": "64MB",
            "max_temp_directory_size": "0KB",
            "max_expression_depth": _MAX_DEPTH,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "enable_external_access": False,
            "lock_configuration": True,
        },
    )


def _nested() -> StatementRefused:
    return StatementRefused(
        Message("The statement is too deeply nested."), Message("Write it in fewer steps.")
    )


def _reason(document: Mapping[str, Any]) -> str:
    return (
        str(document.get("error_message", "")).splitlines()[0][:200] if document.get("error_message") else ""
    )


class _Walk:
    """Looks at every part of a parsed statement; what it does not know it refuses."""

    def __init__(self) -> None:
        self.columns: dict[str, None] = {}
        self.compared: dict[str, None] = {}
        self.handled: set[str] = set()
        self._only_shown = self._asks_for_missing = False
        self.reads_revision = self.everything = False
        self._parts = self._tables = 0

    def query(self, node: Any, names: frozenset[str], *, outermost: bool = False) -> None:
        """A SELECT, or several put together.

        :param names: common table expressions that can be read here, in lower case.
        """
        self._count()
        kind = node.get("type")
        if kind not in _NODES:
            raise _refused(str(kind))
        for entry in node.get("cte_map", {}).get("map", []):
            self._values(entry["value"], names)
            names |= {str(entry["key"]).lower()}
        if kind == "CTE_NODE":
            self.query(node["query"], names)
            self.query(node["child"], names | {str(node["cte_name"]).lower()})
            return
        if node.get("sample") is not None:
            raise _refused("TABLESAMPLE")
        self._only_shown = outermost
        self._value(node.get("select_list"), names)
        self._only_shown = False
        rest = {key: item for key, item in node.items() if key not in {"type", "cte_map", "select_list"}}
        self._values(rest, names)

    def _values(self, members: Mapping[str, Any], names: frozenset[str]) -> None:
        for item in members.values():
            self._value(item, names)

    def _value(self, item: Any, names: frozenset[str]) -> None:
        if isinstance(item, list):
            for one in item:
                self._value(one, names)
        elif isinstance(item, dict):
            if "class" in item:
                self._expression(item, names)
            elif "node" in item:
                self.query(item["node"], names)
            elif str(item.get("type", "")).endswith("_NODE"):
                self.query(item, names)
            elif "query_location" in item and "type" in item:
                self._table(item, names)
            elif "type" in item and "class" not in item and str(item["type"]).endswith("_MODIFIER"):
                if item["type"] not in _MODIFIERS:
                    raise _refused(str(item["type"]))
                self._values(item, names)
            else:
                self._values(item, names)

    def _table(self, item: Mapping[str, Any], names: frozenset[str]) -> None:
        self._count()
        kind = item["type"]
        self._tables += kind in {"BASE_TABLE", "SUBQUERY", "EXPRESSION_LIST"}
        if kind not in _TABLES:
            raise _refused(str(kind))
        if item.get("sample") is not None or item.get("at_clause") is not None:
            raise _refused("TABLESAMPLE")
        if kind == "BASE_TABLE":
            name = str(item["table_name"]).lower()
            qualified = len(item.get("qualified_name", {}).get("path", [name])) != 1
            if qualified or item.get("schema_name") or item.get("catalog_name"):
                raise _refused(f"{item.get('schema_name')}.{name}")
            if name not in names:
                if name != TABLE:
                    raise _refused(name)
                self.reads_revision = True
        # Columns that are named in other ways than by themselves: all of them are there, and by their places.
        self.everything |= bool(item.get("column_name_alias")) or item.get("ref_type") == "NATURAL"
        for name in item.get("using_columns") or ():
            self.columns.setdefault(str(name))
            self.compared.setdefault(str(name))
        if self._tables > MAX_TABLES:
            raise StatementRefused(
                Message("The statement reads more than {most:,} tables.", most=MAX_TABLES),
                Message("Write it with fewer joins and subqueries."),
            )
        self._values({key: value for key, value in item.items() if key != "type"}, names)

    def _expression(self, item: Mapping[str, Any], names: frozenset[str]) -> None:
        self._count()
        kind, form = item["class"], str(item.get("type"))
        if kind not in _EXPRESSIONS:
            raise _refused(str(kind))
        match kind:
            case "COLUMN_REF":
                self._column(item)
            case "FUNCTION" | "WINDOW":
                name = str(item["function_name"]).lower()
                path = item.get("qualified_name", {}).get("path", [name])
                if name not in _FUNCTIONS or len(path) != 1 or item.get("schema") or item.get("catalog"):
                    raise _refused(name)
            case "OPERATOR" if form not in _OPERATORS:
                raise _refused(form)
            case "STAR" if item.get("columns") or item.get("expr") is not None:
                raise _refused("COLUMNS")
            case "STAR":
                self.everything = True
            case "TYPE":
                self._type(item)
        before, self._asks_for_missing = (
            self._asks_for_missing,
            self._asks_for_missing or form in _FOR_MISSING,
        )
        if kind == "FUNCTION" and item["function_name"].lower() == "ifnull":
            self._asks_for_missing = True
        self._values({key: value for key, value in item.items() if key not in {"class", "type"}}, names)
        self._asks_for_missing = before

    def _column(self, item: Mapping[str, Any]) -> None:
        path = [str(name) for name in item["column_names"]]
        if len(path) == 1 and path[0].lower() in _CLOCKS:
            raise _refused(path[0])
        self.columns.setdefault(path[-1])
        if self._asks_for_missing:
            self.handled.add(path[-1].lower())
        elif not self._only_shown:
            self.compared.setdefault(path[-1])

    def _type(self, item: Mapping[str, Any]) -> None:
        path = [str(name) for name in item.get("qualified_name", {}).get("path", [item.get("type_name", "")])]
        if len(path) != 1 or path[0].lower() not in _TYPES:
            raise _refused(".".join(path))

    def _count(self) -> None:
        self._parts += 1
        if self._parts > MAX_PARTS:
            raise StatementRefused(
                Message("The statement has more than {most:,} parts.", most=MAX_PARTS),
                Message("Split it into several checks."),
            )


def _refused(part: str) -> StatementRefused:
    return StatementRefused(
        Message("A statement of a check may not use {part}.", part=part[:100]),
        Message(
            "Use SELECT over the table revision, with joins, subqueries, and functions that only compute from their "
            "arguments."
        ),
    )
