"""Rights over HTTP."""

from collections.abc import Sequence
from uuid import UUID

from litestar import Controller, get, post

from infra.auth import Actor, Permission
from infra.db import AsyncSession
from infra.guards import requires
from infra.idempotency import Idempotency
from infra.identity import service as identity
from infra.paging import PageRequest
from infra.schema import Page, ReasonBody
from infra.stops import service as stops
from listings.rights import grants, service
from listings.rights.schemas import GrantRequestCreate, RightCreate, RightGrantRead, RightRead
from listings.rights.tables import ResourceRight, RightGrant


async def grant_read(session: AsyncSession, row: RightGrant) -> RightGrantRead:
    """Render a proposed grant, its sides named."""
    return RightGrantRead.of(row, await identity.party_names(session, {row.grantor_id, row.grantee_id}))


async def right_read(session: AsyncSession, row: ResourceRight) -> RightRead:
    """Render a right, its parties named."""
    return (await right_reads(session, [row]))[0]


async def right_reads(session: AsyncSession, rows: Sequence[ResourceRight]) -> list[RightRead]:
    """Render rights for a list, their parties named."""
    names = await identity.party_names(session, {row.holder_id for row in rows})
    stopped = await stops.reasons(session, [row.id for row in rows])
    return [RightRead.of(row, names, stopped[row.id]) for row in rows]


class RightController(Controller):
    """The rights a resource rests on (数据产权)."""

    path = "/v1/resources/{resource_id:uuid}"
    tags = ["Rights"]

    @post(
        "/rights",
        guards=[requires(Permission.RESOURCE_MANAGE)],
        operation_id="recordRight",
        summary="Record a right to a resource",
    )
    async def record(
        self,
        session: AsyncSession,
        actor: Actor,
        idempotency: Idempotency,
        resource_id: UUID,
        data: RightCreate,
    ) -> RightRead:
        """Record a right of your organisation. A resource is authorised only on a right to hold it (持有权)."""

        async def effect() -> RightRead:
            return await right_read(session, await service.record(session, actor, resource_id, data))

        return await idempotency.run(RightRead, effect)

    @get(
        "/rights",
        guards=[requires(Permission.RESOURCE_READ)],
        operation_id="listRights",
        summary="List the rights to a resource",
    )
    async def list_rights(
        self, session: AsyncSession, actor: Actor, resource_id: UUID, page: PageRequest
    ) -> Page[RightRead]:
        """Every right on record, newest first."""
        rows, following = await service.list_rights(session, actor, resource_id, page)
        return Page(items=await right_reads(session, rows), next_cursor=following)

    @post(
        "/right-requests",
        guards=[requires(Permission.RIGHT_GRANT)],
        operation_id="requestRight",
        summary="Request a right from the source agency",
    )
    async def request(
        self,
        session: AsyncSession,
        actor: Actor,
        idempotency: Idempotency,
        resource_id: UUID,
        data: GrantRequestCreate,
    ) -> RightGrantRead:
        """Of a resource whose data another agency holds by its duties: once that agency has accepted, the chain of
        title of your right leads up to it.
        """

        async def effect() -> RightGrantRead:
            return await grant_read(session, await grants.request(session, actor, resource_id, data))

        return await idempotency.run(RightGrantRead, effect)

    @post(
        "/rights/{right_id:uuid}/suspension",
        status_code=200,
        guards=[requires(Permission.RESOURCE_SUSPEND)],
        operation_id="suspendRight",
        summary="Suspend a right",
    )
    async def suspend(
        self, session: AsyncSession, actor: Actor, resource_id: UUID, right_id: UUID, data: ReasonBody
    ) -> RightRead:
        """By the owner or a regulator: every licence that rests on it, or on a right below it, stops at once."""
        return await right_read(
            session, await service.suspend(session, actor, resource_id, right_id, data.reason)
        )

    @post(
        "/rights/{right_id:uuid}/reinstatement",
        status_code=200,
        guards=[requires(Permission.RESOURCE_SUSPEND)],
        operation_id="reinstateRight",
        summary="Reinstate a right",
    )
    async def reinstate(
        self, session: AsyncSession, actor: Actor, resource_id: UUID, right_id: UUID, data: ReasonBody
    ) -> RightRead:
        """Lift your organisation's suspension; it ends with the last organisation's."""
        return await right_read(
            session, await service.reinstate(session, actor, resource_id, right_id, data.reason)
        )
