"""References and account numbers, pure: how they are found and compared as people type them, and their check digits."""

import re
import unicodedata
from collections.abc import Iterable

_SEPARATORS = re.compile("[^0-9A-Z]")


def letters_and_digits(text: str) -> str:
    """The letters and digits of a text, in capitals, for finding or comparing what is written in it.

    People and banks space and wrap numbers, write them in lower case, with hyphens, or full width (６２２２).
    """
    return _SEPARATORS.sub("", unicodedata.normalize("NFKC", text).upper())


def find_references(form: re.Pattern[str], texts: Iterable[str]) -> list[str]:
    """What has a form in the texts, each once, however it is written. Check digits are not looked at.

    :param form: of capitals and digits.
    """
    found: dict[str, None] = {}
    for text in texts:
        found |= dict.fromkeys(match.group() for match in form.finditer(letters_and_digits(text)))
    return list(found)


def with_check_digits(prefix: str, digits: str) -> str:
    """A reference: its two letters, two check digits (ISO 7064 mod 97-10) and its digits."""
    return f"{prefix}{98 - _mod97(f'{digits}{prefix}00'):02}{digits}"


def check_digits_fit(reference: str) -> bool:
    """Whether the check digits, the third and fourth character, fit the others (ISO 7064 mod 97-10).

    :param reference: capitals and digits, as of ISO 11649 (payment references) or ISO 13616 (IBAN).
    """
    return _mod97(reference[4:] + reference[:4]) == 1


def _mod97(text: str) -> int:
    return int("".join(str(int(character, 36)) for character in text)) % 97
