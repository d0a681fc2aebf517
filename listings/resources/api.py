"""Resources over HTTP."""

from collections.abc import Sequence
from uuid import UUID

from litestar import Controller, get, post, put

from infra.auth import Actor, Permission
from infra.db import AsyncSession
from infra.guards import requires
from infra.idempotency import Idempotency
from infra.identity import service as identity
from infra.paging import PageRequest
from infra.schema import Page, ReasonBody
from infra.stops import service as stops
from listings.resources import service
from listings.resources.schemas import ResourceCreate, ResourceRead, RiskAssessmentUpdate
from listings.resources.tables import DataResource


async def resource_read(session: AsyncSession, row: DataResource) -> ResourceRead:
    """Render a resource, its parties named."""
    return (await resource_reads(session, [row]))[0]


async def resource_reads(session: AsyncSession, rows: Sequence[DataResource]) -> list[ResourceRead]:
    """Render resources for a list, their parties named."""
    names = await identity.party_names(session, {row.owner_id for row in rows})
    stopped = await stops.reasons(session, [row.id for row in rows])
    return [ResourceRead.of(row, names, stopped[row.id]) for row in rows]


class ResourceController(Controller):
    """Data resources: registered by owners, seen by their operators and regulators."""

    path = "/v1/resources"
    tags = ["Resources"]

    @post(
        guards=[requires(Permission.RESOURCE_MANAGE)],
        operation_id="registerResource",
        summary="Register a data resource",
    )
    async def register(
        self, session: AsyncSession, actor: Actor, idempotency: Idempotency, data: ResourceCreate
    ) -> ResourceRead:
        """Register a resource of your organisation. Core data (核心数据) may be registered, and never listed."""

        async def effect() -> ResourceRead:
            return await resource_read(session, await service.register(session, actor, data))

        return await idempotency.run(ResourceRead, effect)

    @get(
        guards=[requires(Permission.RESOURCE_READ)],
        operation_id="listResources",
        summary="List data resources",
    )
    async def list_visible(
        self, session: AsyncSession, actor: Actor, page: PageRequest
    ) -> Page[ResourceRead]:
        """Your own, those you are authorised for, or all for a regulator; newest first."""
        rows, following = await service.list_resources(session, actor, page)
        return Page(items=await resource_reads(session, rows), next_cursor=following)

    @get(
        "/{resource_id:uuid}",
        guards=[requires(Permission.RESOURCE_READ)],
        operation_id="getResource",
        summary="Get a data resource",
    )
    async def read(self, session: AsyncSession, actor: Actor, resource_id: UUID) -> ResourceRead:
        """A resource you can access."""
        return await resource_read(session, await service.access_resource(session, actor, resource_id))

    @put(
        "/{resource_id:uuid}/risk-assessment",
        guards=[requires(Permission.RESOURCE_MANAGE)],
        operation_id="fileRiskAssessment",
        summary="File a risk assessment",
    )
    async def file_risk_assessment(
        self, session: AsyncSession, actor: Actor, resource_id: UUID, data: RiskAssessmentUpdate
    ) -> ResourceRead:
        """Important data (重要数据) needs one before it is authorised or published."""
        return await resource_read(
            session, await service.file_risk_assessment(session, actor, resource_id, data)
        )

    @post(
        "/{resource_id:uuid}/suspension",
        status_code=200,
        guards=[requires(Permission.RESOURCE_SUSPEND)],
        operation_id="suspendResource",
        summary="Suspend a data resource",
    )
    async def suspend(
        self, session: AsyncSession, actor: Actor, resource_id: UUID, data: ReasonBody
    ) -> ResourceRead:
        """By its owner or a regulator: every licence to data made of it stops at once."""
        return await resource_read(session, await service.suspend(session, actor, resource_id, data.reason))

    @post(
        "/{resource_id:uuid}/reinstatement",
        status_code=200,
        guards=[requires(Permission.RESOURCE_SUSPEND)],
        operation_id="reinstateResource",
        summary="Reinstate a data resource",
    )
    async def reinstate(
        self, session: AsyncSession, actor: Actor, resource_id: UUID, data: ReasonBody
    ) -> ResourceRead:
        """Lift your organisation's suspension; it ends with the last organisation's."""
        return await resource_read(session, await service.reinstate(session, actor, resource_id, data.reason))

    @post(
        "/{resource_id:uuid}/personal-information",
        status_code=200,
        guards=[requires(Permission.RESOURCE_MANAGE)],
        operation_id="declarePersonalInformation",
        summary="Declare that a resource holds personal information",
    )
    async def declare_personal(
        self, session: AsyncSession, actor: Actor, resource_id: UUID, data: ReasonBody
    ) -> ResourceRead:
        """Correct a declaration: columns that nobody described as not personal are masked from then on.

        A resource that holds none after all is registered anew.
        """
        return await resource_read(
            session, await service.declare_personal(session, actor, resource_id, data.reason)
        )
