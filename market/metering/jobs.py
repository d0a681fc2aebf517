"""Background work of metering."""

from typing import Any

import structlog

from infra.db import transaction
from infra.jobs import JobContext, Schedule
from market.metering import service

log = structlog.get_logger()


class UsageDiffers(RuntimeError):
    """Counters and records of some licences differ. Nothing repairs itself here: a person has to look."""


async def prepare_partitions(context: JobContext, _: dict[str, Any]) -> None:
    """Make the partitions of the months ahead, long before anything is recorded in them."""
    async with transaction(context.sessions) as session:
        made = await service.ensure_partitions(session)
    if made:
        log.info("usage_partitions_made", count=made)


async def check_counters(context: JobContext, _: dict[str, Any]) -> None:
    """Hold counters against records.

    :raises UsageDiffers: they do not say the same.
    """
    async with transaction(context.sessions) as session:
        found = await service.differences(session)
    if found:
        raise UsageDiffers("; ".join(str(difference) for difference in found))


SCHEDULES = [
    Schedule("metering.partitions", "17 2 * * *", prepare_partitions),
    Schedule("metering.invariants", "47 3 * * *", check_counters),
]
