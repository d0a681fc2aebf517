"""What is done to a revision after its upload, over HTTP: announced, suspended, recalled, compared."""

from uuid import UUID

from litestar import Controller, get, post

from infra.auth import Actor, Permission
from infra.db import AsyncSession
from infra.guards import requires
from infra.schema import ReasonBody
from listings.revisions import changes, history, recalls
from listings.revisions.api import revision_read
from listings.revisions.schemas import DifferencesRead, RevisionRead


class RevisionChangeController(Controller):
    """Revisions in and out of service."""

    path = "/v1/revisions/{revision_id:uuid}"
    tags = ["Products"]

    @post(
        "/suspension",
        status_code=200,
        guards=[requires(Permission.PRODUCT_SUSPEND)],
        operation_id="suspendRevision",
        summary="Suspend a revision",
    )
    async def suspend(
        self, session: AsyncSession, actor: Actor, revision_id: UUID, data: ReasonBody
    ) -> RevisionRead:
        """By the operator or a regulator: from now on buyers read the good revision before it, or none.

        Licensees are told, and again when it is reinstated. What should never be read again is recalled instead.
        """
        await recalls.suspend(session, actor, revision_id, data.reason)
        return await revision_read(session, actor, revision_id)

    @post(
        "/reinstatement",
        status_code=200,
        guards=[requires(Permission.PRODUCT_SUSPEND)],
        operation_id="reinstateRevision",
        summary="Reinstate a revision",
    )
    async def reinstate(
        self, session: AsyncSession, actor: Actor, revision_id: UUID, data: ReasonBody
    ) -> RevisionRead:
        """Lift your organisation's suspension; it ends with the last organisation's."""
        await recalls.reinstate(session, actor, revision_id, data.reason)
        return await revision_read(session, actor, revision_id)

    @post(
        "/recall",
        status_code=200,
        guards=[requires(Permission.PRODUCT_SUSPEND)],
        operation_id="recallRevision",
        summary="Recall a revision",
    )
    async def recall(
        self, session: AsyncSession, actor: Actor, revision_id: UUID, data: ReasonBody
    ) -> RevisionRead:
        """By the operator or a regulator, for good: it stops serving at once, to pins, cursors and remembered keys too.

        The last good revision serves instead, and every licensee is told. What is still wanted of it is uploaded again;
        where the columns that serve now are others, the file begins another change, with a notice of its own.
        """
        await recalls.recall(session, actor, revision_id, data.reason)
        return await revision_read(session, actor, revision_id)

    @post(
        "/announcement",
        status_code=200,
        guards=[requires(Permission.PRODUCT_MANAGE)],
        operation_id="announceRevision",
        summary="Announce a breaking revision",
    )
    async def announce(
        self, session: AsyncSession, actor: Actor, revision_id: UUID, data: ReasonBody
    ) -> RevisionRead:
        """By the operator: tell every licensee that columns change, and from when on.

        Until then the old schema is the latest and both can be pinned; then the new one is, without further ado. The
        rule `revision.notice_days` says how long that is.
        """
        await changes.announce(session, actor, revision_id, data.reason)
        return await revision_read(session, actor, revision_id)

    @post(
        "/announcement-withdrawal",
        status_code=200,
        guards=[requires(Permission.PRODUCT_MANAGE)],
        operation_id="withdrawRevisionAnnouncement",
        summary="Withdraw the announcement of a breaking revision",
    )
    async def withdraw_announcement(
        self, session: AsyncSession, actor: Actor, revision_id: UUID, data: ReasonBody
    ) -> RevisionRead:
        """By the operator, before the change is in force: everything stays as it is, and licensees are told."""
        await changes.withdraw(session, actor, revision_id, data.reason)
        return await revision_read(session, actor, revision_id)

    @get(
        "/differences",
        guards=[requires(Permission.PRODUCT_READ)],
        operation_id="getRevisionDifferences",
        summary="Compare a revision with the one before",
    )
    async def read_differences(
        self, session: AsyncSession, actor: Actor, revision_id: UUID
    ) -> DifferencesRead:
        """Columns, rows, missing values and distributions, against what buyers relied on when it was uploaded."""
        return DifferencesRead.of(await history.get_differences(session, actor, revision_id))
