"""How the registration of a resource stands: a link of the chain, without which nothing is built on it. Pure."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from infra.errors import Conflict
from infra.messages import Message


class RegistrationStatus(StrEnum):
    """How the registration of a resource stands.

    ``grace``: the resource is older than registration and counts as registered for a time; ``lapsed`` after that.
    """

    DRAFT = "draft"
    GRACE = "grace"
    IN_FORCE = "in_force"
    EXPIRED = "expired"
    LAPSED = "lapsed"
    CANCELLED = "cancelled"


class NotRegistered(Conflict):
    """No registration of the resource is in force."""

    slug = "resource-not-registered"
    title = Message("No registration of the resource is in force")


def registration_status(
    code: str | None, until: datetime | None, cancelled_at: datetime | None, *, now: datetime
) -> RegistrationStatus:
    """How a registration stands.

    :param code: None while the resource has never been registered.
    :param until: the end of the validity, or of the time of grace; None for a draft.
    """
    if cancelled_at is not None:
        return RegistrationStatus.CANCELLED
    if until is None:
        return RegistrationStatus.DRAFT
    if code is None:
        return RegistrationStatus.GRACE if now < until else RegistrationStatus.LAPSED
    return RegistrationStatus.IN_FORCE if now < until else RegistrationStatus.EXPIRED


def require_registered(status: RegistrationStatus, resource_id: UUID) -> None:
    """Refuse to build on a resource of which no registration is in force.

    :raises NotRegistered: says what to do about it.
    """
    if status in (RegistrationStatus.GRACE, RegistrationStatus.IN_FORCE):
        return
    kind = "renewal" if status is RegistrationStatus.EXPIRED else "initial"
    raise NotRegistered(
        Message("The registration of the resource is {status}.", status=status),
        remedy=Message(
            "Its owner applies for it with the kind {kind}:"
            " POST /v1/resources/{resource_id}/registration-applications.",
            kind=kind,
            resource_id=resource_id,
        ),
        resource_id=str(resource_id),
        registration_status=status.value,
    )
