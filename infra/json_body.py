"""Bodies of JSON are read at one place, so that what is wrong with one is told where it stands, in the reader's words.

msgspec reads; only what it refuses is read again by the standard library, which knows the line and the column.
"""

import codecs
import json
from collections.abc import Mapping
from typing import Any

from litestar import Request
from litestar.exceptions import SerializationException
from litestar.serialization import decode_json

from infra.errors import Malformed
from infra.messages import Message

_REMEDY = Message("Correct the JSON there and send it again.")

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


class JsonRequest(Request[Any, Any, Any]):
    """A request whose JSON is read by :func:`read_json`."""

    async def json(self) -> Any:
        """The body.

        :raises Malformed: it is no JSON.
        """
        return read_json(await self.body())


def read_json(body: bytes) -> Any:
    """A body as JSON; a byte order mark before it is passed over.

    :raises Malformed: it is no JSON, or not in UTF-8.
    """
    body = body.removeprefix(codecs.BOM_UTF8)
    try:
        return decode_json(body or b"null")
    except (SerializationException, UnicodeDecodeError):
        raise _refusal(body) from None


def _refusal(body: bytes) -> Malformed:
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return Malformed(
            Message("The body is not UTF-8, so its text cannot be read."),
            remedy=Message(
                "Send it in UTF-8: a file saved in another encoding (GBK, for example) is saved anew."
            ),
        )
    try:
        json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        return Malformed(
            Message(
                "The body is not JSON: line {line}, column {column}: {complaint}.",
                line=error.lineno,
                column=error.colno,
                complaint=_complaint(error),
            ),
            remedy=_REMEDY,
        )
    except Malformed as error:
        return error
    # The two readers differ in nothing else.
    return Malformed(
        Message("The body holds half of a surrogate pair (\\ud800 to \\udfff), which is no character."),
        remedy=Message("Write the character itself, or both halves."),
    )


def _refuse_constant(name: str) -> Any:
    raise Malformed(
        Message("{name} is not a number of JSON.", name=name), remedy=Message("Leave it out, or write null.")
    )


def _complaint(error: json.JSONDecodeError) -> Message:
    found = error.doc[error.pos : error.pos + 1]
    if found in _FULL_WIDTH and not error.msg.startswith("Unterminated"):
        return Message("write {plain} instead of {found}", plain=_FULL_WIDTH[found], found=found)
    return next((told for said, told in _COMPLAINTS.items() if error.msg.startswith(said)), _UNREADABLE)
