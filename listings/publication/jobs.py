"""What the worker does about waivers, once a minute."""

from typing import Any

import structlog

from infra.db import transaction
from infra.jobs import JobContext, Schedule
from listings.publication import waivers
from quality.waivers import service as quality_waivers

BATCH = 500

log = structlog.get_logger()


async def tell_expired(context: JobContext, _: dict[str, Any]) -> None:
    """Tell of waivers that have expired, once each. The end itself needs no job."""
    async with transaction(context.sessions) as session:
        ended = await quality_waivers.list_ended_untold(session, BATCH)
    for waiver_id in ended:
        try:
            async with transaction(context.sessions) as session:
                told = await waivers.tell_expired(session, waiver_id)
        except Exception:
            # One that fails must not keep the others from being told; it is tried again in a minute.
            log.exception("waiver_expiry_failed", waiver_id=str(waiver_id))
            continue
        if told:
            log.info("quality_waiver_expired", waiver_id=str(waiver_id))


SCHEDULES = [Schedule("publication.tell_expired_waivers", "* * * * *", tell_expired)]
