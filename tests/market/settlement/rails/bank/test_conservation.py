"""Whatever sequence of matching, unmatching, refunds and returns: no money appears, vanishes or is in two places."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from infra.auth import Actor, Role
from infra.db import AsyncSession, new_id, transaction
from infra.errors import MarketError
from market.demo.bank import Receipt
from market.settlement.invoices.tables import Invoice
from market.settlement.ledger import service as ledger
from market.settlement.payments import refunds
from market.settlement.payments.domain import Payee
from market.settlement.payments.states import RefundAction, RefundStatus
from market.settlement.rails.bank.entries import assigning, recording, refunding
from market.settlement.rails.bank.entries.matching import WantedPart
from market.settlement.rails.bank.statements import service as bank
from market.settlement.rails.bank.states import PartKind
from market.settlement.reconciliation.checks import CHECKS
from market.settlement.reconciliation.domain import BreakKind
from pricing.money import Money
from tests.support.finance import Desk
from tests.support.people import make_person
from tests.support.settlement import bank_statement, import_bank_file

BOOKS = (
    BreakKind.BANK_BALANCE,
    BreakKind.BANK_ENTRY,
    BreakKind.CLEARING,
    BreakKind.INVOICE_POSTING,
    BreakKind.RECEIVABLE,
    BreakKind.TRIAL_BALANCE,
)
PAYEE = Payee("Test buyer", "1")
INVOICES = 2

WHAT = (
    *("pay", "pay", "pay", "other", "return", "clear", "void"),
    *("ask", "ask_invoice", "ask_invoice", "approve", "approve", "end", "send", "send"),
)
ACTS = st.lists(
    st.tuples(
        st.sampled_from(WHAT),
        st.integers(0, 7),
        st.integers(0, 7),
        st.sampled_from([None, 1, 40, 60, 100, 250]),
    ),
    min_size=4,
    max_size=14,
)  # fmt: skip


@dataclass
class Play:
    """Two invoices, some bank entries, two officers."""

    desk: Desk
    actors: tuple[Actor, Actor]
    account: str
    invoices: list[Invoice]
    entries: list[UUID] = field(default_factory=list)
    refunds: list[UUID] = field(default_factory=list)
    balance: int = 0
    statements: int = 0

    async def receive(self, session: AsyncSession, minor: int, note: str) -> None:
        self.statements += 1
        document = bank_statement(
            Receipt(Money(minor, "CNY"), note, "p", f"B{new_id().hex[-12:]}"),
            account=self.account,
            statement_id=f"{self.account}-{self.statements}",
            opening=self.balance,
        )
        self.balance += minor
        (made,) = await import_bank_file(session, self.actors[0], document)
        found = await bank.entries_of(session, [made.statement])
        self.entries += [item.entry.id for item in found[made.statement.id]]

    async def act(self, session: AsyncSession, what: str, first: int, second: int, minor: int | None) -> None:
        entry = self.entries[first % len(self.entries)]
        kept = [
            WantedPart(part.kind, part.target_id, Money(part.amount, "CNY"))
            for part in (await recording.get_entry(session, entry)).parts
            if part.kind in (PartKind.INVOICE, PartKind.OTHER, PartKind.RETURN)
        ]
        seen = (await recording.get_entry(session, entry)).entry.amount_minor
        amount = None if minor is None else Money(minor if seen > 0 else -minor, "CNY")
        invoice = self.invoices[second % INVOICES]
        counter = self.entries[second % len(self.entries)]
        match what:
            case "pay":
                await self._match(session, entry, [*kept, WantedPart(PartKind.INVOICE, invoice.id, amount)])
            case "other":
                await self._match(session, entry, [*kept, WantedPart(PartKind.OTHER, None, amount)])
            case "return":
                await self._match(session, entry, [*kept, WantedPart(PartKind.RETURN, counter, amount)])
            case "clear":
                await self._match(session, entry, kept[: second % 2])
            case "void":
                if first + second > 10:
                    await assigning.void_entry(session, self.actors[0], entry, "Corrected")
            case "ask":
                ask = refunding.request_entry_refund
                wanted = None if minor is None else Money(minor, "CNY")
                made = await ask(session, self.actors[0], entry, PAYEE, wanted, "Not ours")
                self.refunds.append(made.id)
            case "ask_invoice":
                made = await refunding.request_invoice_refund(
                    session, self.actors[0], invoice.id, PAYEE, "Wrong data"
                )
                self.refunds.append(made.id)
            case _ if self.refunds:
                refund_id = self.refunds[second % len(self.refunds)]
                if what == "approve":
                    await refunding.approve(session, self.actors[1], refund_id)
                elif what == "end":
                    await refunding.end(session, self.actors[0], refund_id, RefundAction.WITHDRAW, "No")
                else:
                    refund = await refunds.get_refund(session, refund_id)
                    if refund.status is RefundStatus.APPROVED:
                        await self.receive(session, -refund.amount_minor, refund.reference or "")

    async def _match(self, session: AsyncSession, entry: UUID, parts: list[WantedPart]) -> None:
        await assigning.match_entry(session, self.actors[0], entry, parts, reason="Tried")


async def conserved(session: AsyncSession) -> None:
    """The books are in order but for what waits for a person, which is what the entries say."""
    moment = (await session.execute(sa.select(sa.func.now()))).scalar_one()
    for kind in BOOKS:
        assert [item.explanation for item in await CHECKS[kind](session, moment)] == [], kind
    held = await CHECKS[BreakKind.SUSPENSE](session, moment)
    assert [item.explanation for item in held if item.subject_kind == "account"] == []
    assert (await ledger.trial_balance(session)).differences == []


@pytest.fixture(scope="module")
def play(desk: Desk) -> Callable[[list[Any]], Coroutine[Any, Any, None]]:
    async def run(acts: list[tuple[str, int, int, int | None]]) -> None:
        trade = await desk.trade()
        bills = [await desk.bill(trade) for _ in range(INVOICES)]
        officers = [await _officer(desk, trade.finance.organisation_id) for _ in range(2)]
        made = Play(desk, (officers[0], officers[1]), new_id().hex[:16].upper(), bills)
        async with transaction(desk.sessions) as session:
            for received in (100, 250, -60, 60):
                await made.receive(session, received, "?")
        for what, first, second, minor in acts:
            known = list(made.entries), list(made.refunds), made.balance, made.statements
            try:
                async with transaction(desk.sessions) as session:
                    await made.act(session, what, first, second, minor)
            except MarketError as refused:
                if refused.status not in (403, 404, 409):
                    raise
                made.entries, made.refunds, made.balance, made.statements = known
            async with transaction(desk.sessions) as session:
                await conserved(session)

    return run


async def _officer(desk: Desk, organisation_id: UUID) -> Actor:
    return (await make_person(desk.sessions, organisation_id, [Role.FINANCE_OFFICER])).actor


async def test_money_is_conserved_whatever_is_done_in_whatever_order(
    play: Callable[[list[Any]], Coroutine[Any, Any, None]],
) -> None:
    loop = asyncio.get_running_loop()

    @settings(
        max_examples=8,
        deadline=None,
        derandomize=True,
        # An example is a small play on a real database: the first that fails is short enough.
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(acts=ACTS)
    def examples(acts: list[Any]) -> None:
        asyncio.run_coroutine_threadsafe(play(acts), loop).result()

    await asyncio.to_thread(examples)
