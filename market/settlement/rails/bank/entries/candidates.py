"""Which open invoices money in suspense may be for, pure: suggestions for a person, each saying why."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from infra.identifiers import check_digits_fit, letters_and_digits
from infra.messages import Message
from market.settlement.rails.bank.domain import payment_references
from pricing.money import Money

MAX_CANDIDATES = 5
"""Most candidates for one entry."""

_BODY = 16
"""Digits of a payment reference after ``RF``."""

_NAMED = re.compile(rf"RF([0-9A-Z]{{{_BODY - 1},{_BODY + 1}}})")
_NUMBER = re.compile(rf"(?<![0-9])[0-9]{{{_BODY - 1},{_BODY + 1}}}(?![0-9])")
_DIGITS = "0123456789"


class CandidateReason(StrEnum):
    """Why an invoice may be what money is for."""

    AMOUNT = "amount"
    DOCUMENT_NUMBER = "document_number"
    MISTYPED_REFERENCE = "mistyped_reference"
    PAYER = "payer"
    REFERENCE = "reference"


@dataclass(frozen=True, slots=True)
class OpenInvoice:
    """What suggesting needs of an invoice that waits for money."""

    id: UUID
    number: str
    reference: str
    buyer_id: UUID
    total: Money
    open: Money


@dataclass(frozen=True, slots=True)
class Candidate:
    """An invoice that money may be for, with every reason in words."""

    invoice: OpenInvoice
    reasons: tuple[tuple[CandidateReason, Message], ...]


def find(
    held: Money, texts: Sequence[str], payer: str, payers: Iterable[UUID], invoices: Iterable[OpenInvoice]
) -> list[Candidate]:
    """The invoices that money in suspense may be for, the likeliest first; nothing for money that went out.

    :param held: what is in suspense of an entry.
    :param payer: as the bank names it.
    :param payers: buyers of this name, and those whose invoices money from this name has paid before.
    :param invoices: that wait for money; any may be among them.
    """
    if held.minor <= 0:
        return []
    named, nearly, buyers = set(payment_references(texts)), mistyped(texts), set(payers)
    found = []
    for invoice in invoices:
        if invoice.open.currency != held.currency:
            continue
        reasons = _reference_reasons(invoice, named, nearly, texts)
        if invoice.buyer_id in buyers:
            reason = Message("{payer} is the buyer, or has paid for it before", payer=payer)
            reasons.append((CandidateReason.PAYER, reason))
        if invoice.open == held:
            reasons.append((CandidateReason.AMOUNT, Message("{amount} is what is open of it", amount=held)))
        if reasons:
            found.append(Candidate(invoice, tuple(reasons)))
    found.sort(key=lambda candidate: (-len(candidate.reasons), candidate.invoice.number))
    return found[:MAX_CANDIDATES]


def mistyped(texts: Sequence[str]) -> dict[str, str]:
    """References one edit away from something in the texts that is none by its check digits, with that something.

    Of all strings that one wrong, missing, surplus or swapped digit makes, those whose check digits fit (ISO 11649):
    few, and of two references that exist no one is so near another.
    """
    found: dict[str, str] = {}
    for text in texts:
        plain = letters_and_digits(text)
        for wrong in dict.fromkeys([*_bodies(plain), *_NUMBER.findall(plain)]):
            if len(wrong) == _BODY and check_digits_fit(f"RF{wrong}"):
                continue
            for body in _edits(wrong):
                if len(body) == _BODY and body.isdigit() and check_digits_fit(f"RF{body}"):
                    found.setdefault(f"RF{body}", f"RF{wrong}")
    return found


def _bodies(plain: str) -> list[str]:
    """What follows each RF that is no reference, in the three lengths that one edit leaves."""
    bodies: list[str] = []
    for start in (match.start(1) for match in _NAMED.finditer(plain)):
        whole = plain[start : start + _BODY]
        if whole.isdigit() and check_digits_fit(f"RF{whole}"):
            continue
        bodies += [plain[start : start + length] for length in (_BODY - 1, _BODY, _BODY + 1)]
    return [body for body in bodies if len(body) >= _BODY - 1]


def _edits(text: str) -> set[str]:
    places = range(len(text))
    made = {text[:i] + text[i + 1 :] for i in places}
    made |= {text[:i] + text[i + 1] + text[i] + text[i + 2 :] for i in places[:-1]}
    made |= {text[:i] + digit + text[i + 1 :] for i in places for digit in _DIGITS}
    made |= {text[:i] + digit + text[i:] for i in (*places, len(text)) for digit in _DIGITS}
    return made


def _reference_reasons(
    invoice: OpenInvoice, named: set[str], nearly: dict[str, str], texts: Sequence[str]
) -> list[tuple[CandidateReason, Message]]:
    if invoice.reference in named:
        reason = Message("names its reference {reference}", reference=invoice.reference)
        return [(CandidateReason.REFERENCE, reason)]
    reasons = []
    if invoice.reference in nearly:
        wrong = nearly[invoice.reference]
        said = Message(
            "{wrong} is mistyped, as its check digits say, and one edit away from {reference}",
            wrong=wrong,
            reference=invoice.reference,
        )
        reasons.append((CandidateReason.MISTYPED_REFERENCE, said))
    if any(invoice.number in text for text in texts):
        reasons.append(
            (CandidateReason.DOCUMENT_NUMBER, Message("names its number {number}", number=invoice.number))
        )
    return reasons
