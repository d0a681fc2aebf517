"""The first administrator of a new market, and encryption at rest as the database sees it."""

import asyncio
from uuid import uuid4

import pytest
import sqlalchemy as sa

from infra.addresses import secret_box
from infra.auth import OrganisationKind, Role
from infra.db import SessionMaker, transaction
from infra.errors import NotFound
from infra.identity import service, sessions
from infra.identity.attempts import Origin
from infra.identity.domain import EvidenceKind
from infra.identity.runtime import Identity
from infra.identity.service import bootstrap_administrator
from infra.keys import KeyRing
from infra.organisation_status import OrganisationNotVerified, OrganisationStatus
from infra.settings import Settings
from tests.support.people import make_organisation, make_person


async def bootstrap(fresh: SessionMaker) -> str | None:
    async with transaction(fresh) as session:
        return await bootstrap_administrator(session, "Admin@Market.example")


async def test_starting_processes_make_one_administrator_who_can_sign_in(
    fresh: SessionMaker, settings: Settings
) -> None:
    answers = await asyncio.gather(*(bootstrap(fresh) for _ in range(4)))
    [password] = [answer for answer in answers if answer is not None]
    assert await bootstrap(fresh) is None
    identity = Identity.of(settings, fresh, KeyRing.load(settings.keys_dir), secret_box(settings))
    async with transaction(fresh) as session:
        signed_in = await sessions.sign_in(
            session,
            identity,
            origin=Origin("192.0.2.1", None),
            email="admin@market.example",
            password=password,
            organisation_id=None,
            previous_token=None,
        )
    identity.passwords.close()
    assert signed_in.profile.roles == (Role.ORGANISATION_ADMIN, Role.PLATFORM_ADMIN)
    assert signed_in.profile.organisation.status is OrganisationStatus.VERIFIED
    async with transaction(fresh) as session:
        actions = await session.scalars(sa.text("SELECT action FROM audit_entries ORDER BY id"))
        assert list(actions) == ["administrator.bootstrapped", "session.opened"]


async def test_what_is_no_address_makes_nobody(fresh: SessionMaker) -> None:
    with pytest.raises(ValueError, match="e-mail"):
        async with transaction(fresh) as session:
            await bootstrap_administrator(session, "admin")


async def test_only_verified_organisations_pass(sessions: SessionMaker) -> None:
    for status in OrganisationStatus:
        organisation_id = await make_organisation(sessions, OrganisationKind.BUYER, status)
        async with transaction(sessions) as session:
            if status is OrganisationStatus.VERIFIED:
                assert (await service.require_verified(session, organisation_id)).id == organisation_id
            else:
                with pytest.raises(OrganisationNotVerified, match=status.value):
                    await service.require_verified(session, organisation_id)
    async with transaction(sessions) as session:
        with pytest.raises(NotFound):
            await service.require_verified(session, uuid4())


# The application under test installs the key.
@pytest.mark.usefixtures("app")
async def test_evidence_numbers_are_not_readable_in_the_database(sessions: SessionMaker) -> None:
    organisation_id = await make_organisation(sessions, OrganisationKind.BUYER)
    someone = await make_person(sessions, organisation_id, [Role.ORGANISATION_ADMIN])
    async with transaction(sessions) as session:
        row = await service.add_evidence(
            session,
            someone.actor,
            organisation_id,
            kind=EvidenceKind.BUSINESS_LICENCE,
            number="9144030071526726XG",
            document_sha256="0" * 64,
        )
    async with transaction(sessions) as session:
        kept = await session.scalar(
            sa.text("SELECT number FROM identity_evidence WHERE id = :id").bindparams(id=row.id)
        )
        assert kept is not None
        assert "9144" not in kept
        [read] = (await session.exec(service.evidence_listing(organisation_id))).all()
        assert read.number == "9144030071526726XG"
