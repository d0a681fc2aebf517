"""The data plane over HTTP.

This is the hot route: it takes the request as it is and answers bytes, so that the framework neither validates nor
serialises anything on the way. What it takes is therefore described to the OpenAPI document by hand.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

from litestar import Request, get
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import OpenAPIType, Operation, Parameter, Schema
from litestar.types import ASGIApp, HTTPScope, Receive, Scope, Send

from infra import edge, units
from infra.query_parameters import IGNORED
from infra.units import UnitVector
from market.delivery.domain import DEFAULT_LIMIT, MAX_FILTERS, MAX_LIMIT
from market.delivery.errors import KINDS
from market.delivery.schemas import RecordsPage
from market.delivery.service import DataPlane, MeteredResponse
from market.metering.domain import Outcome

_ALWAYS = (
    *edge.COMPLETE,
    (b"content-type", b"application/json"),
    (b"cache-control", b"private, no-store"),
)
_TEXT = Schema(type=OpenAPIType.STRING, max_length=500)


def _query(name: str, description: str, schema: Schema) -> Parameter:
    return Parameter(name=name, param_in="query", description=description, schema=schema, required=False)


def _header(name: str, description: str, schema: Schema) -> Parameter:
    return Parameter(name=name, param_in="header", description=description, schema=schema, required=False)


_BILLING_HEADERS = (b"authorization", b"data-purpose", b"idempotency-key")

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
        "Rows of the page at most.",
        Schema(type=OpenAPIType.INTEGER, minimum=1, maximum=MAX_LIMIT, default=DEFAULT_LIMIT),
    ),
    _query(
        "cursor",
        "`next_cursor` of the previous page.",
        Schema(type=OpenAPIType.STRING, pattern="^[A-Za-z0-9_-]{32}$"),
    ),
    _header(
        "Data-Purpose",
        "What the data is called for; needed only when the licence allows several purposes.",
        Schema(type=OpenAPIType.STRING, max_length=100),
    ),
    _header(
        "Idempotency-Key",
        "A name of your choosing for this one call: sent again with the same key it is answered again, unbilled.",
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
            " bytes=10857`), Usage-Record, Usage-Repeated, Data-Revision, and RateLimit with what is left of each of"
            " the licence's quotas.",
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
    the licence does not open does not exist here. A refused call costs nothing.
    """
    scope: HTTPScope = request.scope
    authorization, purpose, key = _billing_headers(scope["headers"])
    bearer = None
    if authorization is not None:
        scheme, _, token = authorization.partition(" ")
        bearer = token.strip() if scheme.lower() == "bearer" else None
    plane: DataPlane = request.app.state.data_plane
    answer = await plane.records(
        bearer=bearer,
        product_id=product_id,
        raw_query=scope["query_string"].decode("latin-1"),
        purpose=purpose,
        key=key,
    )
    return _Metered(answer)


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
    """An answer that is ready: two ASGI events, nothing computed from types on the way."""

    __slots__ = ("_answer",)

    def __init__(self, answer: MeteredResponse) -> None:
        self._answer = answer

    async def __call__(self, _: Scope, __: Receive, send: Send) -> None:
        body = self._answer.page.body
        await send({"type": "http.response.start", "status": 200, "headers": headers_of(self._answer)})
        await send({"type": "http.response.body", "body": body, "more_body": False})


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
    if decision.outcome is Outcome.REPEATED:
        headers.append((b"usage-repeated", b"true"))
    return headers


@lru_cache(1024)
def _revision_header(revision_id: UUID) -> tuple[bytes, bytes]:
    return b"data-revision", str(revision_id).encode()


def _units_header(counted: UnitVector) -> bytes:
    """A dictionary of RFC 9651."""
    return ", ".join([f"{code}={amount}" for code, amount in counted.items()]).encode()
