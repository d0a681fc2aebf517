"""Ids of usage records: UUIDv7 that say which process made them and in which order.

The layout is that of RFC 9562 with a counter within the millisecond (section 6.2, method 1) and a node id in the last
four bytes (section 6.4). So what a process that ended had recorded last is found by the ids alone, and a record pays
for it with no column and no index.
"""

import random
import time
from uuid import UUID

_LARGEST_COUNT = (1 << 12) - 1
_ONE = 1 << 64
_VERSION_AND_VARIANT = (7 << 76) | (0b10 << 62)


def process_of(record_id: UUID) -> int:
    """Which process made an id."""
    return record_id.int & 0xFFFFFFFF


def age_seconds(record_id: UUID) -> float:
    """How long ago an id was made, by this machine's clock."""
    return time.time() - (record_id.int >> 80) / 1000


class RecordIds:
    """Makes ids, each larger than the one before, also when the clock is set back.

    :ivar process_id: a number of 32 bits that this process drew for itself.
    """

    def __init__(self, process_id: int | None = None) -> None:
        drawn = random.SystemRandom()
        self.process_id = drawn.getrandbits(32) if process_id is None else process_id
        # Two processes that drew the same number still make different ids.
        self._fixed = _VERSION_AND_VARIANT | drawn.getrandbits(30) << 32 | self.process_id
        self._milliseconds = 0
        self._count = 0
        self._last = 0

    def next(self) -> UUID:
        """A fresh id."""
        now = time.time_ns() // 1_000_000
        if now > self._milliseconds or self._count == _LARGEST_COUNT:
            self._milliseconds, self._count = max(now, self._milliseconds + 1), 0
            self._last = self._milliseconds << 80 | self._fixed
        else:
            self._count += 1
            self._last += _ONE
        return UUID(int=self._last)
