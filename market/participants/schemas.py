"""What goes in and out of onboarding over HTTP."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from infra.auth import OrganisationKind, Role
from infra.identity.domain import EvidenceKind, is_credit_code
from infra.identity.schemas import Email, PartyName, Password, Token
from infra.identity.states import InvitationDelivery
from infra.messages import Message
from infra.organisation_status import OrganisationStatus
from infra.schema import Input, LongText, Output, Reason, Sha256Hex, ShortText
from market.participants.states import AppealDecision, AppealStatus, FactorResetStatus, RecoveryStatus


def _credit_code(text: str) -> str:
    if not is_credit_code(text):
        raise ValueError(
            Message("is not a unified social credit code: its check digit (GB 32100-2015) is wrong")
        )
    return text


CREDIT_CODE_PATTERN = r"^[0-9A-HJ-NPQRTUWXY]{18}$"
"""The form of a unified social credit code."""

CreditCode = Annotated[
    str | None,
    StringConstraints(pattern=CREDIT_CODE_PATTERN),
    AfterValidator(lambda text: None if text is None else _credit_code(text)),
    Field(description="统一社会信用代码 (GB 32100-2015); parties outside China have none."),
]


def _distinct(roles: list[Role]) -> list[Role]:
    if len(set(roles)) != len(roles):
        raise ValueError(Message("names a role twice"))
    return roles


Roles = Annotated[
    list[Role],
    Field(min_length=1, max_length=len(Role), json_schema_extra={"uniqueItems": True}),
    AfterValidator(_distinct),
]
"""One or more different roles."""

DocumentNumber = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z/ ()-]{4,60}$")]
"""The number printed on a document."""


class OrganisationCreate(Input):
    """Registering a party; at least one of the names is given."""

    kind: OrganisationKind
    name_zh: ShortText | None = Field(None, description="Name in Chinese, as in the register.")
    name_en: ShortText | None = Field(None, description="Name in English or another language.")
    unified_social_credit_code: CreditCode = None

    @model_validator(mode="after")
    def _has_a_name(self) -> "OrganisationCreate":
        if self.name_zh is None and self.name_en is None:
            raise ValueError(Message("name_zh or name_en must be given"))
        return self


class RecoveryRead(Output):
    """The recovery of a lost administrator."""

    id: UUID
    organisation_id: UUID
    email: str
    evidence_sha256: str
    reason: str
    status: RecoveryStatus
    requested_by: UUID
    requested_at: datetime
    approved_by: UUID | None
    approved_at: datetime | None
    approval_reason: str | None
    effective_at: datetime | None = Field(
        description="From when on it is carried out; until then, it can be cancelled."
    )
    cancelled_by: UUID | None
    cancelled_at: datetime | None
    cancellation_reason: str | None
    completed_at: datetime | None
    invitation_id: UUID | None = Field(description="The invitation that came of it.")


class OrganisationRead(Output):
    """A party of the market."""

    id: UUID
    kind: OrganisationKind
    name_zh: str | None
    name_en: str | None
    unified_social_credit_code: str | None
    status: OrganisationStatus
    status_reason: str | None
    registered_at: datetime
    verified_at: datetime | None
    recovery: RecoveryRead | None = Field(
        description="A recovery of its administrator that is under way; any of its people can cancel it."
    )


class DirectoryEntryRead(Output):
    """What is public of a verified organisation."""

    id: UUID
    kind: OrganisationKind
    name_zh: str | None
    name_en: str | None
    unified_social_credit_code: str | None
    verified_at: datetime = Field(description="Since when its identity is verified.")


class EvidenceCreate(Input):
    """A document that shows who the organisation is. Its number is kept encrypted."""

    kind: EvidenceKind
    number: DocumentNumber
    document_sha256: Sha256Hex = Field(description="SHA-256 of the scanned document, in hexadecimal.")


class EvidenceRead(Output):
    """A document on file."""

    id: UUID
    kind: EvidenceKind
    number_masked: str = Field(description="The number but for its last four characters hidden.")
    document_sha256: str
    submitted_by: UUID
    submitted_at: datetime
    verified_by: UUID | None
    verified_at: datetime | None
    rejected_by: UUID | None
    rejected_at: datetime | None


class VerificationCreate(Input):
    """The platform's finding about an organisation's identity."""

    decision: Literal["verify", "reject"]
    reason: Reason


class AppealCreate(Input):
    """An objection to a suspension."""

    text: LongText = Field(description="Why the suspension should be lifted.")
    document_sha256: Sha256Hex | None = Field(
        None, description="SHA-256 of a document that shows it, in hexadecimal."
    )


class AppealRead(Output):
    """An objection to a suspension, and its decision."""

    id: UUID
    organisation_id: UUID
    text: str
    document_sha256: str | None
    status: AppealStatus
    lodged_by: UUID
    lodged_at: datetime
    decided_by: UUID | None
    decided_at: datetime | None
    decision_reason: str | None


class AppealDecisionCreate(Input):
    """The decision of an appeal."""

    decision: AppealDecision
    reason: Reason


class InvitationCreate(Input):
    """Inviting somebody into an organisation."""

    email: Email
    roles: Roles


class InvitationRead(Output):
    """An invitation."""

    id: UUID
    email: str
    roles: list[Role]
    created_at: datetime
    expires_at: datetime
    invited_by: UUID
    invited_by_organisation: UUID = Field(
        description="The own organisation, the platform's, or the nil UUID where a recovery let somebody in."
    )
    delivery: InvitationDelivery = Field(
        description="`pending` until the mail server took the token, or an officer did to hand it over."
    )
    delivered_at: datetime | None
    handed_over_by: UUID | None = Field(description="The officer who answers for the address.")
    handed_over_by_organisation: UUID | None
    accepted_at: datetime | None
    revoked_at: datetime | None


class HandOverCreate(Input):
    """Handing an invitation over."""

    identification: Reason = Field(
        description="How you know that the person is the one invited; kept in the audit log.",
        examples=["Known in person; work pass seen"],
    )


class InvitationHandedOver(InvitationRead):
    """An invitation with its token, which is shown this once: bring it to the invited person."""

    token: str


class PasswordResetHandedOver(Output):
    """A one-time link for a new password, to be brought to the member."""

    person_id: UUID
    token: str = Field(description="For POST /v1/password-resets/acceptance; shown this once.")
    expires_in_minutes: int


class FactorResetCreate(Input):
    """A member has lost the second factor and the recovery codes.

    The reason says what happened, and how you know that it is the member who asks.
    """

    person_id: UUID
    reason: Reason


class FactorResetRead(Output):
    """The reset of a member's lost second factor."""

    id: UUID
    organisation_id: UUID
    person_id: UUID
    reason: str
    status: FactorResetStatus
    requested_by: UUID
    requested_at: datetime
    ended_by: UUID | None = Field(description="Who completed or cancelled it.")
    ended_at: datetime | None


class RecoveryCreate(Input):
    """Asking for a new administrator of an organisation whose own are lost."""

    email: Email = Field(description="Who is to administer it; a member gets the role, another is invited.")
    evidence_sha256: Sha256Hex = Field(
        description="SHA-256 of the organisation's written request, in hexadecimal."
    )
    reason: Reason


class InvitationAccept(Input):
    """Accepting an invitation: name and password of the account that it makes.

    Accounts that the address has with other organisations stay as they are, each with its own password.
    """

    token: Token
    name: ShortText
    password: Password


class MemberRead(Output):
    """A member of an organisation."""

    person_id: UUID
    organisation_id: UUID
    organisation_name: PartyName
    email: str
    email_proved_at: datetime | None = Field(
        description="When what was mailed to the address came back; null where it rests on an officer's hand-over."
    )
    name: str
    roles: list[Role]
    joined_at: datetime


class MemberUpdate(Input):
    """A member's roles; they replace the present ones."""

    roles: Roles


class ClientCreate(Input):
    """A program of the organisation."""

    name: ShortText
    roles: Roles


class ClientRead(Output):
    """A program."""

    id: UUID = Field(description="The OAuth client_id.")
    name: str
    roles: list[Role]
    created_at: datetime


class ClientCreated(ClientRead):
    """A new program with its secret, which is shown this once."""

    client_secret: str


class SecretRotationCreate(Input):
    """Rotating a program's secret."""

    overlap_hours: int = Field(24, ge=0, le=168, description="Hours for which the former secret stays valid.")


class SecretRotated(Output):
    """The new secret, which is shown this once."""

    client_id: UUID
    client_secret: str
    former_secret_ends_at: datetime
