"""One act of matching: all that it can touch is locked first, and every entry that it changes gets its next match."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from infra.audit import service as audit
from infra.auth import Actor
from infra.db import AsyncSession, now
from infra.errors import NotFound
from infra.messages import Message
from market.settlement.invoices import service as invoices
from market.settlement.invoices.tables import Invoice
from market.settlement.payments import refunds
from market.settlement.payments.tables import Refund
from market.settlement.rails.bank import repository
from market.settlement.rails.bank.entries import matching, recording
from market.settlement.rails.bank.entries.matching import Part, WantedPart
from market.settlement.rails.bank.entries.recording import MatchedEntry
from market.settlement.rails.bank.errors import BankEntryMatched
from market.settlement.rails.bank.states import PartKind
from pricing.money import Money


@dataclass
class MatchingWork:
    """What one act of matching has locked; entries are replaced as they are matched."""

    session: AsyncSession
    actor: Actor
    reason: str
    moment: datetime
    entries: dict[UUID, MatchedEntry]
    invoices: dict[UUID, Invoice]
    refunds: dict[UUID, Refund]

    def invoice_of(self, refund: Refund) -> Invoice | None:
        """The invoice that a refund gives back, if it is one."""
        return self.invoices[refund.invoice_id] if refund.invoice_id else None


async def lock_concerned(
    session: AsyncSession,
    actor: Actor,
    entry_id: UUID,
    wanted: Sequence[WantedPart],
    *,
    reason: str,
    replaces: UUID | None,
) -> MatchingWork:
    """Lock all that matching the entry anew can touch: counterparts, invoices, refunds.

    :raises NotFound: there is no such entry, invoice or refund.
    :raises BankEntryMatched: the entry is not matched as ``replaces`` says.
    """
    named = _targets(wanted)
    while True:
        seen = await recording.get_entry(session, entry_id)
        held = _targets(seen.parts)
        concerned = await refunds.get_refunds(session, held[PartKind.REFUND] | named[PartKind.REFUND])
        entries = {entry_id} | held[PartKind.RETURN] | named[PartKind.RETURN]
        entries |= {refund.bank_entry_id for refund in concerned.values() if refund.bank_entry_id}
        await repository.lock_entries(session, entries)
        locked = await recording.get_entries(session, entries)
        if replaces is not None and locked[entry_id].match.id != replaces:
            raise _matched_meanwhile(locked[entry_id])
        if locked[entry_id].match.id == seen.match.id:
            break
    for refund_id in named[PartKind.REFUND] - concerned.keys():
        raise NotFound(
            Message("There is no refund {refund_id}.", refund_id=refund_id),
            remedy=Message("List the refunds that are approved: GET /v1/refunds?status=approved."),
        )
    bills = held[PartKind.INVOICE] | named[PartKind.INVOICE]
    bills |= {refund.invoice_id for refund in concerned.values() if refund.invoice_id}
    found = await invoices.lock_invoices(session, bills)
    for invoice_id in bills - found.keys():
        raise NotFound(
            Message("There is no invoice {invoice_id}.", invoice_id=invoice_id),
            remedy=Message("List the invoices that are open: GET /v1/invoices?status=issued."),
        )
    transfers = await refunds.lock_refunds(session, concerned.keys())
    return MatchingWork(session, actor, reason, await now(session), locked, found, transfers)


async def write_match(work: MatchingWork, entry_id: UUID, parts: Sequence[Part]) -> MatchedEntry:
    """Write the next match of an entry, the rest of it in suspense."""
    seen = work.entries[entry_id]
    complete = matching.whole(seen.entry.amount_minor, parts)
    match, rows = recording.rows(
        seen.entry,
        complete,
        before=seen.match,
        journal_id=seen.match.journal_id,
        reason=work.reason,
        actor=work.actor,
        moment=work.moment,
    )
    work.session.add(match)
    await work.session.flush()
    work.session.add_all(rows)
    await work.session.flush()
    await audit.record(
        work.session,
        work.actor,
        action="bank_entry.matched",
        subject_kind="bank_entry",
        subject_id=entry_id,
        detail={
            "match_id": str(match.id),
            "number": match.number,
            "reason": work.reason,
            "parts": [
                {
                    "kind": part.kind.value,
                    "amount": str(Money(part.amount, seen.entry.currency)),
                    "target_id": str(part.target_id) if part.target_id else None,
                }
                for part in complete
            ],
        },
    )
    work.entries[entry_id] = MatchedEntry(seen.entry, seen.statement, match, tuple(complete))
    return work.entries[entry_id]


def _targets(parts: Sequence[Part] | Sequence[WantedPart]) -> dict[PartKind, set[UUID]]:
    """What the parts are for, by kind."""
    found: dict[PartKind, set[UUID]] = {kind: set() for kind in PartKind}
    for part in parts:
        if part.target_id is not None:
            found[part.kind].add(part.target_id)
    return found


def _matched_meanwhile(seen: MatchedEntry) -> BankEntryMatched:
    return BankEntryMatched(
        Message(
            "Bank entry {entry_id} was matched in the meantime: {reason}",
            entry_id=seen.entry.id,
            reason=seen.match.reason,
        ),
        remedy=Message(
            "Get the entry again, see whether your parts are still right, and send its match_id as replaces."
        ),
        match_id=str(seen.match.id),
    )
