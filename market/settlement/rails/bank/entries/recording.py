"""Matches as rows: how a match and its parts are written down and read back."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from uuid import UUID

from infra.auth import Actor
from infra.db import AsyncSession, new_id
from infra.errors import NotFound
from infra.messages import Message
from market.settlement.rails.bank import repository
from market.settlement.rails.bank.entries import matching
from market.settlement.rails.bank.entries.matching import Part
from market.settlement.rails.bank.states import BANK_ENTRY, BankEntryAction, BankEntryStatus, PartKind
from market.settlement.rails.bank.tables import BankEntry, BankMatch, BankMatchPart, BankStatement
from pricing.money import Money

_TARGET = {PartKind.INVOICE: "invoice_id", PartKind.REFUND: "refund_id", PartKind.RETURN: "counter_entry_id"}
_EFFECT = {PartKind.INVOICE: "payment_id", PartKind.OTHER: "journal_id"}


@dataclass(frozen=True, slots=True)
class MatchedEntry:
    """An entry, its statement, and what it is matched with."""

    entry: BankEntry
    statement: BankStatement
    match: BankMatch
    parts: tuple[Part, ...]

    @property
    def held(self) -> Money:
        """What of it is in suspense and not set aside for a refund, with its sign."""
        minor = sum(part.amount for part in self.parts if part.kind is PartKind.SUSPENSE)
        return Money(minor, self.entry.currency)


def part_of(row: BankMatchPart) -> Part:
    """A part as the rules know it."""
    target, effect = _TARGET.get(row.kind), _EFFECT.get(row.kind)
    return Part(
        row.kind,
        row.amount_minor,
        getattr(row, target) if target else None,
        getattr(row, effect) if effect else None,
    )


def require_matchable(seen: MatchedEntry) -> None:
    """Check that an entry can be matched anew.

    :raises BankEntryStateForbids: the bank took it back.
    """
    BANK_ENTRY.next_state(
        seen.match.status,
        BankEntryAction.HOLD,
        remedy=Message("The bank took it back: match the entries of the corrected statement."),
    )


def rows(
    entry: BankEntry,
    parts: Sequence[Part],
    *,
    before: BankMatch | None,
    journal_id: UUID,
    reason: str,
    actor: Actor,
    moment: datetime,
) -> tuple[BankMatch, list[BankMatchPart]]:
    """A match of an entry with its parts, as rows to insert, the match first.

    :param parts: all of the entry.
    :param before: the match that it replaces.
    :param journal_id: the journal that booked the entry on its bank account.
    :raises BankEntryStateForbids: the bank took the entry back.
    """
    match = BankMatch(
        id=new_id(),
        entry_id=entry.id,
        number=before.number + 1 if before else 1,
        status=BANK_ENTRY.next_state(
            before.status if before else BankEntryStatus.RECEIVED, matching.action_of(parts)
        ),
        reason=reason,
        journal_id=journal_id,
        recorded_by=actor.id,
        recorded_at=moment,
    )
    return match, [_row(match.id, number, part) for number, part in enumerate(parts, start=1)]


async def booked_id(session: AsyncSession, entry_id: UUID) -> UUID:
    """The entry that is booked and matched for one that a later statement lists again; else the entry itself.

    :raises NotFound: there is none.
    """
    found = await repository.booked_id(session, entry_id)
    if found is None:
        raise _no_entry(entry_id)
    return found


async def get_entry(session: AsyncSession, entry_id: UUID) -> MatchedEntry:
    """An entry with what it is matched with now.

    :raises NotFound: there is none.
    """
    found = await get_entries(session, [entry_id])
    return found[entry_id]


async def get_entries(session: AsyncSession, entry_ids: Iterable[UUID]) -> dict[UUID, MatchedEntry]:
    """Entries with what they are matched with now, by id.

    :raises NotFound: there is no such entry.
    """
    wanted = list(entry_ids)
    found = {row[0].id: row for row in await repository.matched_entries(session, wanted)}
    for entry_id in wanted:
        if entry_id not in found:
            raise _no_entry(entry_id)
    parts = await parts_by_match(session, [match.id for _, _, match in found.values()])
    return {
        entry.id: MatchedEntry(entry, statement, match, parts[match.id])
        for entry, statement, match in found.values()
    }


async def parts_by_match(session: AsyncSession, match_ids: Collection[UUID]) -> dict[UUID, tuple[Part, ...]]:
    """Parts of matches, in order."""
    found = await repository.parts_of(session, match_ids)
    return {match_id: tuple(part_of(part) for part in parts) for match_id, parts in found.items()}


def received_at(entry: BankEntry) -> datetime:
    """Start of the booking day, taken as a day of UTC."""
    return datetime.combine(entry.booked_on, time(), UTC)


def _no_entry(entry_id: UUID) -> NotFound:
    return NotFound(
        Message("There is no bank entry {entry_id}.", entry_id=entry_id),
        remedy=Message("List the bank entries to find it: GET /v1/bank-entries."),
    )


def _row(match_id: UUID, number: int, part: Part) -> BankMatchPart:
    columns = ((_TARGET.get(part.kind), part.target_id), (_EFFECT.get(part.kind), part.effect_id))
    named = {column: value for column, value in columns if column}
    return BankMatchPart(match_id=match_id, number=number, kind=part.kind, amount_minor=part.amount, **named)
