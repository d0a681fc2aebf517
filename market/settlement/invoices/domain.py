"""Invoices, pure: payment references, document numbers, due dates."""

from datetime import datetime, timedelta

from infra.identifiers import with_check_digits
from pricing.money import MoneyError

MAX_SERIES = 99_999
MAX_NUMBER = 999_999_999


def payment_reference(series_no: int, number: int) -> str:
    """Creditor reference (ISO 11649) of an invoice: RF, two check digits, series of 5 and number of 9 digits.

    Digits only after the check digits, so that it can be typed on any bank form.
    """
    if not (1 <= series_no <= MAX_SERIES and 1 <= number <= MAX_NUMBER):
        raise MoneyError(f"series {series_no} or number {number} is beyond what a payment reference holds")
    return with_check_digits("RF", f"{series_no:05}{number:09}")


def document_number(series_no: int, number: int) -> str:
    """Number printed on the invoice: the operator's series and the running number in it."""
    return f"{series_no:05}-{number:09}"


def due_at(issued_at: datetime, term_days: int) -> datetime:
    """End of the payment term."""
    return issued_at + timedelta(days=term_days)
