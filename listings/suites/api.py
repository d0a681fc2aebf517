"""Quality suites of products over HTTP."""

from uuid import UUID

from litestar import Controller, get, put

from infra.auth import Actor, Permission
from infra.db import AsyncSession
from infra.guards import requires
from infra.messages import told
from infra.paging import PageRequest
from infra.schema import Page
from listings.suites import service
from listings.suites.schemas import (
    CheckChangeRead,
    ProductSuiteRead,
    ProposalsRead,
    SuiteRead,
    SuiteUpdate,
    SuiteWritten,
    TrialRead,
)
from listings.suites.service import ProductSuite, WrittenSuite
from quality.reports.schemas import ReportRead


def suite_read(found: ProductSuite) -> ProductSuiteRead:
    """Render a product's suite as its reader may see it."""
    trial = found.trial
    return ProductSuiteRead(
        in_force=SuiteRead.of(found.in_force, found.withheld) if found.in_force else None,
        edition_id=found.edition_id,
        proposed=SuiteRead.of(found.proposed) if found.proposed else None,
        trial=TrialRead(
            revision_id=trial.revision.id,
            status=trial.trial.status,
            error=None if trial.trial.error is None else told(trial.trial.error),
            report=ReportRead.of(trial.trial.report, waiver=trial.waiver) if trial.trial.report else None,
        )
        if trial
        else None,
    )


def suite_written(written: WrittenSuite) -> SuiteWritten:
    """Render a suite that was written."""
    return SuiteWritten(
        suite=SuiteRead.of(written.suite),
        edition_id=written.edition_id,
        changes=[CheckChangeRead.of(change) for change in written.changes],
    )


class QualitySuiteController(Controller):
    """The checks by which a product's revisions are judged: proposed, written by operators, reviewed with editions."""

    path = "/v1/products/{product_id:uuid}/quality-suite"
    tags = ["Products"]

    @get(
        guards=[requires(Permission.PRODUCT_READ)],
        operation_id="getQualitySuite",
        summary="Get the quality suite of a product",
    )
    async def read(self, session: AsyncSession, actor: Actor, product_id: UUID) -> ProductSuiteRead:
        """The suite in force, for everybody once the product is on the market.

        Its parties and regulators also read the suite of the open edition with its trial on what buyers read. Bounds,
        sets and patterns of personal columns are withheld from everybody else.
        """
        return suite_read(await service.get_suite(session, actor, product_id))

    @put(
        guards=[requires(Permission.PRODUCT_MANAGE)],
        operation_id="setQualitySuite",
        summary="Set the quality suite of a product",
    )
    async def write(
        self, session: AsyncSession, actor: Actor, product_id: UUID, data: SuiteUpdate
    ) -> SuiteWritten:
        """Of a draft it is in force at once, and the newest revision is judged anew.

        Of a published product it becomes part of the open edition, which is begun if there is none, and is tried on
        what buyers read; it takes effect when the edition is approved. Changes are told check by check.
        """
        return suite_written(
            await service.set_suite(
                session,
                actor,
                product_id,
                product_class=data.product_class,
                checks=data.domain(),
                based_on=data.based_on,
            )
        )

    @get(
        "/versions",
        guards=[requires(Permission.PRODUCT_READ)],
        operation_id="listQualitySuiteVersions",
        summary="List the versions of a quality suite",
    )
    async def list_versions(
        self, session: AsyncSession, actor: Actor, product_id: UUID, page: PageRequest
    ) -> Page[SuiteRead]:
        """Every version that was in force or proposed, newest first; for the product's parties.

        For regulators up to the one in force, or the one in the edition that waits for their review.
        """
        rows, following = await service.list_versions(session, actor, product_id, page)
        return Page(items=[SuiteRead.of(row) for row in rows], next_cursor=following)

    @get(
        "/proposals",
        guards=[requires(Permission.PRODUCT_READ)],
        operation_id="listQualityProposals",
        summary="Get proposed checks of a product",
    )
    async def propose(self, session: AsyncSession, actor: Actor, product_id: UUID) -> ProposalsRead:
        """From the newest revision, the dictionary, standard lists and earlier revisions, each with what it rests on.

        A proposed check can be written into the suite as it stands. For the product's parties and regulators.
        """
        return ProposalsRead.build(*await service.propose(session, actor, product_id))
