"""How texts become the terms of the search index, and a query what a match must have. Pure.

A run of Chinese, Japanese or Korean characters is cut into single characters and overlapping pairs, so that 空气质量
finds 城市环境空气质量小时监测 without a dictionary of words. A word of another script is one term, found by its
beginnings; what is written together by a hyphen, a dot or a slash is found with and without it (PM2.5, pm25, PM 2.5).
Traditional characters are read as the simplified ones, full-width forms as the usual ones, capitals as small letters,
and English plurals as their singulars.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntFlag
from functools import cache, lru_cache
from itertools import pairwise
from operator import add
from pathlib import Path

MAX_QUERY = 200
"""Longest query, in characters."""

MAX_PARTS = 32
"""Words and runs of a query that count; what comes after them is passed over."""

MAX_TERMS = 2_000
"""Terms of one product that are kept, those of its title first: what one product may cost in memory."""

MAX_WORD = 64
_SHORT = 40

_CJK = re.compile(
    "[\u3005\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]+"
)
_WORD = re.compile(r"[^\W_]+(?:['’.\-‐‑–_/·&+][^\W_]+)*")
_PART = re.compile(r"\d+(?:\.\d+)*|[^\W\d_]+")
_PARTICLE = "的"
_STOP_WORDS = frozenset(
    {_PARTICLE, *["a", "an", "and", "at", "by", "for", "from", "in", "of", "on", "or", "the", "to", "with"]}
)


class Field(IntFlag):
    """Where in a product a term is."""

    TITLE = 1
    THEME = 2
    COLUMN = 4
    PARTY = 8
    DESCRIPTION = 16


_REPEATED = frozenset({Field.THEME, Field.COLUMN, Field.PARTY})
"""Themes, columns and organisations are called the same in many products."""


@dataclass(frozen=True, slots=True)
class Run:
    """A run of Chinese characters that a match must have.

    :ivar grams: its pairs of characters; a single character where the run is one.
    """

    grams: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Word:
    """A word that a match must have, whole or as a beginning.

    :ivar forms: as typed without what joins its parts, and its singular.
    :ivar phrase: pairs of neighbouring words that do as well: PM and 2.5 for pm25.
    """

    forms: tuple[str, ...]
    phrase: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Query:
    """What was asked for.

    :ivar parts: all of which a match has.
    :ivar neighbours: terms that a match has where parts stand side by side as they were typed; they rank it higher.
    """

    parts: tuple[Run | Word, ...]
    neighbours: tuple[str, ...]


def normalised(text: str) -> str:
    """A text as it is compared: full-width, compatibility and traditional characters and capitals are levelled."""
    return unicodedata.normalize("NFKC", text).translate(_simplified()).casefold()


def document_terms(texts: Iterable[tuple[Field, str]]) -> dict[str, int]:
    """The terms under which something with these texts is found, each with the fields it is in.

    :param texts: the most telling first: of `MAX_TERMS` terms the rest is left out.
    """
    terms: dict[str, int] = {}
    for field, text in texts:
        bit = int(field)
        for term in (
            _repeated_terms(text) if field in _REPEATED and len(text) <= _SHORT else _text_terms(text)
        ):
            if term in terms:
                terms[term] |= bit
            elif len(terms) < MAX_TERMS:
                terms[term] = bit
    return terms


@lru_cache(maxsize=4_000)
def _repeated_terms(text: str) -> tuple[str, ...]:
    return tuple(_text_terms(text))


def _text_terms(text: str) -> set[str]:
    terms: set[str] = set()
    for piece, is_cjk in _pieces(normalised(text)):
        if is_cjk:
            terms.update(piece)
            terms.update(_pairs(piece))
            continue
        parts: list[str] = []
        for match in _WORD.finditer(piece):
            found, forms = _word_terms(match.group())
            parts += found
            terms.update(forms)
        terms.update(_neighbouring(parts))
    return terms


@lru_cache(maxsize=8_000)
def _word_terms(word: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The parts of a word in the singular, and the terms by which it is found."""
    forms = (_joined(word), *_parts(word))
    singular = tuple(map(_singular, forms))
    return singular[1:], tuple({*forms, *singular})


def parse_query(query: str) -> Query:
    """What a match must have; nothing when the query holds no letter or digit.

    English articles and prepositions count only where there is nothing else, 的 parts what stands around it.
    """
    found: list[tuple[Run | Word, str]] = []
    for piece, is_cjk in _pieces(normalised(query[:MAX_QUERY])):
        if is_cjk:
            runs = [run for run in piece.split(_PARTICLE) if run] or [piece]
            found += [(Run(tuple(_pairs(run)) or (run,)), run) for run in runs]
        else:
            found += [(_word(match.group()), match.group()) for match in _WORD.finditer(piece)]
    telling = [(part, typed) for part, typed in found if typed not in _STOP_WORDS]
    kept = list(dict(telling or found).items())[:MAX_PARTS]
    neighbours = [_neighbours(left, right) for left, right in pairwise(kept)]
    return Query(tuple(part for part, _ in kept), tuple(term for term in neighbours if term is not None))


def _word(typed: str) -> Word:
    joined = _joined(typed)
    return Word(tuple(dict.fromkeys((joined, _singular(joined)))), tuple(_phrase(_parts(typed))))


def _neighbours(left: tuple[Run | Word, str], right: tuple[Run | Word, str]) -> str | None:
    (before, one), (after, other) = left, right
    if isinstance(before, Run) and isinstance(after, Run):
        return one[-1] + other[0]
    if isinstance(before, Word) and isinstance(after, Word):
        return next(iter(_phrase([_parts(one)[-1], _parts(other)[0]])), None)
    return None


def _pieces(normal: str) -> Iterable[tuple[str, bool]]:
    """The text, cut where Chinese, Japanese or Korean script meets another."""
    at = 0
    for match in _CJK.finditer(normal):
        if match.start() > at:
            yield normal[at : match.start()], False
        yield match.group(), True
        at = match.end()
    if at < len(normal):
        yield normal[at:], False


def _pairs(run: str) -> Iterable[str]:
    return map(add, run, run[1:])


def _joined(word: str) -> str:
    return "".join(character for character in word if character.isalnum())[:MAX_WORD]


def _parts(word: str) -> list[str]:
    found = [_joined(part) for part in _PART.findall(word)]
    return [part for part in found if part] or [_joined(word)]


def _phrase(words: Iterable[str]) -> list[str]:
    """Neighbouring words as terms of their own, in the singular."""
    return list(_neighbouring(list(map(_singular, words))))


def _neighbouring(singulars: list[str]) -> Iterable[str]:
    return map(" ".join, pairwise(singulars))


def _singular(word: str) -> str:
    if len(word) < 4 or not word.endswith("s") or not word.isascii() or not word.isalpha():
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("ses", "xes", "zes", "ches", "shes")):
        return word[:-2]
    return word if word.endswith(("ss", "us", "is")) else word[:-1]


@cache
def _simplified() -> Mapping[int, str]:
    """Traditional → simplified characters (OpenCC's TSCharacters, Apache-2.0), the first where there are several."""
    lines = Path(__file__).with_name("simplified_characters.txt").read_text(encoding="utf-8").splitlines()
    return {ord(line[0]): line[1] for line in lines}
