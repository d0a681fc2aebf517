"""What the standard library says of a text that is no JSON, as messages that can be translated."""

from collections.abc import Mapping
from json import JSONDecodeError

from infra.messages import Message

_COMPLAINTS: Mapping[str, Message] = {
    "Expecting property name enclosed in double quotes": Message(
        "a name in double quotes is expected; neither single quotes nor a comma after the last member are JSON"
    ),
    "Expecting ':' delimiter": Message("a colon is expected between a name and its value"),
    "Expecting ',' delimiter": Message("a comma or a closing bracket is expected"),
    "Expecting value": Message(
        "a value is expected: text in double quotes, a number, true, false, null, a list or an object"
    ),
    "Extra data": Message("the JSON ends before this, and more follows"),
    "Unterminated string starting at": Message("this text has no closing double quote"),
    "Invalid control character at": Message(
        "a line break or another control character stands inside a text; write \\n instead"
    ),
    "Invalid \\escape": Message("a backslash stands before a character that needs none; write two for one"),
    "Invalid \\uXXXX escape": Message("\\u needs four hexadecimal digits"),
}
"""What the standard library says → what is told. Its words may have a further part behind a colon."""

_UNREADABLE = Message("the JSON cannot be read")

_FULL_WIDTH = dict(zip("“”„‘’＂：，［］｛｝", '"""""":,[]{}', strict=True))
"""What an input method for Chinese writes → what is JSON."""


def complaint(error: JSONDecodeError) -> Message:
    """What is wrong at the place where a text is no JSON."""
    found = error.doc[error.pos : error.pos + 1]
    if found in _FULL_WIDTH and not error.msg.startswith("Unterminated"):
        return Message("write {plain} instead of {found}", plain=_FULL_WIDTH[found], found=found)
    return next((told for said, told in _COMPLAINTS.items() if error.msg.startswith(said)), _UNREADABLE)
