"""Findings over HTTP."""

from uuid import UUID

from litestar import Controller, get, post

from infra.auth import Actor, Permission
from infra.db import AsyncSession
from infra.guards import requires
from infra.paging import PageRequest
from infra.schema import Page
from listings.findings import service as findings
from listings.findings.schemas import (
    ContestedFinding,
    FindingDecision,
    FindingList,
    FindingRead,
    PersonalColumnsCreate,
    PersonalColumnsRead,
)
from listings.publication import findings as service


class FindingController(Controller):
    """Personal information that was detected in data: masked or contested by parties, decided by regulators."""

    path = "/v1"
    tags = ["Products"]

    @get(
        "/products/{product_id:uuid}/content-findings",
        guards=[requires(Permission.PRODUCT_READ)],
        operation_id="listContentFindings",
        summary="List the findings of a product",
    )
    async def list_of_product(self, session: AsyncSession, actor: Actor, product_id: UUID) -> FindingList:
        """Personal information that was detected in the newest revision, and what was decided about it.

        A revision with a finding in a column that is not declared as personal is shown to nobody until the column is
        marked, the resource is declared as personal, or a regulator accepts that the finding is none.
        """
        return FindingList(items=FindingRead.of(await service.list_findings(session, actor, product_id)))

    @post(
        "/products/{product_id:uuid}/content-findings/contest",
        status_code=200,
        guards=[requires(Permission.REVISION_UPLOAD)],
        operation_id="contestContentFinding",
        summary="Contest a finding",
    )
    async def contest(
        self, session: AsyncSession, actor: Actor, product_id: UUID, data: FindingDecision
    ) -> FindingList:
        """By the operator or the owner: say why it is none, such as order numbers that look like mobile numbers."""
        found = await service.contest(session, actor, product_id, data.column, data.kind, data.reason)
        return FindingList(items=FindingRead.of(found))

    @post(
        "/products/{product_id:uuid}/content-findings/acceptance",
        status_code=200,
        guards=[requires(Permission.PRODUCT_REVIEW)],
        operation_id="acceptContestedFinding",
        summary="Accept that a finding is none",
    )
    async def accept(
        self, session: AsyncSession, actor: Actor, product_id: UUID, data: FindingDecision
    ) -> FindingList:
        """By a regulator that is no party: holds for the column and kind in all revisions of the product."""
        found = await service.accept(session, actor, product_id, data.column, data.kind, data.reason)
        return FindingList(items=FindingRead.of(found))

    @post(
        "/products/{product_id:uuid}/content-findings/rejection",
        status_code=200,
        guards=[requires(Permission.PRODUCT_REVIEW)],
        operation_id="rejectContestedFinding",
        summary="Decide that a finding is right",
    )
    async def reject(
        self, session: AsyncSession, actor: Actor, product_id: UUID, data: FindingDecision
    ) -> FindingList:
        """By a regulator that is no party, also of one accepted before: revisions with it are shown no more."""
        found = await service.reject(session, actor, product_id, data.column, data.kind, data.reason)
        return FindingList(items=FindingRead.of(found))

    @post(
        "/products/{product_id:uuid}/personal-columns",
        status_code=200,
        guards=[requires(Permission.REVISION_UPLOAD)],
        operation_id="markPersonalColumns",
        summary="Declare columns as personal",
    )
    async def mark_personal(
        self, session: AsyncSession, actor: Actor, product_id: UUID, data: PersonalColumnsCreate
    ) -> PersonalColumnsRead:
        """By the operator or the owner, in any state of the product: samples mask them. Nothing is unmarked by it."""
        columns = await service.mark_personal(session, actor, product_id, data.columns)
        return PersonalColumnsRead(columns=columns)

    @get(
        "/content-findings/contested",
        guards=[requires(Permission.PRODUCT_REVIEW)],
        operation_id="listContestedFindings",
        summary="List contested findings",
    )
    async def list_contested(self, session: AsyncSession, page: PageRequest) -> Page[ContestedFinding]:
        """Findings that wait for a regulator, newest first."""
        rows, cursor = await findings.list_contested(session, page)
        return Page(items=[ContestedFinding.model_validate(row) for row in rows], next_cursor=cursor)
