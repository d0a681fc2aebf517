"""What goes to an address goes there by mail, through a real mail server: invitations, and notices of a recovery."""

import asyncio
import time
from collections.abc import AsyncIterator
from uuid import UUID

import httpx
import pytest
import sqlalchemy as sa
from litestar import Litestar
from sqlmodel import col

from infra.auth import Role
from infra.db import SessionMaker, transaction
from infra.identity.tables import AttemptBudget, Invitation
from infra.mail.tables import Mail
from infra.settings import Settings
from market.app import create_app
from market.participants import jobs
from tests.market.participants.test_access import accept
from tests.market.participants.test_invitations import FIRST, hand_over, opened, own
from tests.market.participants.test_recoveries import act, requested
from tests.market.participants.test_recoveries import work as effective
from tests.support.application import running
from tests.support.events import context_of
from tests.support.mail import mail_server
from tests.support.network import free_port
from tests.support.people import Someone, make_person, sign_in
from tests.support.totp import enrol


@pytest.fixture(scope="module")
def port() -> int:
    """Where the mail server listens while it is there."""
    return free_port()


@pytest.fixture(scope="module")
def mailing(settings: Settings, port: int) -> Settings:
    """Settings with a mail server."""
    return settings.model_copy(
        update={
            "smtp_host": "127.0.0.1",
            "smtp_port": port,
            "smtp_tls": "none",
            "smtp_sender": "market@market.example",
        }
    )


@pytest.fixture(scope="module")
async def app(mailing: Settings) -> AsyncIterator[Litestar]:
    """The application with these settings."""
    made = create_app(mailing)
    async with running(made):
        yield made


@pytest.fixture(autouse=True)
async def _quiet(sessions: SessionMaker) -> None:
    async with transaction(sessions) as session:
        await session.execute(sa.delete(Mail))
        # All tests come from one address.
        await session.execute(sa.delete(AttemptBudget))


async def work(mailing: Settings, sessions: SessionMaker) -> None:
    """What the worker does each minute, as if the time of every mail had come."""
    async with transaction(sessions) as session:
        await session.execute(sa.update(Mail).values(due_at=sa.func.now()))
    await jobs.send_mails(context_of(mailing, sessions), {})


async def test_the_token_goes_to_the_address_alone_in_both_languages(
    client: httpx.AsyncClient,
    buyers: httpx.AsyncClient,
    buyer: Someone,
    mailing: Settings,
    sessions: SessionMaker,
    port: int,
) -> None:
    made = await opened(buyers, own(buyer))
    assert "token" not in made
    async with sessions() as session:
        queued = sa.text("SELECT count(*) FROM pgqueuer WHERE entrypoint = 'participants.send_mails'")
        assert (await session.execute(queued)).scalar_one() > 0
        assert (await session.get_one(Invitation, UUID(made["id"]))).token_digest is None
    async with mail_server(port=port) as server:
        await work(mailing, sessions)
        await work(mailing, sessions)
        [mail] = server.of(made["email"])
        token = server.token(made["email"])
    for language in ("Your token", "您的令牌："):
        assert language in mail.get_content()
    assert mailing.base_url in mail.get_content()
    [listed] = (await buyers.get(f"{own(buyer)}/invitations")).json()["items"]
    assert listed["delivery"] == "mailed"
    async with sessions() as session:
        kept = await session.execute(sa.text("SELECT row_to_json(mails)::text FROM mails"))
        assert token not in kept.scalar_one()
    joined = await accept(client, token)
    assert joined.status_code == 201
    assert joined.json()["email_proved_at"] is not None


async def test_a_dead_mail_server_loses_no_invitation(
    client: httpx.AsyncClient,
    buyers: httpx.AsyncClient,
    buyer: Someone,
    mailing: Settings,
    sessions: SessionMaker,
    port: int,
) -> None:
    made = await opened(buyers, own(buyer))
    for _ in range(3):
        await work(mailing, sessions)
    [listed] = (await buyers.get(f"{own(buyer)}/invitations")).json()["items"]
    assert listed["delivery"] == "pending"
    async with mail_server(port=port) as server:
        await work(mailing, sessions)
        assert (await accept(client, server.token(made["email"]))).status_code == 201


async def test_sent_again_only_the_newest_token_opens(
    client: httpx.AsyncClient,
    buyers: httpx.AsyncClient,
    buyer: Someone,
    mailing: Settings,
    sessions: SessionMaker,
    port: int,
) -> None:
    made = await opened(buyers, own(buyer))
    async with mail_server(port=port) as server:
        await work(mailing, sessions)
        first = server.token(made["email"])
        again = await buyers.post(f"{own(buyer)}/invitations/{made['id']}/mail")
        assert again.status_code == 200
        await work(mailing, sessions)
        second = server.token(made["email"])
    assert (await accept(client, first)).status_code == 404
    assert (await accept(client, second)).status_code == 201


async def test_an_address_that_is_refused_is_told_to_who_invited(
    buyers: httpx.AsyncClient, buyer: Someone, mailing: Settings, sessions: SessionMaker, port: int
) -> None:
    await opened(buyers, own(buyer))
    async with mail_server(port=port) as server:
        server.refuses = "550 no such mailbox"
        await work(mailing, sessions)
    [listed] = (await buyers.get(f"{own(buyer)}/invitations")).json()["items"]
    assert listed["delivery"] == "undeliverable"


async def test_what_was_revoked_meanwhile_is_not_sent(
    buyers: httpx.AsyncClient, buyer: Someone, mailing: Settings, sessions: SessionMaker, port: int
) -> None:
    made = await opened(buyers, own(buyer))
    await buyers.delete(f"{own(buyer)}/invitations/{made['id']}")
    async with mail_server(port=port) as server:
        await work(mailing, sessions)
        assert server.received == []


async def test_two_workers_send_a_mail_once(
    buyers: httpx.AsyncClient, buyer: Someone, mailing: Settings, sessions: SessionMaker, port: int
) -> None:
    made = await opened(buyers, own(buyer))
    context = context_of(mailing, sessions)
    async with mail_server(port=port) as server:
        await asyncio.gather(*(jobs.send_mails(context, {}) for _ in range(4)))
        assert len(server.of(made["email"])) == 1


async def test_nobody_takes_the_token_by_hand(
    buyers: httpx.AsyncClient, buyer: Someone, platform: httpx.AsyncClient, empty: str
) -> None:
    for client, place in ((buyers, own(buyer)), (platform, empty)):
        answer = await hand_over(client, place, await opened(client, place, *FIRST))
        assert answer.status_code == 409
        assert answer.json()["type"].endswith("invitation-mailed")
        assert answer.json()["remedy"].endswith("/mail.")


async def test_its_people_are_written_to_and_then_the_new_one(
    client: httpx.AsyncClient,
    platform: httpx.AsyncClient,
    second: httpx.AsyncClient,
    buyer: Someone,
    home: str,
    mailing: Settings,
    sessions: SessionMaker,
) -> None:
    async with transaction(sessions) as session:
        await session.execute(sa.delete(Mail))
    colleague = await make_person(sessions, buyer.organisation_id, [Role.BUYER])
    context = context_of(mailing, sessions)
    async with mail_server(port=mailing.smtp_port) as server:
        recovery = await requested(platform, home)
        await act(second, home, recovery, "approval")
        await jobs.send_mails(context, {})
        for address in (buyer.email, colleague.email):
            mails = server.of(address)
            assert len(mails) == 2
            for mail in mails:
                text = mail.get_content()
                assert f"{home}/recoveries/{recovery['id']}/cancellation" in text
                assert recovery["email"] in text
        assert server.of(recovery["email"]) == []
        await effective(mailing, sessions)
        await jobs.send_mails(context, {})
        assert (await accept(client, server.token(recovery["email"]))).status_code == 201


async def ask_for_reset(client: httpx.AsyncClient, email: str) -> httpx.Response:
    return await client.post("/v1/password-resets", json={"email": email})


async def test_a_link_for_a_new_password_goes_to_the_address_and_the_answer_tells_nothing(
    app: Litestar,
    client: httpx.AsyncClient,
    buyer: Someone,
    mailing: Settings,
    sessions: SessionMaker,
    port: int,
) -> None:
    nobody = f"nobody-{buyer.id}@people.example"
    known, unknown = [await ask_for_reset(client, email) for email in (buyer.email, nobody)]
    assert known.status_code == unknown.status_code == 202
    assert known.content == unknown.content
    assert known.headers.keys() == unknown.headers.keys()
    async with mail_server(port=port) as server:
        await work(mailing, sessions)
        assert server.of(nobody) == []
        [mail] = server.of(buyer.email)
        first = server.token(buyer.email)
        assert "/v1/password-resets/acceptance" in mail.get_content()
        # Of an address that nobody has, nothing is kept.
        async with sessions() as session:
            kept = (await session.execute(sa.select(col(Mail.recipient)))).scalars().all()
        assert kept == [buyer.email]
        await ask_for_reset(client, buyer.email)
        await work(mailing, sessions)
        newest = server.token(buyer.email)
        body = {"new_password": "seventeen green lanterns upstairs"}
        path = "/v1/password-resets/acceptance"
        assert (await client.post(path, json={"token": first, **body})).status_code == 404
        assert (await client.post(path, json={"token": newest, **body})).status_code == 204
        # The person is told.
        await work(mailing, sessions)
        assert "your password was reset" in server.of(buyer.email)[-1]["Subject"]
    proved = await sign_in(app, buyer.email, body["new_password"])
    members = await proved.get(f"/v1/organisations/{buyer.organisation_id}/members")
    [me] = [item for item in members.json()["items"] if item["email"] == buyer.email]
    assert me["email_proved_at"] is not None
    # Asked for once more and signed in: the link is not sent any more, nor would it open anything.
    await ask_for_reset(client, buyer.email)
    async with mail_server(port=port) as server:
        await work(mailing, sessions)
        token = server.token(buyer.email)
    await sign_in(app, buyer.email, body["new_password"])
    assert (await client.post(path, json={"token": token, **body})).status_code == 404


async def test_asking_takes_as_long_for_every_address(
    client: httpx.AsyncClient, sessions: SessionMaker, buyer: Someone
) -> None:
    times: dict[str, list[float]] = {"known": [], "unknown": []}
    for number in range(6):
        someone = await make_person(sessions, buyer.organisation_id, [Role.BUYER])
        for kind, email in (("known", someone.email), ("unknown", f"n{number}-{someone.id}@people.example")):
            begun = time.perf_counter()
            assert (await ask_for_reset(client, email)).status_code == 202
            times[kind].append(time.perf_counter() - begun)
    known, unknown = (sorted(values)[len(values) // 2] for values in times.values())
    assert 0.3 < known / unknown < 3


async def test_links_are_bounded_by_address_and_by_network(
    client: httpx.AsyncClient, buyer: Someone, sessions: SessionMaker
) -> None:
    nobody = f"nobody-{buyer.id}@people.example"
    for email in (buyer.email, nobody):
        statuses = [(await ask_for_reset(client, email)).status_code for _ in range(4)]
        assert statuses == [202, 202, 202, 429], email
    refused = await ask_for_reset(client, buyer.email)
    assert refused.json()["type"].endswith("too-many-password-resets")
    assert int(refused.headers["Retry-After"]) > 60
    async with transaction(sessions) as session:
        await session.execute(sa.delete(AttemptBudget))
    statuses = [
        (await ask_for_reset(client, f"a{number}-{buyer.id}@people.example")).status_code
        for number in range(21)
    ]
    assert statuses == [202] * 20 + [429]


async def test_a_member_is_told_what_is_done_to_the_second_factor(
    app: Litestar,
    buyers: httpx.AsyncClient,
    buyer: Someone,
    home: str,
    mailing: Settings,
    sessions: SessionMaker,
) -> None:
    colleague = await make_person(sessions, buyer.organisation_id, [Role.BUYER])
    await enrol(await sign_in(app, colleague.email))
    body = {"person_id": str(colleague.id), "reason": "Phone stolen; recognised in a video call"}
    done = await buyers.post(f"{home}/second-factor-resets", json=body)
    assert done.status_code == 201
    async with mail_server(port=mailing.smtp_port) as server:
        await work(mailing, sessions)
        subjects = [mail["Subject"] for mail in server.of(colleague.email)]
    assert any("second factor enrolled" in subject for subject in subjects)
    assert any("second factor removed" in subject for subject in subjects)


async def test_nobody_takes_a_link_for_a_new_password_by_hand(
    buyers: httpx.AsyncClient, buyer: Someone, home: str, sessions: SessionMaker
) -> None:
    colleague = await make_person(sessions, buyer.organisation_id, [Role.BUYER])
    path = f"{home}/members/{colleague.id}/password-reset"
    answer = await buyers.post(path, json={"identification": "Has come in person"})
    assert answer.status_code == 409
    assert answer.json()["type"].endswith("password-reset-mailed")
    assert "POST /v1/password-resets" in answer.json()["remedy"]
