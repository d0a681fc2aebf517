"""Input is taken as JSON says it, exactly."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from pydantic import Field, ValidationError

from infra.errors import Malformed
from infra.paging import decode_cursor, encode_cursor
from infra.schema import DecimalText, Input, Instant, ShortText, read_moment


class Sample(Input):
    count: int | None = Field(None, ge=0, le=10)
    flag: bool = False
    price: DecimalText | None = None
    title: ShortText = "a title"
    since: Instant | None = None


@pytest.mark.parametrize(
    "sent",
    [
        {"count": True},
        {"count": "5"},
        {"count": 5.0},
        {"flag": 1},
        {"flag": "yes"},
        {"price": 0.1},
        {"price": 1},
        {"price": "1e5"},
        {"price": "NaN"},
        {"title": "nul \x00"},
        {"title": "lone \ud800"},
        {"title": "  "},
        {"unknown": 1},
        {"since": 0},
        {"since": "1769817600"},
        {"since": "2026-01-31T00:00:00"},
        {"since": "0001-01-01T00:00:00Z"},
    ],
)
def test_what_is_not_meant_is_refused(sent: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Sample.model_validate(sent)


def test_what_is_meant_is_taken() -> None:
    made = Sample.model_validate({"count": 5, "flag": True, "price": "0.10", "title": " 标题 "})
    assert made.model_dump(mode="json", exclude={"since"}) == {
        "count": 5,
        "flag": True,
        "price": "0.10",
        "title": "标题",
    }
    assert Sample.model_json_schema()["properties"]["price"]["anyOf"][0]["type"] == "string"


@pytest.mark.parametrize("text", ["0.5", "1769817600", "2026-01-31", "2026-01-31T00:00:00", "soon", ""])
def test_a_time_in_a_query_is_written_out_with_its_offset(text: str) -> None:
    with pytest.raises(Malformed):
        read_moment(text)
    assert read_moment(None) is None
    moment = read_moment("2026-01-31T08:00:00+08:00")
    assert moment == datetime(2026, 1, 31, tzinfo=UTC)


@pytest.mark.parametrize("cursor", ["", "!!" + "A" * 22, "A" * 21, "A" * 23, "A" * 22 + "\n", "Ａ" * 22])
def test_a_cursor_is_taken_as_it_was_given_or_not_at_all(cursor: str) -> None:
    made = uuid4()
    assert decode_cursor(encode_cursor(made)) == made
    with pytest.raises(Malformed):
        decode_cursor(cursor)
