"""Connections that go where they were judged to go."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_address
from socket import SOCK_STREAM, gaierror, getaddrinfo
from typing import Any

import httpcore
import httpx

from infra.messages import Message
from infra.outgoing.domain import Address, AllowedNetworks, check_addresses, check_url
from infra.outgoing.errors import AddressRefused

Resolver = Callable[[str, int], Awaitable[Sequence[Address]]]

RESOLVE_SECONDS = 5.0
KEEPALIVE_SECONDS = 5.0
# Resolving blocks a thread; with those of its own, a name server that does not answer holds up nothing else.
_threads = ThreadPoolExecutor(32, thread_name_prefix="resolve")


async def resolve(host: str, port: int) -> list[Address]:
    """Every address of a host, as the system resolves it.

    :raises AddressRefused: the host has none.
    """
    loop = asyncio.get_running_loop()
    try:
        found = await loop.run_in_executor(_threads, lambda: getaddrinfo(host, port, type=SOCK_STREAM))
    except (gaierror, UnicodeError):
        found = []
    addresses = list(dict.fromkeys(ip_address(entry[4][0]) for entry in found))
    if not addresses:
        raise AddressRefused(
            Message("The host {host} has no address.", host=host),
            remedy=Message("Check how it is written, and that a public name server knows it."),
        )
    return addresses


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """Resolves and judges a host, then connects to an address that was judged."""

    def __init__(self, scheme: str, allowed: AllowedNetworks, resolver: Resolver) -> None:
        self._scheme = scheme
        self._allowed = allowed
        self._resolver = resolver
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 -- the interface of httpcore
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """A connection to one of the host's addresses; TLS is spoken over it with the host's name.

        :raises AddressRefused: the host has an address that may not be called.
        """
        addresses = await self._resolver(host, port)
        check_addresses(self._scheme, host, port, addresses, self._allowed)
        for number, address in enumerate(addresses, start=1):
            try:
                # A literal address: nothing is resolved again.
                stream = await self._network.connect_tcp(
                    str(address), port, timeout, local_address, socket_options
                )
            except httpcore.ConnectError:
                if number == len(addresses):
                    raise
                continue
            try:
                peer = ip_address(stream.get_extra_info("server_addr")[0])
                check_addresses(self._scheme, host, port, [peer], self._allowed)
            except BaseException:
                await stream.aclose()
                raise
            return stream
        raise httpcore.ConnectError("the host has no address")

    async def connect_unix_socket(self, *_: Any, **__: Any) -> httpcore.AsyncNetworkStream:
        """Sockets of this machine are not called.

        :raises AddressRefused: always.
        """
        raise AddressRefused(Message("The service does not call sockets of its own machine."))

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)


class GuardedTransport(httpx.AsyncBaseTransport):
    """A transport for any ``httpx.AsyncClient`` whose addresses come from somebody else.

    :param tls: what servers' certificates are checked against; the usual authorities by default.
    """

    def __init__(
        self,
        allowed: AllowedNetworks,
        *,
        resolver: Resolver = resolve,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        tls = tls or httpx.create_ssl_context()
        self._pools = {
            scheme: httpcore.AsyncConnectionPool(
                ssl_context=tls,
                # Not bounded here: connections that hang must not keep others from being made.
                max_connections=None,
                max_keepalive_connections=20,
                keepalive_expiry=KEEPALIVE_SECONDS,
                network_backend=GuardedBackend(scheme, allowed, resolver),
            )
            for scheme in ("http", "https")
        }

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request.

        :raises AddressRefused: the URL or its address may not be called.
        :raises httpx.TransportError: the call failed.
        """
        url = check_url(str(request.url))
        sent = httpcore.Request(
            request.method,
            httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        try:
            answer = await self._pools[url.scheme].handle_async_request(sent)
        except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError) as error:
            raise _as_httpx(error) from error
        return httpx.Response(
            answer.status,
            headers=answer.headers,
            stream=_Stream(answer),
            extensions=answer.extensions,
        )

    async def aclose(self) -> None:
        """Close every connection."""
        for pool in self._pools.values():
            await pool.aclose()


class _Stream(httpx.AsyncByteStream):
    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for part in self._answer.aiter_stream():
                yield part
        except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError) as error:
            raise _as_httpx(error) from error

    async def aclose(self) -> None:
        await self._answer.aclose()


def _as_httpx(error: Exception) -> httpx.TransportError:
    # httpx's errors bear the names of httpcore's.
    kind: type[httpx.TransportError] = getattr(httpx, type(error).__name__)
    return kind(str(error))
