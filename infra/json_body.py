"""Bodies of JSON are read at one place, so that what is wrong with one is told where it stands, in the reader's words.

msgspec reads; only what it refuses is read again by the standard library, which knows the line and the column.
"""

import codecs
import json
from typing import Any

from litestar import Request
from litestar.exceptions import SerializationException
from litestar.serialization import decode_json

from infra.errors import Malformed
from infra.json_complaints import complaint
from infra.messages import Message

_REMEDY = Message("Correct the JSON there and send it again.")


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
                complaint=complaint(error),
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
