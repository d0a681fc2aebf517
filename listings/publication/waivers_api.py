"""Waivers over HTTP."""

from uuid import UUID

from litestar import Controller, get, post

from infra.auth import Actor, Permission
from infra.db import AsyncSession, now
from infra.guards import requires
from infra.paging import PageRequest
from infra.schema import Page, ReasonBody
from listings.publication import waivers as service
from quality.waivers.schemas import (
    WaiverCreate,
    WaiverList,
    WaiverRead,
    WaiverRequestCreate,
    WaiverRequestRead,
)


class WaiverController(Controller):
    """Failed quality reports that a reviewer waives for a time: asked for by parties, decided by regulators."""

    path = "/v1"
    tags = ["Products"]

    @post(
        "/revisions/{revision_id:uuid}/quality-waiver-requests",
        guards=[requires(Permission.REVISION_UPLOAD)],
        operation_id="requestQualityWaiver",
        summary="Request a waiver of a failed quality report",
    )
    async def request(
        self, session: AsyncSession, actor: Actor, revision_id: UUID, data: WaiverRequestCreate
    ) -> WaiverRequestRead:
        """By the operator or the owner: say why the revision should count as passed although its report failed.

        With a `report_id` also of the failed trial of the suite that an open edition names: the edition can then be
        submitted, and approved once the waiver is granted. A request ends by itself when another report replaces its
        own.
        """
        return WaiverRequestRead.of(await service.request(session, actor, revision_id, data))

    @get(
        "/quality-waiver-requests",
        guards=[requires(Permission.PRODUCT_REVIEW)],
        operation_id="listQualityWaiverRequests",
        summary="List requests for waivers",
    )
    async def list_waiting(self, session: AsyncSession, page: PageRequest) -> Page[WaiverRequestRead]:
        """Requests that wait for a regulator, newest first."""
        rows, cursor = await service.list_waiting(session, page)
        return Page(items=[WaiverRequestRead.of(row) for row in rows], next_cursor=cursor)

    @post(
        "/quality-waiver-requests/{request_id:uuid}/refusal",
        status_code=200,
        guards=[requires(Permission.PRODUCT_REVIEW)],
        operation_id="declineQualityWaiver",
        summary="Decline a request for a waiver",
    )
    async def decline(
        self, session: AsyncSession, actor: Actor, request_id: UUID, data: ReasonBody
    ) -> WaiverRequestRead:
        """By a person of a regulator that is no party: the revision goes on counting as failed."""
        return WaiverRequestRead.of(await service.decline(session, actor, request_id, data.reason))

    @post(
        "/revisions/{revision_id:uuid}/quality-waivers",
        guards=[requires(Permission.PRODUCT_REVIEW)],
        operation_id="grantQualityWaiver",
        summary="Waive a failed quality report",
    )
    async def grant(
        self, session: AsyncSession, actor: Actor, revision_id: UUID, data: WaiverCreate
    ) -> WaiverRead:
        """By a person of a regulator that is no party, with or without a request.

        Until it expires the revision counts as passed: it can be published with its product, and buyers read it as the
        latest. From that instant on it counts as failed again, and the last one that passed serves. The report itself
        stays as it is, and a further check of the revision is not waived.

        The failed trial of a submitted edition's suite is waived likewise, by its `report_id`: from the approval on the
        stricter suite is in force, and buyers go on reading the data that fails it while the waiver lasts.
        """
        return WaiverRead.of(await service.grant(session, actor, revision_id, data), await now(session))

    @get(
        "/revisions/{revision_id:uuid}/quality-waivers",
        guards=[requires(Permission.PRODUCT_READ)],
        operation_id="listQualityWaivers",
        summary="List the waivers of a revision",
    )
    async def list_of_revision(self, session: AsyncSession, actor: Actor, revision_id: UUID) -> WaiverList:
        """The waivers of a revision you can access and the requests for them, newest first."""
        rows, requests = await service.list_of_revision(session, actor, revision_id)
        moment = await now(session)
        return WaiverList(
            waivers=[WaiverRead.of(row, moment) for row in rows],
            requests=[WaiverRequestRead.of(row) for row in requests],
        )

    @post(
        "/quality-waivers/{waiver_id:uuid}/revocation",
        status_code=200,
        guards=[requires(Permission.PRODUCT_REVIEW)],
        operation_id="revokeQualityWaiver",
        summary="Revoke a waiver",
    )
    async def revoke(
        self, session: AsyncSession, actor: Actor, waiver_id: UUID, data: ReasonBody
    ) -> WaiverRead:
        """By a person of a regulator that is no party: the revision counts as failed again with the commit."""
        return WaiverRead.of(await service.revoke(session, actor, waiver_id, data.reason), await now(session))
