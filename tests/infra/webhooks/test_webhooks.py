"""Webhooks from the event to a real receiver, which checks them with the library of the specification."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from litestar import Litestar
from sqlmodel import col
from standardwebhooks import Webhook, WebhookVerificationError

from infra.auth import OrganisationKind, Role
from infra.db import SessionMaker, new_id, transaction
from infra.events.kinds import EventKind
from infra.identity.tables import Organisation
from infra.organisation_status import OrganisationStatus
from infra.outgoing.client import OutgoingClient
from infra.outgoing.domain import AllowedNetworks
from infra.settings import Settings
from infra.webhooks import sender
from tests.infra.webhooks.conftest import AdministratorMaker
from tests.support.database import TestDatabase
from tests.support.events import context_of, until
from tests.support.network import free_port
from tests.support.people import make_organisation, make_person, sign_in
from tests.support.receiver import Received, Reply, receiver
from tests.support.webhooks import PATH, happen, sending

PAID = EventKind.INVOICE_PAID
ISSUED = EventKind.INVOICE_ISSUED


def verified(request: Received, secret: str) -> dict[str, Any]:
    """The message, if it is signed with the secret."""
    message: dict[str, Any] = Webhook(secret).verify(request.body, request.headers)
    return message


@pytest.mark.usefixtures("worker")
async def test_an_event_arrives_signed_is_retried_and_replayed(
    administrator: AdministratorMaker, sessions: SessionMaker
) -> None:
    buyer, subject = await administrator(), new_id()
    async with receiver() as server:
        answers = iter([500, 503, 200])
        server.reply = lambda _: Reply(next(answers, 204), b"not now, <script>\0")
        endpoint = await buyer.register(f"{server.url}/hooks?tenant=1", PAID)
        assert endpoint["secret"].startswith("whsec_")
        event = await happen(
            sessions, PAID, buyer.organisation_id, subject_id=subject, amount="42.69", currency="CNY"
        )
        (sent,) = await buyer.settled(endpoint)
        assert [request.path for request in server.requests] == ["/hooks?tenant=1"] * 3
        for request in server.requests:
            assert verified(request, endpoint["secret"]) == {
                "type": "invoice.paid",
                "timestamp": event.occurred_at.isoformat().replace("+00:00", "Z"),
                "data": {"invoice_id": str(subject), "sequence": 1, "amount": "42.69", "currency": "CNY"},
            }
            assert request.headers["content-type"] == "application/json"
        assert {request.headers["webhook-id"] for request in server.requests} == {f"msg_{event.id.hex}"}

        detail = await buyer.read(f"{endpoint['id']}/deliveries/{sent['id']}")
        assert (detail["status"], detail["attempts"], detail["kind"]) == ("succeeded", 3, "invoice.paid")
        assert [attempt["response_status"] for attempt in detail["attempt_log"]] == [500, 503, 200]
        assert detail["attempt_log"][0]["response_text"] == "not now, <script>�"
        assert detail["payload"]["data"]["amount"] == "42.69"
        assert (await buyer.read(endpoint["id"]))["failing_since"] is None

        replayed = await buyer.post(f"{endpoint['id']}/deliveries/{sent['id']}/replays", status=200)
        assert replayed["status"] == "pending"
        await until(lambda: len(server.requests) == 4)
        await buyer.settled(endpoint)
        assert server.requests[3].headers["webhook-id"] == server.requests[0].headers["webhook-id"]
        assert server.requests[3].body == server.requests[0].body
        detail = await buyer.read(f"{endpoint['id']}/deliveries/{sent['id']}")
        assert [attempt["number"] for attempt in detail["attempt_log"]] == [1, 2, 3, 4]

        pinged = await buyer.post(f"{endpoint['id']}/pings", status=201)
        assert pinged["kind"] == "webhook.ping"
        await until(lambda: len(server.requests) == 5)
        assert verified(server.requests[4], endpoint["secret"])["type"] == "webhook.ping"


@pytest.mark.usefixtures("worker")
async def test_an_organisation_receives_only_what_it_may_read(
    administrator: AdministratorMaker, sessions: SessionMaker
) -> None:
    mine, other = await administrator(), await administrator()
    regulator = await administrator(OrganisationKind.REGULATOR)
    platform = await administrator(OrganisationKind.PLATFORM)
    suspended = await administrator(OrganisationKind.REGULATOR)
    readers = {"mine": mine, "other": other, "regulator": regulator, "platform": platform}
    got: dict[str, list[str]] = {name: [] for name in readers}
    async with receiver() as server:

        def reply(request: Received) -> Reply:
            if "marker" in str(request.body):
                got[request.path[1:]].append(verified(request, endpoints[request.path[1:]]["secret"])["type"])
            return Reply()

        server.reply = reply
        endpoints = {name: await reader.register(f"{server.url}/{name}") for name, reader in readers.items()}
        paid_only = await mine.register(f"{server.url}/unused", PAID)
        blind = await suspended.register(f"{server.url}/unused")
        async with transaction(sessions) as session:
            await session.execute(
                sa.update(Organisation)
                .where(col(Organisation.id) == suspended.organisation_id)
                .values(status=OrganisationStatus.SUSPENDED)
            )
        expected = {
            ISSUED: {"mine", "regulator", "platform"},
            EventKind.AUTHORISATION_REVOKED: {"mine", "regulator"},
            EventKind.BANK_STATEMENT_IMPORTED: {"mine", "platform"},
            EventKind.PRODUCT_PUBLISHED: {"mine", "other", "regulator", "platform"},
        }
        for kind in expected:
            await happen(sessions, kind, mine.organisation_id, marker=1)
        for name, reader in readers.items():
            kinds = [kind.value for kind, names in expected.items() if name in names]
            await until(lambda name=name, kinds=kinds: len(got[name]) == len(kinds))  # type: ignore[misc]
            assert Counter(got[name]) == Counter(kinds)
            # Nothing else is on its way either.
            assert {item["kind"] for item in await reader.settled(endpoints[name])} >= set(kinds)
            for item in await reader.deliveries(endpoints[name]):
                assert item["kind"] in {kind.value for kind in expected} or reader is not other
        assert await mine.deliveries(paid_only) == []
        async with sessions() as session:
            sent = sa.text("SELECT count(*) FROM webhook_deliveries WHERE endpoint_id = :id")
            assert (await session.execute(sent, {"id": blind["id"]})).scalar_one() == 0
        answer = await other.http.get(f"{PATH}/{endpoints['mine']['id']}/deliveries")
        assert answer.status_code == 404


@pytest.mark.usefixtures("worker")
async def test_410_disables_and_enabling_begins_again(
    administrator: AdministratorMaker, sessions: SessionMaker
) -> None:
    buyer = await administrator()
    async with receiver() as server:
        server.reply = lambda request: Reply(410 if request.path == "/" else 200)
        endpoint = await buyer.register(server.url, PAID)
        witness = await buyer.register(f"{server.url}/witness", PAID)
        await happen(sessions, PAID, buyer.organisation_id)
        (gone,) = await buyer.settled(endpoint)
        assert (gone["status"], gone["attempts"]) == ("failed", 1)
        read = await buyer.read(endpoint["id"])
        assert (read["status"], read["disabled_reason"]) == ("disabled", "gone")
        await happen(sessions, PAID, buyer.organisation_id)
        await buyer.settled(witness, 2)
        assert Counter(request.path for request in server.requests) == {"/": 1, "/witness": 2}
        server.reply = lambda _: Reply(200)
        refused = await buyer.post(f"{endpoint['id']}/deliveries/{gone['id']}/replays", status=409)
        assert refused["type"].endswith("webhook-endpoint-disabled")

        answer = await buyer.http.patch(f"{PATH}/{endpoint['id']}", json={"enabled": True})
        assert answer.json()["status"] == "enabled"
        assert answer.json()["disabled_reason"] is None
        count = await buyer.post(
            f"{endpoint['id']}/replays", {"since": gone["created_at"], "only_failed": True}, status=200
        )
        assert count == {"count": 1}
        await until(lambda: len(server.requests) == 4)
        assert server.requests[3].headers["webhook-id"] == gone["message_id"]


@pytest.mark.usefixtures("worker")
async def test_a_rotated_secret_and_the_former_one_both_verify_until_the_overlap_ends(
    administrator: AdministratorMaker, sessions: SessionMaker
) -> None:
    buyer = await administrator()
    async with receiver() as server:
        endpoint = await buyer.register(server.url, PAID)
        rotated = await buyer.post(f"{endpoint['id']}/secret-rotations", {"overlap_hours": 24}, status=201)
        await happen(sessions, PAID, buyer.organisation_id)
        await until(lambda: len(server.requests) == 1)
        for secret in (endpoint["secret"], rotated["secret"]):
            assert verified(server.requests[0], secret)["type"] == "invoice.paid"
        assert server.requests[0].headers["webhook-signature"].count("v1,") == 2

        last = await buyer.post(f"{endpoint['id']}/secret-rotations", {"overlap_hours": 0}, status=201)
        await happen(sessions, PAID, buyer.organisation_id)
        await until(lambda: len(server.requests) == 2)
        assert verified(server.requests[1], last["secret"])
        for secret in (endpoint["secret"], rotated["secret"]):
            with pytest.raises(WebhookVerificationError):
                verified(server.requests[1], secret)


@pytest.mark.usefixtures("worker")
async def test_a_slow_and_a_dead_address_delay_nobody_else(
    administrator: AdministratorMaker, sessions: SessionMaker
) -> None:
    buyer = await administrator()
    async with receiver() as slow, receiver() as quick:
        slow.reply = lambda _: Reply(delay=60)
        await buyer.register(slow.url, PAID)
        await buyer.register(f"http://127.0.0.1:{free_port()}/", PAID)
        good = await buyer.register(quick.url, PAID)
        await happen(sessions, PAID, buyer.organisation_id)
        await until(lambda: slow.requests)
        started = perf_counter()
        for _ in range(30):
            await happen(sessions, PAID, buyer.organisation_id)
        await until(lambda: len(quick.requests) == 31)
        assert perf_counter() - started < 10
        assert all(item["status"] == "succeeded" for item in await buyer.settled(good, 31))
        # One at a time, and the first one still waits or was just given up.
        assert len(slow.requests) <= 10


async def test_after_the_last_try_it_has_failed_and_the_address_is_disabled_when_nothing_succeeded_for_long(
    administrator: AdministratorMaker,
    database: TestDatabase,
    local_settings: Settings,
    sessions: SessionMaker,
) -> None:
    buyer = await administrator()
    async with receiver() as server:
        server.reply = lambda _: Reply(302, headers={"Location": "http://127.0.0.1/elsewhere"})
        endpoint = await buyer.register(server.url, PAID)
        async with sending(database, local_settings, sessions):
            await happen(sessions, PAID, buyer.organisation_id)
            (failed,) = await buyer.settled(endpoint)
        assert (failed["status"], failed["attempts"]) == ("failed", 4)
        read = await buyer.read(endpoint["id"])
        assert read["status"] == "enabled"
        assert read["failing_since"] is not None
        impatient = local_settings.model_copy(update={"webhook_disable_after_hours": 0.0})
        async with sending(database, impatient, sessions):
            await buyer.post(f"{endpoint['id']}/deliveries/{failed['id']}/replays", status=200)
            await buyer.settled(endpoint)
        read = await buyer.read(endpoint["id"])
        assert (read["status"], read["disabled_reason"]) == ("disabled", "failing")
    async with sessions() as session:
        actions = await session.execute(
            sa.text("SELECT action FROM audit_entries WHERE subject_id = :id ORDER BY id"),
            {"id": endpoint["id"]},
        )
        assert [row.action for row in actions] == ["webhook_endpoint.created", "webhook_endpoint.disabled"]


async def test_what_a_killed_worker_was_sending_is_sent_again(
    administrator: AdministratorMaker,
    database: TestDatabase,
    local_settings: Settings,
    sessions: SessionMaker,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sender, "LEASE_MARGIN", timedelta(0))
    buyer = await administrator()
    async with receiver() as server:
        endpoint = await buyer.register(server.url, PAID)
        await buyer.post(f"{endpoint['id']}/pings", status=201)
        async with OutgoingClient(AllowedNetworks()) as client:
            killed = sender.Sender(context_of(local_settings, sessions), client)
            claimed = await killed._claim(endpoint["id"])
            assert claimed is not None
            assert len(claimed.messages) == 1
            # Somebody else's, for now.
            assert await killed._claim(endpoint["id"]) is None
        started = perf_counter()
        async with sending(database, local_settings, sessions):
            await until(lambda: server.requests)
            assert perf_counter() - started > 0.3
            (sent,) = await buyer.settled(endpoint)
        assert sent["attempts"] == 1


@pytest.mark.usefixtures("worker")
async def test_everything_since_a_time_is_replayed(
    administrator: AdministratorMaker, sessions: SessionMaker
) -> None:
    buyer = await administrator()
    async with receiver() as server:
        endpoint = await buyer.register(server.url, PAID)
        await happen(sessions, PAID, buyer.organisation_id)
        await buyer.settled(endpoint)
        moment = datetime.now(UTC)
        for _ in range(2):
            await happen(sessions, PAID, buyer.organisation_id)
        later = await buyer.settled(endpoint, 3)
        body = {"since": moment.isoformat()}
        assert await buyer.post(f"{endpoint['id']}/replays", body, status=200) == {"count": 2}
        await until(lambda: len(server.requests) == 5)
        again = [request.headers["webhook-id"] for request in server.requests[3:]]
        assert sorted(again) == sorted(item["message_id"] for item in later[:2])


async def test_disabling_ends_what_was_pending(administrator: AdministratorMaker) -> None:
    buyer = await administrator()
    endpoint = await buyer.register("http://127.0.0.1:9999/", PAID)
    await buyer.post(f"{endpoint['id']}/pings", status=201)
    answer = await buyer.http.patch(f"{PATH}/{endpoint['id']}", json={"enabled": False})
    assert (answer.json()["status"], answer.json()["disabled_reason"]) == ("disabled", "manual")
    assert [item["status"] for item in await buyer.deliveries(endpoint)] == ["failed"]
    assert await buyer.deliveries(endpoint, "pending") == []
    await buyer.post(f"{endpoint['id']}/pings", status=409)
    changed = await buyer.http.patch(
        f"{PATH}/{endpoint['id']}", json={"description": "ours", "event_kinds": ["licence.stopped"]}
    )
    assert (changed.json()["description"], changed.json()["event_kinds"]) == ("ours", ["licence.stopped"])
    assert (await buyer.http.patch(f"{PATH}/{endpoint['id']}", json={"url": None})).status_code == 422
    assert (await buyer.http.delete(f"{PATH}/{endpoint['id']}")).status_code == 204
    assert (await buyer.http.get(f"{PATH}/{endpoint['id']}")).status_code == 404


async def test_the_secret_is_shown_once_and_kept_encrypted(
    administrator: AdministratorMaker, sessions: SessionMaker
) -> None:
    buyer, key = await administrator(), str(new_id())
    first = await buyer.register("http://127.0.0.1:9999/", PAID, key=key)
    again = await buyer.register("http://127.0.0.1:9999/", PAID, key=key)
    assert again == first | {"secret": None}
    listed = (await buyer.http.get(PATH)).json()["items"]
    assert [item["id"] for item in listed] == [first["id"]]
    assert "secret" not in listed[0]
    async with sessions() as session:
        kept = (
            await session.execute(
                sa.text("SELECT secret FROM webhook_secrets WHERE endpoint_id = :id"), {"id": first["id"]}
            )
        ).one()
        remembered = (
            await session.execute(
                sa.text("SELECT answer FROM idempotency_keys WHERE key = :key"), {"key": key}
            )
        ).one()
    for text in (kept.secret, remembered.answer):
        assert first["secret"].removeprefix("whsec_") not in text


async def test_there_are_twenty_endpoints_at_most(administrator: AdministratorMaker) -> None:
    buyer = await administrator()
    for _ in range(20):
        await buyer.register("http://127.0.0.1:9999/", PAID)
    body = {"url": "http://127.0.0.1:9999/", "event_kinds": ["invoice.paid"]}
    answer = await buyer.http.post(PATH, json=body, headers={"Idempotency-Key": "one-more"})
    assert (answer.status_code, answer.json()["type"]) == (
        409,
        "urn:data-market:problem:too-many-webhook-endpoints",
    )


async def test_who_may_not_and_what_is_not_registered(app: Litestar, sessions: SessionMaker) -> None:
    organisation_id = await make_organisation(sessions, OrganisationKind.BUYER)
    member = await make_person(sessions, organisation_id, [Role.BUYER])
    chief = await make_person(sessions, organisation_id, [Role.ORGANISATION_ADMIN])
    browsers: list[httpx.AsyncClient] = [await sign_in(app, who.email) for who in (member, chief)]
    assert (await browsers[0].get(PATH)).status_code == 403
    for url, slug in (
        ("http://127.0.0.1:9999/", "address-refused"),
        ("https://10.0.0.1/", "address-refused"),
        ("http://8.8.8.8/", "address-refused"),
        ("https://user:word@8.8.8.8/", "address-refused"),
        ("ftp://8.8.8.8/", "invalid-payload"),
    ):
        body = {"url": url, "event_kinds": ["invoice.paid"]}
        answer = await browsers[1].post(PATH, json=body, headers={"Idempotency-Key": str(new_id())})
        assert (answer.status_code, answer.json()["type"]) == (422, f"urn:data-market:problem:{slug}")
    for kinds in ([], ["invoice.unknown"]):
        body = {"url": "https://8.8.8.8/", "event_kinds": kinds}
        answer = await browsers[1].post(PATH, json=body, headers={"Idempotency-Key": str(new_id())})
        assert answer.status_code == 422
    await asyncio.gather(*(browser.aclose() for browser in browsers))
