"""How far an organisation's identity has been established, and what may follow what."""

from enum import StrEnum


class OrganisationStatus(StrEnum):
    """Where an organisation stands."""

    REGISTERED = "registered"
    REJECTED = "rejected"
    SUSPENDED = "suspended"
    VERIFIED = "verified"


TRANSITIONS: dict[OrganisationStatus, frozenset[OrganisationStatus]] = {
    OrganisationStatus.REGISTERED: frozenset(
        {OrganisationStatus.VERIFIED, OrganisationStatus.REJECTED, OrganisationStatus.SUSPENDED}
    ),
    OrganisationStatus.REJECTED: frozenset({OrganisationStatus.VERIFIED, OrganisationStatus.SUSPENDED}),
    OrganisationStatus.VERIFIED: frozenset({OrganisationStatus.SUSPENDED}),
    # Reinstatement leads back to where verification had come.
    OrganisationStatus.SUSPENDED: frozenset({OrganisationStatus.REGISTERED, OrganisationStatus.VERIFIED}),
}
"""From each status, the ones that may follow. Verification is never undone but by suspension."""


def may_follow(before: OrganisationStatus, after: OrganisationStatus) -> bool:
    """Whether an organisation may pass from one status to the other."""
    return after in TRANSITIONS[before]
