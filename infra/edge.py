"""What holds for every request and every answer, whichever route or error gives it.

It stands around the framework, so that answers which no route gives (404, a refused method, a broken body) are like the
others: headers that say what a browser may do with them, no caching unless a route allows it, no name of the server.
Requests that two readers could read differently are refused before anything looks at them, and a body that comes too
slowly is given up. An answer that is given before the body was read to its end says that the connection ends with it,
and comes after the rest of the body where that is short: a proxy that is still writing would miss it.
"""

import asyncio
import json
from time import monotonic

from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPReceiveMessage, Receive, Scope, Send
from litestar.types import Message as Event

from infra.errors import PROBLEM_MEDIA_TYPE, Malformed, MarketError, RequestTimeout
from infra.messages import Message, preferred_language

CONTENT_POLICY = b"default-src 'none'; frame-ancestors 'none'"
"""For everything that is no page: it loads nothing and stands in no frame."""

PAGE_POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    b" connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""For the API reference, the only page: scripts, styles and calls of this origin."""

SINGLE_HEADERS = frozenset(
    {
        b"authorization",
        b"content-length",
        b"content-type",
        b"data-purpose",
        b"data-region",
        b"data-scenario",
        b"host",
        b"idempotency-key",
        b"stripe-signature",
        b"transfer-encoding",
        b"upload-length",
        b"upload-offset",
        b"x-csrf-token",
    }
)
"""Headers that decide who calls, what it costs or where a request ends: sent twice, each reader may take another."""

SLOWEST_BODY = 8 * 1024
"""Bytes a second that a body must reach in the long run."""

READ_ON_BYTES = 16 * 1024 * 1024
READ_ON_SECONDS = 2.0
"""How much of a body that nobody wants is read before the answer, and how long at most."""

_MARK = (b"x-content-type-options", b"nosniff")
_ALWAYS = (
    _MARK,
    (b"referrer-policy", b"no-referrer"),
    # Without one of ours the server writes its own name.
    (b"server", b""),
)
_DATA = (*_ALWAYS, (b"content-security-policy", CONTENT_POLICY))
_PAGE = (*_ALWAYS, (b"content-security-policy", PAGE_POLICY))
COMPLETE = _DATA
"""A fast route puts these first and says itself what may be cached: its headers are then sent as they are."""

_NOT_KEPT = (b"cache-control", b"no-store")
# The server ends a connection on which part of a body is still to come, since it could not tell where the next request
# begins. Unless it is told, the client learns of it when its next request fails.
_LAST = (b"connection", b"close")


def guarded(app: ASGIApp, *, body_seconds: float) -> ASGIApp:
    """The application, with what holds for every request and answer around it.

    :param body_seconds: how long a body may pause. Over its whole length it may also take that long and a second more
        for each :data:`SLOWEST_BODY` bytes that have come; time in which the application reads nothing is not counted.
    """

    async def edge(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await app(scope, receive, send)
            return

        body: _Timed | None = None

        def decorated(message: Event) -> object:
            if message["type"] == "http.response.start":
                given = message["headers"]
                if not given or given[0] is not _MARK:  # type: ignore[index]
                    message["headers"] = answer_headers(list(given))
                if body is not None and not body.ended:
                    message["headers"] = [*message["headers"], _LAST]
                    return _after_the_rest(message, body)
            return send(message)

        async def _after_the_rest(message: Event, rest: "_Timed") -> None:
            # Who waits for a word before sending a body at all (RFC 9110, 10.1.1) has sent none.
            if b"expect" not in names:
                await rest.read_on()
            await send(message)

        headers: list[tuple[bytes, bytes]] = scope["headers"]  # type: ignore[assignment]
        names = dict(headers)
        if len(names) != len(headers) or not names.get(b"host"):
            refusal = ambiguity(headers)
            if refusal is not None:
                await _refuse(scope, decorated, refusal)  # type: ignore[arg-type]
                return
        if names.get(b"content-length", b"0") != b"0" or b"transfer-encoding" in names:
            receive = body = _Timed(receive, body_seconds)
        await app(scope, receive, decorated)  # type: ignore[arg-type]

    return edge


def answer_headers(given: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The headers of an answer, completed: what a route says about caching or the policy of its page stands, otherwise
    nothing is kept."""
    names = dict(given)
    if b"content-security-policy" in names:  # a page that allows less, or another style
        given += _ALWAYS
    else:
        given += _PAGE if names.get(b"content-type", b"").startswith(b"text/html") else _DATA
    if b"cache-control" not in names:
        given.append(_NOT_KEPT)
    return given


def ambiguity(headers: list[tuple[bytes, bytes]]) -> MarketError | None:
    """Why a request with these headers cannot be read in one way only, or None.

    RFC 9112 asks for exactly one Host (section 3.2). Two different lengths the server refuses by itself; of a length
    beside chunks it takes the chunks and then ends the connection, as section 6.1 has it.
    """
    names = [name for name, _ in headers]
    for name in SINGLE_HEADERS.intersection(names):
        if names.count(name) > 1:
            return Malformed(
                Message("The header {name} was sent more than once.", name=name.decode()),
                remedy=Message("Send it once."),
            )
    if not dict(headers).get(b"host"):
        return Malformed(
            Message("The header Host is missing."), remedy=Message("Send it, with the name of this service.")
        )
    return None


class _Timed:
    """``receive`` that gives up a body which comes too slowly.

    :ivar ended: the whole body was read, or there is no more of it to come.
    """

    __slots__ = ("_pause", "_receive", "_received", "_waited", "ended")

    def __init__(self, receive: Receive, pause: float) -> None:
        self._receive = receive
        self._pause = pause
        self._received = 0
        self._waited = 0.0
        self.ended = False

    async def __call__(self) -> HTTPReceiveMessage:
        if self.ended:  # what follows is the end of the connection, whenever that comes
            return await self._receive()  # type: ignore[return-value]
        left = self._pause + self._received / SLOWEST_BODY - self._waited
        began = monotonic()
        try:
            async with asyncio.timeout(min(self._pause, left)):
                message = await self._receive()
        except TimeoutError as error:
            self.ended = True
            raise RequestTimeout(
                Message("The body of the request did not come in time."),
                remedy=Message("Send it again over a faster connection, or in smaller parts."),
            ) from error
        self._waited += monotonic() - began
        if message["type"] == "http.request":
            self._received += len(message["body"])
            self.ended = not message["more_body"]
        else:
            self.ended = True
        return message  # type: ignore[return-value]

    async def read_on(self) -> None:
        """Read what is left and keep nothing of it, within :data:`READ_ON_BYTES` and :data:`READ_ON_SECONDS`."""
        allowed = self._received + READ_ON_BYTES
        try:
            async with asyncio.timeout(READ_ON_SECONDS):
                while not self.ended and self._received < allowed:
                    await self()
        except (TimeoutError, RequestTimeout):
            pass


async def _refuse(scope: Scope, send: Send, error: MarketError) -> None:
    """Answer with an error before there is a request the framework could read. The connection ends with it."""
    headers: dict[bytes, bytes] = dict(scope["headers"])
    language = preferred_language(headers.get(b"accept-language", b"").decode("latin-1"))
    document = error.problem(instance=scope["path"], language=language)
    body = json.dumps(document, ensure_ascii=False).encode()
    await send(
        {
            "type": "http.response.start",
            "status": error.status,
            "headers": [
                (b"content-type", PROBLEM_MEDIA_TYPE.encode()),
                (b"content-length", b"%d" % len(body)),
                (b"content-language", language.encode()),
                (b"vary", b"Accept-Language"),
                (b"connection", b"close"),
            ],
        }
    )
    await send({"type": "http.response.body", "body": body, "more_body": False})
