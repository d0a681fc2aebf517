"""What a payload that does not validate is told."""

import ast
from collections.abc import Iterator
from pathlib import Path

from infra.validation import _IN_WORDS

ROOT = Path(__file__).parent.parent.parent
FLOORS = ("market", "contracts", "listings", "quality", "pricing", "infra")


def texts() -> Iterator[str]:
    for floor in FLOORS:
        for path in (ROOT / floor).rglob("*.py"):
            if path != ROOT / "infra/validation.py":
                for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                    if isinstance(node, ast.Constant) and isinstance(node.value, str):
                        yield node.value


def test_every_pattern_that_is_put_into_words_is_in_use() -> None:
    assert set(_IN_WORDS) - set(texts()) == set()
