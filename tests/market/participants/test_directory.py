"""The directory of verified organisations, over HTTP."""

import secrets
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
import pytest
import sqlalchemy as sa
from litestar import Litestar
from sqlmodel import col

from infra.auth import SYSTEM, OrganisationKind, Role
from infra.db import SessionMaker, now, transaction
from infra.identity import clients, repository
from infra.identity.tables import Organisation
from infra.organisation_status import OrganisationStatus
from tests.support.people import fresh_code, make_organisation, make_person, sign_in

PUBLIC = {"id", "kind", "name_zh", "name_en", "unified_social_credit_code", "verified_at"}


async def organisation(
    sessions: SessionMaker,
    zh: str | None,
    en: str | None = None,
    *,
    kind: OrganisationKind = OrganisationKind.OPERATOR,
    status: OrganisationStatus = OrganisationStatus.VERIFIED,
    code: str | None = None,
) -> str:
    async with transaction(sessions) as session:
        moment = await now(session)
        row = Organisation(
            kind=kind,
            name_zh=zh,
            name_en=en,
            credit_code=code,
            status=status,
            registered_by=SYSTEM.id,
            registered_at=moment,
            verified_at=moment,
        )
        session.add(row)
    return str(row.id)


async def found(client: httpx.AsyncClient, **asked: Any) -> list[str]:
    answer = await client.get("/v1/directory", params=asked)
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["items"]]


@pytest.fixture
def mark() -> str:
    """Something that no other test's organisation is called."""
    return secrets.token_hex(6)


class TestSearch:
    @pytest.mark.parametrize(
        "asked", ["{}", "环境 {}", "市环 {}", "境", "BUREAU of {}", "ｂｕｒｅａｕ {}", "urea"]
    )
    async def test_any_part_of_either_name_finds_it(
        self, buyers: httpx.AsyncClient, sessions: SessionMaker, mark: str, asked: str
    ) -> None:
        id_ = await organisation(sessions, "某市环境监测数据公司", f"Bureau of {mark}")
        assert id_ in await found(buyers, q=asked.format(mark), limit=200)

    @pytest.mark.parametrize("asked", ["{} 境环", "环境数据 {}", "%", "_{}", "{}x"])
    async def test_what_no_name_holds_finds_nothing(
        self, buyers: httpx.AsyncClient, sessions: SessionMaker, mark: str, asked: str
    ) -> None:
        await organisation(sessions, "某市环境监测数据环境公司", f"Bureau of {mark}")
        assert await found(buyers, q=asked.format(mark)) == []

    async def test_kind_id_and_code_narrow(
        self, buyers: httpx.AsyncClient, sessions: SessionMaker, mark: str
    ) -> None:
        code = fresh_code()
        owner = await organisation(sessions, f"甲{mark}", kind=OrganisationKind.OWNER)
        operator = await organisation(sessions, f"乙{mark}", code=code)
        assert await found(buyers, q=mark) == [operator, owner]
        assert await found(buyers, q=mark, kind="owner") == [owner]
        assert await found(buyers, organisation_id=owner) == [owner]
        assert await found(buyers, unified_social_credit_code=code) == [operator]
        assert await found(buyers, unified_social_credit_code=code, kind="owner") == []
        assert (await buyers.get("/v1/directory?unified_social_credit_code=1")).status_code == 400

    async def test_only_what_is_public_is_shown(
        self, buyers: httpx.AsyncClient, sessions: SessionMaker, mark: str
    ) -> None:
        await organisation(sessions, f"甲{mark}", "A", code=fresh_code())
        (entry,) = (await buyers.get("/v1/directory", params={"q": mark})).json()["items"]
        assert entry.keys() == PUBLIC

    async def test_pages_follow_each_other(
        self, buyers: httpx.AsyncClient, sessions: SessionMaker, mark: str
    ) -> None:
        ids = [await organisation(sessions, f"{place}{mark}") for place in "一二三"]
        first = (await buyers.get("/v1/directory", params={"q": mark, "limit": 2})).json()
        rest = (await buyers.get("/v1/directory", params={"q": mark, "cursor": first["next_cursor"]})).json()
        assert [item["id"] for item in [*first["items"], *rest["items"]]] == ids[::-1]
        assert rest["next_cursor"] is None

    @pytest.mark.parametrize("asked", ["", "x" * 101, "\x00"])
    async def test_a_text_that_cannot_be_searched_is_refused(
        self, buyers: httpx.AsyncClient, asked: str
    ) -> None:
        assert (await buyers.get("/v1/directory", params={"q": asked})).status_code == 400

    async def test_the_index_serves_a_search(self, sessions: SessionMaker, mark: str) -> None:
        async with transaction(sessions) as session:
            moment = await now(session)
            rows = [
                {
                    "id": UUID(int=secrets.randbits(128)),
                    "kind": "buyer",
                    "name_zh": f"第{number}号公司{mark}",
                    "status": "rejected",
                    "registered_by": SYSTEM.id,
                    "registered_at": moment,
                }
                for number in range(3000)
            ]
            await session.execute(sa.insert(Organisation), rows)
            await session.execute(sa.text("SET LOCAL enable_seqscan = off"))
            statement = repository.directory_statement(["号公司"], None, None, None)
            compiled = statement.limit(50).compile(
                dialect=session.get_bind().dialect, compile_kwargs={"literal_binds": True}
            )
            plan = (await session.execute(sa.text(f"EXPLAIN {compiled}"))).scalars().all()
            await session.rollback()
        assert any("ix_organisations_search_grams" in line for line in plan), "\n".join(plan)


class TestAccess:
    @pytest.mark.parametrize(
        "status", [s for s in OrganisationStatus if s is not OrganisationStatus.VERIFIED]
    )
    async def test_who_is_not_verified_is_not_listed(
        self, buyers: httpx.AsyncClient, sessions: SessionMaker, mark: str, status: OrganisationStatus
    ) -> None:
        id_ = await organisation(sessions, f"甲{mark}", status=status)
        assert await found(buyers, q=mark) == []
        assert await found(buyers, organisation_id=id_) == []

    async def test_suspension_takes_it_out_at_once(
        self, buyers: httpx.AsyncClient, platform: httpx.AsyncClient, sessions: SessionMaker, mark: str
    ) -> None:
        id_ = await organisation(sessions, f"甲{mark}")
        assert await found(buyers, q=mark) == [id_]
        await platform.post(f"/v1/organisations/{id_}/suspension", json={"reason": "as decided"})
        assert await found(buyers, q=mark) == []

    async def test_nobody_is_refused(self, client: httpx.AsyncClient) -> None:
        assert (await client.get("/v1/directory")).status_code == 401

    async def test_who_is_not_verified_is_told_what_to_do(
        self, unverified: httpx.AsyncClient, sessions: SessionMaker, mark: str
    ) -> None:
        await organisation(sessions, f"甲{mark}")
        answer = await unverified.get("/v1/directory", params={"q": mark})
        assert answer.status_code == 403
        assert answer.json()["type"].endswith("organisation-not-verified")
        assert "/evidence" in answer.json()["remedy"]
        assert mark not in answer.text

    async def test_a_program_of_a_suspended_organisation_is_refused(
        self, app: Litestar, client: httpx.AsyncClient, sessions: SessionMaker
    ) -> None:
        id_ = await organisation(sessions, "甲")
        async with transaction(sessions) as session:
            made, secret = await clients.create(
                session, SYSTEM, UUID(id_), name="p", roles=[Role.DATA_OPERATOR]
            )
        token = await client.post(
            "/oauth/token", data={"grant_type": "client_credentials"}, auth=(str(made.id), secret)
        )
        headers = {"Authorization": f"Bearer {token.json()['access_token']}"}
        assert (await client.get("/v1/directory", headers=headers)).status_code == 200
        async with transaction(sessions) as session:
            await session.execute(
                sa.update(Organisation)
                .where(col(Organisation.id) == UUID(id_))
                .values(status=OrganisationStatus.SUSPENDED)
            )
        answer = await client.get("/v1/directory", headers=headers)
        assert answer.status_code == 403
        assert answer.json()["type"].endswith("organisation-suspended")


@pytest.fixture
async def unverified(app: Litestar, sessions: SessionMaker) -> AsyncIterator[httpx.AsyncClient]:
    """The browser of a member of an organisation that is registered only."""
    id_ = await make_organisation(sessions, OrganisationKind.OWNER, OrganisationStatus.REGISTERED)
    someone = await make_person(sessions, id_, [Role.DATA_OWNER])
    made = await sign_in(app, someone.email)
    yield made
    await made.aclose()
