"""The parties of a contract, as an answer names them."""

from collections.abc import Iterable
from typing import Protocol
from uuid import UUID

from infra.db import AsyncSession
from infra.identity import service as identity
from infra.identity.schemas import PartyName, PartyNames
from infra.schema import Output


class HasParties(Protocol):
    """A row that names its owner, operator and buyer."""

    owner_id: UUID
    operator_id: UUID
    buyer_id: UUID


class Parties(Output):
    """Owner, operator and buyer, by id and by name."""

    owner_id: UUID
    owner_name: PartyName
    operator_id: UUID
    operator_name: PartyName
    buyer_id: UUID
    buyer_name: PartyName


async def party_names(session: AsyncSession, rows: Iterable[HasParties]) -> PartyNames:
    """The names of every party of the rows, in one query."""
    return await identity.party_names(
        session, (party for row in rows for party in (row.owner_id, row.operator_id, row.buyer_id))
    )


def named_parties(row: HasParties, names: PartyNames) -> dict[str, PartyName]:
    """The members of an answer that name the parties of a row beside their ids."""
    return {
        "owner_name": names[row.owner_id],
        "operator_name": names[row.operator_id],
        "buyer_name": names[row.buyer_id],
    }
