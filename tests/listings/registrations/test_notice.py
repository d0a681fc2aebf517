"""Public notice and objections: who may read and object, what suspends the notice, and how long it goes on."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from litestar import Litestar

from infra.db import SessionMaker, transaction
from listings.registrations import completion, jobs, watch
from tests.support.application import job_context
from tests.support.parties import Party
from tests.support.problems import slug
from tests.support.registrations import REASON, Office

pytestmark = pytest.mark.usefixtures("notice")

OBJECTION = {"reasons": "The data was collected by us, and not by the applicant", "evidence_sha256": "c" * 64}


async def announced(office: Office, **changes: Any) -> tuple[dict[str, Any], str]:
    """An application on notice, and where one objects to it."""
    application = await office.approved(await office.apply(**changes))
    assert application["status"] == "announced"
    return application, f"/v1/registration-notices/{application['id']}"


async def answered(
    office: Office, objection: dict[str, Any], status: int = 200, **body: Any
) -> dict[str, Any]:
    path = f"/v1/registration-objections/{objection['id']}/answer"
    return await office.officer.post(path, {"decision": "dismissed"} | REASON | body, status=status)


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


async def test_anybody_reads_what_is_applied_for_and_nobodys_name(
    office: Office, client: httpx.AsyncClient
) -> None:
    _, path = await announced(office)
    notice = (await client.get(path)).json()
    listed = (await client.get("/v1/registration-notices")).json()["items"]
    assert notice in listed
    assert "张三" not in str(notice)
    assert notice["content"]["source_statement"].startswith("依法履职采集")
    # Ten working days are at least twelve days, and end at a midnight of the market's zone.
    ends = moment(notice["ends_at"])
    assert timedelta(days=12) < ends - datetime.now(UTC) < timedelta(days=17)
    assert (ends.astimezone(UTC).hour, ends.minute) == (16, 0)
    assert (await office.registration())["status"] == "draft"


async def test_the_worker_registers_when_the_notice_is_over(
    office: Office, app: Litestar, sessions: SessionMaker, client: httpx.AsyncClient
) -> None:
    application, path = await announced(office)
    await jobs.follow_the_clock(job_context(app, sessions), {})
    assert (await office.registration())["status"] == "draft"
    await office.end_notice(application)
    assert (await client.get(path)).status_code == 404
    await jobs.follow_the_clock(job_context(app, sessions), {})
    assert (await office.registration())["status"] == "in_force"


async def test_an_objection_suspends_the_notice_until_it_is_answered(
    office: Office, buyer: Party, client: httpx.AsyncClient, sessions: SessionMaker
) -> None:
    application, path = await announced(office)
    ends = moment(application["notice_ends_at"])
    objection = await buyer.post(f"{path}/objections", OBJECTION)
    assert (await client.get(path)).json() | {"suspended": True, "ends_at": None} == (
        await client.get(path)
    ).json()
    # Suspended, it does not end.
    async with transaction(sessions) as session:
        assert UUID(application["id"]) not in await completion.list_due(session)
    assert (
        slug(await buyer.post(f"{path}/objections", OBJECTION, status=409))
        == "registration-objection-repeated"
    )
    assert (await answered(office, objection))["status"] == "dismissed"
    # It goes on for what was left of it.
    resumed = moment((await client.get(path)).json()["ends_at"])
    assert timedelta(0) <= resumed - ends < timedelta(seconds=30)
    assert [one["answer"] for one in await listed(buyer, path)] == [REASON["reason"]]
    assert slug(await answered(office, objection, status=409)) == "registration-objection-state"


async def listed(party: Party, path: str) -> list[dict[str, Any]]:
    return (await party.http.get(f"{path}/objections")).json()  # type: ignore[no-any-return]


async def test_the_notice_goes_on_with_the_last_answer_only(
    office: Office, buyer: Party, operator: Party
) -> None:
    application, path = await announced(office)
    first = await buyer.post(f"{path}/objections", OBJECTION)
    second = await operator.post(f"{path}/objections", OBJECTION)
    await answered(office, first)
    read = f"/v1/registration-applications/{application['id']}"
    assert (await office.owner.get(read))["status"] == "contested"
    assert len(await listed(buyer, path)) == 1
    assert len(await listed(office.owner, path)) == 2
    await answered(office, second)
    assert (await office.owner.get(read))["status"] == "announced"


@pytest.mark.parametrize(("ground", "status"), [(None, "returned"), ("not_the_holder", "refused")])
async def test_an_upheld_objection_returns_or_refuses(
    office: Office, buyer: Party, operator: Party, ground: str | None, status: str
) -> None:
    application, path = await announced(office)
    objection = await buyer.post(f"{path}/objections", OBJECTION)
    await operator.post(f"{path}/objections", OBJECTION)
    await answered(office, objection, decision="upheld", refusal_ground=ground)
    read = await office.owner.get(f"/v1/registration-applications/{application['id']}")
    assert (read["status"], read["steps"][-1]["ground"]) == (status, ground)
    assert [one["status"] for one in read["objections"]] == ["upheld", "moot"]
    assert (await office.registration())["status"] == "draft"


async def test_after_the_notice_an_objection_is_told_what_to_do_instead(
    office: Office, buyer: Party, sessions: SessionMaker
) -> None:
    application, path = await announced(office)
    await office.end_notice(application)
    # Over by the clock, whether or not the worker has been there.
    late = await buyer.post(f"{path}/objections", OBJECTION, status=409)
    assert slug(late) == "registration-notice-over"
    assert f"/v1/resources/{office.resource_id}/suspension" in late["remedy"]
    async with transaction(sessions) as session:
        assert await completion.complete_due(session, UUID(application["id"]))
    assert slug(await buyer.post(f"{path}/objections", OBJECTION, status=409)) == "registration-notice-over"
    # What never was on notice is nobody's to object to.
    other = await office.apply("change", title_en="Other")
    await buyer.post(f"/v1/registration-notices/{other['id']}/objections", OBJECTION, status=404)


async def test_the_applicant_does_not_object_and_the_objector_does_not_answer(office: Office) -> None:
    _, path = await announced(office)
    own = await office.owner.post(f"{path}/objections", OBJECTION, status=409)
    assert slug(own) == "registration-party"
    objection = await office.officer.post(f"{path}/objections", OBJECTION)
    assert slug(await answered(office, objection, status=403)) == "another-officer"


async def test_an_objection_and_the_end_of_the_notice_at_once_lose_one_side(
    office: Office, buyer: Party, sessions: SessionMaker
) -> None:
    application, path = await announced(office)
    application_id = UUID(application["id"])
    await office.execute(
        "UPDATE registration_applications SET notice_ends_at = clock_timestamp() + interval '30 ms' WHERE id = $1",
        arguments=(application_id,),
    )

    async def complete() -> bool:
        await asyncio.sleep(0.03)
        async with transaction(sessions) as session:
            return await completion.complete_due(session, application_id)

    async def contest() -> bool:
        await asyncio.sleep(0.02)
        answer = await buyer.http.post(
            f"{path}/objections", json=OBJECTION, headers={"Idempotency-Key": application["id"]}
        )
        assert answer.status_code in (201, 409), answer.text
        return answer.status_code == 201

    contested, completed = await asyncio.gather(contest(), complete())
    if not contested and not completed:
        completed = await complete()
    assert contested != completed
    status = (await office.registration())["status"]
    assert status == ("draft" if contested else "in_force")


async def test_deadlines_that_pass_are_told_once(office: Office, sessions: SessionMaker) -> None:
    application = await office.apply()
    assert timedelta(days=5) < moment(application["due_at"]) - datetime.now(UTC) < timedelta(days=10)
    async with transaction(sessions) as session:
        await watch.tell_of_overdue(session)
    await office.execute(
        "UPDATE registration_applications SET due_at = now() WHERE id = $1",
        arguments=(UUID(application["id"]),),
    )
    async with transaction(sessions) as session:
        assert await watch.tell_of_overdue(session) == 1
    async with transaction(sessions) as session:
        assert await watch.tell_of_overdue(session) == 0
