"""Every journal of the product is built by the posting rules, and by nothing else."""

import ast
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from market.settlement.ledger import chart, posting_rules
from market.settlement.ledger.domain import Side
from market.settlement.splits.domain import shares_of
from pricing.money import Money

ROOT = Path(__file__).parents[4]
FLOORS = ("contracts", "infra", "listings", "market", "pricing", "quality")
HOME = {"market/settlement/ledger/domain.py", "market/settlement/ledger/posting_rules.py"}
BUILDERS = {"Entry", "JournalDraft", "credit", "debit", "reversal"}
AT = datetime(2026, 11, 20, tzinfo=UTC)


def built_in(source: str) -> list[str]:
    """Where the source builds a journal or a part of one: line and call."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    names = [(node.lineno, getattr(node.func, "attr", getattr(node.func, "id", ""))) for node in calls]
    return [f"line {line}: {name}()" for line, name in sorted(names) if name in BUILDERS]


def test_no_journal_is_built_anywhere_else() -> None:
    sources = {
        path.relative_to(ROOT).as_posix(): path for floor in FLOORS for path in (ROOT / floor).rglob("*.py")
    }
    assert sources.keys() >= HOME
    elsewhere = {
        name: found
        for name, path in sources.items()
        if name not in HOME and (found := built_in(path.read_text(encoding="utf-8")))
    }
    assert elsewhere == {}


@pytest.mark.parametrize(
    "source",
    [
        "JournalDraft('k', at, '', 't', id, entries)",
        "domain.JournalDraft(key='k')",
        "lines = (debit(account, amount),)",
        "domain.credit(account, amount)",
        "draft.reversal('k')",
    ],
)
def test_a_journal_built_elsewhere_would_be_found(source: str) -> None:
    assert built_in(source) != []


@pytest.mark.parametrize(
    ("minor", "bank_side"), [(500, Side.DEBIT), (-500, Side.CREDIT)], ids=["money in", "money out"]
)
def test_an_unexplained_bank_entry_is_held_in_suspense(minor: int, bank_side: Side) -> None:
    draft = posting_rules.unexplained_bank_entry(
        uuid4(), account="1", signed=Money(minor, "CNY"), bank_reference="b" * 300, booked_at=AT
    )
    sides = {
        entry.account.role.value: Side.DEBIT if entry.minor > 0 else Side.CREDIT for entry in draft.entries
    }
    other = Side.CREDIT if bank_side is Side.DEBIT else Side.DEBIT
    assert sides == {"bank": bank_side, "suspense": other}
    assert len(draft.description) == 200


# As they were posted before the rules had a module of their own.
POSTED = {
    f"invoice:{UUID(int=1)}": "f9be24fa6eef7363",
    f"payment:{UUID(int=1)}": "3803b2a43d38d607",
    f"split:{UUID(int=1)}": "8de32f0605ccf067",
    f"split-reversal:{UUID(int=7)}": "4ded46985b9f05eb",
    f"refund:{UUID(int=7)}": "fd2c23020f1d2758",
}


def test_keys_and_digests_of_posted_journals_stay_as_they_were() -> None:
    """A journal that was posted is recognised by its key and compared by its digest; neither may change."""
    invoice = posting_rules.BilledInvoice(
        id=UUID(int=1),
        number="00001-000000001",
        agreement_id=UUID(int=2),
        buyer_id=UUID(int=3),
        total=Money(175, "CNY"),
        shares=shares_of(
            {"owner": 5000, "operator": 4000, "platform": 1000},
            owner_id=UUID(int=4),
            operator_id=UUID(int=5),
        ),
    )
    card = chart.card("CNY")
    drafts = (
        posting_rules.invoice_issued(invoice, AT),
        posting_rules.payment_received(invoice, card, AT),
        posting_rules.revenue_split(invoice, AT),
        *posting_rules.refund_completed(
            invoice, refund_id=UUID(int=7), split_journal_id=UUID(int=6), out_of=card, completed_at=AT
        ),
    )
    assert {draft.key: draft.digest.hex()[:16] for draft in drafts} == POSTED
