"""Editions under review over HTTP."""

from uuid import UUID

from litestar import Controller, post

from infra.auth import Actor, Permission
from infra.db import AsyncSession
from infra.guards import requires
from infra.schema import ReasonBody
from listings.editions.api import edition_read
from listings.editions.schemas import EditionApproval, EditionRead, EditionRefusal, EditionReturn
from listings.publication import editions as service


class EditionReviewController(Controller):
    """From a draft edition to one in force: submitted by operators, decided by regulators."""

    path = "/v1/editions/{edition_id:uuid}"
    tags = ["Editions"]

    @post(
        "/submission",
        status_code=200,
        guards=[requires(Permission.PRODUCT_MANAGE)],
        operation_id="submitEdition",
        summary="Submit an edition for review",
    )
    async def submit(self, session: AsyncSession, actor: Actor, edition_id: UUID) -> EditionRead:
        """It must differ from the one in force, and every remark of a return be acted on or explained."""
        return await edition_read(session, await service.submit(session, actor, edition_id))

    @post(
        "/approval",
        status_code=200,
        guards=[requires(Permission.PRODUCT_REVIEW)],
        operation_id="approveEdition",
        summary="Approve an edition, which takes effect",
    )
    async def approve(
        self, session: AsyncSession, actor: Actor, edition_id: UUID, data: EditionApproval
    ) -> EditionRead:
        """By a regulator, whose organisation is no party to the product. Agreements made before keep their edition."""
        return await edition_read(
            session, await service.approve(session, actor, edition_id, data.digest, data.note)
        )

    @post(
        "/return",
        status_code=200,
        guards=[requires(Permission.PRODUCT_REVIEW)],
        operation_id="returnEdition",
        summary="Return an edition to its operator",
    )
    async def return_to_draft(
        self, session: AsyncSession, actor: Actor, edition_id: UUID, data: EditionReturn
    ) -> EditionRead:
        """By a regulator, with remarks field by field; it is a draft again, and the one in force goes on serving."""
        remarks = [remark.domain() for remark in data.remarks]
        return await edition_read(
            session,
            await service.return_to_draft(session, actor, edition_id, data.digest, data.reason, remarks),
        )

    @post(
        "/refusal",
        status_code=200,
        guards=[requires(Permission.PRODUCT_REVIEW)],
        operation_id="refuseEdition",
        summary="Refuse an edition",
    )
    async def refuse(
        self, session: AsyncSession, actor: Actor, edition_id: UUID, data: EditionRefusal
    ) -> EditionRead:
        """By a regulator, for good; the operator may begin another one."""
        return await edition_read(
            session, await service.refuse(session, actor, edition_id, data.digest, data.reason)
        )

    @post(
        "/withdrawal",
        status_code=200,
        guards=[requires(Permission.PRODUCT_MANAGE)],
        operation_id="withdrawEdition",
        summary="Withdraw an edition",
    )
    async def withdraw(
        self, session: AsyncSession, actor: Actor, edition_id: UUID, data: ReasonBody
    ) -> EditionRead:
        """Before it is decided; the one in force goes on serving."""
        return await edition_read(session, await service.withdraw(session, actor, edition_id, data.reason))
