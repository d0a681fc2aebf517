"""What a quality run looks like over HTTP. The routes belong to the floor that knows who may read it."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from infra.messages import told
from infra.schema import Output
from quality.classes import ProductClass
from quality.runs.control import RunProgressFacts
from quality.runs.reasons import message_of
from quality.runs.states import RunStatus


class RunProgressRead(Output):
    """How far a run is."""

    done: int = Field(ge=0, description="Checks that have been carried out")
    of: int = Field(ge=0, description="Checks of the suite")
    check: str | None = Field(description="Name of the check it is at; null where that is not one")


class RunRead(Output):
    """A quality run: a suite of checks on a revision."""

    id: UUID
    revision_id: UUID
    status: RunStatus
    position: int | None = Field(ge=1, description="Place in the queue, from 1; null unless it is queued")
    progress: RunProgressRead
    suite_id: UUID | None = Field(
        description="Version of the suite; null of a revision from before there were any"
    )
    product_class: ProductClass = Field(description="By which weights and gate the revision is judged")
    error: str | None = Field(description="Why it could not be carried out")
    requested_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @classmethod
    def of(cls, facts: RunProgressFacts) -> "RunRead":
        """Map a run and how it stands."""
        run, progress = facts.run, facts.progress
        return cls(
            id=run.id,
            revision_id=run.revision_id,
            status=run.status,
            position=facts.position,
            progress=RunProgressRead(done=progress.done, of=progress.of, check=progress.check or None),
            suite_id=run.suite_id,
            product_class=run.product_class or ProductClass.GENERAL,
            error=None if run.error is None else told(message_of(run.error)),
            requested_at=run.requested_at,
            started_at=run.started_at,
            finished_at=run.finished_at,
        )
