"""Enforcement over HTTP."""

from uuid import UUID

from litestar import Controller, get, post

from infra.auth import Actor, Permission
from infra.db import AsyncSession
from infra.guards import requires
from infra.paging import PageRequest
from infra.schema import Page, ReasonBody
from listings.enforcement import service
from listings.enforcement.schemas import EnforcementExtension, EnforcementList, EnforcementProcedureRead
from listings.enforcement.tables import EnforcementProcedure


class EnforcementController(Controller):
    """Procedures against products whose data fails repeatedly, is late or cannot be called for long."""

    path = "/v1"
    tags = ["Supervision"]

    @get(
        "/products/{product_id:uuid}/enforcement",
        guards=[requires(Permission.PRODUCT_READ)],
        operation_id="getProductEnforcement",
        summary="List the procedures against a product",
    )
    async def list_of_product(self, session: AsyncSession, actor: Actor, product_id: UUID) -> EnforcementList:
        """Each with its steps, what to do and until when; newest first.

        A warning is followed by a cure period, that by a suspension, and that by a delisting. Data that passes ends the
        procedure at any time before the delisting; after it a regulator decides, as about the suspension of a product
        whose data calls failed. Of a product that its operator withdraws, a procedure ends, or its suspension stays.
        """
        found = await service.list_of_product(session, actor, product_id)
        return EnforcementList(items=[EnforcementProcedureRead.of(*one) for one in found])

    @get(
        "/enforcement-procedures",
        guards=[requires(Permission.PRODUCT_REVIEW)],
        operation_id="listEnforcementProcedures",
        summary="List open procedures",
    )
    async def list_open(self, session: AsyncSession, page: PageRequest) -> Page[EnforcementProcedureRead]:
        """Open procedures against all products, newest first."""
        found, following = await service.list_open(session, page)
        return Page(items=[EnforcementProcedureRead.of(*one) for one in found], next_cursor=following)

    @post(
        "/enforcement-procedures/{procedure_id:uuid}/extension",
        status_code=200,
        guards=[requires(Permission.PRODUCT_REVIEW)],
        operation_id="extendEnforcement",
        summary="Leave more time until the next step",
    )
    async def extend(
        self, session: AsyncSession, actor: Actor, procedure_id: UUID, data: EnforcementExtension
    ) -> EnforcementProcedureRead:
        """By a person of a regulator that is no party."""
        return await _read(
            session, await service.extend(session, actor, procedure_id, data.due_at, data.reason)
        )

    @post(
        "/enforcement-procedures/{procedure_id:uuid}/termination",
        status_code=200,
        guards=[requires(Permission.PRODUCT_REVIEW)],
        operation_id="terminateEnforcement",
        summary="End a procedure",
    )
    async def terminate(
        self, session: AsyncSession, actor: Actor, procedure_id: UUID, data: ReasonBody
    ) -> EnforcementProcedureRead:
        """By a person of a regulator that is no party, in any state: its suspension is lifted, and a product that was
        delisted is listed again. What came before is not counted against the product any more."""
        return await _read(session, await service.terminate(session, actor, procedure_id, data.reason))

    @post(
        "/enforcement-procedures/{procedure_id:uuid}/relisting-request",
        status_code=200,
        guards=[requires(Permission.PRODUCT_MANAGE)],
        operation_id="requestRelisting",
        summary="Request the end of a delisting or suspension",
    )
    async def request_relisting(
        self, session: AsyncSession, actor: Actor, procedure_id: UUID, data: ReasonBody
    ) -> EnforcementProcedureRead:
        """By the operator, who says what was changed; a regulator decides.

        Of a product that is delisted; and of one that is suspended where no data ends that: since its calls failed, or
        since it was withdrawn.
        """
        return await _read(
            session, await service.request_relisting(session, actor, procedure_id, data.reason)
        )

    @post(
        "/enforcement-procedures/{procedure_id:uuid}/relisting",
        status_code=200,
        guards=[requires(Permission.PRODUCT_REVIEW)],
        operation_id="relistProduct",
        summary="List a delisted product again",
    )
    async def relist(
        self, session: AsyncSession, actor: Actor, procedure_id: UUID, data: ReasonBody
    ) -> EnforcementProcedureRead:
        """By a person of a regulator that is no party, with or without a request.

        The product stays suspended and takes data again; a revision that passes within another cure period ends the
        procedure. Where it is about calls that failed, terminate it once they can be answered.
        """
        return await _read(session, await service.relist(session, actor, procedure_id, data.reason))


async def _read(session: AsyncSession, row: EnforcementProcedure) -> EnforcementProcedureRead:
    return EnforcementProcedureRead.of(*await service.with_steps(session, row))
