"""What others read of a licence."""

from collections.abc import Sequence
from dataclasses import dataclass

from contracts.licences.counters import LicenceCounter
from contracts.licences.tables import Licence
from infra.identity.schemas import PartyNames
from infra.stops.tables import Stop
from listings.revisions.domain import SchemaNotice


@dataclass(frozen=True, slots=True)
class LicenceDetails:
    """A licence with everything an answer shows of it.

    :param stopped: reasons of the active stops on it and on the links above it.
    :param stops_ahead: those that begin later within its term, in the order in which they begin.
    :param live: whether it is within its term and nothing stops it.
    :param names: of its parties.
    :param notice: of a change of the product's columns that was announced; None for one that is pinned.
    :param columns_lost: columns of the licence that the change removes, or that are gone.
    """

    licence: Licence
    counter: LicenceCounter
    stopped: Sequence[str]
    stops_ahead: Sequence[Stop]
    live: bool
    names: PartyNames
    notice: SchemaNotice | None = None
    columns_lost: tuple[str, ...] = ()
