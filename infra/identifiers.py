"""References and account numbers as people and banks type them: how they are compared."""

import re
import unicodedata

_SEPARATORS = re.compile("[^0-9A-Z]")


def letters_and_digits(text: str) -> str:
    """The letters and digits of a text, in capitals, for finding or comparing what is written in it.

    People and banks space and wrap numbers, write them in lower case, with hyphens, or full width (６２２２).
    """
    return _SEPARATORS.sub("", unicodedata.normalize("NFKC", text).upper())
