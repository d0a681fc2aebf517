"""The data plane over HTTP.

This is the hot route: it takes the request as it is and answers bytes, so that the framework neither validates nor
serialises anything on the way. What it takes is therefore described to the OpenAPI document by hand.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from email.utils import format_datetime
from functools import lru_cache
from time import monotonic
from typing import Any
from uuid import UUID

from litestar import Request, get
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import OpenAPIType, Operation, Parameter, Schema
from litestar.types import ASGIApp, HTTPScope, Receive, Scope, Send

from infra import edge, units
from infra.query_parameters import IGNORED
from infra.units import UnitVector
from listings.revisions.domain import SchemaNotice
from market.delivery.domain import DEFAULT_LIMIT, MAX_FILTERS, MAX_LIMIT, StatedUse
from market.delivery.errors import KINDS
from market.delivery.schemas import RecordsPage
from market.delivery.service import DataPlane, MeteredResponse
from market.metering.answers import AnswerLog
from market.metering.domain import Outcome

_ALWAYS = (
    *edge.COMPLETE,
    (b"content-type", b"application/json"),
    (b"cache-control", b"private, no-store"),
)
_PATIENT_SECONDS = 0.25
_LOOK_SECONDS = 0.005
_TEXT = Schema(type=OpenAPIType.STRING, max_length=500)


def _query(name: str, description: str, schema: Schema) -> Parameter:
    return Parameter(name=name, param_in="query", description=description, schema=schema, required=False)


def _header(name: str, description: str, schema: Schema) -> Parameter:
    return Parameter(name=name, param_in="header", description=description, schema=schema, required=False)


_BILLING_HEADERS = (b"authorization", b"data-purpose", b"data-scenario", b"data-region", b"idempotency-key")

_PARAMETERS = (
    _query(
        "select",
        "Columns of the answer; by default all that the licence opens.",
        Schema(type=OpenAPIType.ARRAY, items=_TEXT, max_items=300),
    ),
    _query(
        "filter",
        "Conditions that all must hold, each `column:operator:value`, for example `pm25:gt:35`. Operators: eq, ne, lt,"
        " le, gt, ge, in (values with commas between them), contains (text), is_null (true or false).",
        Schema(type=OpenAPIType.ARRAY, items=_TEXT, max_items=MAX_FILTERS),
    ),
    _query(
        "limit",
        "Rows of the page at most. Where it is not sent and fewer are left of the licence's quota: what is left.",
        Schema(type=OpenAPIType.INTEGER, minimum=1, maximum=MAX_LIMIT, default=DEFAULT_LIMIT),
    ),
    _query(
        "cursor",
        "`next_cursor` of the previous page. It goes on with the revision of that page, for 30 days after a newer one.",
        Schema(type=OpenAPIType.STRING, pattern="^[A-Za-z0-9_-]{32}$"),
    ),
    _header(
        "Data-Purpose",
        "What the data is called for; needed only when the licence allows several purposes.",
        Schema(type=OpenAPIType.STRING, max_length=100),
    ),
    _header(
        "Data-Scenario",
        "The field of use that the data is called for; needed only when the licence has several scenarios.",
        Schema(type=OpenAPIType.STRING, max_length=100),
    ),
    _header(
        "Data-Region",
        "The division (GB/T 2260) that the data is called for, one of the licence's regions or one within them; needed"
        " only when the licence has several.",
        Schema(type=OpenAPIType.STRING, pattern="^[1-9][0-9]{5}$"),
    ),
    _header(
        "Idempotency-Key",
        "A name of your choosing for this one call: sent again with the same key it is answered again with the same"
        " page, unbilled, also when the data has a newer revision.",
        Schema(type=OpenAPIType.STRING, min_length=1, max_length=255, pattern=r"^[\x21-\x7e]+$"),
    ),
)


@dataclass
class _RecordsOperation(Operation):
    """Adds what the route takes."""

    def __post_init__(self) -> None:
        self.parameters = [*(self.parameters or []), *_PARAMETERS]


@get(
    "/data/{product_id:uuid}/records",
    operation_class=_RecordsOperation,
    responses={
        200: ResponseSpec(
            RecordsPage,
            generate_examples=False,
            description="A page, metered. The headers say what it counted: Usage-Units (`calls=1, rows=50,"
            " bytes=10857`), Usage-Record, Usage-Repeated, Data-Revision, Page-Limit when the page was made smaller"
            " than the default because no more was left of the quota, Deprecation (RFC 9745), Sunset (RFC 8594) and"
            " Link while a change of the product's columns is announced, and RateLimit with what is left of each of the"
            " licence's quotas.",
        ),
        # The server itself says so, before there is a request to tell about: without a body.
        414: ResponseSpec(None, generate_examples=False, description="The address is longer than 64 KiB"),
        431: ResponseSpec(
            None, generate_examples=False, description="Address and headers together are longer than is read"
        ),
    },
    opt={"bearer": "licence", "problems": KINDS, IGNORED: "reads its query itself, and refuses as strictly"},
    tags=["Data"],
    operation_id="readRecords",
    summary="Read records of a licensed product",
)
async def read_records(request: Request[Any, Any, Any], product_id: UUID) -> ASGIApp:
    """One page of the product's current revision, by the licence in the Authorization header.

    The call is admitted, recorded and counted before it is answered: one call, and as many rows as the page holds. What
    the licence does not open does not exist here. A refused call costs nothing: where it was recorded all the same
    (503 with `usage_record`), it is credited.
    """
    scope: HTTPScope = request.scope
    authorization, purpose, scenario, region, key = _billing_headers(scope["headers"])
    bearer = None
    if authorization is not None:
        scheme, _, token = authorization.partition(" ")
        bearer = token.strip() if scheme.lower() == "bearer" else None
    plane: DataPlane = request.app.state.data_plane
    began = monotonic()
    try:
        answer = await plane.records(
            bearer=bearer,
            product_id=product_id,
            raw_query=scope["query_string"].decode("latin-1"),
            stated=StatedUse(purpose, scenario, region),
            key=key,
        )
    except Exception as error:
        if getattr(error, "status", 500) >= 500:
            plane.calls.add(product_id, monotonic() - began, succeeded=False)
        raise
    seconds = monotonic() - began
    plane.calls.add(product_id, seconds, succeeded=True)
    return _Metered(answer, plane.answers, looked_after=seconds > _PATIENT_SECONDS)


def _billing_headers(headers: Iterable[tuple[bytes, bytes]]) -> list[str | None]:
    """The values of the headers that decide what a call costs and whom, in the order of ``_BILLING_HEADERS``.

    None of them came twice: see :mod:`infra.edge`.
    """
    found = dict(headers)
    return [
        None if (value := found.get(name)) is None else value.decode("latin-1").strip()
        for name in _BILLING_HEADERS
    ]


class _Metered:
    """An answer that is ready: two ASGI events, nothing computed from types on the way.

    From the moment it is handed over it counts as answered, whatever the client does then. A client that hung up while
    it waited is handed nothing, and its call is credited.

    :param looked_after: the call took so long that the client may have hung up.
    """

    __slots__ = ("_answer", "_answers", "_looked_after")

    def __init__(self, answer: MeteredResponse, answers: AnswerLog, *, looked_after: bool) -> None:
        self._answer = answer
        self._answers = answers
        self._looked_after = looked_after

    async def __call__(self, _: Scope, receive: Receive, send: Send) -> None:
        body, record_id = self._answer.page.body, self._answer.decision.record_id
        assert record_id is not None
        handed_over = False
        try:
            if self._looked_after and await _hung_up(receive):
                await send({"type": "http.response.start", "status": 499, "headers": list(_ALWAYS)})
                await send({"type": "http.response.body", "body": b"", "more_body": False})
                return
            await send({"type": "http.response.start", "status": 200, "headers": headers_of(self._answer)})
            self._answers.answered(record_id)
            handed_over = True
            await send({"type": "http.response.body", "body": body, "more_body": False})
        finally:
            if not handed_over:
                self._answers.unanswered(record_id)


async def _hung_up(receive: Receive) -> bool:
    """Whether the client ended its connection."""
    try:
        async with asyncio.timeout(_LOOK_SECONDS):
            while (await receive())["type"] != "http.disconnect":
                pass
    except TimeoutError:
        return False
    return True


def headers_of(answer: MeteredResponse) -> list[tuple[bytes, bytes]]:
    """What an answer says of itself: what it cost, what is left, and which revision it is from."""
    decision, page = answer.decision, answer.page
    headers = [
        *_ALWAYS,
        _revision_header(answer.revision_id),
        (b"content-length", b"%d" % len(page.body)),
        (b"usage-record", str(decision.record_id).encode()),
        (b"usage-units", _units_header(page.units)),
    ]
    left = [
        b'"%s";r=%d' % (unit.code.encode(), left)
        for unit, left in zip(units.UNITS.quotas, decision.left, strict=True)
        if left is not None
    ]
    if left:
        headers.append((b"ratelimit", b", ".join(left)))
    if answer.limited is not None:
        headers.append((b"page-limit", b"%d" % answer.limited))
    if answer.notice is not None:
        headers.extend(_notice_headers(answer.notice))
    if decision.outcome is Outcome.REPEATED:
        headers.append((b"usage-repeated", b"true"))
    return headers


@lru_cache(1024)
def _revision_header(revision_id: UUID) -> tuple[bytes, bytes]:
    return b"data-revision", str(revision_id).encode()


@lru_cache(1024)
def _notice_headers(notice: SchemaNotice) -> tuple[tuple[bytes, bytes], ...]:
    """That the columns change: Deprecation (RFC 9745) since when it is known, Sunset (RFC 8594) when it happens."""
    return (
        (b"deprecation", b"@%d" % notice.announced_at.timestamp()),
        (b"sunset", format_datetime(notice.effective_at, usegmt=True).encode()),
        (b"link", f'</v1/catalogue/{notice.product_id}/revisions>; rel="deprecation"'.encode()),
    )


def _units_header(counted: UnitVector) -> bytes:
    """A dictionary of RFC 9651."""
    return ", ".join([f"{code}={amount}" for code, amount in counted.items()]).encode()
