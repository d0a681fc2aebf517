"""What a part of a bank entry does in the books, and how that is taken back; entries, invoices, refunds are locked."""

from dataclasses import replace
from uuid import UUID

from infra.db import new_id
from infra.messages import Message
from market.settlement.ledger import chart, posting_rules
from market.settlement.ledger import service as ledger
from market.settlement.payments import refunds
from market.settlement.payments import service as payments
from market.settlement.payments.service import InvoicePayment
from market.settlement.payments.states import Rail
from market.settlement.rails.bank.entries import recording
from market.settlement.rails.bank.entries.matching import Part
from market.settlement.rails.bank.entries.matching_work import MatchingWork, write_match
from market.settlement.rails.bank.entries.recording import MatchedEntry
from market.settlement.rails.bank.errors import PartRefused
from market.settlement.rails.bank.states import PartKind
from pricing.money import Money


async def perform(work: MatchingWork, entry_id: UUID, part: Part) -> Part:
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
            suspense = chart.suspense(entry.currency)
            await refunds.complete_refund(session, actor, work.invoice_of(refund), refund, suspense)
            return part
        case PartKind.RETURN:
            assert part.target_id is not None
            other = work.entries[part.target_id]
            if abs(part.amount) > abs(other.held.minor):
                raise nothing_held(other)
            await write_match(
                work, part.target_id, [*other.parts, Part(PartKind.RETURN, -part.amount, entry_id)]
            )
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


def nothing_held(other: MatchedEntry) -> PartRefused:
    """The refusal of a return of more than what is in suspense of the other entry."""
    return PartRefused(
        Message(
            "Only {held} of bank entry {entry_id} is in suspense.", held=other.held, entry_id=other.entry.id
        ),
        remedy=Message(
            "Match that entry anew first, with only what it is for besides (nothing: `parts` is empty), so that as much"
            " of it is in suspense: POST /v1/bank-entries/{entry_id}/matches. Then send this again.",
            entry_id=other.entry.id,
        ),
    )


async def undo(work: MatchingWork, entry_id: UUID, part: Part) -> None:
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
            await refunds.take_back_refund(session, actor, work.invoice_of(refund), refund, work.reason)
            if refund.bank_entry_id is not None:
                source = work.entries[refund.bank_entry_id].parts
                await write_match(
                    work, refund.bank_entry_id, [item for item in source if item.target_id != refund.id]
                )
        case PartKind.RETURN:
            assert part.target_id is not None
            other = work.entries[part.target_id].parts
            await write_match(work, part.target_id, [item for item in other if item.target_id != entry_id])
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
