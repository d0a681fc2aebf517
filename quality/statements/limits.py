"""What a statement may take, and what comes of it. Pure."""

from dataclasses import dataclass

from quality.checks import Example

_MEBIBYTE = 1024 * 1024
_USUAL_BYTES = 512 * _MEBIBYTE
_LEAST_BYTES = 64 * _MEBIBYTE
_BESIDE_BYTES = 160 * _MEBIBYTE
"""What the process of statements uses besides the memory of DuckDB."""


def memory_within(allowed: int, used: int) -> int:
    """Memory of a statement, whose process shares what a run may use.

    :param allowed: bytes that the run may use in all.
    :param used: bytes that it uses already.
    """
    return max(_LEAST_BYTES, min(_USUAL_BYTES, allowed - used - _BESIDE_BYTES))


class StatementFailed(Exception):
    """The statement could not be carried out; says why, for a person."""


@dataclass(frozen=True, slots=True)
class StatementLimits:
    """What one statement may take.

    :param seconds: of the clock.
    :param memory_bytes: of DuckDB; nothing is spilled to disk.
    :param examples: failing rows that are told.
    """

    seconds: float = 60
    memory_bytes: int = _USUAL_BYTES
    examples: int = 5


@dataclass(frozen=True, slots=True)
class FailingRows:
    """What a statement found.

    :param rows: of the revision.
    :param failing: how many of them the statement returned, each counted once, or cannot judge for want of a value.
    :param missing: of these, rows with no value in a column that the statement compares: it returns them, or says
        nothing of them.
    :param examples: the first failing rows, with the values of the columns that the statement mentions, masked.
    """

    rows: int
    failing: int
    missing: int
    examples: tuple[Example, ...]
