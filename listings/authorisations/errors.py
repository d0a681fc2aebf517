"""What the authorisations slice refuses."""

from infra.errors import Conflict, Invalid
from infra.messages import Message


class TermRefused(Invalid):
    """The term is no term, lies in the past, or is longer than the rulebook allows."""

    slug = "authorisation-term"
    title = Message("The term of the authorisation is not allowed")


class SharesRefused(Invalid):
    """The shares do not make up the whole."""

    slug = "revenue-shares"
    title = Message("The shares must make up the whole revenue")


class ModeRefused(Invalid):
    """The mode does not fit the scope."""

    slug = "authorisation-mode"
    title = Message("The mode of the authorisation does not fit its scope")


class ConsiderationRefused(Invalid):
    """The consideration has no effect here yet."""

    slug = "authorisation-consideration"
    title = Message("This consideration cannot be agreed yet")


class ExclusivityRefused(Conflict):
    """Somebody is authorised already for part of the scope, and one of the two is exclusive."""

    slug = "authorisation-exclusivity"
    title = Message("The scope collides with another authorisation")


class OperatorUnfit(Conflict):
    """The organisation cannot be authorised."""

    slug = "operator-unfit"
    title = Message("Only an operator can be authorised")


class AuthorisingBodyUnfit(Conflict):
    """The organisation cannot grant an authorisation."""

    slug = "authorising-body-unfit"
    title = Message("Only an authorising body grants an authorisation")


class ResourceNotCovered(Conflict):
    """The authorisation does not cover the resource."""

    slug = "resource-not-covered"
    title = Message("The authorisation does not cover this resource")


class ScopeRefused(Invalid):
    """The scope is contradictory or too large."""

    slug = "authorisation-scope"
    title = Message("The scope of the authorisation is not allowed")


class AuthorisationStateForbids(Conflict):
    """The action is not possible in the present state."""

    slug = "authorisation-state"
    title = Message("The state of the authorisation does not allow that")


class AuthorisationNotLive(Conflict):
    """The authorisation does not carry anything at present."""

    slug = "authorisation-not-live"
    title = Message("The authorisation is not in force")


class AmendmentStateForbids(Conflict):
    """The action is not possible in the present state."""

    slug = "amendment-state"
    title = Message("The state of the amendment does not allow that")
