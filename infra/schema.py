"""The bases and bounded types every schema of the HTTP interface is made of."""

import re
from datetime import datetime
from decimal import Decimal
from types import UnionType
from typing import Annotated, Any, Generic, TypeVar, Union, get_args, get_origin

from litestar.params import Parameter
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    JsonValue,
    PlainSerializer,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    model_validator,
)
from pydantic_core import CoreSchema

from infra.errors import Malformed
from infra.messages import Message, told
from infra.text_length import readable_width

ItemT = TypeVar("ItemT")


class Input(BaseModel):
    """What a caller sends: unknown members are refused, values are bounded, and nothing changes afterwards."""

    model_config = ConfigDict(defer_build=True, extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _as_json_says(cls, data: Any) -> Any:
        # Bodies are validated leniently, so that text becomes a UUID or a time; but true is not 1, nor "5" a 5.
        if isinstance(data, dict):
            for name, field in cls.model_fields.items():
                kinds = _kinds(field.annotation)
                value = data.get(name)
                if int in kinds and not kinds & {bool, str} and isinstance(value, bool | str | float):
                    raise ValueError(Message("{name} must be a whole number", name=name))
                if bool in kinds and value is not None and not isinstance(value, bool):
                    raise ValueError(Message("{name} must be true or false", name=name))
        return data


def _kinds(annotation: Any) -> set[Any]:
    """The plain types that an annotation is made of, at its outermost level."""
    if get_origin(annotation) is Annotated:
        return _kinds(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        return {kind for part in get_args(annotation) for kind in _kinds(part)}
    return {annotation}


Told = Annotated[str, BeforeValidator(told)]
"""A text for people, in the language of whoever asks (``Accept-Language``); what a person wrote is as it was."""


class Output(BaseModel):
    """What a caller receives, mapped explicitly: a table row is never returned as it is."""

    model_config = ConfigDict(defer_build=True, from_attributes=True)


class Page(Output, Generic[ItemT]):
    """One page of a list; ``next_cursor`` is null on the last one."""

    items: list[ItemT]
    next_cursor: str | None = None


# PostgreSQL's text cannot hold NUL, and lone surrogates are no Unicode text: both are refused at the edge.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def _storable(text: str) -> str:
    if _UNSTORABLE.search(text):
        raise ValueError(Message("contains a character that cannot be stored (NUL or a lone surrogate)"))
    return text


def _storable_throughout(value: JsonValue) -> JsonValue:
    match value:
        case str():
            _storable(value)
        case dict():
            for name, item in value.items():
                _storable(name)
                _storable_throughout(item)
        case list():
            for item in value:
                _storable_throughout(item)
    return value


StorableJson = Annotated[JsonValue, AfterValidator(_storable_throughout)]
"""Any JSON value that the database can hold."""


def _visible(text: str) -> str:
    if readable_width(text) < 1:
        raise ValueError(Message("Must contain something that can be read"))
    return text


def _substantial(text: str) -> str:
    if readable_width(text) < 3:
        raise ValueError(Message("Must say more: at least two Chinese characters or three letters"))
    return text


def _bounded(maximum: int) -> Any:
    return StringConstraints(strip_whitespace=True, max_length=maximum)


class SchemaMembers:
    """What a JSON Schema can say of a text that is read by its visible characters.

    Not a ``Field`` that many types share: pydantic would write into it what the fields of some of them say.
    """

    def __init__(self, **said: Any) -> None:
        self._said = said

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {**handler(schema), **self._said}


# Blanks around a text do not count; the pattern tells so. What else shows nothing no schema can say.
_FILLED = SchemaMembers(minLength=1, pattern=r"[^\s\u0085]")

REASON_PATTERN = r"[^\s\u0085][\s\S]*[^\s\u0085]"
REASON_LENGTH = "At least two Chinese characters or three letters 至少两个汉字或三个字母; kept for good."
"""What the description of every :data:`Reason` says, beside what its field says."""

_SUBSTANTIAL = SchemaMembers(minLength=2, pattern=REASON_PATTERN, description=REASON_LENGTH)

ShortText = Annotated[str, _bounded(200), AfterValidator(_storable), AfterValidator(_visible), _FILLED]
"""One line: a name or a title, 1 to 200 characters."""

LongText = Annotated[str, _bounded(4000), AfterValidator(_storable), AfterValidator(_visible), _FILLED]
"""A description, 1 to 4,000 characters."""

Reason = Annotated[str, _bounded(1000), AfterValidator(_storable), AfterValidator(_substantial), _SUBSTANTIAL]
"""Why somebody decided something, at least two Chinese characters or three letters, at most 1,000 characters; it is
kept for good."""


class ReasonBody(Input):
    """A decision that needs a reason, which is kept for good and shown to those it concerns."""

    reason: Reason


def _within_reach(moment: datetime) -> datetime:
    # The driver and the calendar have edges; nothing that is traded here comes near them.
    if not 1900 <= moment.year < 2200:
        raise ValueError(Message("must lie in the years 1900 to 2199"))
    return moment


def _written(value: object) -> object:
    # A bare number would be taken for seconds since 1970, or milliseconds, by its size.
    if isinstance(value, int | float) or (isinstance(value, str) and not _DATE_FIRST.match(value)):
        raise ValueError(Message("write the time like 2026-01-31T00:00:00Z"))
    return value


_DATE_FIRST = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ]", re.ASCII)

Instant = Annotated[AwareDatetime, BeforeValidator(_written), AfterValidator(_within_reach)]
"""A moment with its offset, in the years 1900 to 2199, written as RFC 3339 says."""

_MOMENT: TypeAdapter[datetime] = TypeAdapter(Instant)


def read_moment(text: str | None) -> datetime | None:
    """A time given in a query; Litestar itself would take a number for one.

    :raises Malformed: it is no time of the years 1900 to 2199 with its offset.
    """
    if text is None:
        return None
    try:
        return _MOMENT.validate_python(text)
    except ValidationError:
        raise Malformed(
            Message("The time cannot be read, has no offset, or lies outside the years 1900 to 2199."),
            remedy=Message("Write it like 2026-01-31T00:00:00Z."),
        ) from None


def moment_parameter(description: str) -> Any:
    """A time in a query, which ``read_moment`` reads."""
    return Parameter(description=description, max_length=40, schema_extra={"format": "date-time"})


Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
"""A neutral code such as ``urban_transport``: lower-case letters, digits, underscores."""

Sha256Hex = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""A SHA-256 digest in lower-case hexadecimal."""


def _exact(value: object) -> object:
    # A JSON number has already lost its exactness on the way in, so only text (or a Decimal from inside) is taken.
    if isinstance(value, (float, int)) and not isinstance(value, Decimal):
        raise ValueError(Message('write the number as text, for example "0.05"'))
    if isinstance(value, str) and not re.fullmatch(r"-?[0-9]{1,20}(\.[0-9]{1,20})?", value):
        raise ValueError(Message('must be a plain decimal such as "0.05"'))
    return value


DecimalText = Annotated[
    Decimal,
    BeforeValidator(_exact),
    PlainSerializer(lambda value: format(value, "f"), return_type=str),
    # One shared override: pydantic would otherwise describe a bounded Decimal as a JSON number (and accept one).
    Field(
        json_schema_extra={
            "type": "string",
            "pattern": r"^-?[0-9]{1,20}(\.[0-9]{1,20})?$",
            "format": "decimal",
        }
    ),
]
"""An exact decimal, text in JSON and in OpenAPI alike."""
