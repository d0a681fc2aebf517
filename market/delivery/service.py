"""The data plane: licence in, page out, metered in between."""

import asyncio
import re
import time
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from datetime import UTC, datetime, timedelta
from typing import Generic, NamedTuple, TypeVar
from uuid import UUID

from contracts.licences.errors import InvalidLicenceToken
from contracts.licences.tokens import LicenceClaims, LicenceVerifier
from infra.errors import Malformed
from infra.messages import Message
from infra.objects import ObjectStore
from listings.revisions.domain import ReadableRevision, RevisionFacts
from market.delivery import domain
from market.delivery.cursors import CursorOfRevision, invalid_cursor
from market.delivery.domain import QueryPlan
from market.delivery.engine import Engine, PageCache, RenderedPage
from market.delivery.errors import OtherProduct, cursor_outdated, refusal, revision_recalled
from market.delivery.stop_notices import StopNotices
from market.metering.domain import Call, Decision, Outcome
from market.metering.group_commit import Admits

REVISION_SECONDS = 1.0
"""How long a process goes on answering from a product's revision after a newer one has passed its check."""

CURSOR_DAYS = 30
"""A cursor goes on with its revision for so many days after a newer one took its place."""

_PLANS = 4096
_REVISIONS = 4096
_TRIES = 8
KeyT = TypeVar("KeyT", bound=Hashable)
FoundT = TypeVar("FoundT")
_KEY = re.compile(r"[\x21-\x7e]{1,255}")


class MeteredResponse(NamedTuple):
    """A metered page.

    :ivar limited: the limit that the page got because no more was left of the quota; None when it got its own.
    """

    page: RenderedPage
    revision_id: UUID
    decision: Decision
    limited: int | None = None


class FirstAnswer(NamedTuple):
    """What a key was first answered from, and with how many rows."""

    revision_id: UUID
    rows: int


class DataPlane:
    """Answers data calls. One to a process; keeps nothing that another process needs.

    :ivar answers: is told of each answer whether it was handed over.
    """

    def __init__(
        self,
        *,
        verifier: LicenceVerifier,
        revisions: "Revisions",
        first_answer: Callable[[UUID, UUID], Awaitable[FirstAnswer | None]],
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
        self._first_answer = first_answer
        self.answers = admission.answers
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

        The page is made first, so that its cost is exact; it is admitted and recorded next; only then it is answered. A
        key that comes again is answered with the page of the first time. A caller who sets no limit gets as many rows
        as are left of the quota, where these are fewer than the default. Whoever answers tells :attr:`answers`.

        :param bearer: the licence token.
        :param raw_query: the query string as it was sent; its grammar is in :mod:`market.delivery.domain`.
        :param purpose: the header ``Data-Purpose``.
        :param key: the header ``Idempotency-Key``.
        :raises MarketError: see :mod:`market.delivery.errors`; a call that raises is not billed, or is credited.
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
        try:
            plan, client_id = self._plan(claims, revision, raw_query, purpose)
        except CursorOfRevision as other:
            revision = await self._of_cursor(product_id, other.revision_id)
            plan, client_id = self._plan(claims, revision, raw_query, purpose)
        asked = plan
        for _ in range(_TRIES):
            page = self._cache.get(plan.page_key) or await self._page(plan, revision)
            decision = await self._admission.admit(
                Call(
                    licence_id=claims.licence_id,
                    record_id=self.answers.ids.next(),
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
            if decision.outcome is Outcome.QUOTA_EXCEEDED and (less := _less(plan, decision)):
                plan = plan.limited(less)
                continue
            break
        self._outcomes[decision.outcome] += 1
        if decision.outcome is Outcome.ADMITTED:
            limited = None if plan is asked else plan.query.limit
            return MeteredResponse(page, revision.id, decision, limited)
        if decision.outcome is Outcome.REPEATED:
            return await self._repeated(claims, raw_query, purpose, decision)
        notice = await self._stop_notices.about(claims.licence_id, decision.reason)
        raise refusal(decision, notice, plan.query.limit)

    async def _of_cursor(self, product_id: UUID, revision_id: UUID) -> RevisionFacts:
        """The revision that a cursor goes on with.

        :raises CursorOutdated: it was recalled, or replaced too long ago.
        :raises InvalidQuery: the product has no such one.
        """
        found = await self._revisions.find(product_id, revision_id)
        if found is None:
            raise invalid_cursor()
        if found.recalled is not None or _outdated(found):
            raise cursor_outdated(found.recalled, CURSOR_DAYS)
        return found.facts

    async def _repeated(
        self, claims: LicenceClaims, raw_query: str, purpose: str | None, decision: Decision
    ) -> MeteredResponse:
        """The page that a key was answered with at first.

        Digests bind the key to the request, so only what was left to us can differ: the revision, and the limit, for
        which the rows that were given stand.
        """
        assert decision.record_id is not None
        first = await self._first_answer(claims.licence_id, decision.record_id)
        found = first and await self._revisions.find(claims.product_id, first.revision_id)
        if first is None or not found:
            raise revision_recalled("")
        if found.recalled is not None:
            raise revision_recalled(found.recalled)
        plan, _ = self._plan(claims, found.facts, raw_query, purpose)
        if not plan.limit_stated:
            plan = plan.limited(max(first.rows, 1))
        page = self._cache.get(plan.page_key) or await self._page(plan, found.facts)
        return MeteredResponse(page, found.facts.id, decision)

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
            making = asyncio.create_task(self._made_of_file(plan, revision))
            self._making[plan.page_key] = making
            making.add_done_callback(lambda done: self._made(plan.page_key, done))
        return await asyncio.shield(making)

    async def _made_of_file(self, plan: QueryPlan, revision: RevisionFacts) -> RenderedPage:
        async with self._store.reading(revision.object_key) as path:
            return await self._engine.page(path, plan.query, revision)

    def _made(self, page_key: bytes, done: asyncio.Task[RenderedPage]) -> None:
        del self._making[page_key]
        if not done.cancelled() and done.exception() is None:
            self._cache.put(page_key, done.result())


class Revisions:
    """The revisions of products, each looked up once a second at most.

    :ivar current: the revision of a product that buyers read; raises NotFound when it has none.
    :param current: the revision that buyers read; raises NotFound when a product has none.
    :param find: a revision of a product by its id; None when there is no such one.
    """

    def __init__(
        self,
        current: Callable[[UUID], Awaitable[RevisionFacts]],
        find: Callable[[UUID, UUID], Awaitable[ReadableRevision | None]],
    ) -> None:
        current_of: _LookUps[UUID, RevisionFacts] = _LookUps(current)
        self.current = current_of.get
        self._found: _LookUps[tuple[UUID, UUID], ReadableRevision | None] = _LookUps(lambda ids: find(*ids))

    async def find(self, product_id: UUID, revision_id: UUID) -> ReadableRevision | None:
        """A revision that somebody began to read; None when the product has no such one."""
        return await self._found.get((product_id, revision_id))


class _LookUps(Generic[KeyT, FoundT]):
    """What was looked up within the last second, bounded; who asks for the same at the same time waits together."""

    def __init__(self, look_up: Callable[[KeyT], Awaitable[FoundT]]) -> None:
        self._look_up = look_up
        self._known: OrderedDict[KeyT, tuple[FoundT, float]] = OrderedDict()
        self._asking: dict[KeyT, asyncio.Task[FoundT]] = {}

    async def get(self, key: KeyT) -> FoundT:
        known = self._known.get(key)
        if known is not None and known[1] > time.monotonic():
            return known[0]
        asking = self._asking.get(key)
        if asking is None:
            asking = asyncio.create_task(self._ask(key))
            self._asking[key] = asking
            asking.add_done_callback(lambda done: self._answered(key, done))
        return await asyncio.shield(asking)

    async def _ask(self, key: KeyT) -> FoundT:
        asked_at = time.monotonic()
        found = await self._look_up(key)
        self._known[key] = (found, asked_at + REVISION_SECONDS)
        self._known.move_to_end(key)
        if len(self._known) > _REVISIONS:
            self._known.popitem(last=False)
        return found

    def _answered(self, key: KeyT, done: asyncio.Task[FoundT]) -> None:
        del self._asking[key]
        if not done.cancelled():
            done.exception()  # it reaches whoever waits; seen here too, so that it is never reported as lost


def _less(plan: QueryPlan, decision: Decision) -> int | None:
    """A smaller limit that what is left of the quota bears, for a caller who set none."""
    left = decision.left_by_unit
    rows = left.get("rows", 0)
    if plan.limit_stated or not all(left.values()) or not 0 < rows < plan.query.limit:
        return None
    return rows


def _outdated(revision: ReadableRevision) -> bool:
    """Whether a revision was replaced longer ago than cursors go on with it."""
    replaced = revision.replaced_at
    return replaced is not None and datetime.now(UTC) - replaced > timedelta(days=CURSOR_DAYS)


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
