"""Cancellations over HTTP."""

from uuid import UUID

from litestar import Controller, get, post

from infra.auth import Actor, Permission
from infra.db import AsyncSession
from infra.guards import requires
from infra.idempotency import Idempotency
from infra.identity import service as identity
from listings.registrations.schemas import ApplicationRead
from market.cancellations import service
from market.cancellations.schemas import CancellationCreate, CancellationPreview


class CancellationController(Controller):
    """The cancellation of a registration, by the owner of the resource."""

    path = "/v1/resources/{resource_id:uuid}/cancellation"
    tags = ["Registrations"]

    @get(
        guards=[requires(Permission.RESOURCE_MANAGE)],
        operation_id="previewCancellation",
        summary="See what a cancellation stops",
    )
    async def preview(self, session: AsyncSession, actor: Actor, resource_id: UUID) -> CancellationPreview:
        """Every authorisation, product and licence that stops when the registration of the resource is cancelled."""
        found = await service.preview(session, actor, resource_id)
        parties = {row.operator_id for row in found.authorisations} | {row.buyer_id for row in found.licences}
        return CancellationPreview.of(found, await identity.party_names(session, parties))

    @post(
        guards=[requires(Permission.RESOURCE_MANAGE)],
        operation_id="applyForCancellation",
        summary="Apply for the cancellation of a registration",
    )
    async def apply(
        self,
        session: AsyncSession,
        actor: Actor,
        idempotency: Idempotency,
        resource_id: UUID,
        data: CancellationCreate,
    ) -> ApplicationRead:
        """Confirms what the preview showed; refused where it stops something else by now.

        It takes effect when its own application is registered.
        """

        async def effect() -> ApplicationRead:
            row = await service.apply(
                session, actor, resource_id, confirmed=data.confirmed_digest, reason=data.reason
            )
            return ApplicationRead.of(row, await identity.party_names(session, [row.owner_id]))

        return await idempotency.run(ApplicationRead, effect)
