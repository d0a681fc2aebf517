"""Stripe's stand-in, `localstripe`, as a process of its own, and the real application that it sends events to."""

import asyncio
import secrets
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import httpx
import pytest
from aiohttp import web
from litestar import Litestar
from pydantic import HttpUrl, SecretStr

from infra.db import SessionMaker
from infra.jobs import JobContext
from infra.keys import KeyRing
from infra.objects import ObjectStore
from infra.settings import Settings
from market.settlement.rails.cards.processor import Processor

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


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
async def stripe(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stripe]:
    """The stand-in, started and stopped."""
    if find_spec("localstripe") is None:
        pytest.skip("localstripe is not installed: install the development requirements")
    port = free_port()
    log: Path = tmp_path_factory.mktemp("localstripe") / "log"
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


@pytest.fixture(scope="session")
def card_settings(settings: Settings, stripe: Stripe) -> Settings:
    """Settings with a processor."""
    return settings.model_copy(
        update={
            "stripe_api_key": SecretStr("sk_test_market"),
            "stripe_api_base": HttpUrl(stripe.base),
            "stripe_webhook_secret": SecretStr(stripe.secret),
        }
    )


@pytest.fixture(scope="session")
async def app(card_settings: Settings, stripe: Stripe) -> AsyncIterator[Litestar]:
    """The real application with cards on, reachable for the stand-in's events over real HTTP."""
    from market.app import create_app

    made = create_app(card_settings)
    up, done = asyncio.Event(), asyncio.Event()

    async def live() -> None:
        # A lifespan ends in the task it began in, which a fixture's two halves are not.
        async with (
            made.lifespan(),
            _listening(made) as address,
            httpx.AsyncClient(base_url=stripe.base) as http,
        ):
            hook = {"url": f"{address}/v1/stripe/events", "secret": stripe.secret}
            (await http.post("/_config/webhooks/market", json=hook)).raise_for_status()
            up.set()
            await done.wait()

    life = asyncio.create_task(live())
    begun = asyncio.create_task(up.wait())
    await asyncio.wait({life, begun}, return_when=asyncio.FIRST_COMPLETED)
    if life.done():
        life.result()
    yield made
    done.set()
    await life


class _listening:  # noqa: N801 -- reads as `async with _listening(app)`
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


@pytest.fixture
async def processor(card_settings: Settings) -> AsyncIterator[Processor]:
    """A connection to the stand-in, through the official library."""
    async with Processor(card_settings) as made:
        yield made


@pytest.fixture
def context(card_settings: Settings, sessions: SessionMaker, data_dir: Path) -> JobContext:
    """What the worker gives its jobs."""
    return JobContext(
        settings=card_settings,
        sessions=sessions,
        store=ObjectStore(card_settings.objects_dir),
        keys=KeyRing.load(card_settings.keys_dir),
    )


Eventually = Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]


async def eventually(happened: Callable[[], Awaitable[bool]]) -> None:
    """Wait up to ten seconds for something that another process does."""
    for _ in range(100):
        if await happened():
            return
        await asyncio.sleep(0.1)
    raise AssertionError("it did not happen within ten seconds")
