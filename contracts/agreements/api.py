"""Agreements over HTTP."""

from uuid import UUID

from litestar import Controller, get, post
from litestar.datastructures import State

from contracts.agreements import service
from contracts.agreements.schemas import AgreementRead, AgreementSummary, OrderCreate, SignatureCreate
from contracts.parties import party_names
from infra.auth import Actor, Permission
from infra.db import AsyncSession
from infra.guards import requires
from infra.idempotency import Idempotency
from infra.paging import PageRequest
from infra.schema import Page, ReasonBody


class AgreementController(Controller):
    """Orders, signatures and the agreements they make."""

    path = "/v1/agreements"
    tags = ["Agreements"]

    @post(guards=[requires(Permission.ORDER_PLACE)], operation_id="placeOrder", summary="Order a product")
    async def place_order(
        self, session: AsyncSession, actor: Actor, idempotency: Idempotency, data: OrderCreate
    ) -> AgreementRead:
        """Order a product for stated columns, purposes, term and quota; the operator signs next, then you."""

        async def effect() -> AgreementRead:
            return await _details(session, await service.place_order(session, actor, data))

        return await idempotency.run(AgreementRead, effect)

    @get(
        guards=[requires(Permission.AGREEMENT_READ)], operation_id="listAgreements", summary="List agreements"
    )
    async def list_agreements(
        self, session: AsyncSession, actor: Actor, page: PageRequest
    ) -> Page[AgreementSummary]:
        """The agreements you are a party to, newest first; all of them for the regulator and the platform."""
        rows, cursor = await service.list_agreements(session, actor, page)
        names = await party_names(session, rows)
        return Page(items=[AgreementSummary.of(row, names) for row in rows], next_cursor=cursor)

    @get(
        "/{agreement_id:uuid}",
        guards=[requires(Permission.AGREEMENT_READ)],
        operation_id="getAgreement",
        summary="Get an agreement",
    )
    async def get_agreement(self, session: AsyncSession, actor: Actor, agreement_id: UUID) -> AgreementRead:
        """An agreement with its terms, its digest and its signatures."""
        return await _details(session, await service.access_agreement(session, actor, agreement_id))

    @post(
        "/{agreement_id:uuid}/signatures",
        guards=[requires(Permission.AGREEMENT_SIGN)],
        operation_id="signAgreement",
        summary="Sign an agreement",
    )
    async def sign(
        self, session: AsyncSession, actor: Actor, state: State, agreement_id: UUID, data: SignatureCreate
    ) -> AgreementRead:
        """Sign the document whose digest you send: the operator first, then the buyer, which issues the licence."""
        issuer = state.settings.base_url
        return await _details(
            session, await service.sign(session, actor, state.key_ring, issuer, agreement_id, data.digest)
        )

    @post(
        "/{agreement_id:uuid}/termination",
        guards=[requires(Permission.AGREEMENT_SIGN)],
        operation_id="terminateAgreement",
        summary="Terminate an agreement",
    )
    async def terminate(
        self, session: AsyncSession, actor: Actor, agreement_id: UUID, data: ReasonBody
    ) -> AgreementRead:
        """End an agreement before its term; its licence stops at once."""
        return await _details(session, await service.terminate(session, actor, agreement_id, data.reason))


async def _details(session: AsyncSession, agreement: service.VisibleAgreement) -> AgreementRead:
    return AgreementRead.of(await service.get_details(session, agreement))
