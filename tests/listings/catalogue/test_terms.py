"""What finds what: Chinese, English, and what people type in between."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listings.catalogue.terms import MAX_PARTS, MAX_TERMS, Field, document_terms, parse_query
from tests.listings.catalogue.naive import fits

TITLE = "城市环境空气质量小时监测"
ENGLISH = "Hourly urban air-quality monitoring by stations, PM2.5 and O3"


def finds(query: str, *texts: str) -> bool:
    return fits(parse_query(query), document_terms((Field.TITLE, text) for text in texts))


@pytest.mark.parametrize(
    "query",
    [
        "空气质量",
        "空气 质量",
        "质",
        "空氣質量",
        "城市的空气",
        "城市环境空气质量小时监测",
        "air quality",
        "air-quality",
        "air_quality",
        "AIR QUALITIES",
        "quality of air",
        "qual",
        "station",
        "ＰＭ２．５",
        "PM2.5",
        "pm25",
        "pm 2.5",
        "PM₂.₅",
        "小时 hourly",
        "空气air",
        "o3",
    ],
)
def test_found(query: str) -> None:
    assert finds(query, TITLE, ENGLISH)


@pytest.mark.parametrize(
    "query",
    ["水质量", "气空", "uality", "天气", "airport", "空气质量 water", "pm10", "2.55", "quality:air & !x"],
)
def test_not_found(query: str) -> None:
    assert not finds(query, TITLE, ENGLISH)


@pytest.mark.parametrize(
    ("written", "typed"), [("PM 2.5 daily", "pm25"), ("Traffic volumes", "volume traffic")]
)
def test_found_as_written_otherwise(written: str, typed: str) -> None:
    assert finds(typed, written)


@pytest.mark.parametrize("query", ["", "   ", "%_'\"\\", "——", "。、", "😀", "؟"])
def test_a_query_without_letters_asks_for_nothing(query: str) -> None:
    assert parse_query(query).parts == ()


def test_articles_count_only_where_there_is_nothing_else() -> None:
    assert parse_query("the air of 的").parts == parse_query("air").parts
    assert list(parse_query("of the").parts) == [
        *parse_query("of").parts,
        *parse_query("the").parts,
    ]


def test_what_a_query_and_a_product_cost_is_bounded() -> None:
    assert len(parse_query(" ".join(f"a{n}" for n in range(100))).parts) == MAX_PARTS
    long = " ".join(f"word{n}" for n in range(10_000))
    terms = document_terms([(Field.TITLE, TITLE), (Field.DESCRIPTION, long)])
    assert len(terms) == MAX_TERMS
    assert "空气" in terms


@given(st.text(max_size=60))
def test_a_text_is_found_by_itself_and_by_its_words(text: str) -> None:
    assert finds(text, text)
    assert all(finds(word, text) for word in text.split())
