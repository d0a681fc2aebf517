"""The rulebook over HTTP: read by everybody who takes part, whatever they type."""

import pytest
from litestar import Litestar
from pydantic import ValidationError

from infra.auth import OrganisationKind, Role
from infra.db import SessionMaker
from infra.rulebook.schemas import ProposalCreate
from tests.support.people import make_organisation, make_person, sign_in


@pytest.mark.parametrize(("key", "status"), [("%00", 400), ("A'--", 400), ("x" * 101, 400), ("no.such", 404)])
async def test_what_is_no_key_is_told_so(
    app: Litestar, sessions: SessionMaker, key: str, status: int
) -> None:
    organisation_id = await make_organisation(sessions, OrganisationKind.BUYER)
    someone = await make_person(sessions, organisation_id, [Role.BUYER])
    browser = await sign_in(app, someone.email)
    assert (await browser.get(f"/v1/rulebook/{key}")).status_code == status
    for rule in (await browser.get("/v1/rulebook")).json()["items"]:
        assert (await browser.get(f"/v1/rulebook/{rule['key']}")).status_code == 200
    await browser.aclose()


@pytest.mark.parametrize("value", ["A\0", ["A", "\0"], {"a": {"b": "\0"}}, {"\0": 1}])
def test_a_value_the_database_cannot_hold_is_refused(value: object) -> None:
    told = {"effective_from": "2099-01-01T00:00:00Z", "source": "A decision", "source_status": "house"}
    assert ProposalCreate.model_validate({**told, "value": {"a": ["A", 1, None]}}).value == {
        "a": ["A", 1, None]
    }
    with pytest.raises(ValidationError, match="cannot be stored"):
        ProposalCreate.model_validate({**told, "value": value})
