"""Organisations over HTTP: registration, evidence, verification, suspension."""

from typing import Annotated
from uuid import UUID

from litestar import Controller, get, post
from litestar.params import Parameter

from infra.auth import Actor, OrganisationKind, Permission
from infra.db import AsyncSession
from infra.guards import requires
from infra.identity.domain import masked
from infra.identity.tables import IdentityEvidence, Organisation
from infra.paging import PageRequest, paginate
from infra.schema import Page, ReasonBody
from market.participants import appeals, recoveries, service
from market.participants.schemas import (
    EvidenceCreate,
    EvidenceRead,
    OrganisationCreate,
    OrganisationRead,
    RecoveryRead,
    VerificationCreate,
)
from market.participants.tables import Recovery


class OrganisationController(Controller):
    """The parties of the market."""

    path = "/v1/organisations"
    tags = ["Organisations"]

    @post(
        guards=[requires(Permission.ORGANISATION_REGISTER)],
        summary="Register an organisation",
        operation_id="registerOrganisation",
    )
    async def register_organisation(
        self, session: AsyncSession, actor: Actor, data: OrganisationCreate
    ) -> OrganisationRead:
        """Register a party. It trades once verified; until then its members can be invited and file evidence."""
        return await _read(session, await service.register(session, actor, data))

    @get(
        guards=[requires(Permission.ORGANISATION_READ)],
        summary="List organisations",
        operation_id="listOrganisations",
    )
    async def list_organisations(
        self,
        session: AsyncSession,
        actor: Actor,
        page: PageRequest,
        kind: Annotated[OrganisationKind | None, Parameter(description="Only of this kind.")] = None,
    ) -> Page[OrganisationRead]:
        """The own organisation; all of them for the platform's administrators and the regulator."""
        statement = service.visible_organisations(actor, kind)
        rows, cursor = await paginate(session, statement, Organisation.id, page)
        open_recoveries = await recoveries.open_by_organisation(session, [row.id for row in rows])
        items = [read_organisation(row, open_recoveries.get(row.id)) for row in rows]
        return Page(items=items, next_cursor=cursor)

    @get(
        "/{organisation_id:uuid}",
        guards=[requires(Permission.ORGANISATION_READ)],
        summary="Get an organisation",
        operation_id="getOrganisation",
    )
    async def get_organisation(
        self, session: AsyncSession, actor: Actor, organisation_id: UUID
    ) -> OrganisationRead:
        """The own organisation, or any for those who see all."""
        return await _read(session, await service.access_organisation(session, actor, organisation_id))

    @post(
        "/{organisation_id:uuid}/evidence",
        guards=[requires(Permission.EVIDENCE_SUBMIT)],
        summary="Submit identity evidence",
        operation_id="submitIdentityEvidence",
    )
    async def submit_evidence(
        self, session: AsyncSession, actor: Actor, organisation_id: UUID, data: EvidenceCreate
    ) -> EvidenceRead:
        """Put a document on file that shows who the organisation is, for the own one or by the platform."""
        return _evidence(await service.submit_evidence(session, actor, organisation_id, data))

    @get(
        "/{organisation_id:uuid}/evidence",
        guards=[requires(Permission.EVIDENCE_READ)],
        summary="List identity evidence",
        operation_id="listIdentityEvidence",
    )
    async def list_evidence(
        self, session: AsyncSession, actor: Actor, organisation_id: UUID, page: PageRequest
    ) -> Page[EvidenceRead]:
        """Documents on file, newest first, their numbers masked."""
        statement = await service.evidence_listing(session, actor, organisation_id)
        rows, cursor = await paginate(session, statement, IdentityEvidence.id, page)
        return Page(items=[_evidence(row) for row in rows], next_cursor=cursor)

    @post(
        "/{organisation_id:uuid}/verification",
        guards=[requires(Permission.ORGANISATION_VERIFY)],
        status_code=200,
        summary="Verify or reject an organisation",
        operation_id="verifyOrganisation",
    )
    async def verify_organisation(
        self, session: AsyncSession, actor: Actor, organisation_id: UUID, data: VerificationCreate
    ) -> OrganisationRead:
        """Record whether the evidence on file proves the organisation's identity."""
        row = await service.decide_verification(
            session, actor, organisation_id, decision=data.decision, reason=data.reason
        )
        return await _read(session, row)

    @post(
        "/{organisation_id:uuid}/suspension",
        guards=[requires(Permission.ORGANISATION_SUSPEND)],
        status_code=200,
        summary="Suspend an organisation",
        operation_id="suspendOrganisation",
    )
    async def suspend_organisation(
        self, session: AsyncSession, actor: Actor, organisation_id: UUID, data: ReasonBody
    ) -> OrganisationRead:
        """Stop every licence the party is a link of, at once; its people and programs only read, pay and appeal.

        By the platform, or by a regulator where the organisation is an owner, an operator or a buyer; by each of them
        for itself.
        """
        return await _read(session, await service.suspend(session, actor, organisation_id, data.reason))

    @post(
        "/{organisation_id:uuid}/reinstatement",
        guards=[requires(Permission.ORGANISATION_SUSPEND)],
        status_code=200,
        summary="Reinstate an organisation",
        operation_id="reinstateOrganisation",
    )
    async def reinstate_organisation(
        self, session: AsyncSession, actor: Actor, organisation_id: UUID, data: ReasonBody
    ) -> OrganisationRead:
        """Lift your suspension; a regulator lifts the platform's too, and the platform never a regulator's.

        With the last one the organisation is as far verified as it was before, and an open appeal is upheld.
        """
        await appeals.reinstate(session, actor, organisation_id, data.reason)
        return await _read(session, await service.access_organisation(session, actor, organisation_id))


async def _read(session: AsyncSession, row: Organisation) -> OrganisationRead:
    open_recoveries = await recoveries.open_by_organisation(session, [row.id])
    return read_organisation(row, open_recoveries.get(row.id))


def read_organisation(row: Organisation, recovery: Recovery | None) -> OrganisationRead:
    """An organisation as it is shown, with the recovery of its administrator that is under way."""
    return OrganisationRead(
        id=row.id,
        kind=row.kind,
        name_zh=row.name_zh,
        name_en=row.name_en,
        unified_social_credit_code=row.credit_code,
        status=row.status,
        status_reason=row.status_reason,
        registered_at=row.registered_at,
        verified_at=row.verified_at,
        recovery=None if recovery is None else RecoveryRead.model_validate(recovery),
    )


def _evidence(row: IdentityEvidence) -> EvidenceRead:
    return EvidenceRead(
        id=row.id,
        kind=row.kind,
        number_masked=masked(row.number),
        document_sha256=row.document_sha256,
        submitted_by=row.submitted_by,
        submitted_at=row.submitted_at,
        verified_by=row.verified_by,
        verified_at=row.verified_at,
        rejected_by=row.rejected_by,
        rejected_at=row.rejected_at,
    )
