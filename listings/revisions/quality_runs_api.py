"""The quality run of a revision over HTTP."""

from uuid import UUID

from litestar import Controller, get, post

from infra.auth import Actor, Permission
from infra.db import AsyncSession
from infra.guards import requires
from listings.revisions import quality_runs
from quality.runs.schemas import RunRead


class QualityRunController(Controller):
    """Quality checks in the queue and on their way."""

    path = "/v1/revisions/{revision_id:uuid}/quality-run"
    tags = ["Products"]

    @get(
        guards=[requires(Permission.PRODUCT_READ)],
        operation_id="getQualityRun",
        summary="Get the quality run of a revision",
    )
    async def read(self, session: AsyncSession, actor: Actor, revision_id: UUID) -> RunRead:
        """Its place in the queue while it waits, how far it is while it runs, and why it failed, if it did.

        For those who can access the product. What it found is the quality report.
        """
        return RunRead.of(await quality_runs.get_run(session, actor, revision_id))

    @post(
        "/cancellation",
        status_code=200,
        guards=[requires(Permission.PRODUCT_MANAGE)],
        operation_id="cancelQualityRun",
        summary="Cancel the quality run of a revision",
    )
    async def cancel(self, session: AsyncSession, actor: Actor, revision_id: UUID) -> RunRead:
        """By the operator, while it waits or runs; a worker that is at it stops within a second or two.

        The revision is not sold until it has been requested again and has passed.
        """
        return RunRead.of(await quality_runs.cancel_run(session, actor, revision_id))

    @post(
        "/retry",
        status_code=200,
        guards=[requires(Permission.PRODUCT_MANAGE)],
        operation_id="retryQualityRun",
        summary="Request the quality run of a revision again",
    )
    async def retry(self, session: AsyncSession, actor: Actor, revision_id: UUID) -> RunRead:
        """By the operator, after it was cancelled or could not be carried out, or not all of its checks.

        A report in which every check was carried out stands.
        """
        return RunRead.of(await quality_runs.retry_run(session, actor, revision_id))
