"""Which roles go with which kind of organisation."""

import pytest

from infra.auth import OrganisationKind, Role
from market.participants.domain import (
    OVERSEERS,
    ROLES_OF_KIND,
    SUPERVISED,
    may_change,
    roles_not_held_by,
)

P = Role.PLATFORM_ADMIN


def test_every_kind_has_an_administrator_and_every_role_a_home() -> None:
    assert set(ROLES_OF_KIND) == set(OrganisationKind)
    assert all(Role.ORGANISATION_ADMIN in roles for roles in ROLES_OF_KIND.values())
    assert frozenset().union(*ROLES_OF_KIND.values()) == set(Role)


def test_nobody_but_administrators_belongs_to_two_sides() -> None:
    for role in set(Role) - {Role.ORGANISATION_ADMIN}:
        assert sum(role in roles for roles in ROLES_OF_KIND.values()) == 1


def test_authorities_are_let_in_by_two_and_cannot_be_suspended_like_those_who_trade() -> None:
    authorities = {
        OrganisationKind.AUTHORISING_BODY,
        OrganisationKind.PLATFORM,
        OrganisationKind.PRICE_AUTHORITY,
        OrganisationKind.REGULATOR,
    }
    assert authorities == OVERSEERS
    assert set(OrganisationKind) - authorities == SUPERVISED


def test_roles_of_another_kind_are_named_in_order() -> None:
    asked = [Role.REGULATOR_OFFICER, Role.BUYER, Role.DATA_OWNER]
    assert roles_not_held_by(OrganisationKind.BUYER, asked) == [Role.DATA_OWNER, Role.REGULATOR_OFFICER]


@pytest.mark.parametrize(
    ("held", "before", "after", "allowed"),
    [
        ([Role.ORGANISATION_ADMIN], [], [Role.FINANCE_OFFICER], True),
        ([Role.ORGANISATION_ADMIN], [], [P], False),
        ([Role.ORGANISATION_ADMIN], [P], [], False),
        ([Role.ORGANISATION_ADMIN], [P], [P, Role.FINANCE_OFFICER], False),
        ([P], [], [P], True),
        ([P], [P], [], True),
    ],
)
def test_platform_administrators_are_made_by_their_like(
    held: list[Role], before: list[Role], after: list[Role], allowed: bool
) -> None:
    assert may_change(held, before, after) is allowed
