"""Names of parties for answers that carry their ids."""

from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col

from infra.auth import OrganisationKind
from infra.db import SessionMaker, transaction
from infra.identity.schemas import PartyName
from infra.identity.service import party_names
from infra.identity.tables import Organisation
from tests.support.people import make_organisation


async def test_names_of_many_parties_come_in_one_query(sessions: SessionMaker, engine: AsyncEngine) -> None:
    ids = [await make_organisation(sessions, OrganisationKind.BUYER) for _ in range(3)]
    async with transaction(sessions) as session:
        await session.execute(
            sa.update(Organisation)
            .where(col(Organisation.id) == ids[0])
            .values(name_zh="环境局", name_en=None)
        )
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    sa.event.listen(engine.sync_engine, "before_cursor_execute", note)
    try:
        async with transaction(sessions) as session:
            names = await party_names(session, [*ids, *ids, uuid4()])
            asked = len(statements)
            assert await party_names(session, []) == {}
    finally:
        sa.event.remove(engine.sync_engine, "before_cursor_execute", note)
    assert set(names) == set(ids)
    assert names[ids[0]] == PartyName(zh="环境局", en=None)
    assert asked == 1
    assert len(statements) == 1
