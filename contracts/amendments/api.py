"""Amendments over HTTP."""

from collections.abc import Sequence
from uuid import UUID

from litestar import Controller, get, post

from contracts.amendments import service
from contracts.amendments.domain import Impact
from contracts.amendments.schemas import (
    AmendmentCreate,
    AmendmentRead,
    Amendments,
    ImpactRead,
    PreviewRead,
    VersionRead,
    Versions,
)
from infra.auth import Actor, Permission
from infra.db import AsyncSession
from infra.guards import requires
from infra.idempotency import Idempotency
from infra.identity import service as identity
from infra.schema import ReasonBody
from listings.authorisations import amending
from listings.authorisations import service as authorisations
from listings.authorisations.schemas import AuthorisationChanges, StepCreate
from listings.authorisations.tables import Authorisation, AuthorisationAmendment
from listings.products import service as products


async def _impact_read(session: AsyncSession, actor: Actor, row: Authorisation, impact: Impact) -> ImpactRead:
    made = {one.id: one for one in await products.list_published_under(session, row.id)}
    visible = await service.list_visible(session, actor, impact)
    return ImpactRead.of(impact, made, visible)


async def _reads(
    session: AsyncSession, actor: Actor, row: Authorisation, amendments: Sequence[AuthorisationAmendment]
) -> list[AmendmentRead]:
    made = []
    for one in amendments:
        signatures = await authorisations.list_amendment_signatures(session, row, one.id)
        names = await identity.party_names(session, {each.organisation_id for each in signatures})
        stops = await _impact_read(session, actor, row, Impact.of(one.impact))
        turn = await service.waits_for(session, row, one, signatures)
        made.append(AmendmentRead.of(one, stops, signatures, turn, names))
    return made


async def _read(
    session: AsyncSession, actor: Actor, authorisation_id: UUID, amendment: AuthorisationAmendment
) -> AmendmentRead:
    row = await authorisations.access_authorisation(session, actor, authorisation_id)
    return (await _reads(session, actor, row, [amendment]))[0]


class AmendmentController(Controller):
    """What an authorisation covers is narrowed and widened by amendments that every side signs."""

    path = "/v1/authorisations/{authorisation_id:uuid}"
    tags = ["Authorisations"]

    @post(
        "/amendment-previews",
        status_code=200,
        guards=[requires(Permission.AUTHORISATION_AMEND)],
        operation_id="previewAmendment",
        summary="Preview an amendment",
    )
    async def preview(
        self, session: AsyncSession, actor: Actor, authorisation_id: UUID, data: AuthorisationChanges
    ) -> PreviewRead:
        """What it would say, and which products, licences and agreements it stops. Nothing changes.

        Products and contracts that you cannot access are counted and not named.
        """
        shown = await service.preview(session, actor, authorisation_id, data)
        return PreviewRead(
            text=shown.text,
            stops=await _impact_read(session, actor, shown.authorisation, shown.impact),
            digest=shown.digest,
        )

    @post(
        "/amendments",
        guards=[requires(Permission.AUTHORISATION_AMEND)],
        operation_id="proposeAmendment",
        summary="Propose an amendment",
    )
    async def propose(
        self,
        session: AsyncSession,
        actor: Actor,
        idempotency: Idempotency,
        authorisation_id: UUID,
        data: AmendmentCreate,
    ) -> AmendmentRead:
        """Propose what a preview showed; its stops are confirmed with that. Every side then signs it in turn.

        Shares that change are those of agreements to come.
        """

        async def effect() -> AmendmentRead:
            amendment = await service.propose(session, actor, authorisation_id, data)
            return await _read(session, actor, authorisation_id, amendment)

        return await idempotency.run(AmendmentRead, effect)

    @get(
        "/amendments",
        guards=[requires(Permission.AUTHORISATION_READ)],
        operation_id="listAmendments",
        summary="List the amendments of an authorisation",
    )
    async def list_all(self, session: AsyncSession, actor: Actor, authorisation_id: UUID) -> Amendments:
        """Newest first, with what each stops and who has signed it."""
        row, found = await service.list_amendments(session, actor, authorisation_id)
        return Amendments(items=await _reads(session, actor, row, found))

    @get(
        "/amendments/{amendment_id:uuid}",
        guards=[requires(Permission.AUTHORISATION_READ)],
        operation_id="getAmendment",
        summary="Get an amendment",
    )
    async def read(
        self, session: AsyncSession, actor: Actor, authorisation_id: UUID, amendment_id: UUID
    ) -> AmendmentRead:
        """An amendment of an authorisation you can access."""
        _, amendment = await service.access_amendment(session, actor, authorisation_id, amendment_id)
        return await _read(session, actor, authorisation_id, amendment)

    @post(
        "/amendments/{amendment_id:uuid}/signature",
        status_code=200,
        guards=[requires(Permission.AUTHORISATION_AMEND)],
        operation_id="signAmendment",
        summary="Sign an amendment",
    )
    async def sign(
        self,
        session: AsyncSession,
        actor: Actor,
        authorisation_id: UUID,
        amendment_id: UUID,
        data: StepCreate,
    ) -> AmendmentRead:
        """Source agencies first, then the authorising body, then the operator, with whose signature it takes effect.

        What lies outside then ends at once: products of resources that fall out, and licences any part of which is
        outside.
        """
        amendment = await service.sign(session, actor, authorisation_id, amendment_id, data)
        return await _read(session, actor, authorisation_id, amendment)

    @post(
        "/amendments/{amendment_id:uuid}/refusal",
        status_code=200,
        guards=[requires(Permission.AUTHORISATION_AMEND)],
        operation_id="declineAmendment",
        summary="Decline an amendment",
    )
    async def decline(
        self,
        session: AsyncSession,
        actor: Actor,
        authorisation_id: UUID,
        amendment_id: UUID,
        data: ReasonBody,
    ) -> AmendmentRead:
        """A side declines it, or whoever proposed it withdraws it; the authorisation stays as it is."""
        amendment = await service.decline(session, actor, authorisation_id, amendment_id, data.reason)
        return await _read(session, actor, authorisation_id, amendment)

    @get(
        "/versions",
        guards=[requires(Permission.AUTHORISATION_READ)],
        operation_id="listAuthorisationVersions",
        summary="List the versions of an authorisation",
    )
    async def versions(self, session: AsyncSession, actor: Actor, authorisation_id: UUID) -> Versions:
        """The text of each version as it was signed, oldest first."""
        row = await authorisations.access_authorisation(session, actor, authorisation_id)
        return Versions(items=[VersionRead.of(one) for one in await amending.list_versions(session, row)])
