"""Passwords, and random tokens of which only digests are kept."""

import asyncio
import base64
import hashlib
import hmac
import os
import secrets
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from infra.errors import Unavailable
from infra.identity.password_strength import normalised_password, password_weakness
from infra.messages import Message

ResultT = TypeVar("ResultT")

# OWASP's figures for argon2id: 19 MiB and two passes, so that a few at once stay small beside the service.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
HASHING_THREADS = max(1, min(4, (os.cpu_count() or 1) // 2))
"""Never more than half of the processors, and 19 MiB of memory each."""
HASHING_NICENESS = 10
"""The threads give way to the service's own: the data plane goes first where both want the processor."""
MAX_WAITING = 32
"""Passwords that wait for a thread at most; more are told to come back, so that nobody can tie up the service."""
MAX_WAITING_KNOWN = 64
"""The same for known devices, so that strangers in the queue do not keep them out."""


def new_token() -> str:
    """256 random bits in base64url: a session, an invitation, a program's secret."""
    return secrets.token_urlsafe(32)


def digest(token: str) -> bytes:
    """What is kept of a token. It is random, so a plain SHA-256 cannot be searched backwards."""
    return hashlib.sha256(token.encode()).digest()


def csrf_token(session_token: str) -> str:
    """The value of ``X-CSRF-Token`` for a session: derived from its cookie, which no foreign page can read."""
    mac = hmac.digest(session_token.encode(), b"data-market csrf", "sha256")
    return base64.urlsafe_b64encode(mac).decode().rstrip("=")


def hash_password(password: str) -> str:
    """An argon2id hash. Takes some 20 ms of a processor: outside of :class:`Passwords` only from a command."""
    return _HASHER.hash(normalised_password(password))


class Passwords:
    """Hashes and checks passwords on a few threads of their own, with a bounded queue before them."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(
            HASHING_THREADS, thread_name_prefix="argon2", initializer=_give_way
        )
        self._waiting = 0
        # Checked for addresses nobody has, so that they take as long as others.
        self._nobody = hash_password(new_token())

    async def hash(self, password: str) -> str:
        """The hash to keep.

        :raises Unavailable: too many are waiting.
        """
        self.check_room(known=True)
        return await self._run(hash_password, password)

    async def check(self, password_hash: str | None, password: str, *, known: bool = False) -> bool:
        """Whether the password belongs to the hash; no hash takes as long and is always false.

        :param known: it comes from a known device.
        :raises Unavailable: too many are waiting.
        """
        self.check_room(known=known)
        matches = await self._run(_matches, password_hash or self._nobody, password)
        return matches and password_hash is not None

    async def weakness(self, password: str, *known: str | None) -> Message | None:
        """Why a password may not be chosen, or None; see :mod:`infra.identity.password_strength`.

        :raises Unavailable: too many are waiting.
        """
        self.check_room(known=True)
        return await self._run(password_weakness, password, known)

    def outdated(self, password_hash: str) -> bool:
        """Whether the hash was made with weaker figures than today's."""
        return _HASHER.check_needs_rehash(password_hash)

    def close(self) -> None:
        """Let the threads end."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def check_room(self, *, known: bool) -> None:
        """Make sure that there is room in the queue, before anything is spent on a password.

        :raises Unavailable: too many are waiting.
        """
        if self._waiting >= (MAX_WAITING_KNOWN if known else MAX_WAITING):
            raise Unavailable(
                Message("Too many people are signing in at once."),
                retry_after=2,
                remedy=Message("Try again shortly."),
            )

    async def _run(self, work: Callable[..., ResultT], *arguments: object) -> ResultT:
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)
        finally:
            self._waiting -= 1


def _give_way() -> None:
    if sys.platform == "linux":  # where a thread has a priority of its own
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), HASHING_NICENESS)


def _matches(password_hash: str, password: str) -> bool:
    try:
        return _HASHER.verify(password_hash, normalised_password(password))
    except (VerificationError, InvalidHashError):
        return False
