"""What the data plane answers, for the OpenAPI document; the answer itself is made by the engine as ready JSON."""

from typing import Any

from pydantic import Field

from infra.schema import Output


class RecordsPage(Output):
    """One page of a revision's rows."""

    items: list[dict[str, Any]] = Field(
        description="Rows in the data's order, by the names of the licensed columns"
    )
    next_cursor: str | None = Field(description="For the next page; null on the last one")
