"""Whoever runs the machine lets a platform administrator in when none can sign in any more."""

from uuid import UUID

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from sqlmodel import col, select

from infra.auth import SYSTEM, Role
from infra.db import SessionMaker, now, transaction
from infra.errors import NotFound
from infra.identity import service as identity
from infra.identity.service import bootstrap_administrator
from infra.identity.states import OrganisationAction
from infra.identity.tables import Membership, Organisation, Person, SignInSession
from infra.organisation_status import OrganisationStatus
from infra.settings import Settings
from infra.stops import service as stops
from market.participants.platform_administrators import restore

LOST, NEW = "admin@market.example", "new@market.example"


async def account(fresh: SessionMaker, email: str) -> tuple[Person, Membership, Organisation]:
    statement = (
        select(Person, Membership, Organisation)
        .join(Membership, col(Membership.person_id) == col(Person.id))
        .join(Organisation, col(Organisation.id) == col(Membership.organisation_id))
        .where(col(Person.email) == email)
    )
    async with transaction(fresh) as session:
        person, membership, organisation = (await session.exec(statement)).one()
    return person, membership, organisation


async def bring_back(fresh: SessionMaker, email: str) -> str:
    async with transaction(fresh) as session:
        return await restore(session, Settings(_env_file=None), email)


async def test_a_new_account_beside_the_lost_one(fresh: SessionMaker) -> None:
    with pytest.raises(NotFound):
        await bring_back(fresh, NEW)
    async with transaction(fresh) as session:
        await bootstrap_administrator(session, LOST)
    password = await bring_back(fresh, "New@Market.example")
    person, membership, organisation = await account(fresh, NEW)
    assert PasswordHasher().verify(person.password_hash, password)
    assert {Role.PLATFORM_ADMIN, Role.ORGANISATION_ADMIN} <= {Role(role) for role in membership.roles}
    assert organisation.id == (await account(fresh, LOST))[2].id
    async with transaction(fresh) as session:
        statement = sa.text("SELECT action, actor_kind, detail FROM audit_entries ORDER BY id DESC LIMIT 1")
        action, actor_kind, detail = (await session.execute(statement)).one()
    assert (action, actor_kind) == ("administrator.restored", "system")
    assert UUID(detail["person_id"]) == person.id
    assert password not in str(detail)


async def test_an_account_that_is_there_gets_a_new_password_and_its_sessions_end(fresh: SessionMaker) -> None:
    async with transaction(fresh) as session:
        former = await bootstrap_administrator(session, LOST)
    assert former is not None
    _, membership, _ = await account(fresh, LOST)
    async with transaction(fresh) as session:
        moment = await now(session)
        session.add(
            SignInSession(
                token_digest=b"\0" * 32,
                membership_id=membership.id,
                created_at=moment,
                last_used_at=moment,
                expires_at=moment,
            )
        )
    password = await bring_back(fresh, LOST)
    person, _, _ = await account(fresh, LOST)
    assert PasswordHasher().verify(person.password_hash, password)
    with pytest.raises(VerifyMismatchError):
        PasswordHasher().verify(person.password_hash, former)
    async with transaction(fresh) as session:
        assert (await session.exec(select(SignInSession))).all() == []


async def test_a_suspended_platform_is_in_office_again(fresh: SessionMaker) -> None:
    async with transaction(fresh) as session:
        await bootstrap_administrator(session, LOST)
    _, _, platform = await account(fresh, LOST)
    async with transaction(fresh) as session:
        row = await identity.lock_organisation(session, platform.id)
        await identity.change_status(session, SYSTEM, row, OrganisationAction.SUSPEND, "by another platform")
        await stops.place(session, SYSTEM, subject_kind="organisation", subject_id=platform.id, reason="x")
    await bring_back(fresh, NEW)
    async with transaction(fresh) as session:
        assert (await identity.organisation(session, platform.id)).status is OrganisationStatus.VERIFIED
        assert await stops.active(session, [platform.id]) == []
