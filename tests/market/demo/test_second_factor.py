"""The demo where officers need a second factor: its own people enrol, the administrator brings a code."""

import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from litestar import Litestar

from infra.auth import OrganisationKind, Role
from infra.db import SessionMaker
from infra.settings import Settings
from market.app import create_app
from market.demo import listing_steps
from market.demo.desk import Login, StepFailed
from market.demo.state import Trade
from tests.support.application import running
from tests.support.people import PASSWORD, Someone, make_organisation, make_person, sign_in
from tests.support.totp import enrol


@pytest.fixture
async def strict(settings: Settings) -> AsyncIterator[Litestar]:
    """The application where officers need a second factor."""
    roles = "authorising_officer,finance_officer,platform_admin,price_officer,regulator_officer"
    made = create_app(settings.model_copy(update={"second_factor_roles": roles}))
    async with running(made):
        yield made


@pytest.fixture
async def administrator(sessions: SessionMaker) -> Someone:
    platform = await make_organisation(sessions, OrganisationKind.PLATFORM)
    return await make_person(sessions, platform, [Role.ORGANISATION_ADMIN, Role.PLATFORM_ADMIN])


def trade(app: Litestar, administrator: Someone, code: str | None = None) -> Trade:
    def connect() -> httpx.AsyncClient:
        transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]
        return httpx.AsyncClient(transport=transport, base_url="http://market.test")

    admin = Login("admin", administrator.email, PASSWORD, code)
    return Trade(connect, admin, Path("none"), ("", ""), mark=secrets.token_hex(4))


async def test_each_refusal_says_what_the_next_try_needs_until_it_is_played(
    strict: Litestar, administrator: Someone
) -> None:
    with pytest.raises(
        StepFailed, match=r"enrol an authenticator app \(POST /v1/session/second-factor/enrolment"
    ):
        await listing_steps.parties(trade(strict, administrator))
    mine = await sign_in(strict, administrator.email)
    phone = await enrol(mine)
    with pytest.raises(StepFailed, match="MARKET_ADMIN_CODE"):
        await listing_steps.parties(trade(strict, administrator))
    played = trade(strict, administrator, phone.code())
    await listing_steps.parties(played)
    officers = {"authority", "officer", "finance", "regulator"}
    assert {name for name, desk in played.desks.items() if desk.login.secret is not None} == officers
    for desk in played.desks.values():
        await desk.leave()
    await mine.aclose()
