"""Texts for people: templates that remember their values, and the language a reader asks for."""

import json
from enum import StrEnum

import pytest

from infra import labels
from infra.errors import NotFound
from infra.labels import Label
from infra.messages import (
    Message,
    joined,
    message_from_json,
    packed,
    preferred_language,
    translate,
    translate_throughout,
    unpacked,
)


class Colour(StrEnum):
    RED = "red"


def test_a_message_is_its_english_text_and_keeps_what_it_was_made_of() -> None:
    made = Message("Line {line:,} has {count} values.", line=12_345, count=3)
    assert made == "Line 12,345 has 3 values."
    assert (made.template, made.values) == ("Line {line:,} has {count} values.", {"line": 12_345, "count": 3})


def test_braces_in_a_value_are_never_a_template() -> None:
    hostile = "{0.__class__} {line}"
    assert Message("Column {name}.", name=hostile) == f"Column {hostile}."
    assert translate(Message("Column {name}.", name=hostile), "zh") == f"Column {hostile}."


def test_joined_messages_keep_their_parts() -> None:
    parts = [Message("a {n}", n=1), "b"]
    made = joined(parts)
    assert made == "a 1; b"
    assert list(made.values.values()) == parts


def test_a_code_is_said_by_its_label_in_chinese_and_as_it_is_in_english() -> None:
    labels.register(Colour, {Colour.RED: Label("红色", "Red")})
    made = Message("It is {colour}.", colour=Colour.RED)
    assert made == translate(made, "en") == "It is red."
    assert translate(made, "zh") == "It is 红色."


def test_a_stored_message_is_told_as_a_fresh_one() -> None:
    labels.register(Colour, {Colour.RED: Label("红色", "Red")})
    made = Message("{what} ({count})", what=Message("It is {colour}.", colour=Colour.RED), count=2)
    read = unpacked(json.loads(json.dumps(packed(made))))
    assert (read, translate(read, "zh")) == ("It is red. (2)", "It is 红色. (2)")
    assert unpacked(packed("{a} person's words")) == "{a} person's words"


def test_a_code_of_an_enumeration_that_is_gone_is_told_as_it_was() -> None:
    stored = {"template": "It is {state}.", "values": {"state": {"$code": "old", "of": "Gone"}}}
    assert message_from_json(stored) == "It is old."


def test_an_enumeration_without_every_label_is_refused() -> None:
    with pytest.raises(ValueError, match="no label"):
        labels.register(Colour, {})


def test_members_of_a_problem_are_translated_wherever_they_stand() -> None:
    nested = {"errors": [{"at": "x", "problem": Message("{a}{b}", a=1, b=2)}], "n": 3}
    assert translate_throughout(nested, "en") == {"errors": [{"at": "x", "problem": "12"}], "n": 3}


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        (None, "en"),
        ("", "en"),
        ("zh", "zh"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("ZH-Hans", "zh"),
        ("en-GB,zh;q=0.5", "en"),
        ("fr,zh;q=0.2", "zh"),
        ("fr", "en"),
        ("*", "en"),
        ("en;q=0, zh;q=0.1", "zh"),
        ("en;q=0.3,zh;q=0.7", "zh"),
        ("zh;q=x", "en"),
        ("zh;q=nan", "en"),
        ("zh;q=7", "en"),
        ("," * 10_000 + "zh", "en"),
    ],
)
def test_the_language_is_the_one_asked_for(accepted: str | None, language: str) -> None:
    assert preferred_language(accepted) == language


def test_the_type_of_a_problem_is_the_same_in_every_language() -> None:
    error = NotFound(Message("There is no agreement {agreement_id}.", agreement_id=7), state="draft")
    english, chinese = error.problem(), error.problem(language="zh")
    assert english["type"] == chinese["type"]
    assert english["status"] == chinese["status"] == 404
    assert english["state"] == chinese["state"] == "draft"


def test_a_problem_never_overwrites_what_rfc_9457_names() -> None:
    with pytest.raises(AssertionError):
        NotFound(Message("There is no such thing."), status="draft")
