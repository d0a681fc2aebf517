"""Rights over HTTP."""

from uuid import UUID

from litestar import Controller, get, post

from infra.auth import Actor, Permission, requires
from infra.db import AsyncSession
from infra.idempotency import Idempotency
from infra.paging import PageRequest
from infra.schema import Page
from listings.rights import service
from listings.rights.schemas import RightCreate, RightRead


class RightController(Controller):
    """The rights a resource rests on (数据产权)."""

    path = "/v1/resources/{resource_id:uuid}/rights"
    tags = ["Resources"]

    @post(
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
            return RightRead.of(await service.record(session, actor, resource_id, data))

        return await idempotency.run(RightRead, effect)

    @get(
        guards=[requires(Permission.RESOURCE_READ)],
        operation_id="listRights",
        summary="List the rights to a resource",
    )
    async def list_rights(
        self, session: AsyncSession, actor: Actor, resource_id: UUID, page: PageRequest
    ) -> Page[RightRead]:
        """Every right on record, newest first."""
        rows, following = await service.list_rights(session, actor, resource_id, page)
        return Page(items=[RightRead.of(row) for row in rows], next_cursor=following)
