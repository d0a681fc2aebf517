"""Which roles the members and programs of each kind of organisation may hold."""

from collections.abc import Collection

from infra.auth import OrganisationKind, Role

ROLES_OF_KIND: dict[OrganisationKind, frozenset[Role]] = {
    OrganisationKind.BUYER: frozenset({Role.ORGANISATION_ADMIN, Role.BUYER}),
    OrganisationKind.OPERATOR: frozenset({Role.ORGANISATION_ADMIN, Role.DATA_OPERATOR}),
    OrganisationKind.OWNER: frozenset({Role.ORGANISATION_ADMIN, Role.DATA_OWNER}),
    OrganisationKind.PLATFORM: frozenset(
        {Role.ORGANISATION_ADMIN, Role.PLATFORM_ADMIN, Role.FINANCE_OFFICER}
    ),
    OrganisationKind.REGULATOR: frozenset({Role.ORGANISATION_ADMIN, Role.REGULATOR_OFFICER}),
}
"""A buyer's member cannot become a regulator's officer by anybody's mistake."""

SEES_ALL = frozenset({Role.PLATFORM_ADMIN, Role.REGULATOR_OFFICER})
"""Roles that look at every organisation; the others know their own."""


def roles_not_held_by(kind: OrganisationKind, roles: Collection[Role]) -> list[Role]:
    """The roles, in alphabetical order, that nobody in this kind of organisation may hold."""
    return sorted(set(roles) - ROLES_OF_KIND[kind])


def may_change(held_by_actor: Collection[Role], before: Collection[Role], after: Collection[Role]) -> bool:
    """Whether somebody may bring another's roles from one set to the other.

    Administrators of an organisation give all its roles, but what a platform administrator is, only another one
    gives, changes or takes.
    """
    return Role.PLATFORM_ADMIN in held_by_actor or Role.PLATFORM_ADMIN not in {*before, *after}
