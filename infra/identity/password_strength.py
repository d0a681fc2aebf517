"""Which passwords may not be chosen: what NIST SP 800-63B-4, section 3.1.1.2 asks, measured by zxcvbn.

At least 15 characters, since the password is the only factor; at most a generous bound; no rules about kinds of
characters; not what attackers try first. For the last of these zxcvbn knows lists of leaked passwords, of names and of
words in several languages, walks over keyboards, repeats, sequences and dates, and is told what is known of the person.
"""

import re
import threading
import unicodedata
from collections.abc import Iterable

from zxcvbn import zxcvbn

from infra.messages import Message

MIN_PASSWORD_LENGTH = 15
MAX_PASSWORD_LENGTH = 128

LEAST_SCORE = 4
"""zxcvbn's highest: more than 10^10 guesses."""

# Its work grows with the square of the length, and with every way in which symbols may stand for letters.
_LONGEST_JUDGED = 64
_SYMBOLS = frozenset("!$%(+<@[{|")
_MAX_SYMBOLS = 4
_NO_LETTER = "~"
_MAX_KNOWN = 40
_SHORTEST_KNOWN = 3
_LEAST_OF_ITS_OWN = 8
"""Characters that a password must have besides what is known of the person.

zxcvbn counts each such word for little, and what stands between them for too much.
"""

_JUDGING = threading.Lock()
"""zxcvbn keeps what it is told of a person in a table of the module."""


def normalised_password(text: str) -> str:
    """The spelling a password is hashed in, so that two keyboards of one person give the same (NFKC, RFC 8265)."""
    return unicodedata.normalize("NFKC", text)


def password_weakness(password: str, known: Iterable[str | None]) -> Message | None:
    """Why a password may not be chosen, or None. Takes some 10 ms of a processor, half a second at worst.

    :param known: what is known of the person: address, names, the organisation's names.
    """
    password = normalised_password(password)
    if not MIN_PASSWORD_LENGTH <= len(password) <= MAX_PASSWORD_LENGTH:
        return Message(
            "The password must have {least} to {most} characters.",
            least=MIN_PASSWORD_LENGTH,
            most=MAX_PASSWORD_LENGTH,
        )
    words = _words(known)
    if len(_without(password.lower(), words)) < _LEAST_OF_ITS_OWN:
        return _WEAKNESSES["user_inputs"]
    with _JUDGING:
        judged = zxcvbn(_bounded(password), user_inputs=words)
    if judged["score"] >= LEAST_SCORE:
        return None
    telling = [match for match in judged["sequence"] if match["pattern"] in _PATTERNS]
    if not telling:
        return Message("The password is too easily guessed.")
    match = max(telling, key=lambda match: len(match["token"]))
    kind = match.get("dictionary_name", "") if match["pattern"] == "dictionary" else match["pattern"]
    return _WEAKNESSES.get(str(kind), _WEAKNESSES["words"])


_PATTERNS = frozenset({"date", "dictionary", "regex", "repeat", "sequence", "spatial"})
_WEAKNESSES = {
    "user_inputs": Message("The password is made of your own name, address or organisation."),
    "passwords": Message("The password is, or is made of, a password that many people use."),
    "words": Message("The password is made of too few, or too common, words."),
    "spatial": Message("The password follows keys that lie side by side on the keyboard."),
    "repeat": Message("The password repeats the same characters."),
    "sequence": Message("The password is a sequence such as abcdef or 654321."),
    "date": Message("The password is little more than a date."),
    "regex": Message("The password is little more than a date."),
}


def _without(password: str, words: list[str]) -> str:
    for word in sorted(words, key=len, reverse=True):
        password = password.replace(word, " ")
    return re.sub(r"[\W_]", "", password)


def _bounded(password: str) -> str:
    """The password as far as it is judged: a longer one is no weaker, and surplus symbols stand for no letter."""
    counted: set[str] = set()
    kept = []
    for character in password[:_LONGEST_JUDGED]:
        if character in _SYMBOLS and (len(counted) < _MAX_SYMBOLS or character in counted):
            counted.add(character)
        kept.append(character if character not in _SYMBOLS or character in counted else _NO_LETTER)
    return "".join(kept)


def _words(known: Iterable[str | None]) -> list[str]:
    words: dict[str, None] = {}
    for text in known:
        text = normalised_password(text or "").lower()[:200]
        parts = [text, re.sub(r"\W+", "", text), *re.split(r"[\W_]+", text)]
        words |= dict.fromkeys(part for part in parts if len(part) >= _SHORTEST_KNOWN)
    return list(words)[:_MAX_KNOWN]
