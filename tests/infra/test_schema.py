"""Input is taken as JSON says it, exactly."""

from typing import Any

import pytest
from pydantic import Field, ValidationError

from infra.schema import DecimalText, Input, ShortText


class Sample(Input):
    count: int | None = Field(None, ge=0, le=10)
    flag: bool = False
    price: DecimalText | None = None
    title: ShortText = "a title"


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
    ],
)
def test_what_is_not_meant_is_refused(sent: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Sample.model_validate(sent)


def test_what_is_meant_is_taken() -> None:
    made = Sample.model_validate({"count": 5, "flag": True, "price": "0.10", "title": " 标题 "})
    assert made.model_dump(mode="json") == {"count": 5, "flag": True, "price": "0.10", "title": "标题"}
    assert Sample.model_json_schema()["properties"]["price"]["anyOf"][0]["type"] == "string"
