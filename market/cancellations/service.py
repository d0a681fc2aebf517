"""Use cases of cancelling the registration of a resource."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from contracts.licences import service as licences
from contracts.licences.tables import Licence
from infra.auth import Actor
from infra.db import AsyncSession
from infra.digest import json_digest
from infra.messages import Message
from listings.authorisations import service as authorisations
from listings.authorisations.tables import Authorisation
from listings.products import service as products
from listings.products.tables import DataProduct
from listings.registrations import service as registrations
from listings.registrations.domain import RegistrationKind
from listings.registrations.errors import ConsequencesChanged
from listings.registrations.tables import RegistrationApplication
from listings.resources import service as resources


@dataclass(frozen=True, slots=True)
class Consequences:
    """What stops with the registration of a resource: authorisations, products and licences that have not ended.

    :ivar digest: SHA-256 over their ids, by which they are confirmed.
    """

    authorisations: Sequence[Authorisation]
    products: Sequence[DataProduct]
    licences: Sequence[Licence]

    @property
    def digest(self) -> str:
        """What is confirmed."""
        return json_digest(
            {
                "authorisations": sorted(str(row.id) for row in self.authorisations),
                "products": sorted(str(row.id) for row in self.products),
                "licences": sorted(str(row.id) for row in self.licences),
            }
        ).hex()


async def preview(session: AsyncSession, actor: Actor, resource_id: UUID) -> Consequences:
    """What a cancellation stops.

    :raises NotFound: the resource is not the actor's.
    """
    await resources.lock_own(session, actor, [resource_id])
    return await _consequences(session, resource_id)


async def apply(
    session: AsyncSession, actor: Actor, resource_id: UUID, *, confirmed: str, reason: str
) -> RegistrationApplication:
    """Apply for the cancellation of a registration, all that it stops having been seen.

    :param confirmed: the digest of what was seen.
    :raises NotFound: the resource is not the actor's.
    :raises ConsequencesChanged: it stops something else by now.
    :raises KindNotApplicable, ApplicationOpen: see `listings.registrations.service.apply`.
    """
    await resources.lock_own(session, actor, [resource_id])
    found = await _consequences(session, resource_id)
    if found.digest != confirmed:
        raise ConsequencesChanged(
            Message("What the cancellation stops is not what was confirmed."),
            remedy=Message(
                "See it again with GET /v1/resources/{resource_id}/cancellation, and confirm its digest.",
                resource_id=resource_id,
            ),
            digest=found.digest,
        )
    return await registrations.apply(
        session,
        actor,
        resource_id,
        kind=RegistrationKind.CANCELLATION,
        content=None,
        reason=reason,
        detail={
            "confirmed": confirmed,
            "authorisations": len(found.authorisations),
            "products": len(found.products),
            "licences": len(found.licences),
        },
    )


async def _consequences(session: AsyncSession, resource_id: UUID) -> Consequences:
    return Consequences(
        await authorisations.list_of_resource(session, resource_id),
        await products.list_of_resource(session, resource_id),
        await licences.list_below(session, resource_id),
    )
