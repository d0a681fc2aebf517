"""Who is calling, and what they may do.

Permissions are one alphabetised enumeration, roles one table. How routes ask for them is :mod:`infra.guards`; which
*objects* a caller may see is decided by the ``access_*`` functions of each slice.
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal
from uuid import UUID

from infra.organisation_status import OrganisationStatus
from infra.second_factor import SecondFactorStatus


class OrganisationKind(StrEnum):
    """What an organisation is to the market.

    An authorising body (授权主体: the government at county level or above, or a national sector authority) lets
    operators operate public data; a price authority (价格主管部门) looks at what is asked for it.
    """

    AUTHORISING_BODY = "authorising_body"
    BUYER = "buyer"
    OPERATOR = "operator"
    OWNER = "owner"
    PLATFORM = "platform"
    PRICE_AUTHORITY = "price_authority"
    REGULATOR = "regulator"


class Role(StrEnum):
    """What a person or a program does for its organisation."""

    AUTHORISING_OFFICER = "authorising_officer"
    BUYER = "buyer"
    DATA_OPERATOR = "data_operator"
    DATA_OWNER = "data_owner"
    FINANCE_OFFICER = "finance_officer"
    ORGANISATION_ADMIN = "organisation_admin"
    PLATFORM_ADMIN = "platform_admin"
    PRICE_OFFICER = "price_officer"
    REGULATOR_OFFICER = "regulator_officer"


class Permission(StrEnum):
    """One thing that can be allowed. Alphabetical."""

    AGREEMENT_READ = "agreement.read"
    AGREEMENT_REVIEW = "agreement.review"
    AGREEMENT_SIGN = "agreement.sign"
    AGREEMENT_SUSPEND = "agreement.suspend"
    APPEAL_DECIDE = "appeal.decide"
    APPEAL_LODGE = "appeal.lodge"
    AUDIT_READ = "audit.read"
    AUTHORISATION_ACCEPT = "authorisation.accept"
    AUTHORISATION_AMEND = "authorisation.amend"
    AUTHORISATION_CONSENT = "authorisation.consent"
    AUTHORISATION_DECLINE = "authorisation.decline"
    AUTHORISATION_GRANT = "authorisation.grant"
    AUTHORISATION_PROPOSE = "authorisation.propose"
    AUTHORISATION_READ = "authorisation.read"
    AUTHORISATION_REVOKE = "authorisation.revoke"
    AUTHORISATION_SUSPEND = "authorisation.suspend"
    BANK_ACCOUNT_MANAGE = "bank_account.manage"
    BANK_ENTRY_MATCH = "bank_entry.match"
    BANK_STATEMENT_APPROVE = "bank_statement.approve"
    BANK_STATEMENT_IMPORT = "bank_statement.import"
    CLIENT_MANAGE = "client.manage"
    DATA_PURGE = "data.purge"
    DEAD_LETTER_MANAGE = "dead_letter.manage"
    DIRECTORY_READ = "directory.read"
    EVIDENCE_READ = "evidence.read"
    EVIDENCE_SUBMIT = "evidence.submit"
    INVOICE_PAY = "invoice.pay"
    INVOICE_READ = "invoice.read"
    INVOICE_REFUND = "invoice.refund"
    LEDGER_READ = "ledger.read"
    LICENCE_READ = "licence.read"
    LICENCE_SUSPEND = "licence.suspend"
    LICENCE_TOKEN = "licence.token"  # noqa: S105 -- a permission's name
    LICENCE_TOKEN_MANAGE = "licence_token.manage"  # noqa: S105 -- a permission's name
    MEMBER_MANAGE = "member.manage"
    MEMBER_READ = "member.read"
    ORDER_PLACE = "order.place"
    ORGANISATION_READ = "organisation.read"
    ORGANISATION_REGISTER = "organisation.register"
    ORGANISATION_SUSPEND = "organisation.suspend"
    ORGANISATION_VERIFY = "organisation.verify"
    PASSWORD_CHANGE = "password.change"  # noqa: S105 -- a permission's name
    PERIOD_CLOSE = "period.close"
    PRICE_PLAN_CREATE = "price_plan.create"
    PRICE_PLAN_READ = "price_plan.read"
    PRODUCT_MANAGE = "product.manage"
    PRODUCT_READ = "product.read"
    PRODUCT_REVIEW = "product.review"
    PRODUCT_SUSPEND = "product.suspend"
    QUOTE = "quote"
    RECONCILE = "reconcile"
    RECONCILIATION_READ = "reconciliation.read"
    RECOVERY_CANCEL = "recovery.cancel"
    RECOVERY_MANAGE = "recovery.manage"
    REGISTRATION_OBJECT = "registration.object"
    REGISTRATION_REVIEW = "registration.review"
    RESOURCE_MANAGE = "resource.manage"
    RESOURCE_READ = "resource.read"
    RESOURCE_SUSPEND = "resource.suspend"
    REVISION_UPLOAD = "revision.upload"
    RIGHT_CLAIM = "right.claim"
    RIGHT_FREEZE = "right.freeze"
    RIGHT_GRANT = "right.grant"
    RIGHT_READ = "right.read"
    RULEBOOK_MANAGE = "rulebook.manage"
    RULEBOOK_READ = "rulebook.read"
    SAMPLE_REVIEW = "sample.review"
    SECOND_FACTOR_MANAGE = "second_factor.manage"
    SESSION_OWN = "session.own"
    STATEMENT_READ = "statement.read"
    SUPERVISE = "supervise"
    USAGE_READ = "usage.read"
    WEBHOOK_MANAGE = "webhook.manage"


P = Permission

# Oneself: signing in and out, the password and the second factor.
_OWN_ACCOUNT = frozenset({P.PASSWORD_CHANGE, P.SECOND_FACTOR_MANAGE, P.SESSION_OWN})

_EVERYBODY = _OWN_ACCOUNT | frozenset(
    {
        P.AGREEMENT_READ,
        P.DIRECTORY_READ,
        P.EVIDENCE_READ,
        P.LICENCE_READ,
        P.ORGANISATION_READ,
        P.PRODUCT_READ,
        P.QUOTE,
        P.RECOVERY_CANCEL,
        P.REGISTRATION_OBJECT,
        P.RULEBOOK_READ,
    }
)

ROLE_PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.AUTHORISING_OFFICER: _EVERYBODY
    | {
        P.AUTHORISATION_AMEND,
        P.AUTHORISATION_DECLINE,
        P.AUTHORISATION_GRANT,
        P.AUTHORISATION_PROPOSE,
        P.AUTHORISATION_READ,
        P.AUTHORISATION_REVOKE,
        P.AUTHORISATION_SUSPEND,
        P.MEMBER_READ,
        P.RESOURCE_READ,
    },
    Role.BUYER: _EVERYBODY
    | {
        P.AGREEMENT_SIGN,
        P.INVOICE_PAY,
        P.INVOICE_READ,
        P.LICENCE_TOKEN,
        P.LICENCE_TOKEN_MANAGE,
        P.MEMBER_READ,
        P.ORDER_PLACE,
        P.RIGHT_CLAIM,
        P.RIGHT_READ,
        P.USAGE_READ,
    },
    Role.DATA_OPERATOR: _EVERYBODY
    | {
        P.AGREEMENT_SIGN,
        P.AUTHORISATION_ACCEPT,
        P.AUTHORISATION_AMEND,
        P.AUTHORISATION_DECLINE,
        P.AUTHORISATION_READ,
        P.INVOICE_READ,
        P.LICENCE_SUSPEND,
        P.MEMBER_READ,
        P.PRICE_PLAN_CREATE,
        P.PRICE_PLAN_READ,
        P.PRODUCT_MANAGE,
        P.PRODUCT_SUSPEND,
        P.RESOURCE_READ,
        P.REVISION_UPLOAD,
        P.RIGHT_CLAIM,
        P.RIGHT_GRANT,
        P.RIGHT_READ,
        P.SAMPLE_REVIEW,
        P.STATEMENT_READ,
        P.USAGE_READ,
    },
    Role.DATA_OWNER: _EVERYBODY
    | {
        P.AUTHORISATION_AMEND,
        P.AUTHORISATION_CONSENT,
        P.AUTHORISATION_DECLINE,
        P.AUTHORISATION_PROPOSE,
        P.AUTHORISATION_READ,
        P.AUTHORISATION_REVOKE,
        P.AUTHORISATION_SUSPEND,
        P.INVOICE_READ,
        P.MEMBER_READ,
        P.PRICE_PLAN_READ,
        P.RESOURCE_MANAGE,
        P.RESOURCE_READ,
        P.RESOURCE_SUSPEND,
        P.REVISION_UPLOAD,
        P.RIGHT_CLAIM,
        P.RIGHT_GRANT,
        P.RIGHT_READ,
        P.SAMPLE_REVIEW,
        P.STATEMENT_READ,
        P.USAGE_READ,
    },
    Role.FINANCE_OFFICER: _EVERYBODY
    | {
        P.BANK_ACCOUNT_MANAGE,
        P.BANK_ENTRY_MATCH,
        P.BANK_STATEMENT_APPROVE,
        P.BANK_STATEMENT_IMPORT,
        P.INVOICE_READ,
        P.INVOICE_REFUND,
        P.LEDGER_READ,
        P.MEMBER_READ,
        P.PERIOD_CLOSE,
        P.PRICE_PLAN_READ,
        P.RECONCILE,
        P.RECONCILIATION_READ,
        P.STATEMENT_READ,
        P.USAGE_READ,
    },
    Role.ORGANISATION_ADMIN: _EVERYBODY
    | {
        P.APPEAL_LODGE,
        P.CLIENT_MANAGE,
        P.EVIDENCE_SUBMIT,
        P.LICENCE_TOKEN_MANAGE,
        P.MEMBER_MANAGE,
        P.MEMBER_READ,
        P.WEBHOOK_MANAGE,
    },
    Role.PLATFORM_ADMIN: _EVERYBODY
    | {
        P.APPEAL_DECIDE,
        P.APPEAL_LODGE,
        P.AUDIT_READ,
        P.BANK_ACCOUNT_MANAGE,
        P.BANK_STATEMENT_APPROVE,
        P.CLIENT_MANAGE,
        P.DATA_PURGE,
        P.DEAD_LETTER_MANAGE,
        P.EVIDENCE_SUBMIT,
        P.MEMBER_MANAGE,
        P.MEMBER_READ,
        P.ORGANISATION_REGISTER,
        P.ORGANISATION_SUSPEND,
        P.ORGANISATION_VERIFY,
        P.RECONCILIATION_READ,
        P.RECOVERY_MANAGE,
        P.RULEBOOK_MANAGE,
        P.WEBHOOK_MANAGE,
    },
    Role.PRICE_OFFICER: _EVERYBODY
    | {
        P.AUTHORISATION_READ,
        P.MEMBER_READ,
        P.PRICE_PLAN_READ,
    },
    Role.REGULATOR_OFFICER: _EVERYBODY
    | {
        P.AGREEMENT_REVIEW,
        P.AGREEMENT_SUSPEND,
        P.APPEAL_DECIDE,
        P.AUDIT_READ,
        P.AUTHORISATION_READ,
        P.AUTHORISATION_SUSPEND,
        P.DATA_PURGE,
        P.INVOICE_READ,
        P.LEDGER_READ,
        P.LICENCE_SUSPEND,
        P.MEMBER_READ,
        P.ORGANISATION_SUSPEND,
        P.PRICE_PLAN_READ,
        P.PRODUCT_REVIEW,
        P.PRODUCT_SUSPEND,
        P.RECONCILIATION_READ,
        P.REGISTRATION_REVIEW,
        P.RESOURCE_READ,
        P.RESOURCE_SUSPEND,
        P.RIGHT_FREEZE,
        P.RIGHT_READ,
        P.RULEBOOK_MANAGE,
        P.SAMPLE_REVIEW,
        P.SUPERVISE,
        P.USAGE_READ,
    },
}

_ONBOARDING = _OWN_ACCOUNT | frozenset(
    {
        P.EVIDENCE_READ,
        P.EVIDENCE_SUBMIT,
        P.MEMBER_MANAGE,
        P.MEMBER_READ,
        P.ORGANISATION_READ,
        P.RECOVERY_CANCEL,
    }
)

# Whatever its status, an organisation can object to a new administrator that its people did not ask for.
STATUS_PERMISSIONS: dict[OrganisationStatus, frozenset[Permission]] = {
    # Getting in: who it is, and who its people are.
    OrganisationStatus.REGISTERED: _ONBOARDING,
    # Better evidence is the way out.
    OrganisationStatus.REJECTED: _OWN_ACCOUNT
    | frozenset({P.EVIDENCE_READ, P.EVIDENCE_SUBMIT, P.ORGANISATION_READ, P.RECOVERY_CANCEL}),
    # Read and export what is its own, pay what it owes, appeal.
    OrganisationStatus.SUSPENDED: _OWN_ACCOUNT
    | frozenset(
        {
            P.AGREEMENT_READ,
            P.APPEAL_LODGE,
            P.AUTHORISATION_READ,
            P.EVIDENCE_READ,
            P.INVOICE_PAY,
            P.INVOICE_READ,
            P.LICENCE_READ,
            P.MEMBER_READ,
            P.ORGANISATION_READ,
            P.PRICE_PLAN_READ,
            P.PRODUCT_READ,
            P.RECOVERY_CANCEL,
            P.RESOURCE_READ,
            P.RULEBOOK_READ,
            P.STATEMENT_READ,
            P.USAGE_READ,
        }
    ),
    OrganisationStatus.VERIFIED: frozenset(Permission),
}
"""What an organisation's status leaves of the permissions of its people's and programs' roles, whatever its kind."""


SECOND_FACTOR_PERMISSIONS: dict[SecondFactorStatus, frozenset[Permission]] = {
    SecondFactorStatus.CODE_REQUIRED: frozenset({P.SESSION_OWN}),
    SecondFactorStatus.ENROLMENT_REQUIRED: frozenset({P.SESSION_OWN, P.SECOND_FACTOR_MANAGE}),
    SecondFactorStatus.NOT_ENROLLED: frozenset(Permission),
    SecondFactorStatus.PASSED: frozenset(Permission),
}
"""What is left to a person whose sign-in has come so far, whatever the roles."""


def permissions_of(
    roles: Collection[Role],
    status: OrganisationStatus,
    second_factor: SecondFactorStatus = SecondFactorStatus.NOT_ENROLLED,
) -> frozenset[Permission]:
    """What somebody with these roles may do for an organisation with this status, signed in so far."""
    held = frozenset().union(*(ROLE_PERMISSIONS[role] for role in roles))
    return held & STATUS_PERMISSIONS[status] & SECOND_FACTOR_PERMISSIONS[second_factor]


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who acts: a person, a program, or the service itself.

    :param id: the person's or the client's id; the nil UUID for the service itself.
    :param credential_id: the session or the secret that the request was authenticated by.
    :param second_factor: how far a person has signed in.
    """

    kind: Literal["person", "program", "system"]
    id: UUID
    organisation_id: UUID
    organisation_kind: OrganisationKind
    roles: frozenset[Role]
    organisation_status: OrganisationStatus
    credential_id: UUID | None = None
    second_factor: SecondFactorStatus = SecondFactorStatus.NOT_ENROLLED

    def may(self, permission: Permission) -> bool:
        """Whether one of the roles carries the permission, and organisation's status and sign-in leave it."""
        return (
            permission in STATUS_PERMISSIONS[self.organisation_status]
            and permission in SECOND_FACTOR_PERMISSIONS[self.second_factor]
            and any(permission in ROLE_PERMISSIONS[role] for role in self.roles)
        )

    def oversees(self, *kinds: OrganisationKind) -> bool:
        """Whether the actor looks at others' affairs for an organisation of one of these kinds.

        Only a verified one does; any other sees its own affairs, like everybody else.
        """
        return self.organisation_status is OrganisationStatus.VERIFIED and self.organisation_kind in kinds


SYSTEM = Actor(
    kind="system",
    id=UUID(int=0),
    organisation_id=UUID(int=0),
    organisation_kind=OrganisationKind.PLATFORM,
    roles=frozenset(),
    organisation_status=OrganisationStatus.VERIFIED,
)
"""The service itself, for what jobs and the command line do."""
