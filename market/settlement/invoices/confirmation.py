"""Confirming a period before it is billed: each of its calls was answered, or is credited."""

import asyncio
from datetime import timedelta
from uuid import UUID

from infra.db import SessionMaker, transaction
from infra.messages import Message
from market.metering import service as metering
from market.settlement.invoices.errors import PeriodNotConfirmed

_TIMES = 25
_PAUSE = timedelta(milliseconds=200)
"""A close looks so often, with such pauses, whether calls are accounted for: for the seconds that processes take."""


async def wait(apart: SessionMaker, licence_id: UUID, period_no: int) -> bool:
    """Confirm a period if it is cut, waiting a few seconds for processes to account for their last calls.

    :return: whether it is cut, and then confirmed.
    :raises PeriodNotConfirmed: calls of it are not accounted for after that.
    """
    for _ in range(_TIMES):
        async with transaction(apart) as confirming:
            unconfirmed = await metering.confirm_period(confirming, licence_id, period_no)
        if not unconfirmed:
            return unconfirmed is not None
        await asyncio.sleep(_PAUSE.total_seconds())
    raise PeriodNotConfirmed(
        Message(
            "Period {period_no} is cut, but whether {unconfirmed} of its calls were answered is not known yet.",
            period_no=period_no,
            unconfirmed=unconfirmed,
        ),
        remedy=Message(
            "Close it again in a minute, or leave it to the worker, which bills it by itself. Calls still under way are"
            " known within a minute, and those of a process that died within three; where it takes longer, see whether"
            " the worker is down (GET /health/ready). GET /v1/usage-records lists them as unconfirmed."
        ),
        unconfirmed=unconfirmed,
    )
