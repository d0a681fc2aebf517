"""What identity refuses, and how each refusal is told."""

from infra.errors import Conflict, Forbidden, Invalid, NotFound, QuotaExceeded, Unauthenticated
from infra.messages import Message


class WrongCredentials(Unauthenticated):
    """The address and the password do not belong together; which of the two was wrong is not told."""

    slug = "wrong-credentials"
    title = Message("The e-mail address and the password do not belong together")

    def headers(self) -> dict[str, str]:
        """No challenge: a browser must not answer it with a dialogue of its own."""
        return {}


class TooManyAttempts(QuotaExceeded):
    """Too many wrong passwords in a row for one address.

    :param retry_after: seconds until the next attempt is looked at.
    """

    slug = "too-many-sign-in-attempts"
    title = Message("Too many wrong passwords in a row")

    def __init__(self, retry_after: int) -> None:
        super().__init__(
            Message(
                "After several wrong passwords this address waits {seconds} seconds.", seconds=retry_after
            ),
            remedy=Message(
                "Wait, then try again; an administrator of the platform can help if the password is lost."
            ),
            retry_after=retry_after,
        )
        self.retry_after = retry_after

    def headers(self) -> dict[str, str]:
        """When to come back."""
        return {"Retry-After": str(self.retry_after)}


class SessionEnded(Unauthenticated):
    """The session is unknown, signed out, or ran out of time."""

    slug = "session-ended"
    title = Message("The session has ended")


class TokenNotAccepted(Unauthenticated):
    """The access token is not good."""

    slug = "token-not-accepted"
    title = Message("The access token is not accepted")

    def headers(self) -> dict[str, str]:
        """The challenge of RFC 6750."""
        return {"WWW-Authenticate": 'Bearer error="invalid_token"'}


class CsrfTokenMissing(Forbidden):
    """A request that changes something came with a cookie and without proof that our own page made it."""

    slug = "csrf-token-missing"
    title = Message("The X-CSRF-Token header is missing or wrong")


class OrganisationSuspended(Forbidden):
    """The caller's organisation is suspended."""

    slug = "organisation-suspended"
    title = Message("Your organisation is suspended")


class OrganisationNotVerified(Forbidden):
    """Only verified organisations trade."""

    slug = "organisation-not-verified"
    title = Message("The organisation is not verified")


class ChooseOrganisation(Conflict):
    """The person belongs to several organisations and named none."""

    slug = "choose-organisation"
    title = Message("Say for which organisation you sign in")


class NoMembership(Forbidden):
    """The person belongs to no organisation, or not to the one named."""

    slug = "no-membership"
    title = Message("You do not belong to that organisation")


class NotAPerson(Conflict):
    """Programs have neither session nor password."""

    slug = "not-a-person"
    title = Message("Only a signed-in person can do that")


class WeakPassword(Invalid):
    """The password is too easily guessed."""

    slug = "weak-password"
    title = Message("Choose another password")


class InvitationNotOpen(NotFound):
    """The invitation's token is unknown, used, revoked or expired; which of them is not told."""

    slug = "invitation-not-open"
    title = Message("The invitation is not open")


class AlreadyMember(Conflict):
    """The address belongs to a member already."""

    slug = "already-a-member"
    title = Message("Already a member")


class LastAdministrator(Conflict):
    """An organisation keeps at least one administrator."""

    slug = "last-administrator"
    title = Message("The last administrator stays")


class CreditCodeTaken(Conflict):
    """Another organisation is registered under the same unified social credit code."""

    slug = "credit-code-taken"
    title = Message("The unified social credit code is registered already")


class StatusForbids(Conflict):
    """The organisation's status does not lead there."""

    slug = "organisation-status-forbids"
    title = Message("The organisation's status does not allow that")
