"""Bank entries over HTTP: what waits for a person, and what a person makes of it."""

from typing import Annotated
from uuid import UUID

from litestar import Controller, get, post
from litestar.params import Parameter, QueryParameter

from infra.auth import Actor, Permission
from infra.db import AsyncSession
from infra.guards import requires
from infra.idempotency import Idempotency
from infra.paging import PageRequest
from infra.schema import Page
from market.settlement.payments.schemas import EntryRefundCreate, RefundRead
from market.settlement.rails.bank.domain import Direction
from market.settlement.rails.bank.entries import assigning, refunding, suspense
from market.settlement.rails.bank.entries.schemas import (
    BankEntryDetail,
    BankMatchCreate,
    BankMatchList,
    BankMatchRead,
)
from market.settlement.rails.bank.entries.suspense import EntryFilter
from market.settlement.rails.bank.states import BankEntryStatus

Account = Annotated[str | None, QueryParameter(description="Only of this account.", max_length=200)]
Currency = Annotated[str | None, Parameter(pattern=r"^[A-Z]{3}$", description="Only in this currency.")]


class BankEntryController(Controller):
    """Entries of bank statements, and what they are for."""

    path = "/v1/bank-entries"
    tags = ["Bank"]
    guards = [requires(Permission.BANK_ENTRY_MATCH)]

    @get(operation_id="listBankEntries", summary="List bank entries")
    async def list_bank_entries(
        self,
        session: AsyncSession,
        page: PageRequest,
        only: Annotated[
            BankEntryStatus | None, QueryParameter(name="status", description="Only with this status.")
        ] = None,
        account: Account = None,
        currency: Currency = None,
        direction: Annotated[
            Direction | None, QueryParameter(description="Only money in (credit) or out (debit).")
        ] = None,
    ) -> Page[BankEntryDetail]:
        """Entries with their age, the oldest first. `status=suspense` is what waits for a person.

        Each names the open invoices it may be for, and why. Nothing is matched by itself.
        """
        wanted = EntryFilter(only, account, currency, direction)
        rows, cursor = await suspense.list_entries(session, page, wanted)
        return Page(items=[BankEntryDetail.of_sight(row) for row in rows], next_cursor=cursor)

    @get("/{bank_entry_id:uuid}", operation_id="getBankEntry", summary="Get a bank entry")
    async def get_bank_entry(self, session: AsyncSession, bank_entry_id: UUID) -> BankEntryDetail:
        """An entry with what it is for, and what it may be for."""
        return BankEntryDetail.of_sight(await suspense.get_entry(session, bank_entry_id))

    @get(
        "/{bank_entry_id:uuid}/matches",
        operation_id="listBankMatches",
        summary="List matches of a bank entry",
    )
    async def list_bank_matches(self, session: AsyncSession, bank_entry_id: UUID) -> BankMatchList:
        """Everything the entry was ever taken for: by whom, when and why. The newest first; it holds."""
        currency, rows = await suspense.list_matches(session, bank_entry_id)
        return BankMatchList(items=[BankMatchRead.of(match, parts, currency) for match, parts in rows])

    @post("/{bank_entry_id:uuid}/matches", operation_id="matchBankEntry", summary="Match a bank entry")
    async def match_bank_entry(
        self,
        session: AsyncSession,
        actor: Actor,
        idempotency: Idempotency,
        bank_entry_id: UUID,
        data: BankMatchCreate,
    ) -> BankEntryDetail:
        """Say what an entry is for: an invoice or several, a refund, a return, or no business of the market.

        The parts hold from now on, and the postings follow; what no part names is in suspense. What paid an invoice and
        does not any more opens it again and reverses its split.
        """

        async def effect() -> BankEntryDetail:
            await assigning.match_entry(
                session,
                actor,
                bank_entry_id,
                [part.wanted() for part in data.parts],
                reason=data.reason,
                replaces=data.replaces,
            )
            return BankEntryDetail.of_sight(await suspense.get_entry(session, bank_entry_id))

        return await idempotency.run(BankEntryDetail, effect)

    @post(
        "/{bank_entry_id:uuid}/refunds",
        guards=[requires(Permission.INVOICE_REFUND)],
        operation_id="createBankEntryRefund",
        summary="Ask to send money of a bank entry back",
    )
    async def create_bank_entry_refund(
        self,
        session: AsyncSession,
        actor: Actor,
        idempotency: Idempotency,
        bank_entry_id: UUID,
        data: EntryRefundCreate,
    ) -> RefundRead:
        """Set aside what is in suspense of an entry, to be sent back by bank. Another officer approves it."""

        async def effect() -> RefundRead:
            amount = data.amount.money() if data.amount else None
            made = await refunding.request_entry_refund(
                session, actor, bank_entry_id, data.payee.payee(), amount, data.reason
            )
            return RefundRead.of(made)

        return await idempotency.run(RefundRead, effect)
