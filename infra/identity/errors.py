"""What identity refuses."""

from infra.errors import Conflict, Forbidden, Invalid, NotFound, QuotaExceeded, Unauthenticated
from infra.messages import Message


class _NotChallenged(Unauthenticated):
    """A 401 that a browser must not answer with a dialogue of its own."""

    def headers(self) -> dict[str, str]:
        """No challenge."""
        return {}


class InvalidCredentials(_NotChallenged):
    """E-mail address or password is wrong; which of the two is not disclosed."""

    slug = "wrong-credentials"
    title = Message("Invalid credentials")


class _Throttled(QuotaExceeded):
    """Too many attempts.

    :param retry_after: seconds until the next one is looked at.
    """

    def __init__(self, retry_after: int, detail: Message, remedy: Message) -> None:
        super().__init__(detail, remedy=remedy, retry_after=retry_after)
        self.retry_after = retry_after

    def headers(self) -> dict[str, str]:
        """When to come back."""
        return {"Retry-After": str(self.retry_after)}


class TooManyAttempts(_Throttled):
    """Too many wrong passwords for one address: in a row from here, or altogether from unknown devices."""

    slug = "too-many-sign-in-attempts"
    title = Message("Too many failed sign-in attempts")

    def __init__(self, retry_after: int) -> None:
        super().__init__(
            retry_after,
            Message(
                "Sign-in for this address is locked for {retry_after} seconds here after several wrong passwords.",
                retry_after=retry_after,
            ),
            Message(
                "Wait, then try again, or sign in on a device on which you have done so before. If the password is"
                " lost, ask for a one-time link at POST /v1/password-resets."
            ),
        )


class TooManyCodes(_Throttled):
    """Too many wrong codes of a second factor."""

    slug = "too-many-codes"
    title = Message("Too many wrong codes")

    def __init__(self, retry_after: int) -> None:
        super().__init__(
            retry_after,
            Message(
                "Several wrong codes were sent for this account; the next is looked at in {retry_after} seconds.",
                retry_after=retry_after,
            ),
            Message(
                "Wait, or sign in on a device on which you have done so before. If it was not you, somebody knows your"
                " password: change it."
            ),
        )


class TooManyResets(_Throttled):
    """Too many links for a new password were asked for one address, whether it has an account or not."""

    slug = "too-many-password-resets"
    title = Message("Too many password resets")

    def __init__(self, retry_after: int) -> None:
        super().__init__(
            retry_after,
            Message(
                "Several links were asked for this address; the next can be in {retry_after} seconds.",
                retry_after=retry_after,
            ),
            Message("Use the newest mail to the address, or wait."),
        )


class SourceThrottled(_Throttled):
    """Too many attempts from one network, whatever they were about.

    :param known_devices: those on which the person has signed in before need not wait.
    """

    slug = "too-many-attempts-from-network"
    title = Message("Too many attempts from this network")

    def __init__(self, retry_after: int, *, known_devices: bool = False) -> None:
        super().__init__(
            retry_after,
            Message(
                "Too many attempts came from your network; the next is looked at in {retry_after} seconds.",
                retry_after=retry_after,
            ),
            Message("Wait, then try again; devices on which you have signed in before need not wait.")
            if known_devices
            else Message("Wait, then try again."),
        )


class SessionEnded(Unauthenticated):
    """The session is unknown, signed out, or ran out of time."""

    slug = "session-ended"
    title = Message("Session expired")


class TokenNotAccepted(Unauthenticated):
    """The access token is invalid, expired or revoked."""

    slug = "token-not-accepted"
    title = Message("Invalid access token")

    def headers(self) -> dict[str, str]:
        """The challenge of RFC 6750."""
        return {"WWW-Authenticate": 'Bearer error="invalid_token"'}


class CsrfTokenMissing(Forbidden):
    """A request that changes something came with a cookie and without proof that our own page made it."""

    slug = "csrf-token-missing"
    title = Message("Missing or invalid CSRF token")


class ChooseOrganisation(Conflict):
    """The person belongs to several organisations and named none."""

    slug = "choose-organisation"
    title = Message("Organisation must be specified")


class NoMembership(Forbidden):
    """The person belongs to no organisation, or not to the one named."""

    slug = "no-membership"
    title = Message("Not a member of the organisation")


class NotAPerson(Conflict):
    """Programs have neither session nor password."""

    slug = "not-a-person"
    title = Message("Not available to programs")


class WeakPassword(Invalid):
    """The password is too easily guessed."""

    slug = "weak-password"
    title = Message("Password too weak")


CHOOSE_A_PASSWORD = Message(
    "Choose another one of 15 characters or more: several words that do not belong together, or one that a password"
    " manager makes."
)
"""The way out of :class:`WeakPassword`."""


class WrongCode(_NotChallenged):
    """The code of the second factor is wrong, too old, or was used before."""

    slug = "wrong-code"
    title = Message("Invalid code")


class NoCodeAwaited(Conflict):
    """The session does not wait for the code of a second factor."""

    slug = "no-code-awaited"
    title = Message("No code is awaited")


class AlreadyEnrolled(Conflict):
    """Another second factor takes a code of the one that there is."""

    slug = "second-factor-enrolled"
    title = Message("Second factor already enrolled")


class NothingToConfirm(Conflict):
    """No enrolment of a second factor is under way."""

    slug = "no-enrolment"
    title = Message("No enrolment under way")


class SecondFactorMissing(Conflict):
    """The person has no second factor."""

    slug = "no-second-factor"
    title = Message("No second factor")


class SecondFactorMandatory(Conflict):
    """One of the person's roles needs a second factor."""

    slug = "second-factor-mandatory"
    title = Message("Second factor is mandatory")


class ResetNotOpen(NotFound):
    """The token of a link for a new password is unknown, used or expired, or was ended; which is not disclosed."""

    slug = "password-reset-not-open"
    title = Message("Invalid password reset")


class InvitationNotOpen(NotFound):
    """The invitation's token is unknown, used, revoked or expired; which of them is not disclosed."""

    slug = "invitation-not-open"
    title = Message("Invalid invitation")


class InvitationClosed(Conflict):
    """The invitation was accepted or revoked, or has expired."""

    slug = "invitation-closed"
    title = Message("Invitation closed")


class AlreadyMember(Conflict):
    """The address belongs to a member already."""

    slug = "already-a-member"
    title = Message("Already a member")


class LastAdministrator(Conflict):
    """An organisation keeps at least one administrator."""

    slug = "last-administrator"
    title = Message("Last administrator cannot be removed")


class CreditCodeTaken(Conflict):
    """Another organisation is registered under the same unified social credit code."""

    slug = "credit-code-taken"
    title = Message("Unified social credit code already registered")


class StatusForbids(Conflict):
    """The organisation's status does not lead there."""

    slug = "organisation-status-forbids"
    title = Message("Not allowed in the organisation's status")


class OAuthError(Exception):
    """An error as RFC 6749, section 5.2 tells it.

    :param code: ``invalid_request``, ``invalid_client``, ``unauthorized_client``, ``unsupported_grant_type``
        or ``invalid_scope``.
    :param by_header: the program used the Authorization header, so a challenge belongs into the answer.
    :param retry_after: seconds after which the program is looked at again; its network guessed too often.
    """

    def __init__(
        self, code: str, description: str, *, by_header: bool = False, retry_after: int | None = None
    ) -> None:
        super().__init__(code)
        self.code = code
        self.description = description
        self.by_header = by_header
        self.retry_after = retry_after

    @property
    def status(self) -> int:
        """401 for an invalid client, 429 for one that is to wait, 400 for everything else."""
        if self.retry_after is not None:
            return 429
        return 401 if self.code == "invalid_client" else 400


class HolderEnded(Unauthenticated):
    """What the caller acts by ended while the request was under way."""

    slug = "holder-ended"
    title = Message("Access has ended")


class AnotherOfficer(Forbidden):
    """The decision is for two persons, neither of whom gains by it."""

    slug = "another-officer"
    title = Message("Another officer must decide")


class BothSides(Forbidden):
    """One person acts for two organisations that agree with each other."""

    slug = "both-sides"
    title = Message("One person cannot act for both sides")
