"""Bank files are read in a child whose memory is bounded, and told as they would be here."""

from pathlib import Path

import pytest

from infra.memory_budget import FilesBusy, MemoryBudget
from infra.messages import translate
from market.demo.bank import Receipt
from market.settlement.rails.bank.errors import StatementRefused, StatementTooLarge
from market.settlement.rails.bank.files import reading
from market.settlement.rails.bank.statements.service import MAX_STATEMENT_BYTES
from pricing.money import Money
from tests.support.memory import resident_megabytes
from tests.support.settlement import bank_statement


@pytest.fixture(scope="module")
def read_here() -> None:
    """Not here."""


@pytest.fixture
def budget(tmp_path: Path) -> MemoryBudget:
    return MemoryBudget(tmp_path, megabytes=1024, queue=4, wait_s=30)


async def test_a_statement_is_read_as_in_this_process(budget: MemoryBudget) -> None:
    receipts = [
        Receipt(Money(minor, "CNY"), f"参考 {minor}", "付款方", f"b{minor}") for minor in (-40, 7, 10**13)
    ]
    document = bank_statement(*receipts, account="CN12 3456", opening=-5)
    assert await reading.read(document, budget) == reading.parse(document)


async def test_a_refusal_is_told_in_both_languages(budget: MemoryBudget) -> None:
    document = bank_statement(Receipt(Money(7, "CNY"), "r", "p", "b"), account="A")
    with pytest.raises(StatementRefused, match="but the closing balance is 0\\.08 CNY") as refused:
        await reading.read(document.replace(b">0.07</Amt>", b">0.08</Amt>", 1), budget)
    assert "期末余额" in translate(refused.value.detail, "zh")


async def test_what_unfolds_to_more_than_one_file_may_is_refused_and_costs_this_process_nothing(
    budget: MemoryBudget,
) -> None:
    head, tail = b"<Document><BkToCstmrStmt>", b"</BkToCstmrStmt></Document>"
    document = head + b"<a/>" * ((MAX_STATEMENT_BYTES - len(head) - len(tail)) // 4) + tail
    before = resident_megabytes()
    with pytest.raises(StatementTooLarge, match="more memory"):
        await reading.read(document, budget)
    assert resident_megabytes() - before < 50


async def test_files_are_read_within_the_machines_budget(tmp_path: Path) -> None:
    budget = MemoryBudget(tmp_path, megabytes=512, queue=4, wait_s=0.2)
    async with budget.claim(128):
        with pytest.raises(FilesBusy):
            await reading.read(bank_statement(account="A"), budget)
