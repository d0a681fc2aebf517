"""How far an organisation is admitted to the market, and how it is refused what its status does not allow."""

from enum import StrEnum
from uuid import UUID

from infra.errors import Forbidden
from infra.messages import Message


class OrganisationStatus(StrEnum):
    """How far an organisation's identity is established, and whether it may act."""

    REGISTERED = "registered"
    REJECTED = "rejected"
    SUSPENDED = "suspended"
    VERIFIED = "verified"


class OrganisationSuspended(Forbidden):
    """The caller's organisation is suspended."""

    slug = "organisation-suspended"
    title = Message("Organisation suspended")


class OrganisationNotVerified(Forbidden):
    """Only verified organisations trade and see who else does."""

    slug = "organisation-not-verified"
    title = Message("Organisation not verified")


def refusal(status: OrganisationStatus, organisation_id: UUID) -> Forbidden:
    """The error for somebody whose role would allow what the organisation's status does not.

    :param status: any but verified.
    """
    if status is OrganisationStatus.SUSPENDED:
        return OrganisationSuspended(
            Message("Your organisation is suspended: it can read what is its own, pay and appeal."),
            remedy=Message(
                "GET /v1/organisations/{organisation_id} has the reason;"
                " appeal at POST /v1/organisations/{organisation_id}/appeals.",
                organisation_id=organisation_id,
            ),
            current_status=status.value,
        )
    return not_verified(status, organisation_id)


def not_verified(status: OrganisationStatus, organisation_id: UUID) -> OrganisationNotVerified:
    """The error where a deed needs a verified organisation, the own one or another."""
    return OrganisationNotVerified(
        Message("This needs a verified organisation; this one is {value}.", value=status),
        remedy=Message(
            "File identity evidence at POST /v1/organisations/{organisation_id}/evidence"
            " and ask the platform to verify it.",
            organisation_id=organisation_id,
        ),
        current_status=status.value,
    )
