"""Samples over HTTP."""

from uuid import UUID

from litestar import Controller, get, post
from litestar.datastructures import State

from infra.auth import Actor, Permission
from infra.db import AsyncSession, transaction
from infra.guards import requires
from listings.findings.schemas import FindingRead, SampleRead
from listings.products import service as products
from listings.products.dictionary import concealed_columns
from listings.revisions import service as revisions
from listings.samples import service
from listings.samples.schemas import ProductSampleList, ProductSampleRead, SampleDecisionBody, SampleDraw


class SampleController(Controller):
    """Samples of revisions: drawn and approved by two persons, stored as they are shown."""

    path = "/v1"
    tags = ["Products"]

    @get(
        "/revisions/{revision_id:uuid}/sample",
        guards=[requires(Permission.PRODUCT_READ)],
        operation_id="getRevisionSample",
        summary="Get the sample of a revision",
    )
    async def shown(self, session: AsyncSession, actor: Actor, revision_id: UUID) -> SampleRead:
        """The rows as the catalogue shows them, and what was detected in the whole file.

        For those who can access the product, such as the regulator that reviews it.
        """
        row, disclosure = await revisions.get_sample(session, actor, revision_id)
        product = await products.access_product(session, actor, row.product_id)
        return SampleRead(
            revision_id=row.id,
            rows=await service.get_shown(session, product, row, disclosure),
            masked=[
                entry.name
                for entry in disclosure.dictionary
                if entry.name in concealed_columns(disclosure.dictionary)
            ],
            findings=FindingRead.of(disclosure.findings),
            withheld=disclosure.withheld,
        )

    @post(
        "/revisions/{revision_id:uuid}/samples",
        guards=[requires(Permission.REVISION_UPLOAD)],
        operation_id="drawSample",
        summary="Draw a sample of a revision",
    )
    async def draw(
        self, state: State, actor: Actor, revision_id: UUID, data: SampleDraw
    ) -> ProductSampleRead:
        """By the operator or the owner: chosen rows, rows that meet conditions, or a draw spread over a column.

        Each column is masked by its rule in the dictionary, within what its class allows; core data is absent. What is
        left of a person is hidden where fewer rows share it than the rulebook asks for. It is shown once a second
        person approves it; later revisions are drawn in the same way.
        """
        context = service.DrawContext(state.sessions, state.store, state.budget)
        sample_id = await service.draw(context, actor, revision_id, data.spec())
        async with transaction(state.sessions) as session:
            return ProductSampleRead.of(*await service.get_sample(session, actor, sample_id))

    @get(
        "/revisions/{revision_id:uuid}/samples",
        guards=[requires(Permission.PRODUCT_READ)],
        operation_id="listSamples",
        summary="List the samples of a revision",
    )
    async def list_of_revision(
        self, session: AsyncSession, actor: Actor, revision_id: UUID
    ) -> ProductSampleList:
        """As they are stored, masked; newest first, with what was decided about each."""
        found = await service.list_of_revision(session, actor, revision_id)
        return ProductSampleList(items=[ProductSampleRead.of(row, decision) for row, decision in found])

    @post(
        "/samples/{sample_id:uuid}/approval",
        status_code=200,
        guards=[requires(Permission.SAMPLE_REVIEW)],
        operation_id="approveSample",
        summary="Approve a sample",
    )
    async def approve(
        self, session: AsyncSession, actor: Actor, sample_id: UUID, data: SampleDecisionBody
    ) -> ProductSampleRead:
        """By a second person: of the other party, of a regulator, or a colleague of whoever drew it."""
        return ProductSampleRead.of(
            *await service.decide(session, actor, sample_id, approved=True, reason=data.reason)
        )

    @post(
        "/samples/{sample_id:uuid}/rejection",
        status_code=200,
        guards=[requires(Permission.SAMPLE_REVIEW)],
        operation_id="rejectSample",
        summary="Reject a sample",
    )
    async def reject(
        self, session: AsyncSession, actor: Actor, sample_id: UUID, data: SampleDecisionBody
    ) -> ProductSampleRead:
        """By a second person; the sample that was approved before stays."""
        return ProductSampleRead.of(
            *await service.decide(session, actor, sample_id, approved=False, reason=data.reason)
        )
