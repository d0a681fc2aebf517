"""The gate over HTTP: a really bad file, really converted and really checked, is not sold.

Values of another type are refused at the upload already; these are of the right types, and wrong.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from litestar import Litestar

from infra.db import SessionMaker, transaction
from infra.jobs import JobContext
from market.delivery import canary
from quality.runs import jobs
from quality.runs.engines.pool import EnginePool
from quality.runs.engines.warm import WarmEngine
from quality.runs.service import JOB
from quality.runs.tables import QualityRun
from tests.support.application import job_context
from tests.support.bargain import Bargain
from tests.support.editions import decide
from tests.support.parties import Party
from tests.support.products import draft, plan_body, upload

ROWS = 240
FIRST = datetime(2026, 1, 1, tzinfo=UTC)
Checked = Callable[[Party, str, bytes], Awaitable[dict[str, Any]]]


def line(n: int, **changes: str) -> str:
    """A sound row: one station's hour."""
    cells = {
        "station_id": f"S{n % 4 + 1:03d}",
        "observed_at": (FIRST + timedelta(hours=n // 4)).isoformat(),
        "pm25": f"{12 + n % 40}.5",
        "humidity": f"{40 + n % 50}",
        "latitude": f"31.{200 + n % 4}",
        "division": "310101",
    }
    return ",".join((cells | changes).values())


def file(rows: list[str]) -> bytes:
    return "\n".join(["station_id,observed_at,pm25,humidity,latitude,division", *rows, ""]).encode()


def good() -> bytes:
    return file([line(n) for n in range(ROWS)])


def bad() -> bytes:
    """Garbage codes, a third of the values blank, impossible measurements, repeated keys and rows, and too few rows."""
    rows = []
    for n in range(ROWS // 2):
        broken: dict[str, str] = {"division": f"{n}", "latitude": "931.2"}
        if n % 3 == 0:
            broken |= {"pm25": "", "humidity": ""}
        elif n % 3 == 1:
            broken |= {"pm25": "-99999.5", "humidity": "731"}
        rows.append(line(n - n % 8, **broken))
    return file(rows)


@pytest.fixture
def context(app: Litestar, sessions: SessionMaker, warm_engine: WarmEngine) -> JobContext:
    """What the worker gives its jobs, with the real engine and the real reading of pages."""
    made = job_context(app, sessions)
    made.extras[jobs.POOL] = EnginePool(lambda: warm_engine, 1)
    made.extras[jobs.PROBE] = canary.try_out
    return made


@pytest.fixture
def checked(context: JobContext) -> Checked:
    """Uploads a file and does what the worker does; answers the revision."""

    async def upload_and_check(party: Party, product_id: str, data: bytes) -> dict[str, Any]:
        revision = await upload(party, product_id, data)
        async with transaction(context.sessions) as session:
            asked = sa.select(QualityRun.__table__.c.id).where(  # type: ignore[attr-defined]
                QualityRun.__table__.c.revision_id == revision["id"]  # type: ignore[attr-defined]
            )
            run_id = (await session.execute(asked)).scalar_one()
            waiting = sa.text(
                "SELECT count(*) FROM pgqueuer WHERE entrypoint = :job AND dedupe_key LIKE :key"
            )
            found = await session.execute(waiting, {"job": JOB, "key": f"%{run_id}%"})
            assert found.scalar_one() == 1
        await jobs.check(context, {"run_id": str(run_id)})
        return await party.get(f"/v1/revisions/{revision['id']}")

    return upload_and_check


async def ready(owner: Party, operator: Party) -> str:
    """Id of a draft that lacks nothing but data."""
    product_id = (await draft(owner, operator))["id"]
    plan = await operator.post("/v1/price-plans", plan_body())
    await operator.put(f"/v1/products/{product_id}/price-plan", {"plan_id": plan["id"]})
    return str(product_id)


async def test_a_bad_file_is_refused_publication_and_never_replaces_a_good_one(
    owner: Party,
    operator: Party,
    buyer: Party,
    regulator: Party,
    client: httpx.AsyncClient,
    checked: Checked,
) -> None:
    product_id = await ready(owner, operator)
    path = f"/v1/products/{product_id}"
    first = await checked(operator, product_id, good())
    assert first["quality"] == "passed"

    # As the newest data of a draft it is in the way of a submission, which says what failed.
    worse = await checked(operator, product_id, bad())
    assert worse["quality"] == "failed"
    refused = await operator.post(f"{path}/submission", status=409)
    (gap,) = refused["missing"]
    assert gap["code"] == "quality_report"
    assert "failed" in refused["detail"]
    checks = {one["check"] for one in gap["refusals"] if one["check"]}
    said = " ".join(one["sentence_en"] for one in gap["refusals"])
    assert any("latitude" in name for name in checks), checks
    assert all(one["sentence_zh"] for one in gap["refusals"])
    assert "rows fail" in said or "blocking" in said, said
    report = await operator.get(f"/v1/revisions/{worse['id']}/quality-report")
    assert report["status"] == "failed"
    assert float(report["score"]) < float(
        (await operator.get(f"/v1/revisions/{first['id']}/quality-report"))["score"]
    )

    again = await checked(operator, product_id, good() + line(ROWS).encode() + b"\n")
    assert again["quality"] == "passed"
    await operator.post(f"{path}/submission", status=200)
    await regulator.post(f"{path}/approval", {}, status=200)
    bargain = Bargain(owner, operator, buyer, regulator, product_id)
    _, token = await bargain.licensed()
    assert (await bargain.read(token)).headers["Data-Revision"] == again["id"]

    # As a later revision of what is sold it is kept from buyers, who go on reading the last good one.
    quarantined = await checked(operator, product_id, bad() + line(0, pm25="1").encode() + b"\n")
    assert quarantined["quality"] == "failed"
    answer = await bargain.read(token)
    assert (answer.status_code, answer.headers["Data-Revision"]) == (200, again["id"])
    page = (await client.get(f"/v1/catalogue/{product_id}")).json()
    assert page["revision"]["id"] == again["id"]
    listed = (await client.get(f"/v1/catalogue/{product_id}/revisions")).json()["items"]
    # The first, of the draft, is part of its history; what failed is not.
    assert {one["id"] for one in listed} == {first["id"], again["id"]}
    await buyer.get(f"/v1/revisions/{quarantined['id']}", status=404)


@pytest.fixture
def work(context: JobContext) -> Callable[[str], Awaitable[None]]:
    """Does what the worker does about the queued runs of a product."""

    async def carry_out(product_id: str) -> None:
        async with transaction(context.sessions) as session:
            queued = sa.text("SELECT id FROM quality_runs WHERE product_id = :id AND status = 'queued'")
            waiting = (await session.execute(queued, {"id": product_id})).scalars().all()
        for run_id in waiting:
            await jobs.check(context, {"run_id": str(run_id)})

    return carry_out


async def test_a_column_that_goes_is_taken_out_of_the_suite_by_an_edition(
    owner: Party,
    operator: Party,
    regulator: Party,
    checked: Checked,
    work: Callable[[str], Awaitable[None]],
) -> None:
    product_id = await ready(owner, operator)
    await checked(operator, product_id, good())
    await operator.post(f"/v1/products/{product_id}/submission", status=200)
    await regulator.post(f"/v1/products/{product_id}/approval", {}, status=200)
    less = b"\n".join(b",".join(row.split(b",")[:3] + row.split(b",")[4:]) for row in good().splitlines())
    revision = await checked(operator, product_id, less + b"\n")
    assert revision["quality"] == "failed"
    report = await operator.get(f"/v1/revisions/{revision['id']}/quality-report")
    gone = {one["name"] for one in report["checks"] if "humidity" in one["columns"]}
    told = [one for one in report["refusals"] if one["check"] in gone]
    assert told, report["refusals"]
    for language in ("sentence_zh", "sentence_en"):
        assert all("humidity" in one[language] and "/quality-suite" in one[language] for one in told)
        assert all("/quality-waiver-requests" in one[language] for one in told)

    # What the report says to do is done, and the same revision passes.
    path = f"/v1/products/{product_id}/quality-suite"
    suite = (await operator.get(path))["in_force"]
    rest = [
        {name: value for name, value in check.items() if name != "sentence"}
        for check in suite["checks"]
        if "humidity" not in check["columns"]
    ]
    body = {"product_class": suite["product_class"], "checks": rest, "based_on": suite["digest"]}
    written = await operator.put(path, body, status=200)
    await work(product_id)
    assert (await operator.get(path))["trial"]["status"] == "passed"
    edition = await operator.post(f"/v1/editions/{written['edition_id']}/submission", status=200)
    await decide(regulator, edition, "approval")
    await work(product_id)
    assert (await operator.get(f"/v1/revisions/{revision['id']}"))["quality"] == "passed"


async def test_a_first_file_that_is_really_bad_is_refused_by_what_it_suggests_itself(
    owner: Party, operator: Party, checked: Checked
) -> None:
    product_id = await ready(owner, operator)
    worst = await checked(operator, product_id, bad())
    assert worst["quality"] == "failed"
    refused = await operator.post(f"/v1/products/{product_id}/submission", status=409)
    assert [gap["code"] for gap in refused["missing"]] == ["quality_report"]
