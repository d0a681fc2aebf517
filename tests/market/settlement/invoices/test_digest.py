"""The digest of an invoice: it depends on every word, and is what it was under the form used before."""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from infra.digest import json_digest
from market.settlement.invoices.issuing import invoice_document
from market.settlement.invoices.states import InvoiceStatus
from market.settlement.invoices.tables import Invoice, InvoiceLine

AT = datetime(2026, 11, 20, tzinfo=UTC)
ID = UUID(int=7)


def an_invoice(*, total: int = 175, **changes: Any) -> tuple[Invoice, list[InvoiceLine]]:
    """An invoice with everything that may hold text beyond ASCII holding it."""
    invoice = Invoice(
        id=ID, agreement_id=ID, period_no=1, operator_id=ID, owner_id=ID, buyer_id=ID, number=1,
        document_number="00001-000000001", payment_reference="RF2900001000000001", currency="CNY",
        total_minor=total, period_from=AT, period_to=AT, issued_at=AT, due_at=AT + timedelta(days=30),
        price_plan_id=ID, split=[], rules=[{"key": "pricing.rounding", "version": 1}], digest=b"",
        status=InvoiceStatus.ISSUED, **changes,
    )  # fmt: skip
    line = InvoiceLine(
        invoice_id=ID, line=1, licence_id=ID, usage_period_no=1, model="per_unit", metric="calls", quantity=25,
        allowance_used=10, agreed_unit_price=Decimal("0.05"), unit_price=Decimal("0.05"),
        exact_amount=Decimal("0.75"), amount_minor=total, currency="CNY", price_plan_id=ID,
        explanation_en="25 calls", explanation_zh="调用二十五次",
    )  # fmt: skip
    return invoice, [line]


def test_it_depends_on_every_word() -> None:
    document = invoice_document(*an_invoice())
    assert json_digest(document) == json_digest(dict(reversed(document.items())))
    assert json_digest(document) != json_digest(invoice_document(*an_invoice(total=176)))


def test_invoices_issued_under_the_earlier_form_keep_their_digest() -> None:
    """The earlier form escaped what is not ASCII; nothing in an invoice's document is, so both are the same bytes."""
    document = invoice_document(*an_invoice())
    escaped = json.dumps(document, sort_keys=True, separators=(",", ":"))
    assert json_digest(document) == hashlib.sha256(escaped.encode()).digest()
    assert json_digest(document).hex() == "97afcb6d7627ba411971e22abe3f7b56e8e36f811049abda25bd410971026265"


def test_it_covers_the_names_and_the_account() -> None:
    parties = {"buyer": {"zh": "甲公司", "en": None}}
    account = {"id": str(ID), "account_number": "6222000000000001"}
    digests = {
        json_digest(invoice_document(*an_invoice(parties=parties, bank_account=account))),
        json_digest(
            invoice_document(*an_invoice(parties=parties, bank_account=account | {"account_number": "999"}))
        ),
        json_digest(
            invoice_document(*an_invoice(parties={"buyer": {"zh": "乙", "en": None}}, bank_account=account))
        ),
        json_digest(invoice_document(*an_invoice(parties=parties))),
        json_digest(invoice_document(*an_invoice())),
    }
    assert len(digests) == 5
