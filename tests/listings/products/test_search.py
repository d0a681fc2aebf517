"""Search terms: what finds what, in Chinese and in English."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listings.products.search import MAX_QUERY, index_terms, query_terms

TITLE = "城市环境空气质量小时监测"
ENGLISH = "Hourly urban air-quality monitoring, PM2.5 and O3"


def finds(query: str, *texts: str) -> bool:
    return set(query_terms(query)) <= set(index_terms(*texts))


@pytest.mark.parametrize(
    "query",
    [
        "空气质量",
        "空气 质量",
        "质",
        "城市环境空气质量小时监测",
        "air quality",
        "QUALITY",
        "qual",
        "ｐｍ２",
        "PM2.5",
        "小时 hourly",
        "空气air",
    ],
)
def test_found(query: str) -> None:
    assert finds(query, TITLE, ENGLISH)


@pytest.mark.parametrize("query", ["水质量", "气空", "uality", "天气", "airport", "空气质量 water"])
def test_not_found(query: str) -> None:
    assert not finds(query, TITLE, ENGLISH)


@pytest.mark.parametrize("query", ["", "   ", "%_'\"\\", "——", "。、"])
def test_a_query_without_letters_asks_for_nothing(query: str) -> None:
    assert query_terms(query) == []


def test_only_the_beginning_of_a_long_query_counts() -> None:
    assert query_terms("a " * MAX_QUERY) == ["a"]


@given(st.text(max_size=80))
def test_a_text_is_found_by_itself_and_by_its_words(text: str) -> None:
    assert finds(text, text)
    assert all(finds(word, text) for word in text.split())


@given(st.text(max_size=80), st.text(max_size=80))
def test_terms_hold_no_characters_a_database_refuses(text: str, query: str) -> None:
    for term in [*index_terms(text), *query_terms(query)]:
        assert "\x00" not in term
        term.encode()
