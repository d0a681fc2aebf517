"""Which roles somebody may give to whom."""

from collections.abc import Collection

from infra.auth import Actor, Role
from infra.identity.tables import Organisation
from infra.messages import Message
from market.participants import domain
from market.participants.errors import PlatformRoleProtected, RoleNotForKind


def check_roles(
    actor: Actor, organisation: Organisation, before: Collection[Role], after: Collection[Role]
) -> None:
    """Pass a change of roles that the actor may make in this organisation.

    :raises RoleNotForKind: such an organisation has no such role.
    :raises PlatformRoleProtected: only a platform administrator touches that role.
    """
    wrong = domain.roles_not_held_by(organisation.kind, after)
    if wrong:
        allowed = ", ".join(sorted(domain.ROLES_OF_KIND[organisation.kind]))
        raise RoleNotForKind(
            Message(
                "{wrong} cannot be held in an organisation of the kind {value}.",
                wrong=", ".join(wrong),
                value=organisation.kind.value,
            ),
            remedy=Message("Choose among {allowed}.", allowed=allowed),
        )
    if not domain.may_change(actor.roles, before, after):
        raise PlatformRoleProtected(
            Message("The role platform_admin is given, changed and taken by those who hold it."),
            remedy=Message("Ask a platform administrator."),
        )
