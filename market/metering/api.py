"""Usage over HTTP, for the parties of a licence and the regulator."""

from typing import Annotated
from uuid import UUID

from litestar import Controller, get
from litestar.params import QueryParameter

from infra.auth import Actor, Permission, requires
from infra.db import AsyncSession
from infra.paging import PageRequest
from infra.schema import Page, moment_parameter, read_moment
from market.metering import service
from market.metering.schemas import HourlyUsageRead, UsagePeriodRead, UsageRecordRead, UsageSummary


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
        return Page(items=[UsageRecordRead.model_validate(record) for record in records], next_cursor=cursor)

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
        """What was counted by hour, revision and purpose; 31 days at most."""
        lines = await service.hourly_usage(session, actor, licence_id, read_moment(since), read_moment(until))
        return UsageSummary(
            licence_id=licence_id, items=[HourlyUsageRead.model_validate(line) for line in lines]
        )
