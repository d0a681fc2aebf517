"""Dead letters over HTTP, for the platform operator."""

from typing import Annotated
from uuid import UUID

from litestar import Controller, get, post
from litestar.params import Parameter

from infra import held_jobs
from infra.auth import Actor, Permission
from infra.db import AsyncSession
from infra.events import dead_letters
from infra.events.schemas import DeadLetterRead, HeldJobRead, HeldJobs
from infra.guards import requires
from infra.paging import PageRequest
from infra.schema import Page, ReasonBody

# Up to what a JSON number holds exactly, so that the interface promises no more than it takes.
JobNumber = Annotated[int, Parameter(ge=1, le=2**53 - 1)]


class DeadLetterController(Controller):
    """Events that a subscriber could not handle."""

    path = "/v1/platform/dead-letters"
    tags = ["Platform"]
    guards = [requires(Permission.DEAD_LETTER_MANAGE)]

    @get(summary="List dead letters", operation_id="listDeadLetters")
    async def list_dead_letters(
        self,
        session: AsyncSession,
        page: PageRequest,
        subscriber: Annotated[
            str | None, Parameter(max_length=100, description="Only those of this subscriber.")
        ] = None,
    ) -> Page[DeadLetterRead]:
        """Events whose last attempt failed, newest first. Each holds back its subject's later events."""
        letters, cursor = await dead_letters.list_dead_letters(session, subscriber, page)
        return Page(items=[DeadLetterRead.of(letter) for letter in letters], next_cursor=cursor)

    @get("/{delivery_id:uuid}", summary="Get a dead letter", operation_id="getDeadLetter")
    async def get_dead_letter(self, session: AsyncSession, delivery_id: UUID) -> DeadLetterRead:
        """One event that is held, with its last error and how many events wait behind it."""
        return DeadLetterRead.of(await dead_letters.get_dead_letter(session, delivery_id))

    @post(
        "/{delivery_id:uuid}/retries",
        status_code=200,
        summary="Retry a dead letter",
        operation_id="retryDeadLetter",
    )
    async def retry(self, session: AsyncSession, actor: Actor, delivery_id: UUID) -> DeadLetterRead:
        """Deliver the event again at once; what waits behind it follows."""
        return DeadLetterRead.of(await dead_letters.retry(session, actor, delivery_id))

    @post(
        "/{delivery_id:uuid}/drop",
        status_code=200,
        summary="Drop a dead letter",
        operation_id="dropDeadLetter",
    )
    async def drop(
        self, session: AsyncSession, actor: Actor, delivery_id: UUID, data: ReasonBody
    ) -> DeadLetterRead:
        """Skip the event for its subscriber, for good; what waits behind it is delivered."""
        return DeadLetterRead.of(await dead_letters.drop(session, actor, delivery_id, data.reason))


class HeldJobController(Controller):
    """Jobs of the queue that failed for the last time."""

    path = "/v1/platform/held-jobs"
    tags = ["Platform"]
    guards = [requires(Permission.DEAD_LETTER_MANAGE)]

    @get(summary="List held jobs", operation_id="listHeldJobs")
    async def list_held_jobs(self, session: AsyncSession) -> HeldJobs:
        """Jobs whose last attempt failed, newest first, 200 at most."""
        found = await held_jobs.list_held_jobs(session)
        return HeldJobs(items=[HeldJobRead.model_validate(job) for job in found])

    @get("/{job_id:int}", summary="Get a held job", operation_id="getHeldJob")
    async def get_held_job(self, session: AsyncSession, job_id: JobNumber) -> HeldJobRead:
        """One held job with its payload and its last error."""
        return HeldJobRead.model_validate(await held_jobs.get_held_job(session, job_id))

    @post("/{job_id:int}/retries", status_code=200, summary="Retry a held job", operation_id="retryHeldJob")
    async def retry(self, session: AsyncSession, actor: Actor, job_id: JobNumber) -> HeldJobRead:
        """Run the job again, with all its attempts."""
        return HeldJobRead.model_validate(await held_jobs.retry(session, actor, job_id))

    @post("/{job_id:int}/drop", status_code=200, summary="Drop a held job", operation_id="dropHeldJob")
    async def drop(
        self, session: AsyncSession, actor: Actor, job_id: JobNumber, data: ReasonBody
    ) -> HeldJobRead:
        """Delete the job, for good: it is not run again. The reason is kept in the audit log."""
        return HeldJobRead.model_validate(await held_jobs.drop(session, actor, job_id, data.reason))
