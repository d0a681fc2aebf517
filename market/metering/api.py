"""Usage over HTTP, for the parties of a licence and the regulator."""

from typing import Annotated, Any
from uuid import UUID

from litestar import Controller, Request, get
from litestar.connection import ASGIConnection
from litestar.di import Provide
from litestar.handlers.base import BaseRouteHandler
from litestar.params import QueryParameter

from contracts.licences.tokens import LicenceClaims, LicenceVerifier
from infra.auth import Actor, Permission
from infra.db import AsyncSession
from infra.errors import NotFound
from infra.guards import current_actor, optional_actor, requires
from infra.paging import PageRequest
from infra.schema import Page, moment_parameter, read_moment
from market.metering import service
from market.metering.schemas import HourlyUsageRead, UsagePeriodRead, UsageRecordRead, UsageSummary
from market.metering.service import UsageReader


def reads_usage(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """A guard: a valid licence token, or somebody who may read usage.

    :raises InvalidLicenceToken: the bearer is neither a licence token nor an access token.
    """
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    if optional_actor(connection.scope) is None and scheme.lower() == "bearer":
        verifier: LicenceVerifier = connection.app.state.licence_verifier
        connection.scope["licence"] = verifier.verify(token.strip())  # type: ignore[typeddict-unknown-key]
    else:
        requires(Permission.USAGE_READ)(connection, handler)


reads_usage.permission = Permission.USAGE_READ  # type: ignore[attr-defined]


def provide_caller(request: Request[Any, Any, Any]) -> UsageReader:
    """Dependency ``caller``."""
    claims: LicenceClaims | None = request.scope.get("licence")  # type: ignore[assignment]
    return UsageReader(None, claims) if claims else UsageReader(current_actor(request.scope), None)


class UsageRecordController(Controller):
    """What became of each call, for the programs that made them and the people of their organisation."""

    path = "/v1/usage-records"
    tags = ["Usage"]
    guards = [reads_usage]
    opt = {"licence": True, "problems": (NotFound,)}
    dependencies = {"caller": Provide(provide_caller, sync_to_thread=False)}

    @get(operation_id="listRecentUsageRecords", summary="List what became of calls")
    async def list_records(
        self,
        session: AsyncSession,
        caller: UsageReader,
        page: PageRequest,
        licence_id: Annotated[
            UUID | None, QueryParameter(description="Whose; not needed with a licence token.")
        ] = None,
        since: Annotated[str | None, moment_parameter("Recorded from here on.")] = None,
        until: Annotated[str | None, moment_parameter("Recorded up to here, not included.")] = None,
    ) -> Page[UsageRecordRead]:
        """Usage records of one licence, newest first: what each call counted, and whether it was answered or credited.

        With a licence token as the bearer, those of its licence; a session or an access token names the licence.
        """
        records, cursor = await service.list_records(
            session, caller, licence_id, read_moment(since), read_moment(until), page
        )
        return Page(items=[UsageRecordRead.of(record) for record in records], next_cursor=cursor)

    @get("/{record_id:uuid}", operation_id="getUsageRecord", summary="Get what became of a call")
    async def get_record(
        self, session: AsyncSession, caller: UsageReader, record_id: UUID
    ) -> UsageRecordRead:
        """One usage record, by the id of the header Usage-Record or of a 503's `usage_record`."""
        return UsageRecordRead.of(await service.get_record(session, caller, record_id))


class UsageController(Controller):
    """What was called, when, and what it counted."""

    path = "/v1/licences/{licence_id:uuid}/usage"
    tags = ["Usage"]
    guards = [requires(Permission.USAGE_READ)]

    @get(operation_id="listUsageRecords", summary="List usage records")
    async def list_usage(
        self,
        session: AsyncSession,
        actor: Actor,
        licence_id: UUID,
        page: PageRequest,
        period_no: Annotated[
            int | None,
            QueryParameter(name="period", ge=1, le=2**31 - 1, description="Only this billing period."),
        ] = None,
    ) -> Page[UsageRecordRead]:
        """Every metered call, newest first, current to the last one."""
        records, cursor = await service.list_usage(session, actor, licence_id, period_no, page)
        return Page(items=[UsageRecordRead.of(record) for record in records], next_cursor=cursor)

    @get("/periods", operation_id="listUsagePeriods", summary="List billing periods of a licence")
    async def list_periods(
        self, session: AsyncSession, actor: Actor, licence_id: UUID, page: PageRequest
    ) -> Page[UsagePeriodRead]:
        """Calendar months in the market's time zone with what was counted in them, the open one first."""
        periods, cursor = await service.list_periods(session, actor, licence_id, page)
        return Page(items=[UsagePeriodRead.of(period) for period in periods], next_cursor=cursor)

    @get("/summary", operation_id="getHourlyUsage", summary="Get usage by hour")
    async def hourly_usage(
        self,
        session: AsyncSession,
        actor: Actor,
        licence_id: UUID,
        since: Annotated[str | None, moment_parameter("From here on; default: a day before `until`.")] = None,
        until: Annotated[str | None, moment_parameter("Up to here, not included; default: now.")] = None,
    ) -> UsageSummary:
        """What was counted by hour, revision, purpose, scenario and region; 31 days at most."""
        lines = await service.hourly_usage(session, actor, licence_id, read_moment(since), read_moment(until))
        return UsageSummary(
            licence_id=licence_id, items=[HourlyUsageRead.model_validate(line) for line in lines]
        )
