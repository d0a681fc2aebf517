"""Licences over HTTP."""

from uuid import UUID

from litestar import Controller, Response, get, post
from litestar.datastructures import State

from contracts.licences import service
from contracts.licences.schemas import LicenceRead, LicenceStanding, LicenceTokenRead
from infra.auth import Actor, Permission, requires
from infra.db import AsyncSession
from infra.paging import PageRequest
from infra.schema import Page


class LicenceController(Controller):
    """Licences and their tokens."""

    path = "/v1/licences"
    tags = ["Licences"]

    @get(guards=[requires(Permission.LICENCE_READ)], summary="Licences")
    async def list_licences(
        self, session: AsyncSession, actor: Actor, page: PageRequest
    ) -> Page[LicenceRead]:
        """The licences you are a party to, newest first; all of them for the regulator and the platform."""
        rows, cursor = await service.list_licences(session, actor, page)
        return Page(items=[LicenceRead.model_validate(row) for row in rows], next_cursor=cursor)

    @get("/{licence_id:uuid}", guards=[requires(Permission.LICENCE_READ)], summary="One licence")
    async def get_licence(self, session: AsyncSession, actor: Actor, licence_id: UUID) -> LicenceStanding:
        """A licence, what it used, and whether it is live."""
        licence = await service.access_licence(session, actor, licence_id)
        return await licence_standing(session, licence)

    @post("/{licence_id:uuid}/tokens", guards=[requires(Permission.LICENCE_TOKEN)], summary="Get a token")
    async def issue_token(
        self, session: AsyncSession, actor: Actor, state: State, licence_id: UUID
    ) -> Response[LicenceTokenRead]:
        """A fresh token for a live licence: the bearer of its data calls. It is shown once."""
        issued = await service.issue_token(
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


async def licence_standing(session: AsyncSession, licence: service.VisibleLicence) -> LicenceStanding:
    """Map a licence with what it used and what stops it."""
    standing = await service.standing(session, licence)
    return LicenceStanding(
        **licence.model_dump(),
        used_calls=standing.counter.used_calls,
        used_rows=standing.counter.used_rows,
        period_no=standing.counter.period_no,
        live=standing.live,
        stopped=standing.stopped,
    )
