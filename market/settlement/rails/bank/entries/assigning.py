"""Use cases of matching: what a bank entry is for, decided by a person, as often as it takes.

Every match is kept. Matching anew compares the parts that are wanted with those that hold: what ends moves back into
suspense by a journal of its own, what is new leaves it, what stays is not touched. Entries are locked before invoices,
invoices before refunds, each in id order.
"""

from collections.abc import Sequence
from uuid import UUID

from infra.auth import Actor
from infra.db import AsyncSession, now
from infra.messages import Message
from market.settlement.invoices import service as invoices
from market.settlement.ledger import posting_rules
from market.settlement.ledger import service as ledger
from market.settlement.payments.errors import RefundInProgress
from market.settlement.payments.tables import Refund
from market.settlement.rails.bank import repository
from market.settlement.rails.bank.entries import matching, recording
from market.settlement.rails.bank.entries.matching import Part, WantedPart
from market.settlement.rails.bank.entries.matching_work import MatchingWork, lock_concerned, write_match
from market.settlement.rails.bank.entries.part_effects import nothing_held, perform, undo
from market.settlement.rails.bank.entries.recording import MatchedEntry
from market.settlement.rails.bank.errors import PartRefused
from market.settlement.rails.bank.states import PartKind


async def match_entry(
    session: AsyncSession,
    actor: Actor,
    entry_id: UUID,
    wanted: Sequence[WantedPart],
    *,
    reason: str,
    replaces: UUID | None = None,
) -> MatchedEntry:
    """Match an entry anew: these parts hold from now on, the rest of it is in suspense.

    :param wanted: nothing: all of it is in suspense again.
    :param replaces: the match that the person has seen; None: whatever holds.
    :raises NotFound: there is no such entry, invoice or refund.
    :raises BankEntryMatched: somebody else matched it in the meantime.
    :raises PartRefused: a part cannot be of this entry, or the parts come to more than it.
    :raises InvoiceNotPayable: an invoice does not wait for so much.
    :raises RefundInProgress: a refund gives back what the entry paid.
    :raises BankEntryStateForbids: the bank took the entry back.
    """
    entry_id = await recording.booked_id(session, entry_id)
    work = await lock_concerned(session, actor, entry_id, wanted, reason=reason, replaces=replaces)
    return await _match(work, entry_id, wanted)


async def void_entry(session: AsyncSession, actor: Actor, entry_id: UUID, reason: str) -> None:
    """Record that the bank took an entry back: what it was for ends, and it leaves its bank account again.

    :raises RefundInProgress: money of it is set aside for a refund or went back, or a refund gives back what it paid.
    :raises BankEntryStateForbids: it was taken back before.
    """
    work = await lock_concerned(session, actor, entry_id, [], reason=reason, replaces=None)
    seen = await _match(work, entry_id, [])
    for part in seen.parts:
        if part.kind is PartKind.REFUND and part.target_id:
            raise RefundInProgress(
                Message(
                    "Money of bank entry {entry_id} is set aside for a refund or went back.",
                    entry_id=entry_id,
                ),
                remedy=Message(
                    "Withdraw the refund first: POST /v1/refunds/{refund_id}/withdrawal. Where its money has left,"
                    " match the entry that paid it anew.",
                    refund_id=part.target_id,
                ),
                refund_id=str(part.target_id),
            )
    booked_by = await ledger.source_kind_of(session, seen.match.journal_id)
    journal = posting_rules.voided_bank_entry(
        entry_id,
        account=seen.statement.account,
        signed=seen.entry.amount,
        bank_reference=seen.entry.bank_reference,
        voided_at=work.moment,
        journal_id=seen.match.journal_id if booked_by == "bank_entry" else None,
    )
    await write_match(work, entry_id, [Part(PartKind.VOID, seen.entry.amount_minor)])
    await ledger.post(session, actor, [journal])


async def lock_entry(session: AsyncSession, entry_id: UUID) -> MatchedEntry:
    """An entry that nobody else matches until the transaction ends.

    :raises NotFound: there is none.
    """
    entry_id = await recording.booked_id(session, entry_id)
    await repository.lock_entries(session, [entry_id])
    return await recording.get_entry(session, entry_id)


async def set_aside(
    session: AsyncSession, actor: Actor, seen: MatchedEntry, refund: Refund, reason: str
) -> MatchedEntry:
    """Set money of an entry aside for a refund to its sender.

    :param seen: locked by the caller, who has seen that so much is in suspense.
    """
    work = MatchingWork(session, actor, reason, await now(session), {seen.entry.id: seen}, {}, {})
    part = Part(PartKind.REFUND, refund.amount_minor, refund.id)
    return await write_match(work, seen.entry.id, [*seen.parts, part])


async def free(
    session: AsyncSession, actor: Actor, seen: MatchedEntry, refund: Refund, reason: str
) -> MatchedEntry:
    """Put money that was set aside for a refund back into suspense.

    :param seen: locked by the caller.
    """
    work = MatchingWork(session, actor, reason, await now(session), {seen.entry.id: seen}, {}, {})
    return await write_match(
        work, seen.entry.id, [part for part in seen.parts if part.target_id != refund.id]
    )


async def _match(work: MatchingWork, entry_id: UUID, wanted: Sequence[WantedPart]) -> MatchedEntry:
    seen = work.entries[entry_id]
    recording.require_matchable(seen)
    set_aside = [part for part in seen.parts if part.kind is PartKind.REFUND and seen.entry.amount_minor > 0]
    parts = _parts(work, seen, set_aside, wanted)
    todo = matching.change(seen.parts, [*set_aside, *parts])
    for part in todo.ended:
        await undo(work, entry_id, part)
    made = [await perform(work, entry_id, part) for part in todo.added]
    return await write_match(work, entry_id, [*todo.kept, *made])


def _parts(
    work: MatchingWork, seen: MatchedEntry, set_aside: Sequence[Part], wanted: Sequence[WantedPart]
) -> list[Part]:
    """The parts with their amounts; checked against the entry, not yet against what they are for."""
    entry = seen.entry
    sign = 1 if entry.amount_minor > 0 else -1
    left = abs(entry.amount_minor) - sum(part.amount for part in set_aside)
    parts: list[Part] = []
    for item in wanted:
        if any((part.kind, part.target_id) == (item.kind, item.target_id) for part in parts):
            raise PartRefused(
                Message("The parts name the same thing twice."), remedy=Message("Add the two amounts up.")
            )
        takes = min(_takes(work, seen, item), left)
        if item.amount is not None:
            if item.amount.currency != entry.currency or item.amount.minor * sign <= 0:
                raise PartRefused(
                    Message("{amount} is no part of {whole}.", amount=item.amount, whole=entry.amount),
                    remedy=Message(
                        "Write amounts in the entry's currency and with its sign: negative where money went out."
                    ),
                )
            takes = abs(item.amount.minor)
        left -= takes
        if left < 0 or not takes:
            raise PartRefused(
                Message(
                    "The parts come to more than what can be assigned of {whole}, or one comes to nothing.",
                    whole=entry.amount,
                ),
                remedy=Message(
                    "Give the parts other amounts. What is set aside for a refund is free once that is withdrawn."
                ),
            )
        parts.append(Part(item.kind, sign * takes, item.target_id))
    return parts


def _takes(work: MatchingWork, seen: MatchedEntry, item: WantedPart) -> int:
    """How much a part can take of an entry, whatever its sign, where the person does not say."""
    incoming, target = seen.entry.amount_minor > 0, item.target_id
    pays = {part.target_id: part.amount for part in seen.parts if part.kind is item.kind}
    match item.kind:
        case PartKind.INVOICE if incoming and target is not None:
            if target not in pays:
                invoices.require_payable(work.invoices[target])
            return work.invoices[target].open.minor + pays.get(target, 0)
        case PartKind.REFUND if not incoming and target is not None:
            return work.refunds[target].amount_minor
        case PartKind.RETURN if target is not None and target != seen.entry.id:
            other = work.entries[target]
            if other.entry.currency == seen.entry.currency and (other.entry.amount_minor > 0) is not incoming:
                if not other.held.minor and target not in pays:
                    raise nothing_held(other)
                return abs(other.held.minor) + abs(pays.get(target, 0))
        case PartKind.OTHER if target is None:
            return abs(seen.entry.amount_minor)
        case _:
            pass
    raise PartRefused(
        Message("A part of {whole} cannot be: {kind}.", whole=seen.entry.amount, kind=item.kind),
        remedy=Message(
            "Money that came in pays invoices, goes back by POST /v1/bank-entries/{entry_id}/refunds, or is other;"
            " money that went out pays an approved refund or is other. A return names an entry of the other"
            " direction in the same currency.",
            entry_id=seen.entry.id,
        ),
    )
