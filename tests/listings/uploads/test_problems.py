"""Refusals that are kept are read back, whatever they say."""

import json

import pytest

from infra.errors import Invalid
from infra.messages import Message
from listings.uploads.problems import problem_document, problem_to_json


@pytest.mark.parametrize(
    "detail",
    [
        Message("The query exceeded its time limit of {seconds:g} seconds.", seconds=1.5),
        Message("The column {name!r} is empty.", name="a"),
        Message("An upload may have {limit:,} bytes.", limit=1234567),
        Message("Line {line}: {value}", line=3, value="a\0b"),
        Message("Nothing."),
    ],
)
def test_every_refusal_is_told_as_it_was(detail: Message) -> None:
    error = Invalid(detail, remedy=Message("Mend it."), line=3, columns=["a", detail])
    stored = json.loads(json.dumps(problem_to_json(error)))
    assert "\\u0000" not in json.dumps(stored)
    document = problem_document(stored, "en", {})
    assert document == json.loads(json.dumps(error.problem()).replace("\\u0000", "\\ufffd"))
