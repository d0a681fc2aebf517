"""What onboarding refuses."""

from infra.errors import Conflict, Forbidden, Invalid
from infra.messages import Message


class AdministersItself(Forbidden):
    """An organisation that has an administrator decides itself who belongs to it."""

    slug = "organisation-administers-itself"
    title = Message("Organisation administers itself")


class FirstAdministrator(Invalid):
    """Whom the platform invites for an organisation without an administrator is to become one."""

    slug = "first-administrator"
    title = Message("The first member must be an administrator")


class MailedNotHanded(Conflict):
    """Where there is a mail server, a token is not handed over."""

    slug = "invitation-mailed"
    title = Message("Invitation tokens are mailed")


class NotMailed(Conflict):
    """Without a mail server, a token is handed over."""

    slug = "invitation-not-mailed"
    title = Message("No mail server")


class AppealDecided(Conflict):
    """An appeal is decided once."""

    slug = "appeal-decided"
    title = Message("Appeal already decided")


class AppealOpen(Conflict):
    """One appeal of an organisation is open at a time."""

    slug = "appeal-open"
    title = Message("An appeal is open already")


class RecoveryNotNeeded(Conflict):
    """An organisation without an administrator needs no recovery."""

    slug = "recovery-not-needed"
    title = Message("Recovery not needed")


class RecoveryOpen(Conflict):
    """One recovery of an organisation is under way at a time."""

    slug = "recovery-open"
    title = Message("A recovery is under way already")


class RecoveryStatusForbids(Conflict):
    """The recovery's status does not allow it."""

    slug = "recovery-status-forbids"
    title = Message("Not allowed in the recovery's status")


class NotSuspended(Conflict):
    """An appeal is against a suspension."""

    slug = "organisation-not-suspended"
    title = Message("Organisation not suspended")


class NoEvidence(Conflict):
    """Verification rests on evidence."""

    slug = "no-identity-evidence"
    title = Message("No identity evidence on file")


class PlatformRoleProtected(Forbidden):
    """Only a platform administrator gives, changes or removes the role of one."""

    slug = "platform-role-protected"
    title = Message("Platform administrator role is protected")


class PlatformStays(Conflict):
    """A platform organisation cannot be suspended by its own administrators."""

    slug = "platform-stays"
    title = Message("Platform cannot be suspended")


class RoleNotForKind(Invalid):
    """Members of this kind of organisation cannot hold the role."""

    slug = "role-not-for-this-organisation"
    title = Message("Role not available for this kind of organisation")


class ResetMailed(Conflict):
    """Where there is a mail server, a link for a new password is not handed over."""

    slug = "password-reset-mailed"
    title = Message("Password resets are mailed")


class ResetNotMailed(Conflict):
    """Without a mail server, an administrator hands a link for a new password over."""

    slug = "password-reset-not-mailed"
    title = Message("No mail server")


class NoFactorToReset(Conflict):
    """The member has no second factor."""

    slug = "no-second-factor-to-reset"
    title = Message("No second factor")


class FactorResetOpen(Conflict):
    """One reset of a member's second factor is under way at a time."""

    slug = "second-factor-reset-open"
    title = Message("A reset is under way already")


class FactorResetStatusForbids(Conflict):
    """The reset's status does not allow it."""

    slug = "second-factor-reset-status-forbids"
    title = Message("Not allowed in the reset's status")
