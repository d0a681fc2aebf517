"""Proposals for columns over HTTP."""

from uuid import UUID

from litestar import Controller, get, post

from infra.auth import Actor, Permission
from infra.db import AsyncSession
from infra.guards import requires
from listings.classification import proposing
from listings.classification.schemas import (
    ColumnProposalRead,
    ColumnProposals,
    EditionProposalConfirmation,
    ProposalConfirmation,
    ProposalRejection,
)
from listings.editions.api import edition_read
from listings.editions.schemas import EditionRead
from listings.products.api import product_read
from listings.products.schemas import ProductRead


class ColumnProposalController(Controller):
    """What columns are proposed to be described as; a person confirms or rejects."""

    path = "/v1/revisions/{revision_id:uuid}/column-proposals"
    tags = ["Products"]

    @get(
        guards=[requires(Permission.PRODUCT_READ)],
        operation_id="listColumnProposals",
        summary="List what is proposed for the columns of a revision",
    )
    async def list_of_revision(
        self, session: AsyncSession, actor: Actor, revision_id: UUID
    ) -> ColumnProposals:
        """Meaning, unit, class and personal information, from the names and from a sample of the values, with why.

        Made by the worker after the quality check. Nothing is described by it: confirm what is right.
        """
        return await _all(session, actor, revision_id)

    @post(
        status_code=202,
        guards=[requires(Permission.REVISION_UPLOAD)],
        operation_id="requestColumnProposals",
        summary="Ask for a look at the columns of a revision",
    )
    async def request(self, session: AsyncSession, actor: Actor, revision_id: UUID) -> ColumnProposals:
        """For a revision of before there were proposals; changes nothing where there are any."""
        await proposing.ask(session, actor, revision_id)
        return await _all(session, actor, revision_id)

    @post(
        "/confirmation",
        status_code=200,
        guards=[requires(Permission.PRODUCT_MANAGE)],
        operation_id="confirmColumnProposal",
        summary="Take a proposal over into the dictionary",
    )
    async def confirm(
        self, session: AsyncSession, actor: Actor, revision_id: UUID, data: ProposalConfirmation
    ) -> ProductRead:
        """By the operator, as it is or corrected; the dictionary's other columns stay."""
        return await product_read(session, await proposing.confirm(session, actor, revision_id, data))

    @post(
        "/rejection",
        status_code=200,
        guards=[requires(Permission.REVISION_UPLOAD)],
        operation_id="rejectColumnProposal",
        summary="Reject a proposal",
    )
    async def reject(
        self, session: AsyncSession, actor: Actor, revision_id: UUID, data: ProposalRejection
    ) -> ColumnProposalRead:
        """By the operator or the owner, with the reason; the dictionary stays as it is."""
        return ColumnProposalRead.of(await proposing.reject(session, actor, revision_id, data))


class EditionProposalController(Controller):
    """Proposals for columns, taken over into an edition."""

    path = "/v1/editions/{edition_id:uuid}/column-proposals"
    tags = ["Editions"]

    @post(
        "/confirmation",
        status_code=200,
        guards=[requires(Permission.PRODUCT_MANAGE)],
        operation_id="confirmColumnProposalInEdition",
        summary="Take a proposal over into the dictionary of a draft edition",
    )
    async def confirm(
        self, session: AsyncSession, actor: Actor, edition_id: UUID, data: EditionProposalConfirmation
    ) -> EditionRead:
        """By the operator of a published product, as it is or corrected; buyers see it once the edition is approved."""
        return await edition_read(
            session, await proposing.confirm_in_edition(session, actor, edition_id, data)
        )


async def _all(session: AsyncSession, actor: Actor, revision_id: UUID) -> ColumnProposals:
    shown = await proposing.list_proposals(session, actor, revision_id)
    return ColumnProposals(ready=shown is not None, items=[ColumnProposalRead.of(one) for one in shown or ()])
