"""Answers that are kept as long as they are true."""

from collections.abc import Hashable

MAX_BYTES = 16 << 20


class Answers:
    """Answers by what was asked, the oldest given up for the newest."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._kept: dict[Hashable, bytes] = {}
        self._size = 0
        self._max_bytes = max_bytes

    def get(self, asked: Hashable) -> bytes | None:
        """The answer, if it is kept."""
        return self._kept.get(asked)

    def put(self, asked: Hashable, answer: bytes) -> None:
        """Keep an answer to what none is kept of."""
        self._kept[asked] = answer
        self._size += len(answer)
        while self._size > self._max_bytes:
            self._size -= len(self._kept.pop(next(iter(self._kept))))

    def clear(self) -> None:
        """Forget them all."""
        self._kept.clear()
        self._size = 0
