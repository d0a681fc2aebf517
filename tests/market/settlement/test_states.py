"""The lives of invoices, refunds, card payments and bank entries; and that no status is set but by their machines."""

import ast
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest

from infra.errors import Conflict
from infra.states import StateMachine
from market.settlement.invoices.states import INVOICE, InvoiceStatus
from market.settlement.payments.states import REFUND, RefundStatus
from market.settlement.rails.bank.states import BANK_ENTRY, BankEntryStatus
from market.settlement.rails.cards.states import CARD_PAYMENT, CardPaymentStatus

SETTLEMENT = Path(__file__).parents[3] / "market/settlement"
# Where each life begins: the only statuses that are written without a transition.
INITIAL = {"InvoiceStatus.ISSUED", "RefundStatus.REQUESTED", "CardPaymentStatus.REQUESTED"}
TABLES = {"Invoice", "Refund", "CardPayment", "BankMatch"}

LIVES: list[tuple[StateMachine[Any, Any], type[StrEnum], dict[str, set[str]]]] = [
    (INVOICE, InvoiceStatus, {"issued": {"paid"}, "paid": {"refunded", "issued"}, "refunded": {"paid"}}),
    (
        REFUND,
        RefundStatus,
        {
            # By card the processor decides at once, by bank somebody approves it first; a transfer may come back.
            "requested": {"approved", "succeeded", "failed", "rejected", "withdrawn"},
            "approved": {"succeeded", "withdrawn"},
            "succeeded": {"failed"},
            "failed": set(),
            "rejected": set(),
            "withdrawn": set(),
        },
    ),
    (
        CARD_PAYMENT,
        CardPaymentStatus,
        {
            "requested": {"requires_action", "succeeded", "failed"},
            "requires_action": {"succeeded", "failed"},
            "succeeded": set(),
            "failed": set(),
        },
    ),
    (
        BANK_ENTRY,
        BankEntryStatus,
        {
            "received": {"assigned", "paid", "suspense"},
            "assigned": {"assigned", "paid", "suspense"},
            "paid": {"assigned", "paid", "suspense"},
            "suspense": {"assigned", "paid", "suspense", "void"},
            "void": set(),
        },
    ),
]


@pytest.mark.parametrize(
    ("machine", "statuses", "follows"), LIVES, ids=lambda item: getattr(item, "__name__", "")
)
def test_what_may_follow_what(
    machine: StateMachine[Any, Any], statuses: type[StrEnum], follows: dict[str, set[str]]
) -> None:
    assert set(follows) == set(statuses)
    for status in statuses:
        reached = set()
        for action in machine.transitions:
            if machine.allows(status, action):
                reached.add(machine.next_state(status, action).value)
                continue
            with pytest.raises(Conflict) as refused:
                machine.next_state(status, action)
            assert refused.type is machine.forbids
        assert reached == follows[status.value], status


def set_outside_a_machine(source: str) -> list[str]:
    """Where the source gives a row a status that no machine made: line and expression."""
    found = []
    for node in ast.walk(ast.parse(source)):
        values: list[ast.expr] = []
        match node:
            case ast.Assign(targets=targets, value=value):
                names = [name for target in targets for name in ast.walk(target)]
                if any(isinstance(name, ast.Attribute) and name.attr == "status" for name in names):
                    values = [value]
            case ast.Call(func=ast.Name(id=name), keywords=keywords) if name in TABLES:
                values = [item.value for item in keywords if item.arg == "status"]
            case ast.Call(func=ast.Name(id="setattr")):
                values = [node]
        found += [
            f"line {value.lineno}: {ast.unparse(value)}" for value in values if not _made_by_machine(value)
        ]
    return found


def _made_by_machine(value: ast.expr) -> bool:
    return ast.unparse(value) in INITIAL or (
        isinstance(value, ast.Call) and ast.unparse(value.func).endswith(".next_state")
    )


@pytest.mark.parametrize(
    "path", sorted(SETTLEMENT.rglob("*.py")), ids=lambda path: path.parent.name + "/" + path.name
)
def test_no_status_is_set_but_by_a_machine(path: Path) -> None:
    assert set_outside_a_machine(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "source",
    [
        "invoice.status = InvoiceStatus.PAID",
        "refund.status, refund.completed_at = RefundStatus.FAILED, moment",
        "payment.status = target",
        "Invoice(id=new_id(), status=InvoiceStatus.PAID)",
        "setattr(invoice, 'status', InvoiceStatus.PAID)",
    ],
)
def test_a_status_set_by_hand_would_be_found(source: str) -> None:
    assert set_outside_a_machine(source) != []


def test_a_status_made_by_a_machine_passes() -> None:
    assert set_outside_a_machine("invoice.status = INVOICE.next_state(invoice.status, action)") == []
    assert set_outside_a_machine("Refund(status=RefundStatus.REQUESTED)") == []
