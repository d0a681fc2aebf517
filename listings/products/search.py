"""How text becomes search terms, in Chinese and in English. Pure.

A run of Chinese, Japanese or Korean characters is cut into pairs and single characters, so that 空气质量
finds 城市环境空气质量小时监测 without a dictionary; a word of another script is kept with each of its
beginnings, so that `qual` finds `quality`. A product matches when it has every term of the query, which a
GIN index over a text array answers.
"""

import re
import unicodedata

MAX_PREFIX = 20
"""Longest beginning of a word that is kept."""

_WORD = re.compile(r"[^\W_]+")
_CJK = re.compile(
    "[\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]+"
)


def index_terms(*texts: str) -> list[str]:
    """The sorted terms under which something with these texts is found."""
    terms: set[str] = set()
    for text in texts:
        for run, is_cjk in _runs(text):
            if is_cjk:
                terms.update(run)
                terms.update(_pairs(run))
            else:
                terms.update(run[:length] for length in range(1, min(len(run), MAX_PREFIX) + 1))
    return sorted(terms)


def _pairs(run: str) -> list[str]:
    return [run[at : at + 2] for at in range(len(run) - 1)]


def _runs(text: str) -> list[tuple[str, bool]]:
    """Words of the normalised text, cut where Chinese, Japanese or Korean script meets another."""
    normal = unicodedata.normalize("NFKC", text).casefold()
    runs: list[tuple[str, bool]] = []
    for word in _WORD.findall(normal):
        at = 0
        for match in _CJK.finditer(word):
            if match.start() > at:
                runs.append((word[at : match.start()], False))
            runs.append((match.group(), True))
            at = match.end()
        if at < len(word):
            runs.append((word[at:], False))
    return runs
