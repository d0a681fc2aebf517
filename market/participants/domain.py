"""Which roles the members and programs of each kind of organisation may hold."""

from collections.abc import Collection

from infra.auth import Actor, OrganisationKind, Role
from infra.organisation_status import OrganisationStatus

ROLES_OF_KIND: dict[OrganisationKind, frozenset[Role]] = {
    OrganisationKind.AUTHORISING_BODY: frozenset({Role.ORGANISATION_ADMIN, Role.AUTHORISING_OFFICER}),
    OrganisationKind.BUYER: frozenset({Role.ORGANISATION_ADMIN, Role.BUYER}),
    OrganisationKind.OPERATOR: frozenset({Role.ORGANISATION_ADMIN, Role.DATA_OPERATOR}),
    OrganisationKind.OWNER: frozenset({Role.ORGANISATION_ADMIN, Role.DATA_OWNER}),
    OrganisationKind.PLATFORM: frozenset(
        {Role.ORGANISATION_ADMIN, Role.PLATFORM_ADMIN, Role.FINANCE_OFFICER}
    ),
    OrganisationKind.PRICE_AUTHORITY: frozenset({Role.ORGANISATION_ADMIN, Role.PRICE_OFFICER}),
    OrganisationKind.REGULATOR: frozenset({Role.ORGANISATION_ADMIN, Role.REGULATOR_OFFICER}),
}
"""A buyer's member cannot become a regulator's officer by anybody's mistake."""

OVERSEERS = frozenset(
    {
        OrganisationKind.AUTHORISING_BODY,
        OrganisationKind.PLATFORM,
        OrganisationKind.PRICE_AUTHORITY,
        OrganisationKind.REGULATOR,
    }
)
"""Whose people look at others' affairs: it takes two officers of the platform to let such an organisation in."""

_SEES_ALL = frozenset({Role.PLATFORM_ADMIN, Role.REGULATOR_OFFICER})


def sees_all(actor: Actor) -> bool:
    """Whether the actor looks at every organisation; the others know their own."""
    return _in_office(actor) and bool(actor.roles & _SEES_ALL)


def manages_all(actor: Actor) -> bool:
    """Whether the actor acts for every organisation where its own people cannot yet; the others act for their own."""
    return _in_office(actor) and Role.PLATFORM_ADMIN in actor.roles


SUPERVISED = frozenset({OrganisationKind.BUYER, OrganisationKind.OPERATOR, OrganisationKind.OWNER})
"""Those who trade, whom a regulator may suspend."""


def is_above(actor: Actor, placer: OrganisationKind) -> bool:
    """Whether the actor may end a suspension that an organisation of this kind placed, besides its own.

    Regulators are above the platform, whose organisations are as one; one regulator is not above another. Whoever runs
    the machine is above all.
    """
    if actor.kind == "system":
        return True
    return placer is OrganisationKind.PLATFORM and actor.organisation_kind in (
        OrganisationKind.PLATFORM,
        OrganisationKind.REGULATOR,
    )


def _in_office(actor: Actor) -> bool:
    return actor.organisation_status is OrganisationStatus.VERIFIED


MAX_NOTICES = 50
"""Members to whom a notice to the organisation is mailed, its administrators first."""


def recovered_roles(kind: OrganisationKind) -> frozenset[Role]:
    """What somebody is given who takes the place of a lost administrator."""
    return frozenset({Role.ORGANISATION_ADMIN, Role.PLATFORM_ADMIN}) & ROLES_OF_KIND[kind]


def roles_not_held_by(kind: OrganisationKind, roles: Collection[Role]) -> list[Role]:
    """The roles, in alphabetical order, that nobody in this kind of organisation may hold."""
    return sorted(set(roles) - ROLES_OF_KIND[kind])


def may_change(held_by_actor: Collection[Role], before: Collection[Role], after: Collection[Role]) -> bool:
    """Whether somebody may bring another's roles from one set to the other.

    Administrators of an organisation give all its roles, but what a platform administrator is, only another one
    gives, changes or takes.
    """
    return Role.PLATFORM_ADMIN in held_by_actor or Role.PLATFORM_ADMIN not in {*before, *after}
