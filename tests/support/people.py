"""Parties and people for tests that need somebody: put into the database, signed in over HTTP."""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

import httpx
from litestar import Litestar

from infra.auth import Actor, OrganisationKind, Role
from infra.db import SessionMaker, now, transaction
from infra.identity import clients
from infra.identity.credentials import hash_password
from infra.identity.domain import credit_code_check_digit
from infra.identity.tables import Membership, Organisation, Person
from infra.organisation_status import OrganisationStatus

PASSWORD = "a quiet river at night"
# Hashing is slow on purpose; everybody here shares one.
_HASH = hash_password(PASSWORD)


@dataclass(frozen=True, slots=True)
class Someone:
    """A person with one membership."""

    id: UUID
    email: str
    organisation_id: UUID
    organisation_kind: OrganisationKind
    roles: frozenset[Role]
    organisation_status: OrganisationStatus = OrganisationStatus.VERIFIED

    @property
    def actor(self) -> Actor:
        """The person as service functions know them."""
        return Actor(
            "person",
            self.id,
            self.organisation_id,
            self.organisation_kind,
            self.roles,
            self.organisation_status,
        )


def fresh_code() -> str:
    """A unified social credit code that nobody has."""
    body = "91" + "".join(secrets.choice("0123456789ABCDEFGH") for _ in range(15))
    return body + credit_code_check_digit(body)


async def make_organisation(
    sessions: SessionMaker, kind: OrganisationKind, status: OrganisationStatus = OrganisationStatus.VERIFIED
) -> UUID:
    """An organisation that stands as given."""
    async with transaction(sessions) as session:
        moment = await now(session)
        row = Organisation(
            kind=kind,
            name_zh=f"测试{secrets.token_hex(4)}",
            status=status,
            registered_by=UUID(int=0),
            registered_at=moment,
            verified_at=moment if status is OrganisationStatus.VERIFIED else None,
        )
        session.add(row)
    return row.id


async def make_person(
    sessions: SessionMaker, organisation_id: UUID, roles: Collection[Role], *, email: str | None = None
) -> Someone:
    """A member of an organisation whose password is :data:`PASSWORD`."""
    async with transaction(sessions) as session:
        moment = await now(session)
        person = Person(
            email=email or f"p{secrets.token_hex(6)}@people.example",
            name="Test Person",
            password_hash=_HASH,
            created_at=moment,
            password_changed_at=moment,
        )
        session.add(person)
        await session.flush()
        session.add(
            Membership(
                person_id=person.id,
                organisation_id=organisation_id,
                roles=sorted(roles),
                created_at=moment,
            )
        )
        organisation = await session.get(Organisation, organisation_id)
        assert organisation is not None
    return Someone(
        person.id, person.email, organisation_id, organisation.kind, frozenset(roles), organisation.status
    )


async def make_client(sessions: SessionMaker, owner: Someone, roles: Collection[Role]) -> tuple[str, str]:
    """A program of a person's organisation: its client_id and secret."""
    async with transaction(sessions) as session:
        row, secret = await clients.create(
            session, owner.actor, owner.organisation_id, name="test program", roles=roles
        )
    return str(row.id), secret


def browser(app: Litestar) -> httpx.AsyncClient:
    """A client of the application that keeps its own cookies."""
    transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]
    return httpx.AsyncClient(transport=transport, base_url="http://market.test")


async def sign_in(app: Litestar, email: str, password: str = PASSWORD) -> httpx.AsyncClient:
    """A browser in which the person is signed in, CSRF token and all."""
    made = browser(app)
    answer = await made.post("/v1/session", json={"email": email, "password": password})
    assert answer.status_code == 201, answer.text
    made.headers["X-CSRF-Token"] = answer.json()["csrf_token"]
    return made
