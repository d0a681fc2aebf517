"""What takes two persons is not done by one with two accounts, nor by a program of one."""

from dataclasses import replace
from uuid import UUID

from infra.auth import SYSTEM, OrganisationKind, Role
from infra.db import SessionMaker, new_id, transaction
from infra.identity import clients
from infra.identity.persons import same_person
from tests.support.people import make_organisation, make_person


async def test_accounts_of_one_address_and_programs_are_the_person(sessions: SessionMaker) -> None:
    home = await make_organisation(sessions, OrganisationKind.BUYER)
    elsewhere = await make_organisation(sessions, OrganisationKind.PLATFORM)
    someone = await make_person(sessions, home, [Role.BUYER])
    colleague = await make_person(sessions, home, [Role.BUYER])
    again = await make_person(sessions, elsewhere, [Role.FINANCE_OFFICER], email=someone.email)
    async with transaction(sessions) as session:
        program, _ = await clients.create(session, again.actor, elsewhere, name="first", roles=again.roles)
        by_program = replace(again.actor, kind="program", id=program.id)
        second, _ = await clients.create(session, by_program, elsewhere, name="second", roles=again.roles)
        for other in (someone.id, again.id, program.id, second.id):
            assert await same_person(session, someone.actor, [colleague.id, None, other])
            assert await same_person(session, by_program, [other])
            assert not await same_person(session, colleague.actor, [None, other])
        assert not await same_person(session, someone.actor, [colleague.id, new_id()])
        # The service itself is nobody's other account.
        assert not await same_person(session, someone.actor, [SYSTEM.id, UUID(int=0)])
