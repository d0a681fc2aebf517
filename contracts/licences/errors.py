"""What licences refuse."""

from infra.errors import Conflict, Forbidden, Unauthenticated
from infra.messages import Message


class LicenceNotLive(Conflict):
    """A link above the licence is broken, or its term is over."""

    slug = "licence-not-live"
    title = Message("The licence is not live")


class ColumnsTooLong(Conflict):
    """The licence names more columns than a token can list."""

    slug = "licence-columns-too-long"
    title = Message("The licence names more columns than a token holds")


class NotTheBuyer(Forbidden):
    """Tokens are for the buyer alone."""

    slug = "not-the-buyer"
    title = Message("Only the buyer can get, see and revoke tokens of a licence")


class InvalidLicenceToken(Unauthenticated):
    """There is no bearer, or it is not a valid licence token."""

    slug = "licence-refused"
    title = Message("Invalid licence token")
