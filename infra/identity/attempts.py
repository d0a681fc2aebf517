"""Who may guess how often: the limits on passwords, program secrets, invitation tokens and public codes.

Attempts at a password are counted by account *and* source, so that wrong ones from elsewhere lock nobody out. Around
that stand a budget for each source over all accounts, and a wide one for each account over all sources, which slows
down a flood from many. A known device (see :mod:`infra.identity.devices`) meets neither of these two. What is counted
lies in the database, so that the limits are the same whichever process is asked; only a refusal that the database has
given is remembered here for as long as it lasts, so that hammering on it costs next to nothing.
"""

import asyncio
import math
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import Any
from uuid import UUID

from litestar import Request

from infra.db import AsyncSession, SessionMaker, now, transaction
from infra.identity import attempt_repository, domain
from infra.identity.credentials import digest
from infra.identity.devices import DEVICE_COOKIE, Device, DeviceCookies
from infra.identity.domain import Budget
from infra.identity.errors import SourceThrottled, TooManyAttempts, TooManyCodes, TooManyResets
from infra.networks import Network
from infra.sources import source_of

_REMEMBERED = 10_000
_HELD = 500
_HELD_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request comes from.

    :param source: its network, see :mod:`infra.sources`.
    :param device: what its device cookie says; None without one of ours.
    """

    source: str
    device: Device | None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One admitted attempt at an account's password.

    :param known: it comes from a device that the account is known on.
    :param failures: wrong ones in a row, should this be one.
    :param budget: what a code took out of its budget from, None for a known device's.
    """

    subject: bytes
    source: str
    known: bool
    failures: int = 0
    budget: bytes | None = None


class Throttle:
    """The limits, in one process.

    :param sessions: transactions of its own: what is counted stays counted when the request fails.
    :param per_minute: attempts that one source may make a minute.
    :param proxies: whose word is taken for where a request comes from.
    """

    def __init__(
        self, sessions: SessionMaker, devices: DeviceCookies, *, per_minute: int, proxies: tuple[Network, ...]
    ) -> None:
        self._sessions = sessions
        self._devices = devices
        self._proxies = proxies
        self._source = Budget(burst=2 * per_minute, seconds_each=60 / per_minute)
        self._refused: OrderedDict[bytes, float] = OrderedDict()  # not money: when a refusal ends
        self._held = 0

    def origin(self, request: Request[Any, Any, Any]) -> Origin:
        """Where a request comes from."""
        peer = request.client.host if request.client else None
        forwarded = request.headers.getall("x-forwarded-for", [])
        return Origin(
            source_of(peer, forwarded, self._proxies), self._devices.read(request.cookies.get(DEVICE_COOKIE))
        )

    async def begin(
        self, session: AsyncSession, origin: Origin, account: str, accounts: Mapping[UUID, datetime]
    ) -> Attempt | TooManyAttempts | SourceThrottled:
        """Count an attempt at a password before it is looked at.

        The refusal is answered rather than raised, so that the caller's transaction keeps what was counted.

        :param account: the address that is tried, whether anybody has it or not.
        :param accounts: who has it, with the moment of each last change of password.
        """
        device = origin.device
        known = device is not None and device.knows(accounts, await now(session))
        source = _subject("known" if known else "source", account if known else origin.source)
        budget = domain.KNOWN_DEVICES if known else self._source
        if waiting := await attempt_repository.spend(session, source, budget):
            self._remember(source, waiting)
            return SourceThrottled(math.ceil(waiting), known_devices=not known)
        place = device.id.hex() if known and device is not None else origin.source
        attempt = Attempt(_subject("attempts", account, place), origin.source, known)
        savepoint = await session.begin_nested()
        failures = await attempt_repository.begin_attempt(session, attempt.subject)
        if failures is None:
            await savepoint.commit()
            return TooManyAttempts(await attempt_repository.seconds_locked(session, attempt.subject))
        if not known:
            # A source that has not failed here before goes first: a flood from a few sources leaves room for others.
            kind, brake = (
                ("new", domain.NEW_SOURCES) if failures == 1 else ("repeated", domain.REPEATED_SOURCES)
            )
            waiting = await attempt_repository.spend(session, _subject(kind, account), brake)
            if waiting:
                await savepoint.rollback()  # it was not looked at, so it does not count as wrong
                return TooManyAttempts(math.ceil(waiting))
        await savepoint.commit()
        return attempt

    async def end(self, session: AsyncSession, attempt: Attempt, *, good: bool) -> None:
        """Tell how an attempt ended: the right password starts the count anew, a wrong one costs its source more."""
        if good:
            await attempt_repository.forget_attempts(session, attempt.subject)
        elif not attempt.known:
            source = _subject("source", attempt.source)
            await attempt_repository.charge(session, source, self._source, domain.WRONG_COSTS - 1)

    async def begin_code(
        self, session: AsyncSession, origin: Origin, person_id: UUID, password_changed_at: datetime
    ) -> Attempt | TooManyCodes:
        """Count an attempt at the code of a second factor before it is looked at.

        By account, whatever the sources: who comes this far knows the password. Devices on which the person has signed
        in are counted apart, so that a thief of the password does not keep its owner out.
        """
        device = origin.device
        known = device is not None and device.knows({person_id: password_changed_at}, await now(session))
        place = device.id.hex() if known and device is not None else "unknown"
        subject = _subject("codes", str(person_id), place)
        budget = None if known else _subject("codes", str(person_id))
        savepoint = await session.begin_nested()
        failures = await attempt_repository.begin_attempt(session, subject)
        if failures is None:
            await savepoint.commit()
            return TooManyCodes(await attempt_repository.seconds_locked(session, subject))
        if budget is not None:
            waiting = await attempt_repository.spend(session, budget, domain.UNKNOWN_DEVICE_CODES)
            if waiting:
                await savepoint.rollback()
                return TooManyCodes(math.ceil(waiting))
        await savepoint.commit()
        return Attempt(subject, origin.source, known, failures, budget)

    async def end_code(self, session: AsyncSession, attempt: Attempt) -> None:
        """Tell that a code was right: the count starts anew, and what it took from the budget is given back."""
        await attempt_repository.forget_attempts(session, attempt.subject)
        if attempt.budget is not None:
            await attempt_repository.charge(session, attempt.budget, domain.UNKNOWN_DEVICE_CODES, -1)

    async def begin_reset(self, origin: Origin, email: str) -> None:
        """Count a request for a link to a new password, the same whether the address has an account or not.

        :raises SourceThrottled, TooManyResets: the network, or the address, is to wait for a while.
        """
        source, address = _subject("reset-source", origin.source), _subject("reset", email)
        async with transaction(self._sessions) as session:
            waiting = await attempt_repository.spend(session, source, domain.RESETS_OF_SOURCE)
            refused: SourceThrottled | TooManyResets | None = (
                SourceThrottled(math.ceil(waiting)) if waiting else None
            )
            if refused is None:
                waiting = await attempt_repository.spend(session, address, domain.RESETS_OF_ADDRESS)
                refused = TooManyResets(math.ceil(waiting)) if waiting else None
        if refused is not None:
            raise refused

    async def begin_look_up(self, origin: Origin) -> None:
        """Count a look-up of a code by anybody: codes follow one another, and nobody copies all that they name.

        :raises SourceThrottled: the network is to wait for a while.
        """
        subject = _subject("look-up", origin.source)
        await self._still_refused(subject)
        async with transaction(self._sessions) as session:
            waiting = await attempt_repository.spend(session, subject, domain.LOOK_UPS_OF_SOURCE)
        if waiting:
            self._remember(subject, waiting)
            raise SourceThrottled(math.ceil(waiting))

    async def forget_failures(self, session: AsyncSession, origin: Origin, email: str) -> None:
        """Start the count of wrong passwords for an address anew, where the request comes from."""
        await attempt_repository.forget_attempts(session, _subject("attempts", email, origin.source))

    async def check(self, origin: Origin) -> None:
        """Refuse a source that the database has refused, after a while.

        A device that carries a cookie of ours waits too and is then looked at: it may be known for the account.

        :raises SourceThrottled: its refusal has not ended.
        """
        try:
            await self._still_refused(_subject("source", origin.source), known_devices=True)
        except SourceThrottled:
            if origin.device is None:
                raise

    async def check_guess(self, origin: Origin) -> None:
        """The same for what is guessed of random secrets: see :meth:`wrong_guess`.

        :raises SourceThrottled: its refusal has not ended.
        """
        await self._still_refused(_subject("guess", origin.source))

    async def wrong_guess(self, origin: Origin) -> None:
        """Count a wrong program secret or invitation token. Right ones cost nothing."""
        subject = _subject("guess", origin.source)
        async with transaction(self._sessions) as session:
            if waiting := await attempt_repository.spend(session, subject, self._source, domain.WRONG_COSTS):
                self._remember(subject, waiting)

    def _remember(self, subject: bytes, seconds: float) -> None:
        self._refused[subject] = monotonic() + seconds
        if len(self._refused) > _REMEMBERED:
            self._refused.popitem(last=False)

    async def _still_refused(self, subject: bytes, *, known_devices: bool = False) -> None:
        until = self._refused.get(subject)
        if until is None:
            return
        left = until - monotonic()
        if left <= 0:
            self._refused.pop(subject, None)
            return
        if self._held < _HELD:
            # Whoever waits for the answer before asking again asks once a second.
            self._held += 1
            try:
                await asyncio.sleep(min(left, _HELD_SECONDS))
            finally:
                self._held -= 1
        raise SourceThrottled(math.ceil(left), known_devices=known_devices)


def _subject(*parts: str) -> bytes:
    return digest("\n".join(parts))
