"""What stops a licence: looked up for a refused call, and not for every one of a client that goes on asking."""

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from uuid import UUID

from contracts.licences.notices import StopNotice

NOTICE_SECONDS = 1.0
"""How long a process tells of a stop, once it has looked it up, without asking again. Only words are kept: whether a
call is admitted is decided each time."""

_NOTICES = 1024


class StopNotices:
    """What to tell of each stopped licence, looked up once a second at most.

    :param look_up: asks the licences slice; None when nothing stops the licence any more.
    """

    def __init__(self, look_up: Callable[[UUID], Awaitable[StopNotice | None]]) -> None:
        self._look_up = look_up
        self._known: OrderedDict[tuple[UUID, str], tuple[StopNotice | None, float]] = OrderedDict()

    async def about(self, licence_id: UUID, reason: str | None) -> StopNotice | None:
        """What to tell of a licence.

        :param reason: why metering refused the call; None when no stop did.
        """
        if reason is None:
            return None
        known = self._known.get((licence_id, reason))
        if known is not None and known[1] > time.monotonic():
            return known[0]
        notice = await self._look_up(licence_id)
        self._known[licence_id, reason] = (notice, time.monotonic() + NOTICE_SECONDS)
        self._known.move_to_end((licence_id, reason))
        if len(self._known) > _NOTICES:
            self._known.popitem(last=False)
        return notice
