"""Stripe's stand-in, and the real application that it sends events to."""

from collections.abc import AsyncIterator
from importlib.util import find_spec
from pathlib import Path

import httpx
import pytest
from litestar import Litestar
from pydantic import HttpUrl, SecretStr

from infra.db import SessionMaker
from infra.jobs import JobContext
from infra.keys import KeyRing
from infra.objects import LocalStore
from infra.settings import Settings
from market.settlement.rails.cards.processor import Processor
from tests.support.application import running
from tests.support.stripe import Stripe, listening, stand_in


@pytest.fixture(scope="session")
async def stripe(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stripe]:
    """The stand-in, started and stopped."""
    if find_spec("localstripe") is None:
        pytest.skip("localstripe is not installed: install the development requirements")
    async with stand_in(tmp_path_factory.mktemp("localstripe") / "log") as started:
        yield started


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
    async with (
        running(made),
        listening(made) as address,
        httpx.AsyncClient(base_url=stripe.base) as http,
    ):
        hook = {"url": f"{address}/v1/stripe/events", "secret": stripe.secret}
        (await http.post("/_config/webhooks/market", json=hook)).raise_for_status()
        yield made


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
        store=LocalStore(card_settings.objects_dir),
        keys=KeyRing.load(card_settings.keys_dir),
    )
