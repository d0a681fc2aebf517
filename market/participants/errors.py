"""What onboarding refuses."""

from infra.errors import Conflict, Forbidden, Invalid
from infra.messages import Message


class AppealDecided(Conflict):
    """An appeal is decided once."""

    slug = "appeal-decided"
    title = Message("Appeal already decided")


class AppealOpen(Conflict):
    """One appeal of an organisation is open at a time."""

    slug = "appeal-open"
    title = Message("An appeal is open already")


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
