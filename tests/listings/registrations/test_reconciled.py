"""Every resource has the one stop that its registration says, and reconciliation finds the one that has not."""

from datetime import timedelta
from uuid import UUID

import pytest

from infra.db import SessionMaker, now, transaction
from market.settlement.reconciliation.checks.stop import check
from tests.support.registrations import REASON, Office


async def breaks(sessions: SessionMaker, office: Office) -> list[tuple[str, int]]:
    async with transaction(sessions) as session:
        found = await check(session, await now(session))
    return [(str(one.explanation), one.difference) for one in found if one.subject == office.resource_id]


async def test_a_resource_has_one_stop_at_each_step_of_its_life(
    office: Office, sessions: SessionMaker
) -> None:
    assert await breaks(sessions, office) == []
    await office.registered()
    assert await breaks(sessions, office) == []
    await office.registered("change", update_frequency="daily")
    assert await breaks(sessions, office) == []
    await office.end_validity(timedelta(seconds=-5))
    assert await breaks(sessions, office) == []
    await office.registered("renewal")
    assert await breaks(sessions, office) == []
    path = f"/v1/resources/{office.resource_id}/cancellation"
    digest = (await office.owner.get(path))["digest"]
    await office.approved(await office.owner.post(path, {"confirmed_digest": digest, **REASON}))
    assert await breaks(sessions, office) == []
    await office.registered()
    assert await breaks(sessions, office) == []


STOP = "subject_id = $1 AND subject_kind = 'registration' AND lifted_at IS NULL"


@pytest.mark.parametrize(
    ("damage", "explanation"),
    [
        (f"UPDATE stops SET lifted_at = now() WHERE {STOP}", "has 0 stops"),
        (f"UPDATE stops SET begins_at = begins_at + interval '1 year' WHERE {STOP}", "another instant"),
        (
            "UPDATE data_resources SET registered_until = registered_until + interval '1 year' WHERE id = $1",
            "newest registration",
        ),
        ("UPDATE data_resources SET registration_code = 'DR' WHERE id = $1", "newest registration"),
    ],
)
async def test_what_was_tampered_with_is_found(
    office: Office, sessions: SessionMaker, damage: str, explanation: str
) -> None:
    await office.registered()
    await office.execute(
        "ALTER TABLE stops DISABLE TRIGGER USER",
        "ALTER TABLE data_resources DISABLE TRIGGER USER",
        damage,
        "ALTER TABLE stops ENABLE TRIGGER USER",
        "ALTER TABLE data_resources ENABLE TRIGGER USER",
        arguments=(UUID(office.resource_id),),
    )
    found = await breaks(sessions, office)
    assert any(explanation in text and difference == -1 for text, difference in found)
