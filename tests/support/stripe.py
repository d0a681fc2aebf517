"""Stripe's stand-in, `localstripe`, as a process of its own, and a socket for the events it sends."""

import asyncio
import secrets
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from aiohttp import web
from litestar import Litestar

from tests.support.network import free_port

# It would keep what it holds in a file that every run and every user of the machine shares.
_START = (
    "import sys, localstripe.resources as r; r.Store.dump_to_disk = lambda self: None;"
    "from localstripe.server import start; start()"
)


@dataclass(frozen=True, slots=True)
class Stripe:
    """Where the stand-in answers, and what it signs events with."""

    base: str
    secret: str


@asynccontextmanager
async def stand_in(log: Path) -> AsyncIterator[Stripe]:
    """The stand-in, started and stopped."""
    port = free_port()
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", _START, "--port", str(port), "--from-scratch", stdout=output, stderr=output
        )
    found = Stripe(f"http://127.0.0.1:{port}", f"whsec_{secrets.token_hex(16)}")
    try:
        async with httpx.AsyncClient(base_url=found.base) as http:
            for _ in range(200):
                try:
                    await http.get("/v1/payment_intents")
                    break
                except httpx.TransportError:
                    assert process.returncode is None, log.read_text()
                    await asyncio.sleep(0.05)
        yield found
    finally:
        process.terminate()
        await process.wait()


class listening:  # noqa: N801 -- reads as `async with listening(app)`
    """A socket in front of the application, for a caller in another process."""

    def __init__(self, app: Litestar) -> None:
        transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]
        self._inside = httpx.AsyncClient(transport=transport, base_url="http://market.test")

    async def _forward(self, request: web.Request) -> web.Response:
        headers = {name: value for name, value in request.headers.items() if name.lower() != "host"}
        answer = await self._inside.request(
            request.method, request.path, content=await request.read(), headers=headers
        )
        return web.Response(status=answer.status_code, body=answer.content)

    async def __aenter__(self) -> str:
        server = web.Application()
        server.router.add_route("*", "/{path:.*}", self._forward)
        self._runner = web.AppRunner(server)
        await self._runner.setup()
        port = free_port()
        await web.TCPSite(self._runner, "127.0.0.1", port).start()
        return f"http://127.0.0.1:{port}"

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()
        await self._inside.aclose()


Eventually = Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]


async def eventually(happened: Callable[[], Awaitable[bool]]) -> None:
    """Wait up to ten seconds for something that another process does."""
    for _ in range(100):
        if await happened():
            return
        await asyncio.sleep(0.1)
    raise AssertionError("it did not happen within ten seconds")
