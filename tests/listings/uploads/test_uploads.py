"""Uploads: announced, sent in pieces, made a revision of by a worker, or not at all."""

import asyncio
import os
from collections.abc import AsyncIterator
from hashlib import sha256
from typing import Any

import pytest
from litestar import Litestar

from infra.auth import OrganisationKind
from infra.db import SessionMaker, new_id, transaction
from infra.memory_budget import FilesBusy
from infra.messages import Message
from infra.settings import Settings
from listings.ingest.convert import convert
from listings.revisions import uploads as revision_uploads
from listings.revisions.errors import SpoolUnavailable
from listings.uploads import domain, jobs, repository, running
from listings.uploads.errors import UploadsExhausted
from tests.support.application import job_context
from tests.support.parties import Party, PartyMaker
from tests.support.problems import slug
from tests.support.products import CSV, draft, upload
from tests.support.uploading import announce, offset_of, queued_jobs, send, uploaded, work


@pytest.fixture
async def product_id(owner: Party, operator: Party) -> str:
    return str((await draft(owner, operator))["id"])


async def revisions(party: Party, product_id: str) -> list[dict[str, Any]]:
    return list((await party.get(f"/v1/products/{product_id}/revisions"))["items"])


def pieces(app: Litestar) -> set[str]:
    return {found.key for found in app.state.store.list("uploads")}


async def test_a_file_sent_in_pieces_becomes_a_revision(
    app: Litestar, operator: Party, product_id: str, sessions: SessionMaker
) -> None:
    made = await announce(
        operator, product_id, size_bytes=len(CSV), sha256=sha256(CSV).hexdigest(), options={"header": True}
    )
    assert (made["status"], made["percent"], made["received_bytes"]) == ("receiving", 0, 0)
    half = len(CSV) // 2
    first = await send(operator, made["id"], CSV[:half])
    assert (first.status_code, first.headers["Upload-Offset"]) == (204, str(half))
    assert first.headers["Upload-Expires"].endswith("GMT")
    assert await offset_of(operator, made["id"]) == half
    assert (await operator.get(f"/v1/uploads/{made['id']}"))["percent"] == 50
    assert await queued_jobs(sessions, made["id"]) == 0
    await send(operator, made["id"], CSV[half:], offset=half)
    queued = await operator.get(f"/v1/uploads/{made['id']}")
    assert (queued["status"], queued["received_bytes"]) == ("queued", len(CSV))
    assert await queued_jobs(sessions, made["id"]) == 1
    await work(app, sessions, made["id"])
    ended = await operator.get(f"/v1/uploads/{made['id']}")
    assert (ended["status"], ended["percent"], ended["rows"]) == ("succeeded", 100, 60)
    assert ended["finished_at"] is not None
    (revision,) = await revisions(operator, product_id)
    assert revision["id"] == ended["revision_id"]
    assert revision["source_sha256"] == sha256(CSV).hexdigest()
    assert (revision["source_name"], revision["options"]["header"]) == ("air.csv", True)
    assert not {key for key in pieces(app) if made["id"] in key}
    assert await offset_of(operator, made["id"]) == len(CSV)


async def test_both_ways_to_upload_know_the_same_bytes(
    app: Litestar, operator: Party, product_id: str
) -> None:
    direct = await upload(operator, product_id)
    again = await uploaded(app, operator, product_id, CSV)
    assert (again["revision_id"], again["unchanged"]) == (direct["id"], True)
    assert len(await revisions(operator, product_id)) == 1


async def test_a_cut_connection_goes_on_where_it_stopped(
    app: Litestar, operator: Party, product_id: str, sessions: SessionMaker
) -> None:
    made = await announce(operator, product_id, size_bytes=len(CSV))

    async def cut() -> AsyncIterator[bytes]:
        yield CSV[:100]
        raise ConnectionResetError

    assert not (await send(operator, made["id"], cut())).is_success
    offset = await offset_of(operator, made["id"])
    assert offset == 100
    await send(operator, made["id"], CSV[offset:], offset=offset)
    await work(app, sessions, made["id"])
    assert (await revisions(operator, product_id))[0]["source_sha256"] == sha256(CSV).hexdigest()


async def test_a_length_may_come_with_the_last_bytes(
    app: Litestar, operator: Party, product_id: str, sessions: SessionMaker
) -> None:
    made = await announce(operator, product_id)
    await send(operator, made["id"], CSV[:50])
    head = await operator.http.head(f"/v1/uploads/{made['id']}")
    assert head.headers["Upload-Defer-Length"] == "1"
    last = await send(operator, made["id"], CSV[50:], offset=50, Upload_Length=str(len(CSV)))
    assert last.status_code == 204
    await work(app, sessions, made["id"])
    assert (await operator.get(f"/v1/uploads/{made['id']}"))["status"] == "succeeded"


async def test_a_length_alone_completes_what_has_come(operator: Party, product_id: str) -> None:
    made = await announce(operator, product_id)
    await send(operator, made["id"], CSV)
    await send(operator, made["id"], b"", offset=len(CSV), Upload_Length=str(len(CSV)))
    assert (await operator.get(f"/v1/uploads/{made['id']}"))["status"] == "queued"


async def test_bytes_that_do_not_continue_are_refused(operator: Party, product_id: str) -> None:
    made = await announce(operator, product_id, size_bytes=len(CSV))
    await send(operator, made["id"], CSV[:100])
    for offset in (0, 99, 101):
        answer = await send(operator, made["id"], CSV[offset:], offset=offset)
        assert (answer.status_code, slug(answer.json())) == (409, "upload-offset")
        assert answer.json()["received_bytes"] == 100
    assert await offset_of(operator, made["id"]) == 100


async def test_of_two_senders_at_once_one_is_taken(
    app: Litestar, operator: Party, product_id: str, sessions: SessionMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(domain, "PART_BYTES", 500)
    made = await announce(operator, product_id, size_bytes=len(CSV), sha256=sha256(CSV).hexdigest())

    async def slowly() -> AsyncIterator[bytes]:
        for begin in range(0, len(CSV), 250):
            yield CSV[begin : begin + 250]
            await asyncio.sleep(0)

    answers = await asyncio.gather(*(send(operator, made["id"], slowly()) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [204, 409, 409]
    kept = [key for key in pieces(app) if made["id"] in key]
    assert len(kept) == -(-len(CSV) // 500), "a piece that was not registered takes room that nobody counts"
    await work(app, sessions, made["id"])
    assert (await operator.get(f"/v1/uploads/{made['id']}"))["status"] == "succeeded"


async def test_no_more_bytes_come_than_were_declared(
    operator: Party, product_id: str, settings: Settings
) -> None:
    made = await announce(operator, product_id, size_bytes=100)
    answer = await send(operator, made["id"], CSV)
    assert (answer.status_code, slug(answer.json())) == (422, "upload-length")
    other = await send(operator, made["id"], CSV[:10], Upload_Length="99")
    assert (other.status_code, slug(other.json())) == (422, "upload-length")
    large = await announce(operator, product_id, size_bytes=settings.max_upload_bytes + 1, status=413)
    assert slug(large) == "upload-too-large"
    endless = await announce(operator, product_id)
    announced = await send(
        operator, endless["id"], b"x", offset=0, Content_Length=str(settings.max_upload_bytes + 1)
    )
    assert announced.status_code in {400, 413}


async def test_other_bytes_than_declared_come_to_nothing(
    app: Litestar, operator: Party, product_id: str
) -> None:
    ended = await uploaded(app, operator, product_id, CSV, sha256="0" * 64)
    assert (ended["status"], slug(ended["problem"])) == ("failed", "upload-digest")
    assert await revisions(operator, product_id) == []


async def test_a_bad_file_fails_as_the_direct_way_refuses_it_in_the_readers_language(
    app: Litestar, operator: Party, product_id: str
) -> None:
    bad = b"a,b\n1,2\n1,2,3\n1,2\n"
    direct = await upload(operator, product_id, bad, status=422)
    ended = await uploaded(app, operator, product_id, bad)
    assert ended["status"] == "failed"
    left_out = ("instance", "trace_id")
    assert ended["problem"] == {name: value for name, value in direct.items() if name not in left_out}
    chinese = await operator.http.get(f"/v1/uploads/{ended['id']}", headers={"Accept-Language": "zh"})
    assert chinese.json()["problem"]["title"] != ended["problem"]["title"]
    assert chinese.json()["problem"]["type"] == ended["problem"]["type"]
    assert not {key for key in pieces(app) if ended["id"] in key}


async def test_uploads_are_seen_by_their_own_organisation_alone(
    owner: Party, operator: Party, party: PartyMaker, product_id: str
) -> None:
    made = await announce(operator, product_id, size_bytes=len(CSV))
    stranger = await party(OrganisationKind.OPERATOR)
    for other in (stranger, owner):
        assert (await other.http.get(f"/v1/uploads/{made['id']}")).status_code == 404
        assert (await other.http.head(f"/v1/uploads/{made['id']}")).status_code == 404
        assert (await send(other, made["id"], CSV)).status_code == 404
        assert (await other.http.delete(f"/v1/uploads/{made['id']}")).status_code == 404
    assert (await announce(stranger, product_id, status=404))["status"] == 404
    listed = await operator.get(f"/v1/uploads?open=true&product_id={product_id}")
    assert [item["id"] for item in listed["items"]] == [made["id"]]
    assert (await stranger.get("/v1/uploads"))["items"] == []
    assert (await operator.get(f"/v1/uploads?product_id={new_id()}"))["items"] == []


async def test_the_same_announcement_again_is_the_same_upload(operator: Party, product_id: str) -> None:
    path, body = f"/v1/products/{product_id}/uploads", {"name": "air.csv"}
    first = await operator.http.post(path, json=body, headers={"Idempotency-Key": "once"})
    second = await operator.http.post(path, json=body, headers={"Idempotency-Key": "once"})
    assert first.headers["Location"] == second.headers["Location"] == f"/v1/uploads/{first.json()['id']}"


@pytest.mark.parametrize(
    ("name", "kept"),
    [("../../etc/passwd", "passwd"), ("C:\\data\\空气.csv", "空气.csv"), ("a\tb.csv", "ab.csv")],
)
async def test_a_name_is_no_path(operator: Party, product_id: str, name: str, kept: str) -> None:
    assert (await announce(operator, product_id, name=name))["name"] == kept


async def test_a_name_of_a_folder_is_none(operator: Party, product_id: str) -> None:
    assert slug(await announce(operator, product_id, name="folder/", status=422)) == "invalid-payload"


async def test_cancelled_before_its_bytes_have_come(app: Litestar, operator: Party, product_id: str) -> None:
    made = await announce(operator, product_id, size_bytes=len(CSV))
    await send(operator, made["id"], CSV[:100])
    for _ in range(2):
        assert (await operator.http.delete(f"/v1/uploads/{made['id']}")).status_code == 204
    answer = await send(operator, made["id"], CSV[100:], offset=100)
    assert (answer.status_code, slug(answer.json())) == (409, "upload-state")
    await jobs.sweep(job_context(app, operator.sessions), {})
    assert not {key for key in pieces(app) if made["id"] in key}


async def test_cancelled_while_it_is_queued(
    app: Litestar, operator: Party, product_id: str, sessions: SessionMaker
) -> None:
    made = await announce(operator, product_id, size_bytes=len(CSV))
    await send(operator, made["id"], CSV)
    await operator.http.delete(f"/v1/uploads/{made['id']}")
    await work(app, sessions, made["id"])
    assert (await operator.get(f"/v1/uploads/{made['id']}"))["status"] == "cancelled"
    assert await revisions(operator, product_id) == []


async def test_cancelled_in_the_middle_of_the_conversion(
    app: Litestar,
    operator: Party,
    product_id: str,
    sessions: SessionMaker,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begun = asyncio.Event()

    async def endless(*_: Any, **__: Any) -> None:
        begun.set()
        await asyncio.sleep(60)

    monkeypatch.setattr(revision_uploads, "convert", endless)
    monkeypatch.setattr(running, "REPORT_SECONDS", 0.02)
    made = await announce(operator, product_id, size_bytes=len(CSV))
    await send(operator, made["id"], CSV)
    working = asyncio.create_task(work(app, sessions, made["id"]))
    await begun.wait()
    assert (await operator.get(f"/v1/uploads/{made['id']}"))["status"] == "running"
    await operator.http.delete(f"/v1/uploads/{made['id']}")
    await asyncio.wait_for(working, 10)
    assert await revisions(operator, product_id) == []
    assert not list(settings.spool_dir.glob("*"))


async def test_cancelled_at_the_moment_of_its_registration(
    app: Litestar, operator: Party, product_id: str, sessions: SessionMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever locks the upload first has it: nothing is half registered."""
    made = await announce(operator, product_id, size_bytes=len(CSV))
    await send(operator, made["id"], CSV)
    register = revision_uploads._register

    async def cancelled_meanwhile(*given: Any) -> Any:
        done = await register(*given)
        assert (await operator.http.delete(f"/v1/uploads/{made['id']}")).status_code == 204
        return done

    monkeypatch.setattr(revision_uploads, "_register", cancelled_meanwhile)
    before = {found.key for found in app.state.store.list("revisions")}
    await work(app, sessions, made["id"])
    assert (await operator.get(f"/v1/uploads/{made['id']}"))["status"] == "cancelled"
    assert await revisions(operator, product_id) == []
    assert {found.key for found in app.state.store.list("revisions")} == before


async def test_what_has_ended_is_not_cancelled(app: Litestar, operator: Party, product_id: str) -> None:
    ended = await uploaded(app, operator, product_id, CSV)
    refused = await operator.http.delete(f"/v1/uploads/{ended['id']}")
    assert (refused.status_code, slug(refused.json())) == (409, "upload-state")
    assert ended["revision_id"] in refused.json()["remedy"]


async def test_a_product_withdrawn_meanwhile_takes_no_bytes_and_no_revision(
    app: Litestar, operator: Party, product_id: str, sessions: SessionMaker
) -> None:
    made = await announce(operator, product_id, size_bytes=len(CSV))
    await send(operator, made["id"], CSV[:100])
    complete = await announce(operator, product_id, size_bytes=len(CSV))
    await send(operator, complete["id"], CSV)
    await operator.post(f"/v1/products/{product_id}/withdrawal", {"reason": "no longer kept"}, status=200)
    late = await send(operator, made["id"], CSV[100:], offset=100)
    assert (late.status_code, slug(late.json())) == (409, "product-state")
    await work(app, sessions, complete["id"])
    ended = await operator.get(f"/v1/uploads/{complete['id']}")
    assert (ended["status"], slug(ended["problem"])) == ("failed", "product-state")


async def test_a_program_that_was_deleted_meanwhile_uploads_nothing(
    app: Litestar, operator: Party, product_id: str, sessions: SessionMaker
) -> None:
    import sqlalchemy as sa

    made = await announce(operator, product_id, size_bytes=len(CSV))
    await send(operator, made["id"], CSV)
    async with transaction(sessions) as session:
        await session.execute(
            sa.text("UPDATE clients SET disabled_at = now() WHERE organisation_id = :id"),
            {"id": operator.organisation_id},
        )
    await work(app, sessions, made["id"])
    async with transaction(sessions) as session:
        row = await repository.get_own(session, operator.organisation_id, made["id"])
        assert row is not None
        assert (row.status, row.problem and row.problem["type"].rpartition(":")[2]) == (
            "failed",
            "uploader-refused",
        )


async def test_a_worker_that_died_is_followed_by_another(
    app: Litestar, operator: Party, product_id: str, sessions: SessionMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await announce(operator, product_id, size_bytes=len(CSV))
    await send(operator, made["id"], CSV)
    with monkeypatch.context() as patch:
        patch.setattr(running, "_watched", _killed)
        with pytest.raises(MemoryError):
            await work(app, sessions, made["id"])
    assert (await operator.get(f"/v1/uploads/{made['id']}"))["status"] == "running"
    await work(app, sessions, made["id"])
    assert (await operator.get(f"/v1/uploads/{made['id']}"))["status"] == "succeeded"
    await work(app, sessions, made["id"])
    assert len(await revisions(operator, product_id)) == 1


async def test_work_that_never_ends_is_given_up_and_said(
    app: Litestar, operator: Party, product_id: str, sessions: SessionMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await announce(operator, product_id, size_bytes=len(CSV))
    await send(operator, made["id"], CSV)
    monkeypatch.setattr(running, "_watched", _killed)
    for _ in range(domain.MAX_ATTEMPTS - 1):
        with pytest.raises(MemoryError):
            await work(app, sessions, made["id"])
    await work(app, sessions, made["id"])
    ended = await operator.get(f"/v1/uploads/{made['id']}")
    assert (ended["status"], slug(ended["problem"])) == ("failed", "upload-processing")


async def test_a_file_that_kills_each_worker_is_given_up(
    app: Litestar, operator: Party, product_id: str, sessions: SessionMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await announce(operator, product_id, size_bytes=len(CSV))
    await send(operator, made["id"], CSV)
    monkeypatch.setattr(running, "_watched", _killed_outright)
    for _ in range(domain.MAX_ATTEMPTS):
        with pytest.raises(asyncio.CancelledError):
            await work(app, sessions, made["id"])
    await work(app, sessions, made["id"])
    ended = await operator.get(f"/v1/uploads/{made['id']}")
    assert (ended["status"], slug(ended["problem"])) == ("failed", "upload-processing")


async def _killed(*_: Any) -> None:
    raise MemoryError


async def _killed_outright(*_: Any) -> None:
    """Nothing after it runs, as after SIGKILL."""
    raise asyncio.CancelledError


async def test_pieces_that_were_lost_are_said(
    app: Litestar, operator: Party, product_id: str, sessions: SessionMaker
) -> None:
    made = await announce(operator, product_id, size_bytes=len(CSV))
    await send(operator, made["id"], CSV)
    for key in pieces(app):
        if made["id"] in key:
            app.state.store.discard(key)
    await work(app, sessions, made["id"])
    ended = await operator.get(f"/v1/uploads/{made['id']}")
    assert (ended["status"], slug(ended["problem"])) == ("failed", "upload-bytes-lost")


async def test_an_abandoned_upload_expires_and_its_pieces_go(
    app: Litestar, operator: Party, product_id: str, sessions: SessionMaker
) -> None:
    import sqlalchemy as sa

    made = await announce(operator, product_id, size_bytes=len(CSV))
    await send(operator, made["id"], CSV[:100])
    context = job_context(app, sessions)
    await jobs.sweep(context, {})
    assert (await operator.get(f"/v1/uploads/{made['id']}"))["status"] == "receiving"
    async with transaction(sessions) as session:
        await session.execute(
            sa.text("UPDATE uploads SET expires_at = now() - interval '1 s' WHERE id = :id"),
            {"id": made["id"]},
        )
    await jobs.sweep(context, {})
    assert (await operator.get(f"/v1/uploads/{made['id']}"))["status"] == "expired"
    assert not {key for key in pieces(app) if made["id"] in key}
    assert (await send(operator, made["id"], CSV[100:], offset=100)).status_code == 409


async def test_pieces_of_nobody_and_spooled_files_of_the_dead_go(
    app: Litestar, operator: Party, product_id: str, sessions: SessionMaker, settings: Settings
) -> None:
    made = await announce(operator, product_id, size_bytes=len(CSV))
    await send(operator, made["id"], CSV[:100])
    (kept,) = (key for key in pieces(app) if made["id"] in key)
    orphan = app.state.store.root / f"uploads/{made['id']}/orphan"
    orphan.write_bytes(b"left")
    spooled = [settings.spool_dir / name for name in ("old.upload", "new.upload")]
    for path in spooled:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"left")
    for path in (orphan, app.state.store.root / kept, spooled[0]):
        os.utime(path, (1, 1))
    await jobs.sweep_objects(job_context(app, sessions), {})
    await jobs.sweep_spool(job_context(app, sessions), {})
    assert not orphan.exists()
    assert kept in pieces(app)
    assert [path.exists() for path in spooled] == [False, True]
    spooled[1].unlink()


async def test_an_organisation_has_so_many_uploads_under_way_and_no_more(
    party: PartyMaker, owner: Party, settings: Settings
) -> None:
    crowded = await party(OrganisationKind.OPERATOR)
    product = (await draft(owner, crowded))["id"]
    path, body = f"/v1/products/{product}/uploads", {"name": "a.csv", "size_bytes": 100}
    answers = await asyncio.gather(
        *(
            crowded.http.post(path, json=body, headers={"Idempotency-Key": str(new_id())})
            for _ in range(settings.open_uploads + 3)
        )
    )
    taken = [answer.json()["id"] for answer in answers if answer.status_code == 201]
    assert len(taken) == settings.open_uploads
    refused = [answer for answer in answers if answer.status_code == 429]
    assert {slug(answer.json()) for answer in refused} == {"open-uploads"}
    await crowded.http.delete(f"/v1/uploads/{taken[0]}")
    assert (await crowded.post(path, body))["status"] == "receiving"


def test_bytes_count_as_well_as_uploads() -> None:
    domain.require_open(1, 50, 50, max_uploads=2, max_bytes=100)
    with pytest.raises(UploadsExhausted, match="hold 51 bytes"):
        domain.require_open(1, 51, 50, max_uploads=2, max_bytes=100)


async def test_a_store_that_is_full_takes_nothing_and_the_upload_goes_on_later(
    app: Litestar, operator: Party, product_id: str, sessions: SessionMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await announce(operator, product_id, size_bytes=len(CSV))
    with monkeypatch.context() as patch:
        patch.setattr(app.state.store, "put", _full)
        answer = await send(operator, made["id"], CSV)
        assert (answer.status_code, slug(answer.json())) == (503, "spool-unavailable")
    assert await offset_of(operator, made["id"]) == 0
    await send(operator, made["id"], CSV)
    with monkeypatch.context() as patch:
        patch.setattr(app.state.store, "put", _full)
        with pytest.raises(SpoolUnavailable):
            await work(app, sessions, made["id"])
    assert await revisions(operator, product_id) == []
    await work(app, sessions, made["id"])
    assert (await operator.get(f"/v1/uploads/{made['id']}"))["status"] == "succeeded"


def _full(*_: Any) -> None:
    raise OSError(28, "No space left on device")


async def test_work_waits_for_memory_and_does_not_fail_for_it(
    app: Litestar, operator: Party, product_id: str, sessions: SessionMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await announce(operator, product_id, size_bytes=len(CSV))
    await send(operator, made["id"], CSV)
    ingest, refused = revision_uploads.ingest_file, list[bool]()

    async def busy(*given: Any, **named: Any) -> Any:
        if not refused:
            refused.append(True)
            raise FilesBusy(Message("busy"))
        return await ingest(*given, **named)

    monkeypatch.setattr(running, "ingest_file", busy)
    monkeypatch.setattr(running, "BUSY_SECONDS", 0.01)
    await work(app, sessions, made["id"])
    assert (await operator.get(f"/v1/uploads/{made['id']}"))["status"] == "succeeded"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Type": "text/csv"}, 415),
        ({"Tus-Resumable": "0.2.2"}, 400),
        ({"Upload-Offset": "-1"}, 400),
        ({"Upload-Offset": "zero"}, 400),
    ],
)
async def test_requests_that_are_no_tus_are_refused(
    operator: Party, product_id: str, headers: dict[str, str], status: int
) -> None:
    made = await announce(operator, product_id, size_bytes=len(CSV))
    stated = {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"} | headers
    answer = await operator.http.patch(f"/v1/uploads/{made['id']}", content=CSV, headers=stated)
    assert answer.status_code == status, answer.text


async def test_the_progress_of_the_conversion_is_seen(
    app: Litestar,
    operator: Party,
    product_id: str,
    sessions: SessionMaker,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(revision_uploads, "convert", convert)
    monkeypatch.setattr(running, "REPORT_SECONDS", 0.02)
    rows = b"".join(b"S1,2026-01-01T00:00:00Z,%d.5,x%d\n" % (n % 90, n) for n in range(200_000))
    content = CSV + rows
    made = await announce(operator, product_id, size_bytes=len(content))
    await send(operator, made["id"], content)
    working = asyncio.create_task(work(app, sessions, made["id"]))
    seen = []
    while not working.done():
        state = await operator.get(f"/v1/uploads/{made['id']}")
        seen.append((state["phase"], state["percent"]))
        await asyncio.sleep(0.05)
    await working
    percents = [percent for _, percent in seen]
    assert percents == sorted(percents)
    assert {phase for phase, _ in seen} & {"reading", "verifying", "writing", "profiling"}
    assert (await operator.get(f"/v1/uploads/{made['id']}"))["rows"] == 200_060


async def test_what_is_stated_about_a_file_is_as_on_the_direct_way(
    app: Litestar, operator: Party, product_id: str
) -> None:
    content = b"a|b\n'1'|k.A.\n'2'|x\n3|4|5\n"
    stated: dict[str, Any] = {
        "delimiter": "pipe",
        "quote": "single",
        "header": True,
        "null_words": ["k.A."],
        "lenient": True,
    }
    ended = await uploaded(app, operator, product_id, content, options=stated)
    assert (ended["status"], ended["rows"]) == ("succeeded", 2), ended
    direct = await operator.http.post(
        f"/v1/products/{product_id}/revisions", params={"filename": "air.csv"} | stated, content=content
    )
    assert direct.json()["id"] == ended["revision_id"]
    options = direct.json()["options"]
    assert (
        {name: options[name] for name in stated}
        == stated
        == {name: ended["options"][name] for name in stated}
    )
