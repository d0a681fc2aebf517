"""Two at once: each time exactly one side loses, and learns why."""

import asyncio
from typing import Any

from litestar import Litestar

from infra.db import SessionMaker, new_id
from tests.support.parties import Party
from tests.support.problems import slug
from tests.support.products import registration_content
from tests.support.registrations import REASON, Office, registration_officer


async def both(*calls: tuple[Party, str, dict[str, Any]]) -> list[dict[str, Any]]:
    """The problem of the one that lost; the other must have won."""
    answers = await asyncio.gather(
        *(
            party.http.post(path, json=body, headers={"Idempotency-Key": str(new_id())})
            for party, path, body in calls
        )
    )
    lost = [answer for answer in answers if answer.status_code == 409]
    assert len(lost) == 1, [answer.text for answer in answers]
    assert sum(answer.is_success for answer in answers) == 1
    return [answer.json() for answer in lost]


async def test_two_officers_decide_at_once(office: Office, app: Litestar, sessions: SessionMaker) -> None:
    application = await office.apply()
    path = f"/v1/registration-applications/{application['id']}"
    async with registration_officer(app, sessions) as other:
        refusal = REASON | {"ground": "source_missing"}
        (lost,) = await both(
            (office.officer, f"{path}/acceptance", REASON), (other, f"{path}/acceptance", REASON)
        )
        assert lost["current_status"] == "accepted"
        (lost,) = await both(
            (office.officer, f"{path}/approval", REASON), (other, f"{path}/refusal", refusal)
        )
        assert lost["current_status"] in ("completed", "refused")


async def test_an_owner_applies_twice_at_once(office: Office) -> None:
    body = {"kind": "initial", "content": registration_content(), "reason": "As asked"}
    (lost,) = await both((office.owner, office.applications, body), (office.owner, office.applications, body))
    assert slug(lost) == "registration-application-open"


async def test_withdrawn_and_approved_at_once(office: Office) -> None:
    application = await office.apply()
    path = f"/v1/registration-applications/{application['id']}"
    await office.step(application, "acceptance")
    (lost,) = await both(
        (office.owner, f"{path}/withdrawal", REASON), (office.officer, f"{path}/approval", REASON)
    )
    status = (await office.registration())["status"]
    assert (lost["current_status"], status) in (("withdrawn", "draft"), ("completed", "in_force"))
