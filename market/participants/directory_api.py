"""The directory of verified organisations over HTTP."""

from typing import Annotated
from uuid import UUID

from litestar import Controller, get
from litestar.params import Parameter, QueryParameter

from infra.auth import Actor, OrganisationKind, Permission
from infra.db import AsyncSession
from infra.guards import requires
from infra.identity.tables import Organisation
from infra.paging import PageRequest, paginate
from infra.schema import Page
from market.participants import service
from market.participants.schemas import CREDIT_CODE_PATTERN, DirectoryEntryRead

MAX_QUERY = 100

Query = Annotated[
    str | None,
    Parameter(
        min_length=1,
        max_length=MAX_QUERY,
        pattern=r"^[^\x00]+$",
        description="Words, each of which is part of the Chinese or of the English name; case does not matter.",
    ),
]
CreditCode = Annotated[
    str | None,
    QueryParameter(
        name="unified_social_credit_code",
        pattern=CREDIT_CODE_PATTERN,
        description="Only the organisation with this 统一社会信用代码 (GB 32100-2015).",
    ),
]


class DirectoryController(Controller):
    """The verified organisations of the market, for each other."""

    path = "/v1/directory"
    tags = ["Organisations"]

    @get(
        guards=[requires(Permission.DIRECTORY_READ)],
        summary="Search the directory",
        operation_id="searchDirectory",
    )
    async def search_directory(
        self,
        session: AsyncSession,
        actor: Actor,
        page: PageRequest,
        q: Query = None,
        kind: Annotated[OrganisationKind | None, Parameter(description="Only of this kind.")] = None,
        organisation_id: Annotated[
            UUID | None, Parameter(description="Only the organisation with this id.")
        ] = None,
        credit_code: CreditCode = None,
    ) -> Page[DirectoryEntryRead]:
        """Find verified organisations, the newest first; what is public of them.

        Open to people and programs of verified organisations. Suspended organisations are not listed.
        """
        statement = await service.search_directory(
            session, actor, text=q or "", kind=kind, organisation_id=organisation_id, credit_code=credit_code
        )
        rows, cursor = await paginate(session, statement, Organisation.id, page)
        return Page(items=[_entry(row) for row in rows], next_cursor=cursor)


def _entry(row: Organisation) -> DirectoryEntryRead:
    assert row.verified_at is not None
    return DirectoryEntryRead(
        id=row.id,
        kind=row.kind,
        name_zh=row.name_zh,
        name_en=row.name_en,
        unified_social_credit_code=row.credit_code,
        verified_at=row.verified_at,
    )
