"""Use cases of matching: what a bank entry is for, decided by a person, as often as it takes.

Every match is kept. Matching anew compares the parts that are wanted with those that hold: what ends moves back into
suspense by a journal of its own, what is new leaves it, what stays is not touched. Entries are locked before invoices,
invoices before refunds, each in id order.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from infra.audit import service as audit
from infra.auth import Actor
from infra.db import AsyncSession, new_id, now
from infra.errors import NotFound
from infra.messages import Message
from market.settlement.invoices import service as invoices
from market.settlement.invoices.tables import Invoice
from market.settlement.ledger import chart, posting_rules
from market.settlement.ledger import service as ledger
from market.settlement.payments import refunds
from market.settlement.payments import service as payments
from market.settlement.payments.errors import RefundInProgress
from market.settlement.payments.service import InvoicePayment
from market.settlement.payments.states import Rail
from market.settlement.payments.tables import Refund
from market.settlement.rails.bank import matching, recording, repository
from market.settlement.rails.bank.errors import BankEntryMatched, PartRefused
from market.settlement.rails.bank.matching import Part
from market.settlement.rails.bank.recording import MatchedEntry
from market.settlement.rails.bank.states import PartKind
from pricing.money import Money


@dataclass(frozen=True, slots=True)
class WantedPart:
    """What a person takes a part of an entry for.

    :param target_id: the invoice, the refund, or the other entry; None for what is no business of the market.
    :param amount: with the entry's sign; default: as much as it takes, at most what is left of the entry.
    """

    kind: PartKind
    target_id: UUID | None = None
    amount: Money | None = None


@dataclass
class _Work:
    """What one act of matching has locked; entries are replaced as they are matched."""

    session: AsyncSession
    actor: Actor
    reason: str
    moment: datetime
    entries: dict[UUID, MatchedEntry]
    invoices: dict[UUID, Invoice]
    refunds: dict[UUID, Refund]


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
    work = await _begin(session, actor, entry_id, wanted, reason=reason, replaces=replaces)
    return await _match(work, entry_id, wanted)


async def void_entry(session: AsyncSession, actor: Actor, entry_id: UUID, reason: str) -> None:
    """Record that the bank took an entry back: what it was for ends, and it leaves its bank account again.

    :raises RefundInProgress: money of it is set aside for a refund or went back, or a refund gives back what it paid.
    :raises BankEntryStateForbids: it was taken back before.
    """
    work = await _begin(session, actor, entry_id, [], reason=reason, replaces=None)
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
    await _write(work, entry_id, [Part(PartKind.VOID, seen.entry.amount_minor)])
    await ledger.post(session, actor, [journal])


async def lock_entry(session: AsyncSession, entry_id: UUID) -> MatchedEntry:
    """An entry that nobody else matches until the transaction ends.

    :raises NotFound: there is none.
    """
    await repository.lock_entries(session, [entry_id])
    return await recording.get_entry(session, entry_id)


async def set_aside(
    session: AsyncSession, actor: Actor, seen: MatchedEntry, refund: Refund, reason: str
) -> MatchedEntry:
    """Set money of an entry aside for a refund to its sender.

    :param seen: locked by the caller, who has seen that so much is in suspense.
    """
    work = _Work(session, actor, reason, await now(session), {seen.entry.id: seen}, {}, {})
    part = Part(PartKind.REFUND, refund.amount_minor, refund.id)
    return await _write(work, seen.entry.id, [*seen.parts, part])


async def free(
    session: AsyncSession, actor: Actor, seen: MatchedEntry, refund: Refund, reason: str
) -> MatchedEntry:
    """Put money that was set aside for a refund back into suspense.

    :param seen: locked by the caller.
    """
    work = _Work(session, actor, reason, await now(session), {seen.entry.id: seen}, {}, {})
    return await _write(work, seen.entry.id, [part for part in seen.parts if part.target_id != refund.id])


async def _begin(
    session: AsyncSession,
    actor: Actor,
    entry_id: UUID,
    wanted: Sequence[WantedPart],
    *,
    reason: str,
    replaces: UUID | None,
) -> _Work:
    """Lock all that matching the entry anew can touch: counterparts, invoices, refunds."""
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
    return _Work(session, actor, reason, await now(session), locked, found, transfers)


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
            "Bank entry {entry_id} was matched in the meantime: {reason}.",
            entry_id=seen.entry.id,
            reason=seen.match.reason.rstrip("."),
        ),
        remedy=Message(
            "Get the entry again, see whether your parts are still right, and send its match_id as replaces."
        ),
        match_id=str(seen.match.id),
    )


async def _match(work: _Work, entry_id: UUID, wanted: Sequence[WantedPart]) -> MatchedEntry:
    seen = work.entries[entry_id]
    recording.require_matchable(seen)
    set_aside = [part for part in seen.parts if part.kind is PartKind.REFUND and seen.entry.amount_minor > 0]
    parts = _parts(work, seen, set_aside, wanted)
    todo = matching.change(seen.parts, [*set_aside, *parts])
    for part in todo.ended:
        await _end(work, entry_id, part)
    made = [await _add(work, entry_id, part) for part in todo.added]
    return await _write(work, entry_id, [*todo.kept, *made])


def _parts(
    work: _Work, seen: MatchedEntry, set_aside: Sequence[Part], wanted: Sequence[WantedPart]
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


def _takes(work: _Work, seen: MatchedEntry, item: WantedPart) -> int:
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


async def _end(work: _Work, entry_id: UUID, part: Part) -> None:
    """Take back what a part did; its money is in suspense."""
    session, actor, entry = work.session, work.actor, work.entries[entry_id].entry
    match part.kind:
        case PartKind.INVOICE:
            assert part.target_id is not None
            assert part.effect_id is not None
            payment = (await payments.get_payments(session, [part.effect_id]))[part.effect_id]
            await payments.reverse_payment(
                session, actor, work.invoices[part.target_id], payment, work.reason
            )
        case PartKind.REFUND:
            assert part.target_id is not None
            refund = work.refunds[part.target_id]
            invoice = work.invoices[refund.invoice_id] if refund.invoice_id else None
            await refunds.take_back_refund(session, actor, invoice, refund, work.reason)
            if refund.bank_entry_id is not None:
                source = work.entries[refund.bank_entry_id].parts
                await _write(
                    work, refund.bank_entry_id, [item for item in source if item.target_id != refund.id]
                )
        case PartKind.RETURN:
            assert part.target_id is not None
            other = work.entries[part.target_id].parts
            await _write(work, part.target_id, [item for item in other if item.target_id != entry_id])
        case _:
            assert part.effect_id is not None, "what left suspense did so by a journal"
            journal = posting_rules.other_movement_reversed(
                part.effect_id,
                entry_id=entry_id,
                signed=Money(part.amount, entry.currency),
                bank_reference=entry.bank_reference,
                reversed_at=work.moment,
            )
            await ledger.post(session, actor, [journal])


async def _add(work: _Work, entry_id: UUID, part: Part) -> Part:
    """Do what a part says; answers it with the payment or the journal that it made."""
    session, actor, entry = work.session, work.actor, work.entries[entry_id].entry
    match part.kind:
        case PartKind.INVOICE:
            assert part.target_id is not None
            invoice = work.invoices[part.target_id]
            payment = InvoicePayment(
                invoice=invoice,
                rail=Rail.BANK,
                source_id=entry_id,
                into=chart.suspense(entry.currency),
                amount=Money(part.amount, entry.currency),
                received_at=max(recording.received_at(entry), invoice.issued_at),
                booked_at=work.moment,
            )
            await payments.pay_invoices(session, actor, [payment])
            return replace(part, effect_id=payment.id)
        case PartKind.REFUND:
            assert part.target_id is not None
            refund = work.refunds[part.target_id]
            if part.amount != -refund.amount_minor:
                raise PartRefused(
                    Message(
                        "Refund {reference} is of {amount}, in one transfer.",
                        reference=refund.reference,
                        amount=refund.amount,
                    ),
                    remedy=Message("Assign exactly that to it; what was paid besides is a part of its own."),
                )
            invoice_ = work.invoices[refund.invoice_id] if refund.invoice_id else None
            suspense = chart.suspense(entry.currency)
            await refunds.complete_refund(session, actor, invoice_, refund, suspense)
            return part
        case PartKind.RETURN:
            assert part.target_id is not None
            other = work.entries[part.target_id]
            if abs(part.amount) > abs(other.held.minor):
                raise PartRefused(
                    Message(
                        "Only {held} of bank entry {entry_id} is in suspense.",
                        held=other.held,
                        entry_id=part.target_id,
                    ),
                    remedy=Message("Match that entry anew first, so that as much of it is in suspense."),
                )
            await _write(work, part.target_id, [*other.parts, Part(PartKind.RETURN, -part.amount, entry_id)])
            return part
        case _:
            journal = posting_rules.other_movement(
                new_id(),
                entry_id=entry_id,
                signed=Money(part.amount, entry.currency),
                bank_reference=entry.bank_reference,
                assigned_at=work.moment,
            )
            (posted,) = await ledger.post(session, actor, [journal])
            return replace(part, effect_id=posted.id)


async def _write(work: _Work, entry_id: UUID, parts: Sequence[Part]) -> MatchedEntry:
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
