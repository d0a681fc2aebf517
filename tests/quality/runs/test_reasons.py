"""Why a run could not be carried out is told in Chinese too, whoever said it."""

import re
from typing import Any

import pytest

from infra.messages import Message, translate
from quality.engine import isolation
from quality.runs import reasons
from quality.runs.reasons import message_of

CONSTANTS = {name: value for name, value in vars(reasons).items() if isinstance(value, Message)}


@pytest.mark.parametrize("name", CONSTANTS)
def test_a_kept_reason_is_read_back_as_it_was_made(name: str) -> None:
    template = CONSTANTS[name]
    values: dict[str, Any] = {field: f"{field} 1" for field in re.findall(r"\{(\w+)\}", template)}
    made = template.of(**values)
    read = message_of(str(made))
    assert isinstance(read, Message)
    assert (read, read.template, read.values) == (made, made.template, made.values)
    chinese = translate(read, "zh")
    assert re.search("[\u4e00-\u9fff]", chinese)
    assert all(value in chinese for value in values.values())


def test_what_a_process_says_of_the_whole_file_is_chinese_throughout() -> None:
    for said in ("took too long", isolation._ending(9), isolation._ending(11), isolation._ending(256)):
        read = message_of(f"The revision cannot be checked: it {said}.")
        assert isinstance(read, Message)
        assert isinstance(read.values["reason"], Message)
        assert not re.search("[a-z]{3}", translate(read, "zh").replace("signal", "").replace("status", ""))


def test_the_words_of_a_library_stay_as_they_are() -> None:
    read = message_of("The revision cannot be checked: ArrowInvalid: {no} magic bytes")
    assert translate(read, "zh").endswith("ArrowInvalid: {no} magic bytes")
    assert translate(message_of("std::bad_alloc {x}"), "zh") == "std::bad_alloc {x}"
