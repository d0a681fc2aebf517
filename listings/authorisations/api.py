"""Authorisations over HTTP."""

from collections.abc import Sequence
from uuid import UUID

from litestar import Controller, get, post

from infra.auth import Actor, Permission
from infra.db import AsyncSession
from infra.guards import requires
from infra.idempotency import Idempotency
from infra.identity import service as identity
from infra.paging import PageRequest
from infra.schema import Page, ReasonBody
from infra.stops import service as stops
from listings.authorisations import offers, service
from listings.authorisations.schemas import (
    AuthorisationCreate,
    AuthorisationDecision,
    AuthorisationDecisions,
    AuthorisationRead,
    StepCreate,
)
from listings.authorisations.tables import Authorisation


async def authorisation_read(session: AsyncSession, row: Authorisation) -> AuthorisationRead:
    """Render an authorisation with the resources it covers, its parties named."""
    return (await authorisation_reads(session, [row]))[0]


async def authorisation_reads(
    session: AsyncSession, rows: Sequence[Authorisation]
) -> list[AuthorisationRead]:
    """Render authorisations for a list."""
    covered = await service.list_covered(session, rows)
    signatures = await service.list_signatures(session, rows)
    names = await identity.party_names(
        session,
        {one.owner_id for each in covered.values() for one in each}
        | {party for row in rows for party in (row.authorising_body_id, row.operator_id) if party},
    )
    stopped = await stops.reasons(session, [row.id for row in rows])
    return [
        AuthorisationRead.of(row, covered.get(row.id, []), signatures.get(row.id, []), names, stopped[row.id])
        for row in rows
    ]


class AuthorisationController(Controller):
    """Authorised operation of public data (公共数据授权运营): source agencies consent, the authorising body grants, the
    operator accepts, each by a person of its own.
    """

    path = "/v1/authorisations"
    tags = ["Authorisations"]

    @post(
        guards=[requires(Permission.AUTHORISATION_PROPOSE)],
        operation_id="offerAuthorisation",
        summary="Propose an authorisation",
    )
    async def offer(
        self, session: AsyncSession, actor: Actor, idempotency: Idempotency, data: AuthorisationCreate
    ) -> AuthorisationRead:
        """Propose that an operator operates a scope of resources for a term. The scope is reserved from now on.

        A source agency (the owner) proposes its own resources and has consented with that. An authorising body proposes
        any; each owner then consents for its own. Two authorisations may overlap unless one of them is exclusive. What
        not all sides have signed in time lapses.
        """

        async def effect() -> AuthorisationRead:
            return await authorisation_read(session, await offers.offer(session, actor, data))

        return await idempotency.run(AuthorisationRead, effect)

    @get(
        guards=[requires(Permission.AUTHORISATION_READ)],
        operation_id="listAuthorisations",
        summary="List authorisations",
    )
    async def list_visible(
        self, session: AsyncSession, actor: Actor, page: PageRequest
    ) -> Page[AuthorisationRead]:
        """Those your organisation is a side of, or all for a regulator or a price authority; newest first."""
        rows, following = await service.list_authorisations(session, actor, page)
        return Page(items=await authorisation_reads(session, rows), next_cursor=following)

    @get(
        "/{authorisation_id:uuid}",
        guards=[requires(Permission.AUTHORISATION_READ)],
        operation_id="getAuthorisation",
        summary="Get an authorisation",
    )
    async def read(self, session: AsyncSession, actor: Actor, authorisation_id: UUID) -> AuthorisationRead:
        """An authorisation you can access."""
        return await authorisation_read(
            session, await service.access_authorisation(session, actor, authorisation_id)
        )

    @get(
        "/{authorisation_id:uuid}/decisions",
        guards=[requires(Permission.AUTHORISATION_READ)],
        operation_id="listAuthorisationDecisions",
        summary="List the decisions about an authorisation",
    )
    async def decisions(
        self, session: AsyncSession, actor: Actor, authorisation_id: UUID
    ) -> AuthorisationDecisions:
        """Who decided what about it, when, for what reason and under which rules; the latest 1,000, newest first."""
        row = await service.access_authorisation(session, actor, authorisation_id)
        entries = await service.list_decisions(session, row)
        return AuthorisationDecisions(
            items=[AuthorisationDecision.model_validate(entry) for entry in entries]
        )

    @post(
        "/{authorisation_id:uuid}/consent",
        status_code=200,
        guards=[requires(Permission.AUTHORISATION_CONSENT)],
        operation_id="consentToAuthorisation",
        summary="Consent to an authorisation",
    )
    async def consent(
        self, session: AsyncSession, actor: Actor, authorisation_id: UUID, data: StepCreate
    ) -> AuthorisationRead:
        """A source agency (来源部门) consents for its own resources; after the last the body is asked."""
        return await authorisation_read(session, await offers.consent(session, actor, authorisation_id, data))

    @post(
        "/{authorisation_id:uuid}/grant",
        status_code=200,
        guards=[requires(Permission.AUTHORISATION_GRANT)],
        operation_id="grantAuthorisation",
        summary="Grant an authorisation",
    )
    async def grant(
        self, session: AsyncSession, actor: Actor, authorisation_id: UUID, data: StepCreate
    ) -> AuthorisationRead:
        """The authorising body (授权主体) grants what every source agency has consented to."""
        return await authorisation_read(session, await offers.grant(session, actor, authorisation_id, data))

    @post(
        "/{authorisation_id:uuid}/acceptance",
        status_code=200,
        guards=[requires(Permission.AUTHORISATION_ACCEPT)],
        operation_id="acceptAuthorisation",
        summary="Accept an authorisation",
    )
    async def accept(
        self, session: AsyncSession, actor: Actor, authorisation_id: UUID, data: StepCreate
    ) -> AuthorisationRead:
        """The operator accepts what was granted; products can be made of the resources."""
        return await authorisation_read(session, await offers.accept(session, actor, authorisation_id, data))

    @post(
        "/{authorisation_id:uuid}/refusal",
        status_code=200,
        guards=[requires(Permission.AUTHORISATION_DECLINE)],
        operation_id="declineAuthorisation",
        summary="Decline an authorisation",
    )
    async def decline(
        self, session: AsyncSession, actor: Actor, authorisation_id: UUID, data: ReasonBody
    ) -> AuthorisationRead:
        """A source agency, the authorising body or the operator declines what is on offer; the scope is free again."""
        return await authorisation_read(
            session, await offers.decline(session, actor, authorisation_id, data.reason)
        )

    @post(
        "/{authorisation_id:uuid}/suspension",
        status_code=200,
        guards=[requires(Permission.AUTHORISATION_SUSPEND)],
        operation_id="suspendAuthorisation",
        summary="Suspend an authorisation",
    )
    async def suspend(
        self, session: AsyncSession, actor: Actor, authorisation_id: UUID, data: ReasonBody
    ) -> AuthorisationRead:
        """By its only owner, its authorising body or a regulator: every licence that hangs below it stops at once."""
        return await authorisation_read(
            session, await service.suspend(session, actor, authorisation_id, data.reason)
        )

    @post(
        "/{authorisation_id:uuid}/reinstatement",
        status_code=200,
        guards=[requires(Permission.AUTHORISATION_SUSPEND)],
        operation_id="reinstateAuthorisation",
        summary="Reinstate an authorisation",
    )
    async def reinstate(
        self, session: AsyncSession, actor: Actor, authorisation_id: UUID, data: ReasonBody
    ) -> AuthorisationRead:
        """Lift your organisation's suspension, also of a revoked one; it ends with the last organisation's."""
        return await authorisation_read(
            session, await service.reinstate(session, actor, authorisation_id, data.reason)
        )

    @post(
        "/{authorisation_id:uuid}/revocation",
        status_code=200,
        guards=[requires(Permission.AUTHORISATION_REVOKE)],
        operation_id="revokeAuthorisation",
        summary="Revoke an authorisation",
    )
    async def revoke(
        self, session: AsyncSession, actor: Actor, authorisation_id: UUID, data: ReasonBody
    ) -> AuthorisationRead:
        """Its only owner or its authorising body ends it for good, or who made an offer withdraws it."""
        return await authorisation_read(
            session, await service.revoke(session, actor, authorisation_id, data.reason)
        )
