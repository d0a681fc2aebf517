"""The data plane: licence in, page out, metered in between."""

import asyncio
import re
import time
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable
from typing import NamedTuple
from uuid import UUID

from contracts.licences.errors import InvalidLicenceToken
from contracts.licences.tokens import LicenceClaims, LicenceVerifier
from infra.db import new_id
from infra.errors import Malformed
from infra.messages import Message
from infra.objects import ObjectStore
from listings.revisions.domain import RevisionFacts
from market.delivery import domain
from market.delivery.domain import QueryPlan
from market.delivery.engine import Engine, PageCache, RenderedPage
from market.delivery.errors import OtherProduct, refusal
from market.delivery.stop_notices import StopNotices
from market.metering.domain import Call, Decision, Outcome
from market.metering.group_commit import Admits

REVISION_SECONDS = 1.0
"""How long a process goes on answering from a product's revision after a newer one has passed its check."""

_PLANS = 4096
_PRODUCTS = 4096
_KEY = re.compile(r"[\x21-\x7e]{1,255}")


class MeteredResponse(NamedTuple):
    """A metered page."""

    page: RenderedPage
    revision_id: UUID
    decision: Decision


class DataPlane:
    """Answers data calls. One to a process; keeps nothing that another process needs."""

    def __init__(
        self,
        *,
        verifier: LicenceVerifier,
        revisions: "CurrentRevisions",
        store: ObjectStore,
        engine: Engine,
        cache: PageCache,
        admission: Admits,
        stop_notices: StopNotices,
    ) -> None:
        self._verifier = verifier
        self._store = store
        self._engine = engine
        self._cache = cache
        self._admission = admission
        self._stop_notices = stop_notices
        self._revisions = revisions
        self._plans: OrderedDict[tuple[UUID, UUID, str, str | None], tuple[QueryPlan, UUID | None]] = (
            OrderedDict()
        )
        self._making: dict[bytes, asyncio.Task[RenderedPage]] = {}
        self._outcomes: Counter[str] = Counter()

    def metrics(self) -> list[tuple[int, dict[str, str]]]:
        """Calls since the process began by outcome, for its metrics."""
        return [(count, {"outcome": outcome}) for outcome, count in list(self._outcomes.items())]

    async def records(
        self, *, bearer: str | None, product_id: UUID, raw_query: str, purpose: str | None, key: str | None
    ) -> MeteredResponse:
        """One page of the product's current revision.

        The page is made first, so that its cost is exact; it is admitted and recorded next; only then it is answered.

        :param bearer: the licence token.
        :param raw_query: the query string as it was sent; its grammar is in :mod:`market.delivery.domain`.
        :param purpose: the header ``Data-Purpose``.
        :param key: the header ``Idempotency-Key``.
        :raises MarketError: see :mod:`market.delivery.errors`; a call that raises is not billed.
        """
        if bearer is None:
            raise InvalidLicenceToken(
                Message("A data call needs a licence token."),
                remedy=Message(
                    "Get one at POST /v1/licences/{licence_id}/tokens and send it as: Authorization: Bearer …"
                ),
            )
        claims = self._verifier.verify(bearer)
        if claims.product_id != product_id:
            raise OtherProduct(
                Message("The licence token is for another product."),
                remedy=Message("Use it at /data/{product_id}/records.", product_id=claims.product_id),
            )
        key = _checked_key(key)
        revision = await self._revisions.current(product_id)
        plan, client_id = self._plan(claims, revision, raw_query, purpose)
        page = self._cache.get(plan.page_key) or await self._page(plan, revision)
        decision = await self._admission.admit(
            Call(
                licence_id=claims.licence_id,
                record_id=new_id(),
                key=key,
                digest=plan.digest,
                revision_id=revision.id,
                purpose=plan.purpose,
                client_id=client_id,
                token_id=claims.token_id,
                units=page.units,
                asked=plan.asked,
            )
        )
        self._outcomes[decision.outcome] += 1
        if decision.outcome is not Outcome.ADMITTED and decision.outcome is not Outcome.REPEATED:
            raise refusal(decision, await self._stop_notices.about(claims.licence_id, decision.reason))
        return MeteredResponse(page, revision.id, decision)

    def _plan(
        self, claims: LicenceClaims, revision: RevisionFacts, raw_query: str, purpose: str | None
    ) -> tuple[QueryPlan, UUID | None]:
        """The planned call and who makes it, from a bounded cache of the calls planned last."""
        known = (revision.id, claims.token_id, raw_query, purpose)
        worked_out = self._plans.get(known)
        if worked_out is None:
            columns = domain.readable(revision.columns, claims.columns)
            plan = domain.plan(revision.id, columns, claims.purposes, raw_query, purpose)
            self._plans[known] = worked_out = plan, _client(claims)
            if len(self._plans) > _PLANS:
                self._plans.popitem(last=False)
        return worked_out

    async def _page(self, plan: QueryPlan, revision: RevisionFacts) -> RenderedPage:
        """Make the page, once for all who ask for it at the same time."""
        making = self._making.get(plan.page_key)
        if making is None:
            making = asyncio.create_task(
                self._engine.page(self._store.path(revision.object_key), plan.query, revision)
            )
            self._making[plan.page_key] = making
            making.add_done_callback(lambda done: self._made(plan.page_key, done))
        return await asyncio.shield(making)

    def _made(self, page_key: bytes, done: asyncio.Task[RenderedPage]) -> None:
        del self._making[page_key]
        if not done.cancelled() and done.exception() is None:
            self._cache.put(page_key, done.result())


class CurrentRevisions:
    """The current revision of each product, looked up once a second at most.

    :param look_up: asks the revisions slice; raises NotFound when a product has none.
    """

    def __init__(self, look_up: Callable[[UUID], Awaitable[RevisionFacts]]) -> None:
        self._look_up = look_up
        self._known: OrderedDict[UUID, tuple[RevisionFacts, float]] = OrderedDict()
        self._asking: dict[UUID, asyncio.Task[RevisionFacts]] = {}

    async def current(self, product_id: UUID) -> RevisionFacts:
        """The revision that buyers read.

        :raises NotFound: there is none.
        """
        known = self._known.get(product_id)
        if known is not None and known[1] > time.monotonic():
            return known[0]
        asking = self._asking.get(product_id)
        if asking is None:
            asking = asyncio.create_task(self._ask(product_id))
            self._asking[product_id] = asking
            asking.add_done_callback(lambda done: self._answered(product_id, done))
        return await asyncio.shield(asking)

    async def _ask(self, product_id: UUID) -> RevisionFacts:
        asked_at = time.monotonic()
        facts = await self._look_up(product_id)
        self._known[product_id] = (facts, asked_at + REVISION_SECONDS)
        self._known.move_to_end(product_id)
        if len(self._known) > _PRODUCTS:
            self._known.popitem(last=False)
        return facts

    def _answered(self, product_id: UUID, done: asyncio.Task[RevisionFacts]) -> None:
        del self._asking[product_id]
        if not done.cancelled():
            done.exception()  # it reaches whoever waits; seen here too, so that it is never reported as lost


def _checked_key(key: str | None) -> str | None:
    if key is None:
        return None
    if not _KEY.fullmatch(bare := key.strip('"')):
        raise Malformed(
            Message("The Idempotency-Key must be 1 to 255 visible ASCII characters."),
            remedy=Message("Send a new UUID, for example."),
        )
    return bare


def _client(claims: LicenceClaims) -> UUID | None:
    try:
        return UUID(claims.client_id) if claims.client_id else None
    except ValueError:
        return None
