"""How much a text says, whatever it is written in.

A count of characters asks three times as much of Chinese as of English: 同意 is a whole answer, "ok" is not. What is
counted is the width of what can be seen, as a terminal shows it: a Chinese character counts two, a letter one, and
blanks, accents of their own and invisible characters nothing (Unicode Standard Annex 11).
"""

import unicodedata

_UNSEEN = frozenset("ZCM")
"""General categories, by their first letter, of what shows nothing by itself: separators, controls, marks."""

_BLANKS = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters and a symbol by their category that show nothing."""


def readable_width(text: str) -> int:
    """The width of what a reader sees of a text, in columns."""
    return sum(
        2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in unicodedata.normalize("NFC", text)
        if unicodedata.category(character)[0] not in _UNSEEN and character not in _BLANKS
    )
