"""Who can see a row, as SQL: a slice's repository says it once, and both its look-ups and its lists use it."""

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from infra.auth import Actor, OrganisationKind


def parties_and_oversight(actor: Actor, *parties: Mapped[UUID]) -> sa.ColumnElement[bool]:
    """True for a verified regulator and platform; for others, whether their organisation is one of the parties.

    :param parties: the columns that name the organisations a row concerns.
    """
    if actor.oversees(OrganisationKind.PLATFORM, OrganisationKind.REGULATOR):
        return sa.true()
    return sa.or_(*(party == actor.organisation_id for party in parties))
