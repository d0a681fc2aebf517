"""How far a person's sign-in has come where a second factor is needed, and how the rest is refused."""

from enum import StrEnum

from infra.errors import Forbidden
from infra.messages import Message


class SecondFactorStatus(StrEnum):
    """Where a signed-in person stands with the second factor."""

    NOT_ENROLLED = "not_enrolled"
    PASSED = "passed"
    CODE_REQUIRED = "code_required"
    ENROLMENT_REQUIRED = "enrolment_required"


HELD_BACK = frozenset({SecondFactorStatus.CODE_REQUIRED, SecondFactorStatus.ENROLMENT_REQUIRED})
"""Who may do nothing yet but see to the second factor."""


class SecondFactorRequired(Forbidden):
    """The password was right; the code of the second factor has not been given."""

    slug = "second-factor-required"
    title = Message("Second factor required")


class SecondFactorNotEnrolled(Forbidden):
    """One of the person's roles needs a second factor, and there is none yet."""

    slug = "second-factor-not-enrolled"
    title = Message("Second factor not enrolled")


def refusal(status: SecondFactorStatus) -> Forbidden:
    """The error for somebody who is held back.

    :param status: one of :data:`HELD_BACK`.
    """
    if status is SecondFactorStatus.CODE_REQUIRED:
        return SecondFactorRequired(
            Message("You are not signed in yet: the code of your second factor is missing."),
            remedy=Message(
                "Send the code of your authenticator app, or a recovery code, to POST /v1/session/second-factor."
            ),
        )
    return SecondFactorNotEnrolled(
        Message("Your role needs a second factor, and you have none yet: nothing else can be done before."),
        remedy=Message(
            "Enrol an authenticator app: POST /v1/session/second-factor/enrolment, then confirm its first code at"
            " POST /v1/session/second-factor/confirmation."
        ),
    )
