"""Amounts in the explanation of a break are told as people write them, with their currency."""

import pytest

from infra.db import AsyncSession
from market.settlement.reconciliation import repository
from market.settlement.reconciliation.domain import BreakKind, in_currency

REFUND = "12345678-1234-7123-8123-123456789012"


@pytest.mark.parametrize(
    ("found", "currency", "told"),
    [
        (
            "opens with 900 minor units; the statement before it closed with -5",
            "CNY",
            "opens with 9.00 CNY; the statement before it closed with -0.05 CNY",
        ),
        (
            "holds 900 minor units; open invoices come to 0",
            "JPY",
            "holds 900 JPY; open invoices come to 0 JPY",
        ),
        (
            f"is failed; the payment on record comes to 1250 minor units; refund {REFUND} is succeeded",
            "CNY",
            f"is failed; the payment on record comes to 12.50 CNY; refund {REFUND} is succeeded",
        ),
        (
            "was due 2026-11-01: 5 of 10 minor units are",
            "KWD",
            "was due 2026-11-01: 0.005 KWD of 0.010 KWD are",
        ),
        ("3 calls are in no record", None, "3 calls are in no record"),
        ("2 signatures are missing", "CNY", "2 signatures are missing"),
    ],
)
def test_amounts_are_told_in_the_currency(found: str, currency: str | None, told: str) -> None:
    assert in_currency(found, currency) == told


async def test_the_breaks_of_a_query_are_told_so(session: AsyncSession) -> None:
    query = "SELECT 'S-1', 900::bigint, 'CNY', now(), NULL::uuid, 'opens with ' || 900 || ' minor units'"
    [found] = await repository.differences(session, BreakKind.STATEMENT_GAP, "bank_statement", query)
    assert found.explanation == "opens with 9.00 CNY"
