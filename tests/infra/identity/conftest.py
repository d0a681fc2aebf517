"""Somebody to sign in."""

import pytest

from infra.auth import OrganisationKind, Role
from infra.db import SessionMaker
from tests.support.people import Someone, make_organisation, make_person


@pytest.fixture
async def someone(sessions: SessionMaker) -> Someone:
    """The administrator of a verified buyer."""
    organisation_id = await make_organisation(sessions, OrganisationKind.BUYER)
    return await make_person(sessions, organisation_id, [Role.BUYER, Role.ORGANISATION_ADMIN])
