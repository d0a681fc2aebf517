"""YAML and JSON as plain values, with the line that each stands on. Pure, and safe with whatever is sent.

Of YAML only what JSON can say is taken: no anchors and aliases, by which a small file becomes a huge one, no tags, no
second document, no key twice. Numbers are exact, and a date stays the text that it is. So does what is a number in one
version of YAML and not in another: writers of version 1.1 leave the codes 08 and 1e3 without quotes, as texts.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import yaml

from infra.messages import Message
from listings.data_contracts.errors import ContractRefused

MAX_BYTES = 1_048_576
MAX_DEPTH = 32
MAX_NODES = 100_000

Path = tuple[str | int, ...]
"""Where in a document: names of members and positions in lists, from 0."""

_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]{0,30})")
_NUMBER = re.compile(r"[-+]?([1-9][0-9]{0,29}|0|[0-9]{1,30}\.[0-9]{0,30}([eE][-+][0-9]{1,2})?)")
_NUMBER_SOMEWHERE = re.compile(r"[-+]?[0-9]{1,30}(\.[0-9]{0,30})?([eE][-+]?[0-9]{1,2})?")
_WORDS: Mapping[str, Any] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
}


@dataclass(slots=True)
class Parsed:
    """A document, and the line on which each of its values begins, from 1; no lines of JSON."""

    value: Any
    lines: dict[Path, int] = field(default_factory=dict)

    def line(self, path: Path) -> int | None:
        """The line of a value, or of the nearest one around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path)


def parse_json(text: bytes) -> Parsed:
    """Read JSON.

    :raises ContractRefused: it is none, too deep, or names a member twice.
    """
    try:
        value = json.loads(_decoded(text), parse_float=Decimal, parse_int=_integer, object_pairs_hook=_object)
    except RecursionError:
        raise _too_large() from None
    except ValueError as error:
        line = error.lineno if isinstance(error, json.JSONDecodeError) else None
        raise _unreadable("JSON", line) from None
    _require_shallow(value)
    return Parsed(value)


def parse_yaml(text: bytes) -> Parsed:
    """Read YAML.

    :raises ContractRefused: it is none, too large or deep, or says what JSON cannot.
    """
    builder = _Builder(yaml.parse(_decoded(text), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
    try:
        return Parsed(builder.document(), builder.lines)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise _unreadable("YAML", mark.line + 1 if mark is not None else None) from None


def _decoded(text: bytes) -> str:
    if len(text) > MAX_BYTES:
        raise _too_large()
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise refused((), None, Message("The file is not UTF-8."), Message("Save it as UTF-8.")) from None


def _integer(text: str) -> int:
    if len(text) > 40:
        raise ValueError("too many digits")
    return int(text)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise refused((), None, *_TWICE)
    return found


_TWICE = (Message("A member is named twice."), Message("Name each member once."))


def _require_shallow(value: Any) -> None:
    waiting, seen = [(value, 0)], 0
    while waiting:
        present, depth = waiting.pop()
        seen += 1
        if depth > MAX_DEPTH or seen > MAX_NODES:
            raise _too_large()
        children = (
            present.values() if isinstance(present, dict) else present if isinstance(present, list) else ()
        )
        waiting += [(child, depth + 1) for child in children]


class _Builder:
    """Values from the events of a YAML parser."""

    def __init__(self, events: Iterator[Any]) -> None:
        self._events, self._nodes = events, 0
        self.lines: dict[Path, int] = {}

    def document(self) -> Any:
        """The one document there is."""
        next(self._events)  # the stream begins
        if isinstance(next(self._events), yaml.StreamEndEvent):
            return None
        value = self._value(next(self._events), ())
        next(self._events)  # the document ends
        following = next(self._events)
        if not isinstance(following, yaml.StreamEndEvent):
            raise refused(
                (),
                following.start_mark.line + 1,
                Message("There is a second document."),
                Message("Send one."),
            )
        return value

    def _value(self, event: Any, path: Path) -> Any:
        line = event.start_mark.line + 1
        self.lines[path] = line
        self._nodes += 1
        if len(path) > MAX_DEPTH or self._nodes > MAX_NODES:
            raise _too_large()
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise refused(
                path,
                line,
                Message("Anchors and aliases are not taken."),
                Message("Write what the alias stands for in its place."),
            )
        if getattr(event, "tag", None) not in (None, "!"):
            raise refused(path, line, Message("Tags are not taken."), Message("Remove the tag."))
        if isinstance(event, yaml.ScalarEvent):
            return _scalar(event)
        if isinstance(event, yaml.SequenceStartEvent):
            found: list[Any] = []
            while not isinstance(item := next(self._events), yaml.SequenceEndEvent):
                found.append(self._value(item, (*path, len(found))))
            return found
        return self._mapping(path)

    def _mapping(self, path: Path) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while not isinstance(key := next(self._events), yaml.MappingEndEvent):
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarEvent):
                raise refused(
                    path, line, Message("A member has no plain name."), Message("Name it by a text.")
                )
            if key.anchor:
                raise refused(
                    path,
                    line,
                    Message("Anchors and aliases are not taken."),
                    Message("Write what the alias stands for in its place."),
                )
            if key.value in found:
                raise refused((*path, key.value), line, *_TWICE)
            value = next(self._events)
            found[key.value] = None
            found[key.value] = self._value(value, (*path, key.value))
            self.lines[*path, key.value] = line
        return found


def _scalar(event: Any) -> Any:
    text: str = event.value
    if not event.implicit[0]:
        return text  # in quotes
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return Decimal(text) if _NUMBER.fullmatch(text) else text


def is_plain_text(text: str) -> bool:
    """Whether a text that stands without quotes is read as that text, here and by readers of version 1.2."""
    return text not in _WORDS and not _NUMBER_SOMEWHERE.fullmatch(text)


def pointer(path: Path) -> str:
    """A path as people read it: ``schema[0].properties[2].quality[0].metric``."""
    shown = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return shown.removeprefix(".")[:300]


def problem(path: Path, line: int | None, what: Message, remedy: Message) -> dict[str, Any]:
    """One thing that is wrong with a contract, as ``ContractRefused`` lists it."""
    return {"path": pointer(path), "line": line, "detail": what, "remedy": remedy}


def refused(path: Path, line: int | None, what: Message, remedy: Message) -> ContractRefused:
    """The refusal of a contract for one thing."""
    return ContractRefused(what, remedy=remedy, problems=[problem(path, line, what, remedy)])


def _unreadable(form: str, line: int | None) -> ContractRefused:
    what = (
        Message("The file is not {form}: line {line} cannot be read.", form=form, line=line)
        if line is not None
        else Message("The file is not {form}.", form=form)
    )
    return refused((), line, what, Message("Send a data contract as YAML, or as JSON with that media type."))


def _too_large() -> ContractRefused:
    return refused(
        (),
        None,
        Message("The contract is too large, or nested too deeply."),
        Message("Send at most {bytes:,} bytes, {depth} levels deep.", bytes=MAX_BYTES, depth=MAX_DEPTH),
    )
