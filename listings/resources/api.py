"""Resources over HTTP."""

from collections.abc import Sequence
from uuid import UUID

from litestar import Controller, get, post
from sqlmodel import col

from infra.auth import Actor, Permission
from infra.db import AsyncSession, now
from infra.guards import requires
from infra.idempotency import Idempotency
from infra.identity import service as identity
from infra.paging import PageRequest, paginate
from infra.schema import Page, ReasonBody
from listings.resources import registering, service
from listings.resources.domain import AssessmentKind
from listings.resources.schemas import AssessmentCreate, AssessmentRead, ResourceCreate, ResourceRead
from listings.resources.tables import DataResource, ResourceAssessment


async def resource_read(session: AsyncSession, row: DataResource) -> ResourceRead:
    """Render a resource, its parties named."""
    return (await resource_reads(session, [row]))[0]


async def resource_reads(session: AsyncSession, rows: Sequence[DataResource]) -> list[ResourceRead]:
    """Render resources for a list, their parties named."""
    names = await identity.party_names(session, {row.owner_id for row in rows})
    ids = [row.id for row in rows]
    stopped = await service.suspensions(session, ids)
    assessed = await service.newest_assessments(session, ids, AssessmentKind.RISK)
    moment = await now(session)
    return [
        ResourceRead.of(
            row,
            names,
            stopped.get(row.id, ()),
            assessed.get(row.id),
            registering.status_of(row, moment),
        )
        for row in rows
    ]


class ResourceController(Controller):
    """Data resources: drafted by owners and registered, seen by their operators and regulators."""

    path = "/v1/resources"
    tags = ["Resources"]

    @post(
        guards=[requires(Permission.RESOURCE_MANAGE)],
        operation_id="createResource",
        summary="Draft a data resource",
    )
    async def create(
        self, session: AsyncSession, actor: Actor, idempotency: Idempotency, data: ResourceCreate
    ) -> ResourceRead:
        """A draft of your organisation, on which nothing is built until its registration is in force.

        Apply for that at `POST /v1/resources/{resource_id}/registration-applications`. Core data (核心数据) may be
        registered, and never listed.
        """

        async def effect() -> ResourceRead:
            return await resource_read(session, await service.create(session, actor, data))

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

    @post(
        "/{resource_id:uuid}/assessments",
        guards=[requires(Permission.RESOURCE_MANAGE)],
        operation_id="fileAssessment",
        summary="File an assessment of a resource",
    )
    async def file_assessment(
        self, session: AsyncSession, actor: Actor, resource_id: UUID, data: AssessmentCreate
    ) -> AssessmentRead:
        """The next version of its kind, which counts from now on; those before stay on file.

        Important data (重要数据) needs a risk assessment before it is authorised or published.
        """
        return AssessmentRead.model_validate(await service.file_assessment(session, actor, resource_id, data))

    @get(
        "/{resource_id:uuid}/assessments",
        guards=[requires(Permission.RESOURCE_READ)],
        operation_id="listAssessments",
        summary="List the assessments of a resource",
    )
    async def list_assessments(
        self, session: AsyncSession, actor: Actor, resource_id: UUID, page: PageRequest
    ) -> Page[AssessmentRead]:
        """Every version there ever was, newest first. The newest of a kind counts, while it is valid."""
        statement = await service.assessments_listing(session, actor, resource_id)
        rows, following = await paginate(session, statement, col(ResourceAssessment.id), page)
        return Page(items=[AssessmentRead.model_validate(row) for row in rows], next_cursor=following)

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
