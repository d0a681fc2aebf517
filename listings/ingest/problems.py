"""Refusals: what the child says when it will not take a file. Pure; imports nothing of the service."""

from typing import Any

from infra.messages import Message

NOT_A_TABLE = "not-a-table"
EMPTY_FILE = "empty-file"
HEADER_ONLY = "header-without-rows"
DUPLICATE_COLUMN = "duplicate-column"
RAGGED_ROW = "ragged-row"
WRONG_ENCODING = "wrong-encoding"
TRUNCATED = "truncated-file"
MALFORMED_RECORD = "malformed-record"
MIXED_COLUMN = "mixed-column"
TOO_MANY_COLUMNS = "too-many-columns"
UNSUPPORTED_COLUMN = "unsupported-column"
BAD_COLUMN_NAME = "bad-column-name"
TOO_LARGE = "file-too-large"


class Refusal(Exception):
    """The file is not taken, and nothing of it is left behind.

    :param slug: one of this module's constants.
    :param detail: what is wrong, in one sentence that names the line or column where there is one.
    :param remedy: what the owner can do.
    :param extensions: ``line`` (of the source file, from 1), ``column`` (its name), ``byte`` and the like.
    """

    def __init__(self, slug: str, detail: str, remedy: str, **extensions: Any) -> None:
        super().__init__(detail)
        self.slug = slug
        self.detail = detail
        self.remedy = remedy
        self.extensions = extensions

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready mapping."""
        return {
            "slug": self.slug,
            "detail": self.detail,
            "remedy": self.remedy,
            "extensions": self.extensions,
        }


def shown(value: str, limit: int = 60) -> str:
    """A value of the file made safe to print in a message: one line, bounded, quoted."""
    return repr(value if len(value) <= limit else value[: limit - 1] + "…")


def too_large(why: str) -> Refusal:
    """The refusal of a file that costs more than one file may."""
    return Refusal(
        TOO_LARGE, Message("The file is too large: {why}.", why=why), Message("Split it into smaller files.")
    )
