"""A dead letter holds back its subject for its subscriber, and nothing else, until the operator decides."""

import httpx
import pytest
import sqlalchemy as sa
from litestar import Litestar
from pgqueuer.models import TracebackRecord

from infra import held_jobs, jobs
from infra.auth import OrganisationKind, Role
from infra.db import AsyncSession, SessionMaker, new_id, transaction
from infra.events.domain import Event
from infra.settings import Settings
from market.operations import held
from tests.support.database import TestDatabase
from tests.support.events import delivering, publish, subscriber, until
from tests.support.people import make_organisation, make_person, sign_in


async def platform(app: Litestar, sessions: SessionMaker) -> httpx.AsyncClient:
    organisation_id = await make_organisation(sessions, OrganisationKind.PLATFORM)
    someone = await make_person(sessions, organisation_id, [Role.PLATFORM_ADMIN])
    return await sign_in(app, someone.email)


class Fussy:
    """A handler that refuses some payloads until told to take them."""

    def __init__(self) -> None:
        self.handled: list[tuple[object, int]] = []
        self.refuses = True

    async def __call__(self, _: AsyncSession, event: Event) -> None:
        if event.payload.get("bad") and self.refuses:
            raise ValueError("cannot handle it")
        self.handled.append((event.subject_id, event.sequence))


async def actions(sessions: SessionMaker, subject_id: object) -> list[str]:
    async with sessions() as session:
        rows = await session.execute(
            sa.text("SELECT action FROM audit_entries WHERE subject_id = :id ORDER BY id"), {"id": subject_id}
        )
        return [row.action for row in rows]


@pytest.mark.parametrize("decision", ["retries", "drop"])
async def test_a_dead_letter_holds_back_its_subject_for_its_subscriber_only(
    app: Litestar, database: TestDatabase, settings: Settings, sessions: SessionMaker, decision: str
) -> None:
    fussy, easy = Fussy(), Fussy()
    easy.refuses = False
    troubled, calm = new_id(), new_id()
    listener, other = subscriber(fussy, attempts=2), subscriber(easy)
    browser = await platform(app, sessions)
    async with delivering(database, settings, sessions, [listener, other]):
        await publish(sessions, troubled, bad=True)
        await publish(sessions, troubled)
        await publish(sessions, calm)
        await publish(sessions, troubled)
        await until(lambda: len(easy.handled) == 4 and len(fussy.handled) == 1)
        await until(lambda: _listed(settings, listener.name))
        assert fussy.handled == [(calm, 1)]

        path = "/v1/platform/dead-letters"
        found = (await browser.get(path, params={"subscriber": listener.name})).json()["items"]
        assert [item["subject_id"] for item in found] == [str(troubled)]
        letter = (await browser.get(f"{path}/{found[0]['id']}")).json()
        assert letter["status"] == "dead"
        assert letter["attempts"] == 2
        assert letter["held_back"] == 2
        assert letter["last_error"] == "ValueError: cannot handle it"
        assert letter["payload"] == {"bad": True}
        assert letter["event_kind"] == "product.published"

        if decision == "retries":
            fussy.refuses = False
            answer = await browser.post(f"{path}/{letter['id']}/retries")
            assert answer.json()["status"] == "pending"
        else:
            answer = await browser.post(f"{path}/{letter['id']}/drop", json={"reason": "it was a test"})
            assert answer.json()["status"] == "dropped"
        assert answer.status_code == 200
        expected = [1, 2, 3] if decision == "retries" else [2, 3]
        await until(lambda: len(fussy.handled) == 1 + len(expected))
    assert [sequence for subject, sequence in fussy.handled if subject == troubled] == expected
    assert await actions(sessions, letter["id"]) == [
        "dead_letter.retried" if decision == "retries" else "dead_letter.dropped"
    ]
    again = await browser.post(f"{path}/{letter['id']}/drop", json={"reason": "once more"})
    assert again.status_code == 409
    assert again.json()["type"].endswith("not-a-dead-letter")
    assert (await browser.get(path, params={"subscriber": listener.name})).json()["items"] == []
    await browser.aclose()


async def test_only_the_platform_operator_sees_dead_letters(app: Litestar, sessions: SessionMaker) -> None:
    organisation_id = await make_organisation(sessions, OrganisationKind.BUYER)
    someone = await make_person(sessions, organisation_id, [Role.BUYER, Role.ORGANISATION_ADMIN])
    browser = await sign_in(app, someone.email)
    for path in ("/v1/platform/dead-letters", "/v1/platform/held-jobs"):
        assert (await browser.get(path)).status_code == 403
    await browser.aclose()


async def held_job(sessions: SessionMaker, marker: str) -> int:
    """A job as the queue leaves it after its last attempt."""
    async with transaction(sessions) as session:
        await jobs.enqueue(session, "test.broken", {"marker": marker})
        job_id: int | None = await session.scalar(
            sa.text("SELECT id FROM pgqueuer WHERE convert_from(payload, 'UTF8') LIKE :marker"),
            {"marker": f"%{marker}%"},
        )
        assert job_id is not None
        queries = await jobs.queries(session)
        job = await queries.queue_job_by_id(job_id)  # type: ignore[arg-type]
        assert job is not None
        record = TracebackRecord.from_exception(ValueError("broken"), job.id)
        await queries.log_jobs([(job, "failed", record)])
    return job_id


async def test_held_jobs_are_listed_retried_and_dropped(app: Litestar, sessions: SessionMaker) -> None:
    marker = str(new_id())
    job_id = await held_job(sessions, marker)
    browser = await platform(app, sessions)
    path = f"/v1/platform/held-jobs/{job_id}"
    listed = (await browser.get("/v1/platform/held-jobs")).json()["items"]
    assert job_id in [job["id"] for job in listed]
    read = (await browser.get(path)).json()
    assert (read["name"], read["payload"], read["error"]) == (
        "test.broken",
        {"marker": marker},
        "ValueError: broken",
    )
    assert (await browser.post(f"{path}/retries")).status_code == 200
    assert (await browser.post(f"{path}/retries")).status_code == 409
    async with transaction(sessions) as session:
        queries = await jobs.queries(session)
        job = await queries.queue_job_by_id(job_id)  # type: ignore[arg-type]
        assert job is not None
        assert job.status == "queued"
        await queries.log_jobs([(job, "failed", None)])
    assert (await browser.post(f"{path}/drop", json={"reason": "nobody needs it"})).status_code == 200
    assert (await browser.get(path)).status_code == 404
    await browser.aclose()


async def test_the_command_line_covers_both(
    database: TestDatabase, settings: Settings, sessions: SessionMaker
) -> None:
    fussy = Fussy()
    listener = subscriber(fussy, attempts=1)
    async with delivering(database, settings, sessions, [listener]):
        await publish(sessions, new_id(), bad=True)
        await until(lambda: _listed(settings, listener.name))
        job_id = await held_job(sessions, str(new_id()))
        lines = await held.list_held(settings)
        assert any(line.startswith(f"{job_id}  test.broken") for line in lines)
        letter_id = next(line.split()[0] for line in lines if listener.name in line)
        assert (await held.show(settings, letter_id))["subscriber"] == listener.name
        assert (await held.show(settings, str(job_id)))["name"] == "test.broken"
        fussy.refuses = False
        await held.retry(settings, letter_id)
        await until(lambda: fussy.handled)
    await held.retry(settings, str(job_id))
    with pytest.raises(held_jobs.JobNotHeld):
        await held.drop(settings, str(job_id), "not held any more")
    async with transaction(sessions) as session:
        await (await jobs.queries(session)).clear_queue("test.broken")


async def _listed(settings: Settings, name: str) -> bool:
    return any(name in line for line in await held.list_held(settings))
