"""Licences over HTTP."""

from uuid import UUID

from litestar import Controller, Response, delete, get, post
from litestar.datastructures import State

from contracts.licences import service, token_service
from contracts.licences.schemas import LicenceRead, LicenceSummary, LicenceTokenRead, LicenceTokenSummary
from contracts.parties import party_names
from infra.auth import Actor, Permission
from infra.db import AsyncSession
from infra.guards import requires
from infra.paging import PageRequest
from infra.schema import Page, ReasonBody


class LicenceController(Controller):
    """Licences and their tokens."""

    path = "/v1/licences"
    tags = ["Licences"]

    @get(guards=[requires(Permission.LICENCE_READ)], operation_id="listLicences", summary="List licences")
    async def list_licences(
        self, session: AsyncSession, actor: Actor, page: PageRequest
    ) -> Page[LicenceSummary]:
        """The licences you are a party to, newest first; all of them for the regulator and the platform."""
        rows, cursor = await service.list_licences(session, actor, page)
        names = await party_names(session, rows)
        return Page(items=[LicenceSummary.of(row, names) for row in rows], next_cursor=cursor)

    @get(
        "/{licence_id:uuid}",
        guards=[requires(Permission.LICENCE_READ)],
        operation_id="getLicence",
        summary="Get a licence",
    )
    async def get_licence(self, session: AsyncSession, actor: Actor, licence_id: UUID) -> LicenceRead:
        """A licence, what it used, and whether it is live."""
        return await _details(session, await service.access_licence(session, actor, licence_id))

    @post(
        "/{licence_id:uuid}/suspension",
        status_code=200,
        guards=[requires(Permission.LICENCE_SUSPEND)],
        operation_id="suspendLicence",
        summary="Suspend a licence",
    )
    async def suspend(
        self, session: AsyncSession, actor: Actor, licence_id: UUID, data: ReasonBody
    ) -> LicenceRead:
        """By its operator or a regulator: the next call with it is refused; every other licence goes on."""
        return await _details(session, await service.suspend(session, actor, licence_id, data.reason))

    @post(
        "/{licence_id:uuid}/reinstatement",
        status_code=200,
        guards=[requires(Permission.LICENCE_SUSPEND)],
        operation_id="reinstateLicence",
        summary="Reinstate a licence",
    )
    async def reinstate(
        self, session: AsyncSession, actor: Actor, licence_id: UUID, data: ReasonBody
    ) -> LicenceRead:
        """Lift your organisation's suspension; it ends with the last organisation's."""
        return await _details(session, await service.reinstate(session, actor, licence_id, data.reason))

    @post(
        "/{licence_id:uuid}/tokens",
        guards=[requires(Permission.LICENCE_TOKEN)],
        operation_id="issueLicenceToken",
        summary="Issue a licence token",
    )
    async def issue_token(
        self, session: AsyncSession, actor: Actor, state: State, licence_id: UUID
    ) -> Response[LicenceTokenRead]:
        """A new token for a live licence: the bearer of its data calls. It is shown once."""
        issued = await token_service.issue_token(
            session, actor, state.key_ring, state.settings.base_url, licence_id
        )
        return Response(
            LicenceTokenRead(
                access_token=issued.token,
                expires_in=issued.expires_in,
                licence_id=licence_id,
                token_id=issued.token_id,
            ),
            headers={"Cache-Control": "no-store"},
        )

    @get(
        "/{licence_id:uuid}/tokens",
        guards=[requires(Permission.LICENCE_TOKEN_MANAGE)],
        operation_id="listLicenceTokens",
        summary="List licence tokens",
    )
    async def list_tokens(
        self, session: AsyncSession, actor: Actor, licence_id: UUID, page: PageRequest
    ) -> Page[LicenceTokenSummary]:
        """The licence's tokens that have not run out, newest first, for its buyer; never the tokens themselves."""
        rows, cursor = await token_service.list_tokens(session, actor, licence_id, page)
        return Page(items=[LicenceTokenSummary.of(row) for row in rows], next_cursor=cursor)

    @delete(
        "/{licence_id:uuid}/tokens/{token_id:uuid}",
        guards=[requires(Permission.LICENCE_TOKEN_MANAGE)],
        operation_id="revokeLicenceToken",
        summary="Revoke a licence token",
    )
    async def revoke_token(
        self, session: AsyncSession, actor: Actor, licence_id: UUID, token_id: UUID
    ) -> None:
        """End a token before its time: the next call with it is refused. Its program can get another one."""
        await token_service.revoke_token(session, actor, licence_id, token_id)


async def _details(session: AsyncSession, licence: service.VisibleLicence) -> LicenceRead:
    return LicenceRead.of(await service.get_details(session, licence))
