"""Regular expressions: what the engines read alike, what is refused, and that the answers are the same."""

import contextlib
import re
import shutil
import subprocess
import time
from base64 import b64encode
from functools import cache
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from listings.ingest import profile
from quality.limits import MAX_PATTERN_CHARACTERS
from quality.patterns import PatternRefused, portable
from quality.proposals import vocabulary
from tests.support.generated_patterns import patterns, texts

TAKEN = {
    "^[A-Z]{2}[0-9]{4}$": "[A-Z]{2}[0-9]{4}",
    "\\d{4}-\\d\\d": "[0-9]{4}-[0-9][0-9]",
    "\\w+\\s\\S": "[0-9A-Z_a-z]+[\\x09-\\x0d ][^\\x09-\\x0d ]",
    "a.c": "a[^\\x0a]c",
    "^a$|^bc$": "a|bc",
    "(a|b)?c*?": "(?:a|b)?c*",
    "(?:a(b|c)d){2,}": "(?:a(?:b|c)d){2,}",
    "京[A-Z][A-Z0-9]{5}": "京[A-Z][0-9A-Z]{5}",
    "[一-龥]{2,4}·?": "[一-龥]{2,4}\\xb7?",
    "[^\\]\\-a-c]": "[^\\-\\]a-c]",
    "[-+]?[0-9]+(\\.[0-9]+)?": "[+\\-]?[0-9]+(?:\\.[0-9]+)?",
    "\\x41\\.": "A\\.",
    "([0-9]{1,3}\\.){3}[0-9]{1,3}": "(?:[0-9]{1,3}\\.){3}[0-9]{1,3}",
    "([a-z]+\\.)+[a-z]{2,}": "(?:[a-z]+\\.)+[a-z]{2,}",
    "(|a)b": "(?:|a)b",
    ".*foo.*": "[^\\x0a]*foo[^\\x0a]*",
    "[\\d\\D]": "[\\x00-\U0010ffff]",
    "😀{2}": "😀{2}",
}


@pytest.mark.parametrize(("pattern", "written"), TAKEN.items())
def test_what_engines_share_is_written_with_its_classes_spelt_out(pattern: str, written: str) -> None:
    assert portable(pattern) == written
    assert portable(written) == written


REFUSED = {
    "": "characters",
    "a" * (MAX_PATTERN_CHARACTERS + 1): "characters",
    "a\x00": "no value has",
    "\ud800": "no value has",
    "(a": "cannot be read",
    "a)": "cannot be read",
    "[a": "cannot be read",
    "[]": "cannot be read",
    "[]a]": "cannot be read",
    "[b-a]": "cannot be read",
    "*a": "cannot be read",
    "a{": "cannot be read",
    "a{,3}": "cannot be read",
    "a{x}": "cannot be read",
    "a{99999999999}": "cannot be read",
    "a\\": "has \\",
    "a{3,2}": "repetitions",
    "a{0}": "repetitions",
    "a{1001}": "repetitions",
    "(a)\\1": "\\1",
    "(?P<n>a)(?P=n)": "(?P<",
    "(?<n>a)\\k<n>": "(?<n",
    "(?=a)b": "(?=",
    "a(?!b)": "(?!",
    "(?<=a)b": "(?<=",
    "(?<!a)b": "(?<!",
    "(?>a)b": "(?>",
    "(?i)a": "(?i)",
    "(?i:a)": "(?i:",
    "(?#note)a": "(?#n",
    "a++": "++",
    "a*+": "*+",
    "a??+": "?+",
    "a{2}{3}": "}{",
    "\\bword\\b": "\\b",
    "\\Aa\\z": "\\A",
    "a\\Z": "\\Z",
    "\\p{Han}": "\\p",
    "\\Qa\\E": "\\Q",
    "\\R": "\\R",
    "\\X": "\\X",
    "\\h": "\\h",
    "\\N{BULLET}": "\\N",
    "\\u4e00": "\\u",
    "\\x{4e00}": "\\x",
    "\\012": "\\0",
    "\\cA": "\\c",
    "[[:alpha:]]": "[:",
    "[a&&b]": "&&",
    "[a--b]": "-b",
    "[a||b]": "||",
    "[\\d-z]": "-z",
    "[^\\d\\D]": "no character",
    "a^b": "^",
    "a$b": "$",
    "(^a)": "^",
    "(" * 30 + "a" + ")" * 30: "nested",
    # what could take for ever, or more room than there is
    "(a+)+": "several ways",
    "(a*)*b": "may be empty",
    "(a?){30}a{30}": "may be empty",
    "(a|a)*b": "several ways",
    "(a|aa)+$": "several ways",
    "(\\w+\\s?)*": "several ways",
    "([a-zA-Z]+)*": "several ways",
    "(.*a){20}": "several ways",
    "(a|b|ab)*c": "several ways",
    "(?:[0-9]{1,2}){5}": "several ways",
    "a?" * 30 + "a" * 30: "too many parts",
    "(b|b)" * 30: "too many parts",
    ".*a.*b.*c.*d": "too many parts",
    "(a{1,100}){1,100}": "too large",
    "((a{0,100}){0,100}){0,100}": "too large",
    "[a-z]{1000}[a-z]{1000}[a-z]{1000}": "too large",
    "([a-z]{1,300}-)*": "too large",
}


@pytest.mark.parametrize(("pattern", "what"), REFUSED.items(), ids=lambda text: ascii(text)[:40])
def test_what_engines_read_differently_or_for_ever_is_refused(pattern: str, what: str) -> None:
    started = time.monotonic()
    with pytest.raises(PatternRefused) as refused:
        portable(pattern)
    assert what in refused.value.what
    assert refused.value.remedy
    assert time.monotonic() - started < 1


@pytest.mark.parametrize(
    "pattern",
    [
        "|".join(f"{number}[a-z]+" for number in range(100, 280)),
        "(" + "|".join(f"[a-z]{{3}}{number}" for number in range(10, 60)) + ")*",
        "(" + "[ab]" * 150 + "c)*",
        "(?:" * 19 + "a" + "b)" * 19,
    ],
    ids=["many branches", "a loop of many", "a long loop", "deep"],
)
def test_the_judgement_itself_is_quick(pattern: str) -> None:
    started = time.monotonic()
    with contextlib.suppress(PatternRefused):
        portable(pattern)
    assert time.monotonic() - started < 1


def test_every_form_that_is_proposed_is_taken() -> None:
    forms = [form.form for form in vocabulary.FORMS]
    assert forms
    for pattern in [*forms, *profile.WORDS]:
        portable(pattern)


@cache
def database() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(config={"threads": 1})


def answers(pattern: str, values: list[str]) -> dict[str, list[bool]]:
    written = portable(pattern)
    column = pa.array(values, pa.string())
    statement = "SELECT list_transform(?::VARCHAR[], lambda v: regexp_full_match(v, ?))"
    in_duckdb = database().execute(statement, [values, written]).fetchone()
    assert in_duckdb is not None
    return {
        "arrow": pc.match_substring_regex(column, rf"\A(?:{written})\z").to_pylist(),
        "duckdb": in_duckdb[0],
        "python": [re.fullmatch(written, value) is not None for value in values],
        "as given": [re.fullmatch(pattern, value, re.ASCII) is not None for value in values],
    }


@settings(max_examples=150, deadline=None)
@given(pattern=patterns(), values=st.lists(texts(), min_size=1, max_size=8))
def test_re2_and_python_give_the_same_answers(pattern: str, values: list[str]) -> None:
    try:
        found = answers(pattern, values)
    except PatternRefused:
        return
    assert len({tuple(answer) for answer in found.values()}) == 1, found


USUAL = [
    "",
    "a",
    "ab\n",
    "AB1234",
    "2024-01",
    "京A12345",
    "张三",
    "٣",
    "é_x y",
    "a.c",
    "a\u2028c",
    "x😀😀",
    "1.2.3",
]


@pytest.mark.parametrize("pattern", [pattern for pattern in TAKEN if "$" not in pattern])
def test_they_agree_on_what_is_usual(pattern: str) -> None:
    found = answers(pattern, USUAL)
    assert len({tuple(answer) for answer in found.values()}) == 1, found


@pytest.mark.java
def test_java_gives_the_same_answers() -> None:
    if shutil.which("javac") is None:
        pytest.skip(
            "needs a JDK of Java 17 (`apt-get install openjdk-17-jdk-headless`), to compile one class"
        )
    asked: list[tuple[str, str]] = []

    @settings(max_examples=250, deadline=None, database=None, derandomize=True)
    @given(pattern=patterns(), values=st.lists(texts(), min_size=1, max_size=8))
    def gather(pattern: str, values: list[str]) -> None:
        with contextlib.suppress(PatternRefused):
            asked.extend((portable(pattern), value) for value in values)

    gather()
    asked += [(portable(pattern), value) for pattern in TAKEN for value in USUAL]
    lines = "\n".join(" ".join(b64encode(text.encode()).decode() for text in pair) for pair in asked)
    program = Path(__file__).with_name("Matches.java")
    answered = subprocess.run(
        ["java", str(program)], input=lines, capture_output=True, text=True, check=True, timeout=120
    )
    found = [line == "1" for line in answered.stdout.split()]
    assert len(found) == len(asked) > 500
    assert True in found
    assert [
        (pair, answer)
        for pair, answer in zip(asked, found, strict=True)
        if answer != (re.fullmatch(*pair) is not None)
    ] == []


@settings(max_examples=60, deadline=2_000)
@given(pattern=patterns(), seed=st.text("ab1-", min_size=1, max_size=3))
def test_what_is_taken_fails_fast_in_an_engine_that_tries_every_reading(pattern: str, seed: str) -> None:
    try:
        written = portable(pattern)
    except PatternRefused:
        return
    re.fullmatch(written, seed * 40 + "!")
