"""How long a text must be counts for Chinese as it does for English."""

import httpx
import pytest
from pydantic import ValidationError

from infra.schema import Input, LongText, Reason, ReasonBody, ShortText
from infra.text_length import readable_width
from infra.validation import pydantic_finding


class Sample(Input):
    reason: Reason = "because"
    line: ShortText = "a line"
    text: LongText = "a text"


@pytest.mark.parametrize(
    ("text", "width"),
    [
        ("", 0),
        ("同意", 4),
        ("准", 2),
        ("yes", 3),
        ("a b", 2),
        ("e\u0301", 1),  # é, written as two characters
        ("\u1100\u1161", 2),  # 가, likewise
        ("\u200b\u00ad\ufeff", 0),
        ("\u3164\u2800", 0),  # letters and symbols that show nothing
        ("\u3000 \t\n", 0),
        ("ＯＫ", 4),
        ("👍", 2),
        ("؟", 1),
    ],
)
def test_what_is_seen_is_counted_and_a_chinese_character_counts_twice(text: str, width: int) -> None:
    assert readable_width(text) == width


@pytest.mark.parametrize("reason", ["同意", "不同意。", "准 予", "yes", "核a", "ОК!"])
def test_a_reason_may_be_two_chinese_characters(reason: str) -> None:
    assert ReasonBody.model_validate({"reason": reason}).reason == reason


@pytest.mark.parametrize(
    "reason", ["准", "ok", "a b", "e\u0301e\u0301", "\u200b\u200b\u200b", "准\u200b\u200b", "   ", ""]
)
def test_a_shorter_one_is_told_what_is_expected(reason: str) -> None:
    with pytest.raises(ValidationError) as refused:
        ReasonBody.model_validate({"reason": reason})
    told = [pydantic_finding(item) for item in refused.value.errors()]
    assert told == ["Must say more: at least two Chinese characters or three letters"]


@pytest.mark.parametrize("field", ["line", "text"])
def test_a_text_that_shows_nothing_is_empty(field: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Sample.model_validate({field: "\u200b\u3164"})
    assert [pydantic_finding(item) for item in refused.value.errors()] == [
        "Must contain something that can be read"
    ]


async def test_it_is_told_in_chinese_too(client: httpx.AsyncClient) -> None:
    from infra.messages import Message, translate

    told = translate(Message("Must say more: at least two Chinese characters or three letters"), "zh")
    assert told == "请写得更具体：至少两个汉字或三个字母"


async def test_the_document_says_so_wherever_a_reason_is_asked_for(client: httpx.AsyncClient) -> None:
    document = (await client.get("/schema/openapi.json")).json()
    reasons = [
        (name, schema["properties"]["reason"])
        for name, schema in document["components"]["schemas"].items()
        # not where the reason is one of a list
        if schema.get("additionalProperties") is False
        and "type" in schema.get("properties", {}).get("reason", {})
    ]
    assert len(reasons) >= 4
    for name, schema in reasons:
        assert schema["minLength"] == 2, name
        assert "两个汉字" in schema["description"], name
        assert "two Chinese characters" in schema["description"], name
