"""What an entry is by its references, pure: it pays an invoice or a refund to the last minor unit, or nothing.

Also what a person makes of it: parts, each for something, that sum to the entry.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from infra.messages import Message
from market.settlement.invoices.states import INVOICE, InvoiceAction, InvoiceStatus
from market.settlement.payments.domain import refund_references
from market.settlement.payments.states import RefundStatus
from market.settlement.rails.bank.domain import Direction, StatementEntry, payment_references
from market.settlement.rails.bank.states import BankEntryAction, PartKind
from pricing.money import Money


@dataclass(frozen=True, slots=True)
class ReferencedInvoice:
    """What matching needs of an invoice that an entry names."""

    id: UUID
    number: str
    status: InvoiceStatus
    total: Money
    open: Money


@dataclass(frozen=True, slots=True)
class ReferencedRefund:
    """What matching needs of a refund by bank that an entry names."""

    id: UUID
    reference: str
    status: RefundStatus
    amount: Money


@dataclass(frozen=True, slots=True)
class Match:
    """An entry with the invoice or the refund it pays, or neither and why not."""

    entry: StatementEntry
    reason: Message
    invoice_id: UUID | None = None
    refund_id: UUID | None = None


def match(
    entries: Sequence[StatementEntry],
    invoices: Mapping[str, ReferencedInvoice],
    refunds: Mapping[str, ReferencedRefund],
) -> list[Match]:
    """Match entries with the invoices and refunds that their references name.

    An invoice is paid by at most one entry, the first that has what is open of it; an entry pays at most one. Too
    little, too much, another currency, two invoices in one transfer, money going out for no refund: nothing is
    guessed, each is left unmatched with its reason.

    :param invoices: by payment reference, as they stand before the first entry.
    :param refunds: by reference, as they stand before the first entry.
    """
    paid: set[UUID] = set()
    matches = []
    for entry in entries:
        found = _received(entry, invoices, refunds, paid)
        if entry.direction is Direction.DEBIT:
            found = _sent(entry, invoices, refunds, paid)
        paid |= {target for target in (found.invoice_id, found.refund_id) if target}
        matches.append(found)
    return matches


def _sent(
    entry: StatementEntry,
    invoices: Mapping[str, ReferencedInvoice],
    refunds: Mapping[str, ReferencedRefund],
    paid: set[UUID],
) -> Match:
    named = [refunds[reference] for reference in refund_references(entry.references) if reference in refunds]
    if len(named) != 1:
        return Match(entry, _sent_for(entry, named, invoices))
    refund = named[0]
    status = RefundStatus.SUCCEEDED if refund.id in paid else refund.status
    if status is not RefundStatus.APPROVED:
        return Match(
            entry, Message("refund {reference} is {status}", reference=refund.reference, status=status)
        )
    if entry.amount != refund.amount:
        reason = Message(
            "{amount} for refund {reference}, which is of {whole}",
            amount=entry.amount,
            reference=refund.reference,
            whole=refund.amount,
        )
        return Match(entry, reason)
    return Match(entry, Message("pays refund {reference}", reference=refund.reference), refund_id=refund.id)


def _sent_for(
    entry: StatementEntry, named: Sequence[ReferencedRefund], invoices: Mapping[str, ReferencedInvoice]
) -> Message:
    """Why money that went out for no refund, or for several, waits for a person."""
    if named:
        references = ", ".join(refund.reference for refund in named)
        return Message("names several refunds: {references}", references=references)
    paid = [invoices[name] for name in payment_references(entry.references) if name in invoices]
    if paid:
        return Message(
            "money went out that names invoice {number}: the bank may have taken its payment back",
            number=paid[0].number,
        )
    return Message("money went out, which no payout explains")


def _received(
    entry: StatementEntry,
    invoices: Mapping[str, ReferencedInvoice],
    refunds: Mapping[str, ReferencedRefund],
    paid: set[UUID],
) -> Match:
    named = [
        invoices[reference] for reference in payment_references(entry.references) if reference in invoices
    ]
    if not named:
        back = [name for name in refund_references(entry.references) if name in refunds]
        if back:
            reason = Message(
                "names refund {reference}: its transfer may have come back", reference=", ".join(back)
            )
            return Match(entry, reason)
        return Match(entry, Message("no payment reference of an invoice"))
    if len(named) > 1:
        numbers = ", ".join(invoice.number for invoice in named)
        return Match(entry, Message("names several invoices: {numbers}", numbers=numbers))
    invoice = named[0]
    status = InvoiceStatus.PAID if invoice.id in paid else invoice.status
    if not INVOICE.allows(status, InvoiceAction.PAY):
        return Match(
            entry, Message("invoice {number} is {status} already", number=invoice.number, status=status)
        )
    if entry.amount != invoice.open:
        return Match(entry, _unlike(entry.amount, invoice))
    return Match(entry, Message("pays invoice {number}", number=invoice.number), invoice_id=invoice.id)


def _unlike(amount: Money, invoice: ReferencedInvoice) -> Message:
    """That an amount is not what is open of the invoice it names."""
    if invoice.open == invoice.total:
        return Message(
            "{amount} for invoice {number}, which comes to {total}",
            amount=amount,
            number=invoice.number,
            total=invoice.total,
        )
    return Message(
        "{amount} for invoice {number}, which comes to {total} and of which {open} is open",
        amount=amount,
        number=invoice.number,
        total=invoice.total,
        open=invoice.open,
    )


@dataclass(frozen=True, slots=True)
class Part:
    """A part of an entry.

    :param amount: minor units with the entry's sign.
    :param target_id: the invoice, the refund, or the entry that it came back or went out with; None for the rest.
    :param effect_id: the payment or the journal that it made.
    """

    kind: PartKind
    amount: int
    target_id: UUID | None = None
    effect_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class WantedPart:
    """What a person takes a part of an entry for.

    :param target_id: the invoice, the refund, or the other entry; None for what is no business of the market.
    :param amount: with the entry's sign; default: as much as it takes, at most what is left of the entry.
    """

    kind: PartKind
    target_id: UUID | None = None
    amount: Money | None = None


def action_of(parts: Sequence[Part]) -> BankEntryAction:
    """What an entry with these parts becomes."""
    kinds = {part.kind for part in parts}
    if PartKind.VOID in kinds:
        return BankEntryAction.VOID
    if PartKind.SUSPENSE in kinds:
        return BankEntryAction.HOLD
    return BankEntryAction.PAY if kinds == {PartKind.INVOICE} else BankEntryAction.ASSIGN


def whole(entry_amount: int, parts: Sequence[Part]) -> list[Part]:
    """The parts with what is left of the entry in suspense.

    :raises ValueError: they come to more than the entry, or one has another sign.
    """
    explained = [part for part in parts if part.kind is not PartKind.SUSPENSE]
    rest = entry_amount - sum(part.amount for part in explained)
    if any(part.amount * entry_amount <= 0 for part in explained) or rest * entry_amount < 0:
        raise ValueError(f"{[part.amount for part in explained]} are no parts of {entry_amount}")
    return [*explained, *([Part(PartKind.SUSPENSE, rest)] if rest else [])]


@dataclass(frozen=True, slots=True)
class Change:
    """What matching anew does: parts that end, that stay as they are, and that are new."""

    ended: list[Part]
    kept: list[Part]
    added: list[Part]


def change(before: Sequence[Part], wanted: Sequence[Part]) -> Change:
    """Compare parts by what they are for and how much; what is in suspense is no part of either.

    What is set aside for a refund to the sender ends with that refund, not here: the caller has it in both.
    """
    held = {_key(part): part for part in before if part.kind is not PartKind.SUSPENSE}
    asked = {_key(part): part for part in wanted if part.kind is not PartKind.SUSPENSE}
    return Change(
        ended=[part for key, part in held.items() if key not in asked],
        kept=[part for key, part in held.items() if key in asked],
        added=[part for key, part in asked.items() if key not in held],
    )


def _key(part: Part) -> tuple[PartKind, UUID | None, int]:
    return part.kind, part.target_id, part.amount
