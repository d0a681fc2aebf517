"""The registration office's people, and what tests of its procedure need of the clock and the rules."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
from litestar import Litestar

from infra.auth import OrganisationKind, Role
from infra.db import SessionMaker
from tests.support.parties import Party
from tests.support.people import make_organisation, make_person, sign_in
from tests.support.products import registration_content

REASON = {"reason": "Seen and found in form"}
KEYS = ("initial", "change", "cancellation")


@asynccontextmanager
async def registration_officer(app: Litestar, sessions: SessionMaker) -> AsyncIterator[Party]:
    """A person of a regulator of its own, signed in."""
    organisation_id = await make_organisation(sessions, OrganisationKind.REGULATOR)
    someone = await make_person(sessions, organisation_id, [Role.REGULATOR_OFFICER])
    http = await sign_in(app, someone.email)
    try:
        yield Party(organisation_id, http, sessions)
    finally:
        await http.aclose()


@dataclass(frozen=True, slots=True)
class Office:
    """The registration office at work, and an owner with a drafted resource.

    :ivar owner_url: of the database, to move the clock and the rules.
    """

    owner: Party
    officer: Party
    resource_id: str
    owner_url: str

    @property
    def applications(self) -> str:
        """Where the owner applies."""
        return f"/v1/resources/{self.resource_id}/registration-applications"

    async def apply(self, kind: str = "initial", *, status: int = 201, **changes: Any) -> dict[str, Any]:
        """Apply with content where the kind takes one."""
        content = None if kind in ("renewal",) else registration_content(**changes)
        body = {"kind": kind, "content": content, "reason": "As the measures ask"}
        return await self.owner.post(self.applications, body, status=status)

    async def step(
        self, application: dict[str, Any], what: str, *, status: int = 200, **body: Any
    ) -> dict[str, Any]:
        """A step of the registration office."""
        path = f"/v1/registration-applications/{application['id']}/{what}"
        return await self.officer.post(path, REASON | body, status=status)

    async def approved(self, application: dict[str, Any]) -> dict[str, Any]:
        """Accepted and through the formal review."""
        await self.step(application, "acceptance")
        return await self.step(application, "approval")

    async def registered(self, kind: str = "initial", **changes: Any) -> dict[str, Any]:
        """Applied for and registered, there being no notice."""
        done = await self.approved(await self.apply(kind, **changes))
        assert done["status"] == "completed"
        return done

    async def registration(self) -> dict[str, Any]:
        """How the resource stands, as its owner sees it."""
        return (await self.owner.get(f"/v1/resources/{self.resource_id}"))["registration"]  # type: ignore[no-any-return]

    async def execute(self, *statements: str, arguments: tuple[Any, ...]) -> None:
        """What only the clock does, as the owner of the database."""
        connection = await asyncpg.connect(self.owner_url)
        try:
            async with connection.transaction():
                for statement in statements:
                    await connection.execute(statement, *(arguments if "$1" in statement else ()))
        finally:
            await connection.close()

    async def end_notice(self, application: dict[str, Any]) -> None:
        """As if the days of the notice had passed."""
        await self.execute(
            "UPDATE registration_applications SET notice_ends_at = now() WHERE id = $1",
            arguments=(UUID(application["id"]),),
        )

    async def end_validity(self, left: timedelta) -> datetime:
        """As if the resource had been registered so that its validity ends in a while; answers when."""
        tables = ("data_resources", "registrations", "stops")
        at = datetime.now(UTC) + left
        await self.execute(
            *(f"ALTER TABLE {table} DISABLE TRIGGER USER" for table in tables),
            "UPDATE data_resources SET registered_until = $2 WHERE id = $1",
            "UPDATE registrations SET valid_until = $2 WHERE resource_id = $1",
            # A check says that a stop begins when it was placed, or later.
            "UPDATE stops SET placed_at = least(placed_at, $2), begins_at = $2 WHERE subject_id = $1"
            " AND subject_kind = 'registration' AND lifted_at IS NULL",
            *(f"ALTER TABLE {table} ENABLE TRIGGER USER" for table in tables),
            arguments=(UUID(self.resource_id), at),
        )
        return at


async def set_notice_days(owner_url: str, days: int) -> None:
    """Change the rules of public notices from now on."""
    connection = await asyncpg.connect(owner_url)
    try:
        for kind in KEYS:
            await connection.execute(
                "INSERT INTO rulebook_parameters (id, key, version, value, effective_from, source, source_status)"
                " SELECT gen_random_uuid(), key, max(version) + 1, to_jsonb($2::int), clock_timestamp(), 'For tests',"
                " 'house' FROM rulebook_parameters WHERE key = $1 GROUP BY key",
                f"registration.{kind}_notice_days",
                days,
            )
    finally:
        await connection.close()
