"""What goes in and out of the rulebook over HTTP."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, WithJsonSchema

from infra.rulebook.domain import SourceStatus
from infra.schema import Input, Instant, Output, Reason, StorableJson

KEY_PATTERN = r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*){1,4}$"
"""How parameters are named: the slice, then what it is."""


class ParameterRead(Output):
    """One version of one parameter, with where it comes from and who approved it."""

    key: str
    version: int
    value: Any = Field(description="Any JSON value")
    effective_from: datetime
    source: str
    source_status: SourceStatus = Field(
        description="T full text read, S excerpt read, M recalled and unverified, house decision"
    )
    recorded_at: datetime


class ParameterList(Output):
    """Parameters in force, or the history of one."""

    items: list[ParameterRead]


class ParameterSet(Input):
    """A new version of an existing parameter."""

    value: Annotated[StorableJson, WithJsonSchema({"description": "Any JSON value"})]
    effective_from: Instant
    source: Reason
    source_status: SourceStatus
