"""The data plane: licence in, page out, metered in between."""

import asyncio
import contextlib
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
from infra.objects import ObjectMissing, ObjectStore, StoreUnavailable
from listings.revisions.domain import CurrentRevision, ReadableRevision, RevisionFacts, SchemaNotice
from market.delivery import domain
from market.delivery.call_counts import CallCounter
from market.delivery.cursors import CursorOfRevision, invalid_cursor
from market.delivery.domain import QueryPlan, StatedUse
from market.delivery.engine import Engine, PageCache, RenderedPage
from market.delivery.errors import (
    OtherProduct,
    columns_gone,
    cursor_outdated,
    pin_recalled,
    refusal,
    revision_recalled,
)
from market.delivery.stop_notices import StopNotices
from market.metering.domain import Call, Decision, Outcome
from market.metering.group_commit import Admits

REVISION_SECONDS = 1.0
"""For so long at most a process takes a revision for the latest that is not any more: it looks anew when notified, and
what it knows ends at the very moment of an announced change. Nothing is admitted from a revision that was suspended
or recalled, however long a process remembers it."""

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
    :ivar notice: of the change that will take the place of what was read; None while none is announced.
    """

    page: RenderedPage
    revision_id: UUID
    decision: Decision
    limited: int | None = None
    notice: SchemaNotice | None = None


class Reading(NamedTuple):
    """A call planned against the revision that it reads.

    :ivar notice: of the change that will take its place, where the latest is read.
    """

    plan: QueryPlan
    client_id: UUID | None
    revision: RevisionFacts
    notice: SchemaNotice | None = None


class FirstAnswer(NamedTuple):
    """What a key was first answered from, and with how many rows."""

    revision_id: UUID
    rows: int


class DataPlane:
    """Answers data calls. One to a process; keeps nothing that another process needs.

    :ivar answers: is told of each answer whether it was handed over.
    :ivar calls: is told of each call whether the service could answer it.
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
        self.calls = CallCounter()
        self._plans: OrderedDict[tuple[UUID, UUID, str, StatedUse], tuple[QueryPlan, UUID | None]] = (
            OrderedDict()
        )
        self._making: dict[bytes, asyncio.Task[RenderedPage]] = {}
        self._outcomes: Counter[str] = Counter()
        self._pruning: asyncio.Future[None] | None = None

    def metrics(self) -> list[tuple[int, dict[str, str]]]:
        """Calls since the process began by outcome, for its metrics."""
        return [(count, {"outcome": outcome}) for outcome, count in list(self._outcomes.items())]

    async def records(
        self, *, bearer: str | None, product_id: UUID, raw_query: str, stated: StatedUse, key: str | None
    ) -> MeteredResponse:
        """One page of the product's current revision.

        The page is made first, so that its cost is exact; it is admitted and recorded next; only then it is answered. A
        key that comes again is answered with the page of the first time. A caller who sets no limit gets as many rows
        as are left of the quota, where these are fewer than the default. Whoever answers tells :attr:`answers`.

        :param bearer: the licence token.
        :param raw_query: the query string as it was sent; its grammar is in :mod:`market.delivery.domain`.
        :param stated: what it says that it is made for.
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
        reading = await self._reading(claims, raw_query, stated)
        asked = plan = reading.plan
        for tried in range(_TRIES):
            try:
                page = self._cache.get(plan.page_key) or await self._page(plan, reading.revision)
            except ObjectMissing:
                # The data was purged since it was looked up, and what serves instead is read; or its file was lost.
                missing = reading.revision.id
                self._revisions.forget(product_id)
                reading = await self._reading(claims, raw_query, stated)
                if reading.revision.id == missing or tried + 1 == _TRIES:
                    raise
                asked = plan = reading.plan
                continue
            decision = await self._admission.admit(
                Call(
                    licence_id=claims.licence_id,
                    record_id=self.answers.ids.next(),
                    key=key,
                    digest=plan.digest,
                    revision_id=reading.revision.id,
                    purpose=plan.use.purpose,
                    client_id=reading.client_id,
                    token_id=claims.token_id,
                    units=page.units,
                    asked=plan.asked,
                    scenario=plan.use.scenario,
                    region=plan.use.region,
                )
            )
            if decision.outcome is Outcome.QUOTA_EXCEEDED and (less := _less(plan, decision)):
                plan = plan.limited(less)
                continue
            if decision.outcome is Outcome.REVISION_STOPPED:
                # It was taken out of service since it was looked up: what is read instead, or why nothing is.
                self._revisions.forget(product_id)
                reading = await self._reading(claims, raw_query, stated)
                asked = plan = reading.plan
                continue
            break
        self._outcomes[decision.outcome] += 1
        if decision.outcome is Outcome.ADMITTED:
            limited = None if plan is asked else plan.query.limit
            return MeteredResponse(page, reading.revision.id, decision, limited, reading.notice)
        if decision.outcome is Outcome.REPEATED:
            return await self._repeated(claims, raw_query, stated, decision)
        if decision.outcome is Outcome.REVISION_STOPPED:
            raise revision_recalled("")
        notice = await self._stop_notices.about(claims.licence_id, decision.reason)
        raise refusal(decision, notice, plan.query.limit)

    async def _reading(self, claims: LicenceClaims, raw_query: str, stated: StatedUse) -> Reading:
        """What a call reads: the revision that its licence is pinned to, or the latest, or its cursor's.

        :raises RevisionRecalled: the licence is pinned to one that is not read any more.
        :raises CursorOutdated, InvalidQuery: the cursor does not go on.
        """
        if claims.revision_id is not None:
            revision = await self._pinned(claims.product_id, claims.revision_id)
            try:
                return Reading(*self._plan(claims, revision, raw_query, stated), revision)
            except CursorOfRevision:
                raise invalid_cursor() from None
        current = await self._revisions.current(claims.product_id)
        try:
            planned = self._plan(claims, current.facts, raw_query, stated)
        except CursorOfRevision as other:
            revision = await self._of_cursor(claims.product_id, other.revision_id)
            return Reading(*self._plan(claims, revision, raw_query, stated), revision, current.notice)
        return Reading(*planned, current.facts, current.notice)

    async def _pinned(self, product_id: UUID, revision_id: UUID) -> RevisionFacts:
        found = await self._revisions.find(product_id, revision_id)
        if found is None or found.recalled is not None:
            raise pin_recalled(found.recalled or "" if found else "")
        return found.facts

    async def _of_cursor(self, product_id: UUID, revision_id: UUID) -> RevisionFacts:
        """The revision that a cursor goes on with.

        :raises CursorOutdated: it was recalled, or replaced too long ago.
        :raises InvalidQuery: the product has no such one.
        """
        found = await self._revisions.find(product_id, revision_id)
        if found is None or not found.released:
            raise invalid_cursor()
        if found.recalled is not None or _outdated(found):
            raise cursor_outdated(found.recalled, CURSOR_DAYS)
        return found.facts

    async def _repeated(
        self, claims: LicenceClaims, raw_query: str, stated: StatedUse, decision: Decision
    ) -> MeteredResponse:
        """The page that a key was answered with at first.

        Digests bind the key to the request, so only what was left to us can differ: the revision, and the limit, for
        which the rows that were given stand.
        """
        assert decision.record_id is not None
        first = await self._first_answer(claims.licence_id, decision.record_id)
        # Not as it was known a moment ago: nothing of what was recalled is answered again.
        found = first and await self._revisions.find_now(claims.product_id, first.revision_id)
        if first is None or not found:
            raise revision_recalled("")
        if found.recalled is not None:
            raise revision_recalled(found.recalled)
        plan, _ = self._plan(claims, found.facts, raw_query, stated)
        if not plan.limit_stated:
            plan = plan.limited(max(first.rows, 1))
        page = self._cache.get(plan.page_key) or await self._page(plan, found.facts)
        return MeteredResponse(page, found.facts.id, decision)

    def _plan(
        self, claims: LicenceClaims, revision: RevisionFacts, raw_query: str, stated: StatedUse
    ) -> tuple[QueryPlan, UUID | None]:
        """The planned call and who makes it, from a bounded cache of the calls planned last."""
        known = (revision.id, claims.token_id, raw_query, stated)
        worked_out = self._plans.get(known)
        if worked_out is None:
            columns = domain.readable(revision.columns, claims.columns)
            if not columns:
                raise columns_gone(revision.columns)
            use = domain.choose_use(claims.purposes, claims.scenarios, claims.regions, stated)
            plan = domain.plan(revision.id, columns, raw_query, use)
            self._plans[known] = worked_out = plan, _client(claims)
            if len(self._plans) > _PLANS:
                self._plans.popitem(last=False)
        return worked_out

    async def _page(self, plan: QueryPlan, revision: RevisionFacts) -> RenderedPage:
        """Make the page, once for all who ask for it at the same time."""
        making = self._making.get(plan.page_key)
        if making is None:
            emptied = self._cache.emptied
            making = asyncio.create_task(self._made_of_file(plan, revision))
            self._making[plan.page_key] = making
            making.add_done_callback(lambda done: self._made(plan.page_key, done, emptied))
        return await asyncio.shield(making)

    async def _made_of_file(self, plan: QueryPlan, revision: RevisionFacts) -> RenderedPage:
        async with self._store.reading(revision.object_key) as path:
            return await self._engine.page(path, plan.query, revision)

    def _made(self, page_key: bytes, done: asyncio.Task[RenderedPage], emptied: int) -> None:
        self._making.pop(page_key, None)
        # A page of data that was purged while it was made is kept nowhere.
        if not done.cancelled() and done.exception() is None and emptied == self._cache.emptied:
            self._cache.put(page_key, done.result())

    def revision_changed(self, product_id: UUID) -> None:
        """Look anew at what buyers of a product may read."""
        self._revisions.forget(product_id)

    def forget_data(self) -> None:
        """Keep nothing of any data: no page, no file's pieces, no revision."""
        self._revisions.forget(None)
        self._making.clear()
        self._cache.clear()
        self._engine.forget()
        self._pruning = asyncio.get_running_loop().run_in_executor(None, self._prune)

    def _prune(self) -> None:
        # Another machine's copies of what was discarded; where the store is away, its own round makes up for it.
        with contextlib.suppress(StoreUnavailable):
            self._store.prune()


class Revisions:
    """The revisions of products, each looked up once a second at most.

    :ivar current: the revision of a product that is read as the latest; raises NotFound when it has none.
    :param current: the revision that buyers read; raises NotFound when a product has none.
    :param find: a revision of a product by its id; None when there is no such one.
    """

    def __init__(
        self,
        current: Callable[[UUID], Awaitable[CurrentRevision]],
        find: Callable[[UUID, UUID], Awaitable[ReadableRevision | None]],
    ) -> None:
        self._current: _LookUps[UUID, CurrentRevision] = _LookUps(current, lambda found: found.seconds_left)
        self.current = self._current.get
        self.find_now = find
        self._found: _LookUps[tuple[UUID, UUID], ReadableRevision | None] = _LookUps(lambda ids: find(*ids))

    def forget(self, product_id: UUID | None) -> None:
        """Look up anew what is known of a product, or of all of them."""
        self._current.forget(lambda known: product_id in (None, known))
        self._found.forget(lambda known: product_id in (None, known[0]))

    async def find(self, product_id: UUID, revision_id: UUID) -> ReadableRevision | None:
        """A revision that somebody began to read; None when the product has no such one."""
        return await self._found.get((product_id, revision_id))


class _LookUps(Generic[KeyT, FoundT]):
    """What was looked up within the last second, bounded; who asks for the same at the same time waits together."""

    def __init__(
        self,
        look_up: Callable[[KeyT], Awaitable[FoundT]],
        good_for: Callable[[FoundT], float | None] = lambda _: None,
    ) -> None:
        self._look_up = look_up
        self._good_for = good_for
        self._forgotten = 0
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
        asked_at, forgotten = time.monotonic(), self._forgotten
        found = await self._look_up(key)
        if forgotten != self._forgotten:
            return found  # what was looked up may be from before
        seconds = self._good_for(found)
        good_for = REVISION_SECONDS if seconds is None else min(seconds, REVISION_SECONDS)
        self._known[key] = (found, asked_at + good_for)
        self._known.move_to_end(key)
        if len(self._known) > _REVISIONS:
            self._known.popitem(last=False)
        return found

    def forget(self, concerned: Callable[[KeyT], bool]) -> None:
        """Look these up anew, also where somebody asks for them now."""
        self._forgotten += 1
        for key in [key for key in self._known if concerned(key)]:
            del self._known[key]
        for key in [key for key in self._asking if concerned(key)]:
            del self._asking[key]

    def _answered(self, key: KeyT, done: asyncio.Task[FoundT]) -> None:
        if self._asking.get(key) is done:
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
