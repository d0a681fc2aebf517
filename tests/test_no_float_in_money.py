"""No float touches money: the source of every module that handles it is read, and so is every column.

A line that divides or names a float for something else (a path, a refusal of floats) says so on the spot, with
the comment ``# not money: <what it is>``.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MONEY_PACKAGES = ("pricing", "market/settlement", "contracts")
EXCUSE = re.compile(r"# not money: \w")
FLOAT_COLUMNS = frozenset({"Double", "DOUBLE", "DOUBLE_PRECISION", "Float", "FLOAT", "REAL"})
# Types of SQL text: a bare "float" or "real" is also an English word, so those count only as a cast or a column type.
FLOAT_SQL = re.compile(
    r"\bdouble\s+precision\b|\bfloat[48]\b|(?:::\s*|\bAS\s+)(?:float|real)\b|\b\w+\s+(?:real|float)\s*(?:,|\)|NOT|DEFAULT)",
    re.IGNORECASE,
)


def money_modules() -> list[Path]:
    return sorted(path for package in MONEY_PACKAGES for path in (ROOT / package).rglob("*.py"))


def column_modules() -> list[Path]:
    tables = [path for path in ROOT.glob("*/**/tables.py") if ".venv" not in path.parts]
    return sorted([*tables, *(ROOT / "infra/migrations/versions").glob("*.py")])


def floats_in(source: str) -> list[str]:
    """What in the source of a money module is or makes a float: line and reason."""
    lines = source.splitlines()
    return [
        f"line {line}: {reason}"
        for line, reason in sorted({*_arithmetic(ast.parse(source)), *_columns(ast.parse(source))})
        if not EXCUSE.search(lines[line - 1])
    ]


def float_columns_in(source: str) -> list[str]:
    """Which columns in the source of a table or migration are floats: line and reason."""
    lines = source.splitlines()
    return [
        f"line {line}: {reason}"
        for line, reason in sorted(set(_columns(ast.parse(source))))
        if not EXCUSE.search(lines[line - 1])
    ]


def _arithmetic(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=float() | complex()):
                yield node.lineno, f"the float {ast.unparse(node)}"
            case ast.Name(id="float"):
                yield node.lineno, "the name float"
            case ast.Attribute(attr="float64" | "float32" | "__truediv__" | "truediv" | "fsum"):
                yield node.lineno, f"the name {node.attr}"
            case ast.BinOp(op=ast.Div()) | ast.AugAssign(op=ast.Div()):
                yield node.lineno, f"a true division: {ast.unparse(node)}"
            case ast.BinOp(op=ast.Pow(), right=ast.UnaryOp(op=ast.USub())):
                yield node.lineno, f"a negative power: {ast.unparse(node)}"


def _columns(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(attr=name) | ast.Name(id=name) | ast.alias(name=name) if name in FLOAT_COLUMNS:
                yield node.lineno, f"the column type {name}"
            case ast.AnnAssign(annotation=annotation) if "float" in ast.unparse(annotation).split(" "):
                yield node.lineno, f"a column annotated {ast.unparse(annotation)}"
            case ast.Constant(value=str() as text) if (found := FLOAT_SQL.search(text)) is not None:
                yield node.lineno + text[: found.start()].count("\n"), f"the SQL type in {found.group()!r}"


def test_the_packages_are_found() -> None:
    read = {path.relative_to(ROOT).as_posix() for path in (*money_modules(), *column_modules())}
    assert {
        "pricing/money.py",
        "pricing/plans/tables.py",
        "infra/migrations/versions/0003_pricing.py",
    } <= read


@pytest.mark.parametrize("path", money_modules(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_float_in_a_money_module(path: Path) -> None:
    assert floats_in(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", column_modules(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_float_column(path: Path) -> None:
    assert float_columns_in(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "source",
    [
        "price = 0.05",
        "price = -1e3",
        "price = float('0.05')",
        "price: float = 1",
        "def pay(amount: float) -> None: ...",
        "half = amount / 2",
        "amount /= 2",
        "unit = 10 ** -2",
        "total = math.fsum(parts)",
        "column = sa.Column('amount', sa.Float())",
        "from sqlalchemy import Double",
        "execute('SELECT amount::float FROM invoices')",
        "execute('ALTER TABLE invoices ADD amount double precision')",
        "execute('CREATE TABLE t (amount real NOT NULL)')",
        "execute('SELECT CAST(amount AS float)')",
    ],
)
def test_a_float_put_in_is_found(source: str) -> None:
    assert floats_in(source) != []
    if "column" in source or "execute" in source or "import" in source:
        assert float_columns_in(source) != []


@pytest.mark.parametrize(
    "source",
    [
        "half = amount // 2",
        "price = Decimal('0.05')",
        "'''No float is accepted, and no real one either.'''",
        "path = folder / 'a'  # not money: a path",
    ],
)
def test_what_is_exact_passes(source: str) -> None:
    assert floats_in(source) == []
