"""Every text for people stands in the Chinese catalogue, with the same values in it."""

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from infra.messages import FOLDER, Message, translate

ROOT = Path(__file__).parents[2]
FLOORS = ("contracts", "infra", "listings", "market", "pricing", "quality")
ADVICE = "run `make messages`, then translate what it added to the catalogue"

# Where a template comes from elsewhere: the type itself, and texts that crossed a process boundary.
NOT_LITERAL = {"infra/messages.py"}


def templates() -> set[str]:
    """Every template in the source."""
    found = set()
    for floor in FLOORS:
        for _, _, text, _, _ in extract_from_dir(ROOT / floor, keywords={"Message": None}):
            assert isinstance(text, str)
            found.add(text)
    return found


@pytest.fixture(scope="module")
def chinese() -> Catalog:
    with (FOLDER / "zh" / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file, locale="zh")


def placeholders(template: str) -> Counter[tuple[str, str, str]]:
    """The values a template names, with how each is formatted."""
    return Counter(
        (name, conversion or "", spec or "")
        for _, name, spec, conversion in Formatter().parse(template)
        if name is not None
    )


def test_the_catalogue_holds_every_template_and_nothing_else(chinese: Catalog) -> None:
    known = {str(message.id) for message in chinese if message.id}
    source = templates()
    assert len(source) > 500
    assert (sorted(source - known), sorted(known - source)) == ([], []), ADVICE


def test_every_template_is_translated_with_the_same_values(chinese: Catalog) -> None:
    wrong = [
        message.id
        for message in chinese
        if message.id
        and (
            message.fuzzy
            or not message.string
            or placeholders(str(message.id)) != placeholders(str(message.string))
        )
    ]
    assert wrong == [], ADVICE


def test_translations_are_chinese(chinese: Catalog) -> None:
    def has_words(template: str) -> bool:
        return any(sign.isalpha() for text, *_ in Formatter().parse(template) for sign in text)

    assert [
        message.id
        for message in chinese
        if message.id
        and has_words(str(message.id))
        and not any("一" <= sign <= "鿿" for sign in str(message.string))
    ] == []


def calls(tree: ast.AST) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Message":
            yield node


def test_every_template_is_one_literal() -> None:
    computed = []
    for floor in FLOORS:
        for path in sorted((ROOT / floor).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            for call in calls(ast.parse(path.read_text(encoding="utf-8"))):
                literal = call.args and isinstance(call.args[0], ast.Constant)
                if name not in NOT_LITERAL and not literal:
                    computed.append(f"{name}:{call.lineno}")
    assert computed == []


def test_a_text_is_told_in_chinese_and_other_languages_get_english() -> None:
    text = Message("There is no agreement {agreement_id} that you can see.", agreement_id=7)
    assert translate(text, "zh") == "没有您可以查看的协议7。"
    assert translate(text, "fr") == translate(text, "en") == str(text)
