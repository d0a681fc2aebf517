"""The one place where errors become answers: RFC 9457 problem documents, for every error there is."""

import asyncio
import re
from typing import Any

import asyncpg
import sqlalchemy.exc
import structlog
from litestar import Request, Response
from litestar._signature.types import ExtendedMsgSpecValidationError
from litestar.exceptions import HTTPException, ValidationException
from litestar.types import ExceptionHandlersMap
from pydantic import Field

from infra import errors
from infra.errors import PROBLEM_MEDIA_TYPE, MarketError
from infra.messages import Message, joined, preferred_language, with_ids
from infra.outages import is_collision, is_out_of_room, is_outage
from infra.query_parameters import allowed_values, sent_name
from infra.schema import Output
from infra.telemetry import trace_id
from infra.validation import msgspec_finding, one_of, pydantic_finding

log = structlog.get_logger()

_BY_STATUS: dict[int, type[MarketError]] = {
    kind.status: kind
    for kind in (
        errors.Malformed,
        errors.Unauthenticated,
        errors.Forbidden,
        errors.NotFound,
        errors.MethodNotAllowed,
        errors.TooLarge,
        errors.UnsupportedType,
        errors.Invalid,
    )
}

_DETAILS = {
    404: Message("There is nothing at this address."),
    405: Message("This address does not take that method; see the header Allow."),
    413: Message("The body is larger than this address takes."),
}
"""What the framework finds before a route of ours is reached, said in our words."""

_REMEDIES = {
    404: Message(
        "Check the address and the ids in it: an id is a UUID. The page /schema lists every address."
    ),
    405: Message(
        "Send one of the methods in the header Allow, or check the address: /schema lists them all."
    ),
    413: Message("Send less at once."),
}
"""What the caller does about it."""

_OUTSIDE = frozenset({"query", "header", "cookie", "path"})
"""Where a parameter may be wrong that is not in the body."""

_REQUIRED = re.compile(r"Missing required (?P<place>\w+) parameter '(?P<name>[^']+)'")

_HUNG_UP = "client disconnected prematurely"
"""How Litestar tells that the caller went away: as an internal error, which it is not."""


class Problem(Output):
    """A problem document (RFC 9457). Further members say more about some problems."""

    type: str = Field(description="Stable name of the kind of problem")
    title: str
    status: int
    detail: str = Field(description="What was wrong this time")
    remedy: str | None = Field(None, description="What to do about it")
    instance: str | None = None
    trace_id: str | None = None


def render(request: Request[Any, Any, Any], error: MarketError) -> Response[dict[str, Any]]:
    """The answer that tells a caller about an error."""
    language = preferred_language(request.headers.get("accept-language"))
    document = error.problem(instance=request.url.path, language=language)
    if document.get("remedy"):
        document["remedy"] = with_ids(document["remedy"], request.path_params)
    if (trace := trace_id()) is not None:
        document["trace_id"] = trace
    return Response(
        document,
        status_code=error.status,
        media_type=PROBLEM_MEDIA_TYPE,
        headers={**error.headers(), "Content-Language": language, "Vary": "Accept-Language"},
    )


def _known(request: Request[Any, Any, Any], error: MarketError) -> Response[dict[str, Any]]:
    return render(request, error)


def _framework(request: Request[Any, Any, Any], error: HTTPException) -> Response[dict[str, Any]]:
    if isinstance(error, ValidationException):
        return render(request, _validation(request, error))
    if error.detail == _HUNG_UP:
        return render(request, errors.Malformed(Message("The connection ended in the middle of the body.")))
    kind = _BY_STATUS.get(error.status_code)
    if kind is None:
        return _unforeseen(request, error)
    detail = _DETAILS.get(error.status_code) or joined([error.detail])
    answer = render(request, kind(detail, remedy=_REMEDIES.get(error.status_code)))
    if allowed := (error.headers or {}).get("allow"):
        answer.headers["Allow"] = allowed
    return answer


def _validation(request: Request[Any, Any, Any], error: ValidationException) -> MarketError:
    """A body that does not validate is 422; a query parameter, header or path that does not is 400."""
    found = [item for item in error.extra if isinstance(item, dict)] if isinstance(error.extra, list) else []
    if not found:
        return _missing(error)
    if any(item.get("key") == "data" and item.get("message") == "'data'" for item in found):
        return errors.Invalid(
            Message("The body is missing."),
            remedy=Message("Send a JSON object, with the header Content-Type: application/json."),
        )
    # Litestar keeps pydantic's sentences only; what they were made of is in what it was caused by.
    cause = error.__cause__
    raised = cause.errors if isinstance(cause, ExtendedMsgSpecValidationError) else ()
    told = (
        [pydantic_finding(item) for item in raised]
        if len(raised) == len(found)
        else [_parameter(request, item) for item in found]
    )
    places = [
        {"at": _place(request, item)[:200], "problem": problem}
        for item, problem in zip(found[:50], told, strict=False)
    ]
    elsewhere = any(item.get("source") in _OUTSIDE for item in found)
    summary = joined(
        Message("{at}: {problem}", **place) if place["at"] else place["problem"] for place in places
    )
    return (errors.Malformed if elsewhere else errors.Invalid)(
        summary, remedy=Message("Fix the fields listed under `errors` and send it again."), errors=places
    )


def _missing(error: ValidationException) -> MarketError:
    """What Litestar tells of a parameter or header that is required and was not sent: in words only."""
    named = _REQUIRED.match(error.detail)
    if named is None:
        return errors.Malformed(joined([error.detail]), remedy=Message("Send the missing part."))
    sentence = (
        Message("The header {name} is missing.", name=named["name"])
        if named["place"] == "header"
        else Message("The parameter {name} is missing.", name=named["name"])
    )
    return errors.Malformed(
        sentence, remedy=Message("Send it; the API reference at /schema shows an example.")
    )


def _place(request: Request[Any, Any, Any], item: dict[str, Any]) -> str:
    """Where something is wrong, by the name that the caller sent."""
    key = str(item.get("key", ""))
    return sent_name(request.route_handler, key) if item.get("source") in _OUTSIDE else key


def _parameter(request: Request[Any, Any, Any], item: dict[str, Any]) -> str:
    """What is told of a parameter; msgspec does not say which values there are."""
    sentence = str(item.get("message", ""))
    allowed = allowed_values(request.route_handler, str(item.get("key", "")))
    if allowed and sentence.startswith("Invalid enum value"):
        return one_of(allowed)
    return msgspec_finding(sentence)


def _too_deep(request: Request[Any, Any, Any], _: RecursionError) -> Response[dict[str, Any]]:
    # Nothing of ours walks as deep as its input is nested; reading JSON does, and its library says so this way.
    return render(
        request,
        errors.Malformed(Message("The body is nested too deeply."), remedy=Message("Reduce the nesting.")),
    )


def _dependency(request: Request[Any, Any, Any], error: Exception) -> Response[dict[str, Any]]:
    """What the service stands on is away, or takes nothing more: the database, or a volume of this machine."""
    if is_out_of_room(error):
        log.error("out_of_room", path=request.url.path, error=type(error).__name__, exc_info=error)
        return render(
            request,
            errors.Unavailable(
                Message("The service has no room to write at the moment."),
                # Room may have run out in the middle of a commit, before or after it was one.
                remedy=Message(
                    "Try again later: the service recovers once there is room. Whether a change was made is not"
                    " known: send it under the same Idempotency-Key, or look first where the request has none."
                ),
                retry_after=30,
            ),
        )
    if is_collision(error):
        log.warning("transactions_collided", path=request.url.path, error=str(error).partition("\n")[0])
        return render(
            request,
            errors.Unavailable(
                Message("Another request was changing the same things at the same time."),
                remedy=Message("Send the request again, under the same Idempotency-Key where it has one."),
                retry_after=1,
            ),
        )
    if not (is_outage(error) or isinstance(error, OSError)):
        return _unforeseen(request, error)
    if isinstance(error, OSError) and error.filename is not None:
        log.error("file_unavailable", path=request.url.path, exc_info=error)
        return render(
            request,
            errors.Unavailable(
                Message("A file of the service cannot be reached at the moment."),
                remedy=Message("Try again later; if it goes on, tell the platform's operator."),
                retry_after=30,
            ),
        )
    log.warning("database_unavailable", error=type(error).__name__)
    return render(
        request,
        errors.Unavailable(
            Message("The database cannot be reached at the moment."),
            # The connection may have ended during the commit, before or after it was one.
            remedy=Message(
                "Try again. Whether a change was made is not known: send it under the same Idempotency-Key, or look"
                " first where the request has none."
            ),
            retry_after=1,
        ),
    )


def _several(request: Request[Any, Any, Any], error: ExceptionGroup) -> Response[dict[str, Any]]:
    """What went wrong first, when ending the transaction of a request that had failed then failed too.

    A connection that is lost does both. Litestar groups the second failure, which says nothing that the first does not.
    """
    first = error.__cause__ if isinstance(error.__cause__, Exception) else error.exceptions[0]
    handler = next(HANDLERS[kind] for kind in type(first).__mro__ if kind in HANDLERS)
    return handler(request, first)


def _unforeseen(request: Request[Any, Any, Any], error: Exception) -> Response[dict[str, Any]]:
    log.error("unforeseen_error", path=request.url.path, exc_info=error)
    return render(
        request,
        MarketError(
            Message("An unexpected error occurred and has been logged."), remedy=Message("Try again later.")
        ),
    )


HANDLERS: ExceptionHandlersMap = {
    MarketError: _known,
    HTTPException: _framework,
    sqlalchemy.exc.DBAPIError: _dependency,
    sqlalchemy.exc.TimeoutError: _dependency,
    asyncpg.PostgresError: _dependency,
    asyncpg.InterfaceError: _dependency,
    asyncpg.InternalClientError: _dependency,
    asyncio.TimeoutError: _dependency,
    OSError: _dependency,
    RecursionError: _too_deep,
    ExceptionGroup: _several,
    Exception: _unforeseen,
}
