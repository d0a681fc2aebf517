"""What goes in and out of sign-in and OAuth over HTTP."""

import unicodedata
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    StringConstraints,
    model_serializer,
)

from infra.auth import OrganisationKind, Permission, Role
from infra.identity.domain import EMAIL_PATTERN, MAX_EMAIL_LENGTH, normalised_email
from infra.organisation_status import OrganisationStatus
from infra.schema import Input, Output, SchemaMembers
from infra.second_factor import SecondFactorStatus

Email = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=MAX_EMAIL_LENGTH, pattern=EMAIL_PATTERN),
    AfterValidator(normalised_email),
    Field(
        description="An e-mail address; upper and lower case are the same.", examples=["li@bureau.example"]
    ),
]
"""An e-mail address, kept in lower case."""

Password = Annotated[
    str, StringConstraints(min_length=1, max_length=256), Field(examples=["correct horse battery staple"])
]
"""A password as typed; how strong a new one must be is checked where one is chosen."""

Token = Annotated[str, StringConstraints(min_length=20, max_length=200, pattern=r"^[A-Za-z0-9_-]+$")]
"""A token that was shown once."""


class SessionCreate(Input):
    """Credentials to sign in with."""

    email: Email
    password: Password
    organisation_id: UUID | None = Field(
        None, description="For whom; needed by members of several organisations."
    )


_HYPHENS = dict.fromkeys(map(ord, "‐‑‒–—―−－"), "-")


def _as_typed_in_ascii(value: object) -> object:
    # Full-width digits of a Chinese keyboard, and the dashes and spaces that word processors make of ours.
    if not isinstance(value, str):
        return value
    return unicodedata.normalize("NFKC", value.translate(_HYPHENS)).strip()


Code = Annotated[
    str,
    BeforeValidator(_as_typed_in_ascii),
    StringConstraints(min_length=6, max_length=40, pattern=r"^[0-9A-Za-z -]+$"),
    Field(
        description="What the authenticator app shows now, or a recovery code; spaces and hyphens do not matter.",
        examples=["492039"],
    ),
    # Spaces around it, and what other keyboards write in its place, are taken as well.
    SchemaMembers(pattern="^[0-9A-Za-z][0-9A-Za-z -]*[0-9A-Za-z]$"),
]
"""The code of a second factor."""


class CodeBody(Input):
    """A code of the second factor."""

    code: Code


class EnrolmentCreate(Input):
    """Beginning to use an authenticator app."""

    current_password: Password
    code: Code | None = Field(
        None, description="Of the second factor that is to be replaced, where there is one."
    )


class EnrolmentRead(Output):
    """What the authenticator app is told; shown this once."""

    secret: str = Field(description="Base32; for typing in.")
    otpauth_uri: str = Field(description="For a QR code.")


class RecoveryCodesRead(Output):
    """Codes that stand in for a lost app, each once; shown this once."""

    recovery_codes: list[str]


class SecondFactorRead(Output):
    """The caller's second factor."""

    enrolled_at: datetime | None = Field(description="Since when it is asked for; null without one.")
    recovery_codes_left: int
    mandatory: bool = Field(description="One of the caller's roles needs a second factor.")


class PasswordResetCreate(Input):
    """A request for a one-time link."""

    email: Email
    organisation_id: UUID | None = Field(None, description="Only for the account in this organisation.")


class PasswordResetAccept(Input):
    """A new password by a one-time link."""

    token: Token
    new_password: Password = Field(description="15 to 128 characters, and none that is easily guessed.")


class PasswordChange(Input):
    """A change of password."""

    current_password: Password
    new_password: Password = Field(description="15 to 128 characters, and none that is easily guessed.")


class PartyName(Output):
    """What an organisation is called; beside ``owner_id`` an answer has ``owner_name``, and so on for every party."""

    zh: str | None = Field(description="Name in Chinese, where it has one.")
    en: str | None = Field(description="Name in English, where it has one.")


PartyNames = Mapping[UUID, PartyName]
"""Names of organisations by their ids."""


class OrganisationBrief(Output):
    """For whom somebody acts."""

    id: UUID
    kind: OrganisationKind
    name_zh: str | None
    name_en: str | None
    status: OrganisationStatus


class SessionRead(Output):
    """Who is signed in, for whom, and what they may do."""

    kind: Literal["person", "program"]
    id: UUID
    name: str
    email: str | None
    organisation: OrganisationBrief
    roles: list[Role]
    permissions: list[Permission]
    second_factor: SecondFactorStatus = Field(
        description="How far the person has signed in: held back by code_required until POST"
        " /v1/session/second-factor, by enrolment_required until a second factor is enrolled."
    )
    csrf_token: str | None = Field(
        description="Value of X-CSRF-Token for requests that change something by cookie."
    )
    expires_at: datetime | None = Field(description="When the session ends in any case.")


def _absent_when_empty(value: object) -> object:
    # RFC 6749, section 3.2: a parameter sent without a value is treated as if it were not sent.
    return None if value == "" else value


_Form = Annotated[str | None, Field(max_length=400), BeforeValidator(_absent_when_empty)]


class OAuthForm(BaseModel):
    """A form of RFC 6749; members it does not know are ignored, as the RFC asks."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    client_id: _Form = None
    client_secret: _Form = Field(None, description="Only when the Authorization header is not used.")


class TokenRequest(OAuthForm):
    """An access token request (RFC 6749, section 4.4.2)."""

    grant_type: Annotated[str, Field(min_length=1, max_length=100, examples=["client_credentials"])]
    scope: _Form = Field(None, description="Roles to narrow the token to, parted by spaces; default: all.")


class TokenReference(OAuthForm):
    """A token to introspect or to revoke (RFC 7662, RFC 7009)."""

    token: Annotated[str, Field(min_length=1, max_length=8192)]
    token_type_hint: _Form = None


class TokenRead(Output):
    """An access token (RFC 6749, section 5.1)."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 -- a kind of token
    expires_in: int = Field(description="Seconds")
    scope: str


class IntrospectionRead(Output):
    """The state of a token (RFC 7662, section 2.2); ``active`` alone when it is inactive."""

    active: bool
    scope: str | None = None
    client_id: str | None = None
    token_type: str | None = None
    exp: int | None = None
    iat: int | None = None
    sub: str | None = None
    aud: str | None = None
    iss: str | None = None
    jti: str | None = None
    organisation_id: str | None = None

    @model_serializer(mode="wrap")
    def _without_absent(self, dump: SerializerFunctionWrapHandler) -> dict[str, object]:
        return {name: value for name, value in dump(self).items() if value is not None}


class OAuthErrorRead(Output):
    """An error response of RFC 6749, section 5.2."""

    error: str
    error_description: str


class AuthorizationServerRead(Output):
    """Where and how programs get tokens (RFC 8414)."""

    issuer: str
    token_endpoint: str
    jwks_uri: str
    introspection_endpoint: str
    revocation_endpoint: str
    scopes_supported: list[str]
    response_types_supported: list[str]
    grant_types_supported: list[str]
    token_endpoint_auth_methods_supported: list[str]
    introspection_endpoint_auth_methods_supported: list[str]
    revocation_endpoint_auth_methods_supported: list[str]


class JsonWebKey(Output):
    """A public key (RFC 7517, RFC 8037)."""

    kty: str
    crv: str
    x: str
    kid: str
    use: str
    alg: str


class JsonWebKeySet(Output):
    """The keys that verify tokens, the current one first."""

    keys: list[JsonWebKey]


class KeyRevocation(Output):
    """That a key was stolen."""

    revoked_at: int = Field(description="When it was revoked, in seconds since 1970.")


class HistoricalKey(JsonWebKey):
    """A public key that signs no tokens any more."""

    exp: int = Field(description="When its last token expired, or it was revoked, in seconds since 1970.")
    revoked: KeyRevocation | None = None


class HistoricalKeySet(Output):
    """The keys that signed before, in the form of OpenID Federation 1.0."""

    keys: list[HistoricalKey]
