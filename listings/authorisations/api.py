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
from listings.authorisations import service
from listings.authorisations.schemas import AuthorisationCreate, AuthorisationRead
from listings.authorisations.tables import Authorisation


async def authorisation_read(session: AsyncSession, row: Authorisation) -> AuthorisationRead:
    """Render an authorisation with the resources it covers, its parties named."""
    return (await authorisation_reads(session, [row]))[0]


async def authorisation_reads(
    session: AsyncSession, rows: Sequence[Authorisation]
) -> list[AuthorisationRead]:
    """Render authorisations for a list."""
    covered = await service.list_resource_ids(session, rows)
    names = await identity.party_names(
        session, {party for row in rows for party in (row.owner_id, row.operator_id)}
    )
    stopped = await stops.reasons(session, [row.id for row in rows])
    return [AuthorisationRead.of(row, covered.get(row.id, []), names, stopped[row.id]) for row in rows]


class AuthorisationController(Controller):
    """Authorised operation of public data (公共数据授权运营): offered by owners, accepted by operators."""

    path = "/v1/authorisations"
    tags = ["Authorisations"]

    @post(
        guards=[requires(Permission.AUTHORISATION_GRANT)],
        operation_id="offerAuthorisation",
        summary="Offer an authorisation to an operator",
    )
    async def grant(
        self, session: AsyncSession, actor: Actor, idempotency: Idempotency, data: AuthorisationCreate
    ) -> AuthorisationRead:
        """Grant a scope of your resources for a term. The scope is reserved from now on.

        Two authorisations may overlap unless one of them is exclusive.
        """

        async def effect() -> AuthorisationRead:
            return await authorisation_read(session, await service.grant(session, actor, data))

        return await idempotency.run(AuthorisationRead, effect)

    @get(
        guards=[requires(Permission.AUTHORISATION_READ)],
        operation_id="listAuthorisations",
        summary="List authorisations",
    )
    async def list_visible(
        self, session: AsyncSession, actor: Actor, page: PageRequest
    ) -> Page[AuthorisationRead]:
        """Those you gave or hold, or all for a regulator; newest first."""
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

    @post(
        "/{authorisation_id:uuid}/acceptance",
        status_code=200,
        guards=[requires(Permission.AUTHORISATION_ACCEPT)],
        operation_id="acceptAuthorisation",
        summary="Accept an authorisation",
    )
    async def accept(self, session: AsyncSession, actor: Actor, authorisation_id: UUID) -> AuthorisationRead:
        """The operator accepts; products can be made of the resources."""
        return await authorisation_read(session, await service.accept(session, actor, authorisation_id))

    @post(
        "/{authorisation_id:uuid}/refusal",
        status_code=200,
        guards=[requires(Permission.AUTHORISATION_ACCEPT)],
        operation_id="declineAuthorisation",
        summary="Decline an authorisation",
    )
    async def decline(
        self, session: AsyncSession, actor: Actor, authorisation_id: UUID, data: ReasonBody
    ) -> AuthorisationRead:
        """The operator declines; the scope is free again."""
        return await authorisation_read(
            session, await service.decline(session, actor, authorisation_id, data.reason)
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
        """By the owner or a regulator: every licence that hangs below it stops at once."""
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
        guards=[requires(Permission.AUTHORISATION_GRANT)],
        operation_id="revokeAuthorisation",
        summary="Revoke an authorisation",
    )
    async def revoke(
        self, session: AsyncSession, actor: Actor, authorisation_id: UUID, data: ReasonBody
    ) -> AuthorisationRead:
        """The owner ends it for good; everything below it stops at once."""
        return await authorisation_read(
            session, await service.revoke(session, actor, authorisation_id, data.reason)
        )
