"""Calls whose time and answer are bounded."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import httpx

from infra.messages import Message
from infra.outgoing.backend import RESOLVE_SECONDS, GuardedTransport, Resolver, resolve
from infra.outgoing.domain import AllowedNetworks, check_addresses, check_url
from infra.outgoing.errors import AddressRefused, CallFailed
from infra.settings import Settings

USER_AGENT = "data-market/1"


@dataclass(frozen=True, slots=True)
class OutgoingResponse:
    """What was answered.

    :param body: its first bytes, as many as were asked for.
    :param truncated: whether there were more.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    truncated: bool


class OutgoingClient:
    """Calls addresses that others have named. One for each process and purpose; close it at the end.

    :param allowed: networks that may be called although they are not on the internet.
    """

    def __init__(
        self, allowed: AllowedNetworks, *, resolver: Resolver = resolve, tls: ssl.SSLContext | None = None
    ) -> None:
        self._allowed = allowed
        self._resolver = resolver
        self._client = httpx.AsyncClient(
            transport=GuardedTransport(allowed, resolver=resolver, tls=tls),
            follow_redirects=False,
            trust_env=False,
            headers={"User-Agent": USER_AGENT, "Accept": "*/*", "Accept-Encoding": "identity"},
        )

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The client of an installation."""
        return cls(AllowedNetworks.parse(settings.outgoing_networks))

    async def check(self, url: str) -> None:
        """Judge an address without calling it.

        :raises AddressRefused: it would not be called.
        """
        found = check_url(url)
        port = found.port or (443 if found.scheme == "https" else 80)
        try:
            async with asyncio.timeout(RESOLVE_SECONDS):
                addresses = await self._resolver(found.host, port)
        except TimeoutError:
            raise AddressRefused(
                Message("The host {host} could not be resolved in time.", host=found.host)
            ) from None
        check_addresses(found.scheme, found.host, port, addresses, self._allowed)

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        seconds: float,
        max_bytes: int,
    ) -> OutgoingResponse:
        """Call an address.

        :param seconds: for all of it: resolving, connecting, sending and reading.
        :param max_bytes: how much of the answer's body is read; a longer one is cut there, and the connection closed.
        :raises AddressRefused: the address may not be called.
        :raises CallFailed: nobody answered in time, or not as HTTP or TLS ask.
        """
        try:
            async with (
                asyncio.timeout(seconds),
                self._client.stream(
                    method, check_url(url), headers=headers, content=content, timeout=seconds
                ) as answer,
            ):
                body, truncated = await _head(answer, max_bytes)
                return OutgoingResponse(answer.status_code, answer.headers, body, truncated)
        except (TimeoutError, httpx.TimeoutException):
            raise CallFailed(f"no answer within {seconds:g} seconds") from None
        except httpx.HTTPError as error:
            raise CallFailed(f"{type(error).__name__}: {error}") from error

    @asynccontextmanager
    async def stream(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, seconds: float
    ) -> AsyncIterator[httpx.Response]:
        """Call an address whose answer is read piece by piece; how much of it, and for how long, the caller bounds.

        :param seconds: for each step: connecting, and each piece.
        :raises AddressRefused: the address may not be called.
        :raises CallFailed: nobody answered in time, or not as HTTP or TLS ask.
        """
        try:
            async with self._client.stream(
                method, check_url(url), headers=headers, timeout=seconds
            ) as answer:
                yield answer
        except httpx.TimeoutException:
            raise CallFailed(f"no answer within {seconds:g} seconds") from None
        except httpx.HTTPError as error:
            raise CallFailed(f"{type(error).__name__}: {error}") from error

    async def aclose(self) -> None:
        """Close every connection."""
        await self._client.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()


async def _head(answer: httpx.Response, max_bytes: int) -> tuple[bytes, bool]:
    body = bytearray()
    # As it came: nothing that was compressed is unfolded.
    async for part in answer.aiter_raw():
        body += part
        if len(body) > max_bytes:
            return bytes(body[:max_bytes]), True
    return bytes(body), False
