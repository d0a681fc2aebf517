"""The finance desk of a market with books of its own: two officers, a bank, trades with invoices, over HTTP."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import httpx
from litestar import Litestar

from infra.auth import Role
from infra.db import SessionMaker, new_id, transaction
from market.demo.bank import Receipt
from market.settlement.invoices.tables import Invoice
from pricing.money import Money
from tests.support.people import make_person, sign_in
from tests.support.settlement import (
    Meter,
    Trade,
    a_trade,
    bank_statement,
    fresh_key,
    invoice_for,
    own_account,
    transfer,
)

XML = {"Content-Type": "application/xml"}
PAYEE = {"name": "Test buyer", "account": "6222 0210 0101 2345"}


@dataclass
class Account:
    """An account at the bank, whose statements follow each other."""

    number: str
    currency: str = "CNY"
    balance: int = 0
    statements: int = 0


@dataclass
class Desk:
    """Two finance officers at work.

    :ivar officer: who matches and asks; ``second``: who approves.
    :ivar breaks: of the last reconciliation.
    """

    sessions: SessionMaker
    meter: Meter
    officer: httpx.AsyncClient
    second: httpx.AsyncClient
    account: Account
    breaks: list[dict[str, Any]] = field(default_factory=list)

    async def trade(self) -> Trade:
        """An agreement between parties of its own."""
        async with transaction(self.sessions) as session:
            return await a_trade(session)

    async def bill(self, trade: Trade | None = None) -> Invoice:
        """An invoice of 1.00 CNY."""
        trade = trade or await self.trade()
        await self.meter(trade.licence_id, calls=30)
        return await invoice_for(self.sessions, trade)

    async def statement(self, *receipts: Receipt, account: Account | None = None) -> list[dict[str, Any]]:
        """Import the account's next statement; its entries as they are then."""
        account = account or self.account
        account.statements += 1
        document = bank_statement(
            *receipts,
            account=account.number,
            statement_id=f"{account.number}-{account.statements}",
            opening=account.balance,
            currency=account.currency,
        )
        account.balance += sum(receipt.amount.minor for receipt in receipts)
        answer = await self.officer.post("/v1/bank-statements", content=document, headers=fresh_key() | XML)
        assert answer.status_code == 201, answer.text
        (made,) = answer.json()["statements"]
        seen = await self.officer.get(f"/v1/bank-statements/{made['statement']['id']}")
        return [dict(entry) for entry in seen.json()["entries"]]

    async def entry(self, *receipt: Receipt, account: Account | None = None) -> dict[str, Any]:
        """Import a statement of one entry."""
        (found,) = await self.statement(*receipt, account=account)
        return found

    async def get(self, path: str) -> dict[str, Any]:
        """What a route answers."""
        answer = await self.officer.get(path)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def post(
        self, path: str, body: Any = None, *, status: int = 201, by: httpx.AsyncClient | None = None
    ) -> dict[str, Any]:
        """Do something; by the officer unless told otherwise."""
        answer = await (by or self.officer).post(path, json=body, headers=fresh_key())
        assert answer.status_code == status, answer.text
        return dict(answer.json())

    async def match(
        self,
        entry: dict[str, Any],
        *parts: dict[str, Any],
        status: int = 201,
        reason: str = "Asked the payer",
    ) -> dict[str, Any]:
        """Match an entry as it is now."""
        now = await self.get(f"/v1/bank-entries/{entry['id']}")
        body = {"replaces": now["match_id"], "parts": list(parts), "reason": reason}
        return await self.post(f"/v1/bank-entries/{entry['id']}/matches", body, status=status)

    async def waiting(self) -> list[dict[str, Any]]:
        """What is in suspense, the oldest first."""
        return list((await self.get("/v1/bank-entries?status=suspense&limit=200"))["items"])

    async def approved(self, path: str, **more: Any) -> dict[str, Any]:
        """Ask for a refund by bank at a path, and have the second officer approve it."""
        asked = await self.post(path, {"payee": PAYEE, "reason": "Not ours to keep", **more})
        return await self.post(f"/v1/refunds/{asked['id']}/approval", status=200, by=self.second)

    async def send(self, refund: dict[str, Any], *, account: Account | None = None) -> dict[str, Any]:
        """The bank makes the transfer of an approved refund: the entry of its next statement."""
        account = account or self.account
        due = refund["transfer"]
        minor = Money.from_decimal(Decimal(due["amount"]["amount"]), account.currency).minor
        return await self.entry(
            Receipt(
                Money(-minor, account.currency),
                f"refund {due['reference']}",
                due["payee_name"],
                f"B{new_id().hex[-12:]}",
            ),
            account=account,
        )

    async def reconcile(self) -> list[tuple[str, str | None]]:
        """Breaks by kind with their amount; the trial balance is zero, always."""
        trial = await self.get("/v1/ledger/trial-balance")
        assert trial["differences"] == []
        run = await self.post("/v1/reconciliations", {})
        self.breaks = run["breaks"]
        return [(item["kind"], (item["difference"] or {}).get("amount")) for item in self.breaks]


def pays(invoice: Invoice, amount: str | None = None) -> dict[str, Any]:
    """A part that pays an invoice."""
    return _part(amount, invoice.currency, kind="invoice", invoice_id=str(invoice.id))


def other(amount: str | None = None) -> dict[str, Any]:
    """A part that is no business of the market."""
    return _part(amount, "CNY", kind="other")


def came_back(entry: dict[str, Any], amount: str | None = None) -> dict[str, Any]:
    """A part that came in with one entry and went out with another."""
    return _part(amount, "CNY", kind="return", counter_entry_id=entry["id"])


def refunds(refund: dict[str, Any], amount: str | None = None) -> dict[str, Any]:
    """A part that paid a refund."""
    return _part(amount, "CNY", kind="refund", refund_id=refund["id"])


def paid_by(invoice: Invoice, *, minor: int, note: str | None = None, payer: str | None = None) -> Receipt:
    """A transfer by somebody, nearly what an invoice needs."""
    made = transfer(invoice, minor=minor, note=note)
    return Receipt(made.amount, made.remittance, payer or made.payer, made.bank_reference)


def _part(amount: str | None, currency: str, **named: str) -> dict[str, Any]:
    return named | ({"amount": {"amount": amount, "currency": currency}} if amount else {})


@asynccontextmanager
async def finance_desk(app: Litestar, sessions: SessionMaker, meter: Meter) -> AsyncIterator[Desk]:
    """Two officers of one platform, signed in."""
    async with transaction(sessions) as session:
        platform = (await a_trade(session)).finance
        number = new_id().hex[:16].upper()
        await own_account(session, number, for_invoices=True)
    people = [await make_person(sessions, platform.organisation_id, [Role.FINANCE_OFFICER]) for _ in range(2)]
    officer, second = [await sign_in(app, person.email) for person in people]
    yield Desk(sessions, meter, officer, second, Account(number))
    for client in (officer, second):
        await client.aclose()
