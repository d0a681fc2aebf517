"""Use cases for money that waits for a person: entries with their age and what they may be for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from infra.db import AsyncSession, now
from infra.identity import service as identity
from infra.paging import PageRequest
from market.settlement.invoices import service as invoices
from market.settlement.rails.bank import repository
from market.settlement.rails.bank.domain import Direction, payment_references
from market.settlement.rails.bank.entries import candidates, recording
from market.settlement.rails.bank.entries.candidates import Candidate, OpenInvoice
from market.settlement.rails.bank.entries.matching import Part
from market.settlement.rails.bank.entries.recording import MatchedEntry
from market.settlement.rails.bank.states import BankEntryStatus, PartKind
from market.settlement.rails.bank.tables import BankMatch


@dataclass(frozen=True, slots=True)
class EntryInSight:
    """An entry, for how long it has been there, and the invoices that what is in suspense of it may be for."""

    matched: MatchedEntry
    age_days: int
    candidates: Sequence[Candidate]


@dataclass(frozen=True, slots=True)
class EntryFilter:
    """Which entries are wanted; None: whatever it is."""

    status: BankEntryStatus | None = None
    account: str | None = None
    currency: str | None = None
    direction: Direction | None = None


async def list_entries(
    session: AsyncSession, page: PageRequest, wanted: EntryFilter
) -> tuple[list[EntryInSight], str | None]:
    """One page of entries, those that were booked first before the others, with candidates for what is in suspense."""
    ids, cursor = await repository.entries_page(
        session,
        page,
        status=wanted.status,
        account=wanted.account,
        currency=wanted.currency,
        incoming=None if wanted.direction is None else wanted.direction is Direction.CREDIT,
    )
    found = await recording.get_entries(session, ids)
    return await _in_sight(session, [found[entry_id] for entry_id in ids]), cursor


async def get_entry(session: AsyncSession, entry_id: UUID) -> EntryInSight:
    """One entry with candidates for what is in suspense of it.

    :raises NotFound: there is none.
    """
    booked = await recording.get_entry(session, await recording.booked_id(session, entry_id))
    (found,) = await _in_sight(session, [booked])
    return found


async def list_matches(
    session: AsyncSession, entry_id: UUID
) -> tuple[str, list[tuple[BankMatch, tuple[Part, ...]]]]:
    """The currency of an entry, and every match of it with its parts, the newest first.

    :raises NotFound: there is no such entry.
    """
    entry = (await recording.get_entry(session, await recording.booked_id(session, entry_id))).entry
    matches = await repository.matches_of(session, entry.id)
    parts = await recording.parts_by_match(session, [match.id for match in matches])
    return entry.currency, [(match, parts[match.id]) for match in matches]


async def _in_sight(session: AsyncSession, found: Sequence[MatchedEntry]) -> list[EntryInSight]:
    moment = await now(session)
    waiting = [item for item in found if item.held.minor > 0]
    payers = await _payers(session, {item.entry.counterparty for item in waiting})
    references = {
        reference
        for item in waiting
        for texts in [item.entry.reference_texts]
        for reference in (*payment_references(texts), *candidates.mistyped(texts))
    }
    pool = [
        OpenInvoice(
            invoice.id,
            invoice.document_number,
            invoice.payment_reference,
            invoice.buyer_id,
            invoice.total,
            invoice.open,
        )
        for invoice in await invoices.list_open_invoices(
            session,
            references=references,
            open_minor={item.held.minor for item in waiting},
            buyers={buyer for buyers in payers.values() for buyer in buyers},
        )
    ]
    return [EntryInSight(item, _age(item, moment), _candidates(item, payers, pool)) for item in found]


def _candidates(
    item: MatchedEntry, payers: Mapping[str, set[UUID]], pool: Sequence[OpenInvoice]
) -> list[Candidate]:
    entry = item.entry
    if not any(part.kind is PartKind.SUSPENSE for part in item.parts):
        return []
    named = payers.get(entry.counterparty, set())
    return candidates.find(item.held, entry.reference_texts, entry.counterparty, named, pool)


async def _payers(session: AsyncSession, names: set[str]) -> dict[str, set[UUID]]:
    """Buyers by what the bank calls them: organisations of that name, and whose invoices that name has paid."""
    found: dict[str, set[UUID]] = {name: set() for name in names}
    for name, organisation_id in await identity.organisations_named(session, names):
        found[name].add(organisation_id)
    for name, buyer_id in await repository.buyers_paid_for(session, names):
        found[name].add(buyer_id)
    return found


def _age(item: MatchedEntry, moment: datetime) -> int:
    return max((moment - recording.received_at(item.entry)).days, 0)
