"""Files that are fetched: from a host, from an S3-compatible store, once and by the clock."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from litestar import Litestar

from infra.auth import OrganisationKind
from infra.db import SessionMaker, new_id, transaction
from infra.jobs import JobContext
from infra.objects.s3 import S3Store
from listings.uploads import fetching, jobs, running
from tests.support.application import job_context
from tests.support.parties import Party, PartyMaker
from tests.support.problems import slug
from tests.support.products import CSV, draft
from tests.support.receiver import Received, Receiver, Reply, receiver
from tests.support.s3 import S3Server, moto_server

TAGGED = {"ETag": '"one"'}


@pytest.fixture
async def product_id(owner: Party, operator: Party) -> str:
    return str((await draft(owner, operator))["id"])


@pytest.fixture
async def source() -> AsyncIterator[Receiver]:
    async with receiver() as made:
        made.reply = lambda _: Reply(200, CSV, TAGGED)
        yield made


@pytest.fixture(scope="module")
def moto() -> Iterator[S3Server]:
    with moto_server() as made:
        yield made


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "_PAUSES", (0.0,))


@pytest.fixture
def worker(app: Litestar, sessions: SessionMaker) -> JobContext:
    """A worker that may call this machine."""
    context = job_context(app, sessions)
    settings = context.settings.model_copy(update={"outgoing_networks": "127.0.0.0/8"})
    return JobContext(settings, sessions, context.store, context.keys)


async def fetched(party: Party, worker: JobContext, product_id: str, url: str, **body: Any) -> dict[str, Any]:
    """An upload by reference that a worker has ended."""
    source = {"url": url} | ({"credentials": body.pop("credentials")} if "credentials" in body else {})
    made = await party.post(f"/v1/products/{product_id}/uploads", {"source": source} | body)
    assert made["status"] == "queued"
    await running.run(worker, {"upload_id": made["id"]})
    return await party.get(f"/v1/uploads/{made['id']}")


async def test_a_file_is_fetched_and_becomes_a_revision(
    operator: Party, worker: JobContext, product_id: str, source: Receiver
) -> None:
    url = f"{source.url}/files/%E7%A9%BA%E6%B0%94.csv?signature=never-shown"
    ended = await fetched(operator, worker, product_id, url, sha256=sha256(CSV).hexdigest())
    assert (ended["status"], ended["rows"], ended["received_bytes"]) == ("succeeded", 60, len(CSV))
    assert ended["name"] == "空气.csv"
    assert ended["source"] == {"url": f"{source.url}/files/%E7%A9%BA%E6%B0%94.csv", "credentials": None}
    assert source.requests[0].path.endswith("?signature=never-shown")
    async with transaction(worker.sessions) as session:
        stored = await session.scalar(
            sa.text("SELECT source_url FROM uploads WHERE id = :id"), {"id": ended["id"]}
        )
    assert "never-shown" not in str(stored)
    assert not list(worker.settings.spool_dir.glob("*.upload"))


async def test_a_cut_connection_is_taken_up_where_it_ended(
    operator: Party, worker: JobContext, product_id: str, source: Receiver
) -> None:
    def cut(request: Received) -> Reply:
        begin = int(request.headers.get("range", "bytes=0-")[6:-1])
        if begin:
            assert request.headers["if-range"] == '"one"'
        answered = {"Content-Range": f"bytes {begin}-{len(CSV) - 1}/{len(CSV)}"} if begin else {}
        piece = CSV[begin:] if begin > 1500 else CSV[begin : begin + 700]
        return Reply(
            206 if begin else 200, piece, TAGGED | answered | {"Content-Length": str(len(CSV) - begin)}
        )

    source.reply = cut
    ended = await fetched(operator, worker, product_id, f"{source.url}/a.csv", sha256=sha256(CSV).hexdigest())
    assert ended["status"] == "succeeded", ended
    assert [request.headers.get("range") for request in source.requests] == [
        None,
        "bytes=700-",
        "bytes=1400-",
        "bytes=2100-",
    ]


async def test_other_contents_in_between_are_fetched_from_the_start(
    operator: Party, worker: JobContext, product_id: str, source: Receiver
) -> None:
    def changed(request: Received) -> Reply:
        if "range" in request.headers:
            return Reply(200, CSV, {"ETag": '"two"'})
        return Reply(200, b"station,ti", TAGGED | {"Content-Length": "5000"})

    source.reply = changed
    ended = await fetched(operator, worker, product_id, f"{source.url}/a.csv", sha256=sha256(CSV).hexdigest())
    assert ended["status"] == "succeeded", ended


async def test_a_source_that_gives_the_rest_in_slices_is_asked_until_all_has_come(
    operator: Party, worker: JobContext, product_id: str, source: Receiver
) -> None:
    def sliced(request: Received) -> Reply:
        begin = int(request.headers.get("range", "bytes=0-")[6:-1])
        if not begin:
            return Reply(200, CSV[:700], TAGGED | {"Content-Length": str(len(CSV))})
        piece = CSV[begin : begin + 700]  # fewer than were asked for, as RFC 9110 lets it
        return Reply(
            206, piece, TAGGED | {"Content-Range": f"bytes {begin}-{begin + len(piece) - 1}/{len(CSV)}"}
        )

    source.reply = sliced
    ended = await fetched(operator, worker, product_id, f"{source.url}/a.csv")
    assert (ended["status"], ended["rows"], ended["received_bytes"]) == ("succeeded", 60, len(CSV)), ended


async def test_a_part_of_other_contents_is_not_joined_to_what_has_come(
    operator: Party, worker: JobContext, product_id: str, source: Receiver
) -> None:
    other = CSV.replace(b"S3,", b"S4,")

    def careless(request: Received) -> Reply:
        if "range" not in request.headers:
            first = len(source.requests) == 1
            content, tag = (CSV[:700], '"one"') if first else (other, '"two"')
            return Reply(200, content, {"ETag": tag, "Content-Length": str(len(CSV))})
        # If-Range is not heeded.
        rest = f"bytes 700-{len(CSV) - 1}/{len(CSV)}"
        return Reply(206, other[700:], {"ETag": '"two"', "Content-Range": rest})

    source.reply = careless
    ended = await fetched(
        operator, worker, product_id, f"{source.url}/a.csv", sha256=sha256(other).hexdigest()
    )
    assert ended["status"] == "succeeded", ended


async def test_a_part_that_nobody_asked_for_is_not_the_file(
    operator: Party, worker: JobContext, product_id: str, source: Receiver
) -> None:
    part = TAGGED | {"Content-Range": f"bytes 0-699/{len(CSV)}"}
    source.reply = lambda _: Reply(206, CSV[:700], part)
    ended = await fetched(operator, worker, product_id, f"{source.url}/a.csv")
    assert (ended["status"], slug(ended["problem"])) == ("failed", "source-refused"), ended


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (Reply(404), "404"),
        (Reply(403), "403"),
        (
            Reply(302, headers={"Location": "http://169.254.169.254/latest/meta-data"}),
            "redirects are not followed",
        ),
        (Reply(500), "500"),
        (Reply(200, b"ab", {"Content-Length": "5"}), "ended after 2 bytes"),
    ],
)
async def test_a_source_that_does_not_give_the_file_is_told(
    operator: Party, worker: JobContext, product_id: str, source: Receiver, reply: Reply, said: str
) -> None:
    source.reply = lambda _: reply
    ended = await fetched(operator, worker, product_id, f"{source.url}/a.csv")
    assert (ended["status"], slug(ended["problem"])) == ("failed", "source-refused")
    assert said in ended["problem"]["detail"] + ended["problem"]["remedy"]


async def test_addresses_within_our_networks_are_not_called(
    app: Litestar, operator: Party, sessions: SessionMaker, product_id: str, source: Receiver
) -> None:
    """As any worker is set up: nothing off the internet, whatever name it has."""
    strict = job_context(app, sessions)
    for url in (source.url, "https://169.254.169.254/latest", "https://[::1]/a", "https://localhost/a.csv"):
        ended = await fetched(operator, strict, product_id, f"{url}/a.csv")
        assert (ended["status"], slug(ended["problem"])) == ("failed", "address-refused"), ended
    assert source.requests == []


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://host/a.csv", "https://a b", "gopher://x", "s3:/x"]
)
async def test_other_schemes_are_none(operator: Party, product_id: str, url: str) -> None:
    body = {"source": {"url": url}}
    assert (
        slug(await operator.post(f"/v1/products/{product_id}/uploads", body, status=422)) == "invalid-payload"
    )


async def test_more_bytes_than_a_file_may_have_are_not_fetched(
    operator: Party, worker: JobContext, product_id: str, source: Receiver
) -> None:
    small = JobContext(
        worker.settings.model_copy(update={"max_upload_bytes": 1024}),
        worker.sessions,
        worker.store,
        worker.keys,
    )
    ended = await fetched(operator, small, product_id, f"{source.url}/a.csv")
    assert (ended["status"], slug(ended["problem"])) == ("failed", "upload-too-large")


async def test_another_file_than_declared_is_refused(
    operator: Party, worker: JobContext, product_id: str, source: Receiver
) -> None:
    ended = await fetched(operator, worker, product_id, f"{source.url}/a.csv", sha256="0" * 64)
    assert slug(ended["problem"]) == "upload-digest"
    ended = await fetched(operator, worker, product_id, f"{source.url}/a.csv", size_bytes=5)
    assert slug(ended["problem"]) == "upload-length"


async def test_a_slow_source_is_given_up(
    operator: Party, worker: JobContext, product_id: str, source: Receiver
) -> None:
    source.reply = lambda _: Reply(200, CSV, TAGGED, delay=5)
    hasty = JobContext(
        worker.settings.model_copy(update={"source_timeout_s": 0.3}),
        worker.sessions,
        worker.store,
        worker.keys,
    )
    ended = await fetched(operator, hasty, product_id, f"{source.url}/a.csv")
    assert "within 0.3 seconds" in ended["problem"]["detail"]


async def test_a_fetch_is_cancelled(
    operator: Party, worker: JobContext, product_id: str, source: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "REPORT_SECONDS", 0.02)
    source.reply = lambda _: Reply(200, CSV, TAGGED, delay=30)
    made = await operator.post(
        f"/v1/products/{product_id}/uploads", {"source": {"url": f"{source.url}/a.csv"}}
    )
    working = asyncio.create_task(running.run(worker, {"upload_id": made["id"]}))
    while not source.requests:
        await asyncio.sleep(0.01)
    assert (await operator.http.delete(f"/v1/uploads/{made['id']}")).status_code == 204
    await asyncio.wait_for(working, 10)
    assert (await operator.get(f"/v1/uploads/{made['id']}"))["status"] == "cancelled"


async def test_credentials_go_to_their_host_alone_and_are_never_shown(
    operator: Party, party: PartyMaker, worker: JobContext, product_id: str, source: Receiver
) -> None:
    body = {"kind": "bearer", "endpoint": source.url, "secret": "never-shown-token"}
    kept = await operator.put("/v1/source-credentials/portal", body)
    listed = await operator.get("/v1/source-credentials")
    assert [item["name"] for item in listed["items"]] == ["portal"]
    assert "never-shown" not in f"{kept} {listed}"
    ended = await fetched(operator, worker, product_id, f"{source.url}/a.csv", credentials="portal")
    assert ended["status"] == "succeeded"
    assert source.requests[0].headers["authorization"] == "Bearer never-shown-token"
    elsewhere = {"source": {"url": "https://elsewhere.example/a.csv", "credentials": "portal"}}
    path = f"/v1/products/{product_id}/uploads"
    assert slug(await operator.post(path, elsewhere, status=422)) == "source-unusable"
    unknown = {"source": {"url": f"{source.url}/a.csv", "credentials": "none"}}
    assert (await operator.post(path, unknown, status=404))["status"] == 404
    async with transaction(worker.sessions) as session:
        row = await session.execute(sa.text("SELECT * FROM source_credentials"))
        assert "never-shown" not in str(row.all())
    stranger = await party(OrganisationKind.OPERATOR)
    assert (await stranger.get("/v1/source-credentials"))["items"] == []
    assert (await stranger.http.delete("/v1/source-credentials/portal")).status_code == 404
    assert (await operator.http.delete("/v1/source-credentials/portal")).status_code == 204


async def test_a_file_of_an_s3_store_is_fetched_with_a_signature(
    operator: Party, worker: JobContext, product_id: str, moto: S3Server, tmp_path: Path
) -> None:
    address = moto.address()
    kept = S3Store(address, moto.credentials, cache_folder=tmp_path, cache_bytes=1_000_000, fetch_seconds=5)
    path = tmp_path / "air"
    path.write_bytes(CSV)
    kept.put(path, "data/air.csv")
    url = f"s3://{address.bucket}/{address.prefix}/data/air.csv"
    refused = await operator.post(f"/v1/products/{product_id}/uploads", {"source": {"url": url}}, status=422)
    assert slug(refused) == "source-unusable"
    body = {"kind": "s3", "endpoint": moto.endpoint, "region": "us-east-1", "secret": moto.credentials.secret}
    assert slug(await operator.put("/v1/source-credentials/store", body, status=422)) == "invalid-payload"
    await operator.put("/v1/source-credentials/store", body | {"key_id": moto.credentials.key_id})
    ended = await fetched(operator, worker, product_id, url, credentials="store")
    assert (ended["status"], ended["rows"]) == ("succeeded", 60)
    missing = await fetched(operator, worker, product_id, f"{url}x", credentials="store")
    assert "404" in missing["problem"]["detail"]


def daily(source: Receiver, **more: Any) -> dict[str, Any]:
    return {
        "source": {"url": f"{source.url}/air.csv"},
        "times": {"frequency": "daily", "hour": 3, "minute": 30},
    } | more


async def due(worker: JobContext, product_id: str) -> None:
    """Let the time of a product's source come, and the worker see it."""
    async with transaction(worker.sessions) as session:
        await session.execute(
            sa.text(
                "UPDATE product_sources SET next_run_at = now() - interval '1 min' WHERE product_id = :id"
            ),
            {"id": product_id},
        )
    await jobs.fetch_due(worker, {})


async def run_due(party: Party, worker: JobContext, product_id: str) -> dict[str, Any]:
    """The source after its next fetch."""
    await due(worker, product_id)
    state = await party.get(f"/v1/products/{product_id}/source")
    await running.run(worker, {"upload_id": state["last_upload_id"]})
    return await party.get(f"/v1/products/{product_id}/source")


async def test_a_source_is_fetched_by_the_clock_and_unchanged_contents_make_no_revision(
    operator: Party, worker: JobContext, product_id: str, source: Receiver
) -> None:
    path = f"/v1/products/{product_id}/source"
    made = await operator.put(path, daily(source))
    next_run = datetime.fromisoformat(made["next_run_at"])
    assert (next_run.astimezone(UTC).hour, next_run.minute) == (19, 30)
    assert datetime.now(UTC) < next_run < datetime.now(UTC) + timedelta(days=1)
    await jobs.fetch_due(worker, {})
    assert (await operator.get(path))["last_upload_id"] is None
    state = await run_due(operator, worker, product_id)
    first = await operator.get(f"/v1/uploads/{state['last_upload_id']}")
    assert (first["status"], first["unchanged"]) == ("succeeded", False)

    source.reply = lambda request: Reply(304 if request.headers.get("if-none-match") == '"one"' else 500)
    state = await run_due(operator, worker, product_id)
    second = await operator.get(f"/v1/uploads/{state['last_upload_id']}")
    assert (second["status"], second["unchanged"], second["revision_id"]) == (
        "succeeded",
        True,
        first["revision_id"],
    )
    source.reply = lambda _: Reply(200, CSV)  # without a tag the bytes say it
    state = await run_due(operator, worker, product_id)
    third = await operator.get(f"/v1/uploads/{state['last_upload_id']}")
    assert (third["unchanged"], third["revision_id"]) == (True, first["revision_id"])
    assert len((await operator.get(f"/v1/products/{product_id}/revisions"))["items"]) == 1
    assert state["failures"] == 0


async def test_a_failing_source_is_counted_paused_and_resumed(
    operator: Party, worker: JobContext, product_id: str, source: Receiver
) -> None:
    path = f"/v1/products/{product_id}/source"
    await operator.put(path, daily(source))
    source.reply = lambda _: Reply(404)
    for count in range(1, 6):
        state = await run_due(operator, worker, product_id)
        assert state["failures"] == count
    assert (state["status"], state["next_run_at"]) == ("paused", None)
    assert "5 times in a row" in state["pause_reason"]
    assert "404" in state["pause_reason"]
    chinese = await operator.http.get(path, headers={"Accept-Language": "zh"})
    assert "连续" in chinese.json()["pause_reason"]
    await due(worker, product_id)
    assert (await operator.get(path))["last_upload_id"] == state["last_upload_id"]
    async with transaction(worker.sessions) as session:
        told = await session.execute(
            sa.text(
                "SELECT kind FROM events WHERE payload->>'product_id' = :id AND kind LIKE 'source.%' ORDER BY id"
            ),
            {"id": product_id},
        )
        assert [kind for (kind,) in told] == ["source.failed"] * 4 + ["source.paused"]
    source.reply = lambda _: Reply(200, CSV)
    resumed = await operator.post(f"{path}/resumption", status=200)
    assert (resumed["status"], resumed["failures"], resumed["pause_reason"]) == ("active", 0, None)
    state = await run_due(operator, worker, product_id)
    assert (await operator.get(f"/v1/uploads/{state['last_upload_id']}"))["status"] == "succeeded"


async def test_whoever_set_it_and_has_gone_stops_it_and_a_colleague_goes_on(
    operator: Party, worker: JobContext, product_id: str, source: Receiver
) -> None:
    path = f"/v1/products/{product_id}/source"
    await operator.put(path, daily(source))
    async with transaction(worker.sessions) as session:
        await session.execute(
            sa.text("UPDATE product_sources SET set_by = :gone WHERE product_id = :id"),
            {"gone": new_id(), "id": product_id},
        )
    await due(worker, product_id)
    state = await operator.get(path)
    assert (state["status"], state["last_upload_id"]) == ("paused", None)
    await operator.post(f"{path}/resumption", status=200)
    assert (await run_due(operator, worker, product_id))["failures"] == 0


async def test_a_suspended_organisation_fetches_nothing(
    owner: Party, party: PartyMaker, worker: JobContext, source: Receiver
) -> None:
    left = await party(OrganisationKind.OPERATOR)
    product_id = (await draft(owner, left))["id"]
    await left.put(f"/v1/products/{product_id}/source", daily(source))
    async with transaction(worker.sessions) as session:
        await session.execute(
            sa.text("UPDATE organisations SET status = 'suspended' WHERE id = :id"),
            {"id": left.organisation_id},
        )
    await due(worker, product_id)
    async with transaction(worker.sessions) as session:
        status = await session.scalar(
            sa.text("SELECT status FROM product_sources WHERE product_id = :id"), {"id": product_id}
        )
        assert status == "paused"
    assert source.requests == []


async def test_a_fetch_that_takes_longer_is_not_begun_twice(
    operator: Party, worker: JobContext, product_id: str, source: Receiver
) -> None:
    await operator.put(f"/v1/products/{product_id}/source", daily(source))
    await asyncio.gather(*(due(worker, product_id) for _ in range(2)))
    await due(worker, product_id)
    assert len((await operator.get(f"/v1/uploads?product_id={product_id}"))["items"]) == 1


async def test_it_is_fetched_at_once_where_somebody_asks(
    operator: Party, worker: JobContext, product_id: str, source: Receiver
) -> None:
    path = f"/v1/products/{product_id}/source"
    assert (await operator.post(f"{path}/runs", status=404))["status"] == 404
    await operator.put(path, daily(source))
    upload = await operator.post(f"{path}/runs")
    await running.run(worker, {"upload_id": upload["id"]})
    assert (await operator.get(f"/v1/uploads/{upload['id']}"))["status"] == "succeeded"
    assert (await operator.http.delete(path)).status_code == 204
    assert (await operator.get(path, status=404))["status"] == 404


@pytest.mark.parametrize(
    "times",
    [
        {"frequency": "hourly", "hour": 3},
        {"frequency": "daily"},
        {"frequency": "weekly", "hour": 3},
        {"frequency": "daily", "hour": 3, "weekday": 1},
        {"frequency": "daily", "hour": 24},
        {"frequency": "every second"},
    ],
)
async def test_times_that_are_none_are_refused(
    operator: Party, product_id: str, source: Receiver, times: dict[str, Any]
) -> None:
    body = daily(source, times=times)
    refused = await operator.put(f"/v1/products/{product_id}/source", body, status=422)
    assert slug(refused) == "invalid-payload"
