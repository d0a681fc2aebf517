"""A breaking revision is announced before it is read, both can be pinned, and a recalled one is read by nobody."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from litestar import Litestar

from contracts.licences import events as licence_events
from infra.auth import SYSTEM, OrganisationKind
from infra.db import SessionMaker, transaction
from infra.events.domain import Event
from infra.events.kinds import EventKind
from infra.jobs import JobContext
from infra.objects import LocalStore
from infra.stops import service as stops
from listings.revisions import repository
from listings.revisions.jobs import tell_effective
from tests.support.application import job_context
from tests.support.bargain import Bargain
from tests.support.parties import Party, PartyMaker
from tests.support.products import CSV, published, settle_quality, upload

WITHOUT_PHONE = "\n".join(line.rpartition(",")[0] for line in CSV.decode().splitlines()).encode() + b"\n"
ROW = b"S9,2026-02-01T00:00:00Z,1.5,13800000099\n"
REASON = {"reason": "Telephone numbers are no longer collected"}


async def passed(operator: Party, product_id: str, data: bytes) -> dict[str, Any]:
    """A revision that has passed its check."""
    made = await upload(operator, product_id, data)
    await settle_quality(operator, made["id"])
    return made


async def take_effect(sessions: SessionMaker, revision_id: str, moment: datetime) -> None:
    """Set when an announced change comes into force, as a notice that has nearly passed has it."""
    async with transaction(sessions) as session:
        product_id = await session.scalar(
            sa.text(
                "UPDATE schema_changes SET effective_at = :moment WHERE revision_id = :revision_id"
                " RETURNING product_id"
            ),
            {"moment": moment, "revision_id": UUID(revision_id)},
        )
    await renewed(sessions, str(product_id))


async def renewed(sessions: SessionMaker, product_id: str) -> None:
    """Have the data plane look anew, as the worker does when a check has ended."""
    async with transaction(sessions) as session:
        await repository.notify(session, UUID(product_id))
    await asyncio.sleep(0.05)


async def news_of(sessions: SessionMaker, kind: EventKind, revision_id: str, licence_id: str) -> Any:
    """The event that a licence's parties get of what happened to a revision, once and no more."""
    context: JobContext = None  # type: ignore[assignment]
    async with transaction(sessions) as session:
        row = (
            await session.execute(
                sa.text("SELECT * FROM events WHERE subject_id = :id AND kind = :kind"),
                {"id": UUID(revision_id), "kind": kind.value},
            )
        ).one()
        event = Event(
            row.id,
            EventKind(row.kind),
            "revision",
            row.subject_id,
            row.sequence,
            (),
            row.payload,
            row.occurred_at,
        )
        await licence_events.revision_changed(context, session, event)
    async with transaction(sessions) as session:
        return (
            await session.execute(
                sa.text("SELECT * FROM events WHERE subject_id = :id AND kind = :kind"),
                {"id": UUID(licence_id), "kind": f"licence.{kind.value.replace('.', '_')}"},
            )
        ).one()


async def read_from(bargain: Bargain, token: str, query: str = "limit=1") -> str:
    """The revision that a call was answered from."""
    answer = await bargain.read(token, query)
    assert answer.status_code == 200, answer.text
    return answer.headers["data-revision"]


async def test_a_breaking_revision_waits_for_its_notice_and_then_is_the_latest_by_the_clock(
    bargain: Bargain, sessions: SessionMaker
) -> None:
    operator, product_id = bargain.operator, bargain.product_id
    _, token = await bargain.licensed()
    history = f"/v1/catalogue/{product_id}/revisions"
    first = (await bargain.buyer.get(history))["items"][0]
    breaking = await passed(operator, product_id, WITHOUT_PHONE)
    assert breaking["change"]["status"] == "proposed"
    assert await read_from(bargain, token) == first["id"]
    assert [item["id"] for item in (await bargain.buyer.get(history))["items"]] == [first["id"]]
    await bargain.owner.post(f"/v1/revisions/{breaking['id']}/announcement", REASON, status=403)
    told = await operator.post(f"/v1/revisions/{breaking['id']}/announcement", REASON, status=200)
    effective = datetime.fromisoformat(told["change"]["effective_at"])
    assert timedelta(days=29) < effective - datetime.now(UTC) <= timedelta(days=30)
    await operator.post(f"/v1/revisions/{breaking['id']}/announcement", REASON, status=409)

    # The old schema goes on meanwhile, also with further data; the headers tell of the change.
    more = await passed(operator, product_id, CSV + ROW)
    assert (more["change"], more["schema_version"]) == (None, 1)
    newer = await passed(operator, product_id, WITHOUT_PHONE + b"S9,2026-02-01T00:00:00Z,1.5\n")
    assert (newer["schema_version"], newer["change"]["revision_id"]) == (2, breaking["id"])
    await renewed(sessions, bargain.product_id)
    answer = await bargain.read(token)
    assert answer.headers["data-revision"] == more["id"]
    assert answer.headers["deprecation"].startswith("@")
    assert answer.headers["sunset"] == effective.strftime("%a, %d %b %Y %H:%M:%S GMT")
    shown = (await bargain.buyer.get(f"/v1/catalogue/{product_id}"))["notice"]
    assert (shown["reason"], [one["name"] for one in shown["breaking"]]) == (REASON["reason"], ["phone"])
    statuses = {item["number"]: item["status"] for item in (await bargain.buyer.get(history))["items"]}
    assert statuses == {1: "replaced", 2: "announced", 3: "current", 4: "announced"}

    # A pin to either is kept; at its moment the newest of the new schema is the latest, without a job.
    old = await bargain.licensed(revision=more["id"], quotas={"calls": 10})
    new = await bargain.licensed(revision=breaking["id"], quotas={"calls": 11})
    assert await read_from(bargain, old[1]) == more["id"]
    assert await read_from(bargain, new[1]) == breaking["id"]
    moment = datetime.now(UTC) + timedelta(seconds=0.4)
    await take_effect(sessions, breaking["id"], moment)
    assert await read_from(bargain, token) == more["id"]
    await asyncio.sleep((moment - datetime.now(UTC)).total_seconds() + 0.02)
    answer = await bargain.read(token)
    assert answer.headers["data-revision"] == newer["id"]
    assert "sunset" not in answer.headers
    assert "phone" not in answer.json()["items"][0]
    assert await read_from(bargain, old[1]) == more["id"]
    assert await read_from(bargain, new[1]) == breaking["id"]
    withdrawn = await operator.post(
        f"/v1/revisions/{breaking['id']}/announcement-withdrawal", REASON, status=409
    )
    assert "in force" in withdrawn["detail"]
    # A file that has the old column too fits the new schema.
    assert (await upload(operator, product_id, CSV + ROW * 2))["schema_version"] == 2


async def test_a_withdrawn_announcement_leaves_everything_as_it_is(
    bargain: Bargain, sessions: SessionMaker
) -> None:
    operator, product_id = bargain.operator, bargain.product_id
    _, token = await bargain.licensed()
    before = await read_from(bargain, token)
    breaking = await passed(operator, product_id, WITHOUT_PHONE)
    path = f"/v1/revisions/{breaking['id']}"
    await operator.post(f"{path}/announcement", REASON, status=200)
    await operator.post(f"{path}/announcement-withdrawal", REASON, status=200)
    await take_effect(sessions, breaking["id"], datetime.now(UTC) - timedelta(seconds=1))
    assert await read_from(bargain, token) == before
    refused = await operator.post(f"{path}/announcement", REASON, status=409)
    assert "Upload the file again" in refused["remedy"]
    again = await upload(operator, product_id, WITHOUT_PHONE)
    assert (again["id"] != breaking["id"], again["change"]["status"]) == (True, "proposed")
    await bargain.buyer.post("/v1/agreements", bargain.order_body(revision=again["id"]), status=404)


async def test_a_licence_none_of_whose_columns_is_left_says_so(
    bargain: Bargain, sessions: SessionMaker
) -> None:
    agreement, token = await bargain.licensed(columns=["phone"])
    breaking = await passed(bargain.operator, bargain.product_id, WITHOUT_PHONE)
    await bargain.operator.post(f"/v1/revisions/{breaking['id']}/announcement", REASON, status=200)
    licence = f"/v1/licences/{agreement['licence_id']}"
    shown = await bargain.buyer.get(licence)
    assert (shown["live"], shown["columns_lost"]) == (True, ["phone"])
    await take_effect(sessions, breaking["id"], datetime.now(UTC))
    refused = await bargain.read(token)
    assert (refused.status_code, refused.json()["type"].rpartition(":")[2]) == (403, "licence-stopped")
    shown = await bargain.buyer.get(licence)
    assert (shown["live"], len(shown["stopped"])) == (False, 1)


async def test_a_recalled_revision_is_read_by_nobody_from_the_commit_on(
    bargain: Bargain, sessions: SessionMaker
) -> None:
    operator, product_id = bargain.operator, bargain.product_id
    _, latest = await bargain.licensed()
    first = await read_from(bargain, latest)
    second = await passed(operator, product_id, CSV + ROW)
    _, pinned = await bargain.licensed(revision=second["id"], quotas={"calls": 100})
    await renewed(sessions, bargain.product_id)
    page = await bargain.read(latest, "limit=5", **{"Idempotency-Key": "remembered"})
    assert page.headers["data-revision"] == second["id"]
    cursor = page.json()["next_cursor"]
    assert await read_from(bargain, pinned) == second["id"]
    reason = {"reason": "Wrong station numbers"}
    await bargain.owner.post(f"/v1/revisions/{second['id']}/recall", reason, status=403)
    await bargain.regulator.post(f"/v1/revisions/{second['id']}/recall", reason, status=200)
    assert await read_from(bargain, latest) == first
    for query, headers, token, slug in (
        ("limit=1", {}, pinned, "revision-recalled"),
        (f"cursor={cursor}", {}, latest, "cursor-outdated"),
        ("limit=5", {"Idempotency-Key": "remembered"}, latest, "revision-recalled"),
    ):
        refused = await bargain.read(token, query, **headers)
        assert (refused.status_code, refused.json()["type"].rpartition(":")[2]) == (409, slug)
        assert reason["reason"] in refused.json()["detail"]
    await operator.post(f"/v1/revisions/{second['id']}/recall", reason, status=409)
    kept = await bargain.regulator.post(f"/v1/revisions/{second['id']}/reinstatement", reason, status=409)
    assert "ended for good" in kept["detail"]
    listed = (await bargain.buyer.get(f"/v1/catalogue/{product_id}/revisions"))["items"]
    assert [(item["number"], item["status"], item["reason"]) for item in listed] == [
        (2, "recalled", reason["reason"]),
        (1, "current", None),
    ]
    # The same bytes again are another revision: the way back from a recall made by mistake.
    again = await passed(operator, product_id, CSV + ROW)
    assert again["number"] == 3
    await renewed(sessions, product_id)
    assert await read_from(bargain, latest) == again["id"]


async def test_a_page_that_was_looked_up_before_a_recall_is_not_admitted_after_it(
    bargain: Bargain, sessions: SessionMaker
) -> None:
    _, token = await bargain.licensed()
    second = await passed(bargain.operator, bargain.product_id, CSV + ROW)
    await renewed(sessions, bargain.product_id)
    assert await read_from(bargain, token) == second["id"]
    async with transaction(sessions) as session:  # no notification: the process still takes it for the latest
        await stops.place(
            session, SYSTEM, subject_kind="revision", subject_id=UUID(second["id"]), reason="Wrong"
        )
    assert await read_from(bargain, token) != second["id"]


async def test_a_file_that_is_gone_is_looked_up_anew_and_told_where_nothing_takes_its_place(
    bargain: Bargain, app: Litestar, sessions: SessionMaker
) -> None:
    store: LocalStore = app.state.store
    _, token = await bargain.licensed()
    first = await read_from(bargain, token)
    second = await passed(bargain.operator, bargain.product_id, CSV + ROW)
    await renewed(sessions, bargain.product_id)
    assert await read_from(bargain, token) == second["id"]
    async with transaction(
        sessions
    ) as session:  # as a purge does it, of which this process has not heard yet
        await stops.place(
            session, SYSTEM, subject_kind="revision", subject_id=UUID(second["id"]), reason="Unlawful"
        )
    store.discard(f"revisions/{second['id']}.parquet")
    assert await read_from(bargain, token, "limit=2") == first
    store.discard(f"revisions/{first}.parquet")
    refused = await bargain.read(token, "limit=3")
    assert refused.status_code == 503, refused.text
    assert int(refused.headers["Retry-After"]) > 0
    assert "tell the platform's operator" in refused.json()["remedy"]


async def test_every_licensee_is_told_of_a_recall_and_of_a_change(
    bargain: Bargain, sessions: SessionMaker
) -> None:
    agreement, _ = await bargain.licensed()
    second = await passed(bargain.operator, bargain.product_id, CSV + ROW)
    await bargain.operator.post(f"/v1/revisions/{second['id']}/recall", {"reason": "Wrong"}, status=200)
    told = await news_of(sessions, EventKind.REVISION_RECALLED, second["id"], agreement["licence_id"])
    assert bargain.buyer.organisation_id in told.organisations
    assert (told.payload["reason"], told.payload["revision_id"]) == ("Wrong", second["id"])


async def test_every_licensee_is_told_once_when_a_change_takes_effect_and_can_be_read(
    app: Litestar, bargain: Bargain, sessions: SessionMaker
) -> None:
    operator, worker = bargain.operator, job_context(app, sessions)
    agreement, _ = await bargain.licensed()
    breaking = await passed(operator, bargain.product_id, WITHOUT_PHONE)
    await operator.post(f"/v1/revisions/{breaking['id']}/announcement", REASON, status=200)

    async def counted(kind: str) -> int:
        await tell_effective(worker, {})
        async with transaction(sessions) as session:
            found = await session.scalar(
                sa.text("SELECT count(*) FROM events WHERE kind = :kind AND payload ->> 'product_id' = :id"),
                {"kind": kind, "id": bargain.product_id},
            )
        return int(found or 0)

    assert await counted("revision.effective") == 0
    # In force while it may not be read: the old schema still serves, and nothing has taken over.
    suspended = f"/v1/revisions/{breaking['id']}"
    await operator.post(f"{suspended}/suspension", REASON, status=200)
    await take_effect(sessions, breaking["id"], datetime.now(UTC))
    assert await counted("revision.effective") == 0
    await operator.post(f"{suspended}/reinstatement", REASON, status=200)
    published = await counted("revision.published")
    assert await counted("revision.effective") == 1
    assert await counted("revision.published") == published
    told = await news_of(sessions, EventKind.REVISION_EFFECTIVE, breaking["id"], agreement["licence_id"])
    assert bargain.buyer.organisation_id in told.organisations
    assert (told.payload["served_revision_id"], told.payload["reason"]) == (breaking["id"], REASON["reason"])
    assert told.payload["effective_at"]
    assert told.payload["pinned_revision_id"] is None


async def test_a_revision_of_another_product_is_not_pinned(bargain: Bargain, party: PartyMaker) -> None:
    owner, operator = await party(OrganisationKind.OWNER), await party(OrganisationKind.OPERATOR)
    other_id = await published(owner, operator, bargain.regulator)
    other = (await bargain.buyer.get(f"/v1/catalogue/{other_id}/revisions"))["items"][0]
    refused = await bargain.buyer.post("/v1/agreements", bargain.order_body(revision=other["id"]), status=404)
    assert f"/v1/catalogue/{bargain.product_id}/revisions" in refused["remedy"]
    for action in ("recall", "announcement", "announcement-withdrawal"):
        await bargain.operator.post(f"/v1/revisions/{other['id']}/{action}", REASON, status=404)
    await bargain.operator.get(f"/v1/revisions/{other['id']}/differences", status=404)
