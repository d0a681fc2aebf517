"""The audit log over HTTP."""

from typing import Annotated
from uuid import UUID

from litestar import Controller, get
from litestar.params import Parameter

from infra.audit import service as audit
from infra.auth import Permission
from infra.db import AsyncSession
from infra.errors import NotFound
from infra.guards import public, requires
from infra.messages import Message
from infra.paging import PageRequest
from infra.schema import Page
from market.audit.schemas import AuditEntryRead, AuditHeadRead
from market.audit.service import read_entries


class AuditController(Controller):
    """Every decision ever taken here, for those who supervise."""

    path = "/v1/audit"
    tags = ["Audit"]

    @get(
        "/entries",
        guards=[requires(Permission.AUDIT_READ)],
        summary="List audit entries",
        operation_id="listAuditEntries",
    )
    async def list_entries(
        self,
        session: AsyncSession,
        page: PageRequest,
        subject_id: Annotated[UUID | None, Parameter(description="Only decisions about this thing.")] = None,
    ) -> Page[AuditEntryRead]:
        """List decisions, newest first, of everything or of one thing."""
        rows, cursor = await audit.list_entries(session, subject_id, page)
        return Page(items=await read_entries(session, rows), next_cursor=cursor)

    @get(
        "/head",
        opt={**public("anybody may keep a head and hold us to it"), "problems": [NotFound]},
        summary="Get the newest signed tree head",
        operation_id="getAuditHead",
    )
    async def get_head(self, session: AsyncSession) -> AuditHeadRead:
        """The newest signed head of the transparency tree."""
        head = await audit.latest_head(session)
        if head is None:
            raise NotFound(
                Message("There is no signed head yet."),
                remedy=Message("The worker signs one a minute; try again then."),
            )
        return AuditHeadRead(
            size=head.size,
            root=head.root.hex(),
            algorithm=head.algorithm,
            signed=head.signed,
            sealed_at=head.sealed_at,
        )
