"""Reads a pattern of the subset that RE2, Python and Java share, and writes it anew. Pure."""

from infra.messages import Message
from quality.limits import MAX_PATTERN_CHARACTERS
from quality.patterns.errors import PatternRefused
from quality.patterns.tree import Chars, Choice, Node, Ranges, Repeat, Sequence, complement, normal

MAX_COUNT = 1_000
"""The largest number of repetitions, also of one within another: RE2 takes no more."""

_MAX_DEPTH = 20
_DIGIT: Ranges = ((0x30, 0x39),)
_WORD: Ranges = ((0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A))
_SPACE: Ranges = ((0x09, 0x0D), (0x20, 0x20))
_CLASSES = {"d": _DIGIT, "w": _WORD, "s": _SPACE}
_CONTROLS = {"t": 0x09, "n": 0x0A, "v": 0x0B, "f": 0x0C, "r": 0x0D}
_HEX = "0123456789abcdefABCDEF"
_SPECIAL = frozenset("\\^$.|?*+()[]{}")

_WHOLE_VALUE = Message("The pattern stands for the whole value: write what all of it looks like.")
_WRITE_OUT = Message("Write out the characters that are meant, such as [A-Z0-9] or [一-龥].")


def read(pattern: str) -> Node:
    """The tree of a pattern. It stands for the whole value, so a ``^`` at its start and a ``$`` at its end say nothing.

    :raises PatternRefused: it is outside of the subset.
    """
    if not 0 < len(pattern) <= MAX_PATTERN_CHARACTERS:
        raise PatternRefused(
            Message("The pattern has {count:,} characters.", count=len(pattern)),
            Message("Write 1 to {most:,} characters.", most=MAX_PATTERN_CHARACTERS),
        )
    if "\x00" in pattern or any("\ud800" <= letter <= "\udfff" for letter in pattern):
        raise PatternRefused(
            Message("The pattern has a character that no value has."),
            Message("Remove NUL and lone surrogates."),
        )
    return _Reader(pattern).whole()


def write(node: Node) -> str:
    """The pattern of a tree, in words that every engine takes."""
    match node:
        case Chars(ranges, negated):
            if not negated and len(ranges) == 1 and ranges[0][0] == ranges[0][1]:
                return _letter(ranges[0][0], _SPECIAL)
            inside = "".join(_range(low, high) for low, high in ranges)
            return f"[{'^' * negated}{inside}]"
        case Sequence(parts):
            return "".join(
                f"(?:{write(part)})" if isinstance(part, Choice) else write(part) for part in parts
            )
        case Choice(branches):
            return "|".join(write(branch) for branch in branches)
        case Repeat(body, least, most):
            inner = write(body) if isinstance(body, Chars) else f"(?:{write(body)})"
            return inner + _times(least, most)


def _times(least: int, most: int | None) -> str:
    known = {(0, None): "*", (1, None): "+", (0, 1): "?"}
    if (least, most) in known:
        return known[least, most]
    if most is None:
        return f"{{{least},}}"
    return f"{{{least}}}" if least == most else f"{{{least},{most}}}"


def _range(low: int, high: int) -> str:
    special = frozenset("\\^-[]&~|")
    if low == high:
        return _letter(low, special)
    return f"{_letter(low, special)}-{_letter(high, special)}"


def _letter(point: int, special: frozenset[str]) -> str:
    if point < 0x20 or 0x7F <= point <= 0xFF:
        return f"\\x{point:02x}"
    return f"\\{chr(point)}" if chr(point) in special else chr(point)


class _Reader:
    """Reads one pattern from its start to its end."""

    def __init__(self, pattern: str) -> None:
        self._text = pattern
        self._at = 0

    def whole(self) -> Node:
        node = self._choice(0)
        if self._at < len(self._text):
            raise self._unreadable()
        return node

    def _choice(self, depth: int) -> Node:
        if depth > _MAX_DEPTH:
            raise PatternRefused(
                Message("The pattern is too deeply nested."), Message("Write it with fewer groups.")
            )
        branches = [self._sequence(depth)]
        while self._next_is("|"):
            self._at += 1
            branches.append(self._sequence(depth))
        return branches[0] if len(branches) == 1 else Choice(tuple(branches))

    def _sequence(self, depth: int) -> Node:
        parts: list[Node] = []
        if depth == 0 and self._next_is("^"):
            self._at += 1
        while self._at < len(self._text) and self._text[self._at] not in "|)":
            if depth == 0 and self._next_is("$") and self._text[self._at + 1 : self._at + 2] in {"", "|"}:
                self._at += 1
                break
            parts.append(self._repeated(self._atom(depth)))
        return parts[0] if len(parts) == 1 else Sequence(tuple(parts))

    def _atom(self, depth: int) -> Node:
        letter = self._text[self._at]
        match letter:
            case "(":
                return self._group(depth)
            case "[":
                return self._class()
            case "\\":
                point = self._escape()
                return point if isinstance(point, Chars) else Chars(((point, point),))
            case ".":
                self._at += 1
                return Chars(((0x0A, 0x0A),), negated=True)
            case "^" | "$":
                raise self._refused(letter, _WHOLE_VALUE)
            case "*" | "+" | "?" | "{" | "}" | "]":
                raise self._unreadable()
        self._at += 1
        return Chars(((ord(letter), ord(letter)),))

    def _group(self, depth: int) -> Node:
        opening = self._text[self._at : self._at + 4]
        if opening.startswith("(?:"):
            self._at += 3
        elif opening.startswith(("(?=", "(?!", "(?<=", "(?<!")):
            raise self._refused(opening[: 4 if "<" in opening else 3], _WHOLE_VALUE)
        elif opening.startswith("(?"):
            raise self._refused(
                opening, Message("Use plain groups, (…) or (?:…), without names, flags or comments.")
            )
        else:
            self._at += 1
        node = self._choice(depth + 1)
        if not self._next_is(")"):
            raise self._unreadable()
        self._at += 1
        return node

    def _repeated(self, body: Node) -> Node:
        if self._at >= len(self._text):
            return body
        letter = self._text[self._at]
        simple = {"*": (0, None), "+": (1, None), "?": (0, 1)}
        if letter in simple:
            self._at += 1
            least, most = simple[letter]
        elif letter == "{":
            least, most = self._counts()
        else:
            return body
        if self._next_is("?"):
            self._at += 1  # lazy: of a whole value the same is said
        if self._at < len(self._text) and self._text[self._at] in "*+?{":
            raise self._refused(
                self._text[self._at - 1 : self._at + 1],
                Message("Repeat once, and put a group around what is to be repeated again."),
            )
        return Repeat(body, least, most)

    def _counts(self) -> tuple[int, int | None]:
        end = self._text.find("}", self._at)
        inside = self._text[self._at + 1 : end] if end >= 0 else ""
        least, comma, most = inside.partition(",")
        if not _is_count(least) or not (most == "" or _is_count(most)):
            raise self._unreadable()
        self._at = end + 1
        low = int(least)
        high = (int(most) if most else None) if comma else low
        if low > MAX_COUNT or (high is not None and (high > MAX_COUNT or high < low or high == 0)):
            raise PatternRefused(
                Message("{part} is no number of repetitions.", part=f"{{{inside}}}"),
                Message("Repeat 1 to {most:,} times.", most=MAX_COUNT),
            )
        return low, high

    def _class(self) -> Node:
        self._at += 1
        negated = self._next_is("^")
        self._at += negated
        ranges: list[tuple[int, int]] = []
        begun = self._at
        while not self._next_is("]"):
            low = self._member(begun)
            if isinstance(low, Chars):
                ranges += low.members
                continue
            if self._next_is("-") and self._text[self._at + 1 : self._at + 2] not in {"]", ""}:
                self._at += 1
                high = self._member(begun)
                if isinstance(high, Chars) or high < low:
                    raise self._unreadable()
                ranges.append((low, high))
            else:
                ranges.append((low, low))
        self._at += 1
        if not ranges:
            raise self._unreadable()
        found = normal(ranges)
        if negated and not complement(found):
            raise PatternRefused(
                Message("The pattern has a class that no character is of."), Message("Correct the class.")
            )
        return Chars(found, negated)

    def _member(self, begun: int) -> "int | Chars":
        if self._at >= len(self._text):
            raise self._unreadable()
        letter = self._text[self._at]
        if letter == "\\":
            return self._escape()
        pair = self._text[self._at : self._at + 2]
        if letter == "[" or pair in {"&&", "~~", "||"}:
            raise self._refused(
                pair, Message("Put a backslash before a sign that is meant as such in a class.")
            )
        if letter == "-" and self._at > begun and self._text[self._at + 1 : self._at + 2] != "]":
            raise self._refused(
                pair, Message("Put a backslash before a sign that is meant as such in a class.")
            )
        self._at += 1
        return ord(letter)

    def _escape(self) -> "int | Chars":
        """A character or a class after a backslash."""
        letter = self._text[self._at + 1 : self._at + 2]
        if letter.lower() in _CLASSES and letter:
            self._at += 2
            return Chars(_CLASSES[letter.lower()], negated=letter.isupper())
        if letter in _CONTROLS:
            self._at += 2
            return _CONTROLS[letter]
        digits = self._text[self._at + 2 : self._at + 4]
        if letter == "x" and len(digits) == 2 and all(digit in _HEX for digit in digits):
            self._at += 4
            return int(digits, 16)
        if letter and letter.isascii() and not letter.isalnum() and letter.isprintable():
            self._at += 2
            return ord(letter)
        if letter and letter in "bBAzZG123456789kg":
            raise self._refused(f"\\{letter}", _WHOLE_VALUE)
        raise self._refused(f"\\{letter}", _WRITE_OUT)

    def _next_is(self, letter: str) -> bool:
        return self._text[self._at : self._at + 1] == letter

    def _refused(self, part: str, remedy: Message) -> PatternRefused:
        return PatternRefused(
            Message(
                "At character {place:,} the pattern has {part}, which engines read differently or do not have.",
                place=self._at + 1,
                part=part,
            ),
            remedy,
        )

    def _unreadable(self) -> PatternRefused:
        return PatternRefused(
            Message("The pattern cannot be read at character {place:,}.", place=self._at + 1),
            Message("Close every group and class, and put a backslash before a sign that is meant as such."),
        )


def _is_count(text: str) -> bool:
    return 0 < len(text) <= 5 and text.isascii() and text.isdigit()
