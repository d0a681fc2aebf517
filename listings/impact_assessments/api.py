"""Impact assessments over HTTP."""

from uuid import UUID

from litestar import Controller, get, post

from infra.auth import Actor, Permission
from infra.db import AsyncSession
from infra.guards import requires
from infra.idempotency import Idempotency
from infra.paging import PageRequest
from infra.schema import Page
from listings.impact_assessments import service
from listings.impact_assessments.schemas import ImpactAssessmentCreate, ImpactAssessmentRead


class ImpactAssessmentController(Controller):
    """Personal information protection impact assessments (个人信息保护影响评估)."""

    path = "/v1/products/{product_id:uuid}/impact-assessments"
    tags = ["Products"]

    @post(
        guards=[requires(Permission.REVISION_UPLOAD)],
        operation_id="fileImpactAssessment",
        summary="File an impact assessment",
    )
    async def file(
        self,
        session: AsyncSession,
        actor: Actor,
        idempotency: Idempotency,
        product_id: UUID,
        data: ImpactAssessmentCreate,
    ) -> ImpactAssessmentRead:
        """By the operator or the owner. Personal information is offered once one of `provision` is on file, sensitive
        personal information once one of `sensitive` is too. A later one is a new version."""

        async def effect() -> ImpactAssessmentRead:
            return ImpactAssessmentRead.model_validate(await service.file(session, actor, product_id, data))

        return await idempotency.run(ImpactAssessmentRead, effect)

    @get(
        guards=[requires(Permission.PRODUCT_READ)],
        operation_id="listImpactAssessments",
        summary="List the impact assessments of a product",
    )
    async def list_of_product(
        self, session: AsyncSession, actor: Actor, product_id: UUID, page: PageRequest
    ) -> Page[ImpactAssessmentRead]:
        """Every version, newest first; for those who can access the product."""
        rows, following = await service.list_of_product(session, actor, product_id, page)
        return Page(items=[ImpactAssessmentRead.model_validate(row) for row in rows], next_cursor=following)
