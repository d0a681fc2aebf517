"""The register of the platform's own bank accounts over HTTP."""

from typing import Annotated
from uuid import UUID

from litestar import Controller, get, post
from litestar.params import QueryParameter

from infra.auth import Actor, Permission
from infra.db import AsyncSession
from infra.guards import requires
from infra.paging import PageRequest
from infra.schema import Page, ReasonBody
from market.settlement.bank_accounts import service
from market.settlement.bank_accounts.schemas import BankAccountCreate, BankAccountRead
from market.settlement.bank_accounts.states import BankAccountStatus


class BankAccountController(Controller):
    """The platform's own bank accounts: two officers for each."""

    path = "/v1/bank-accounts"
    tags = ["Bank"]
    guards = [requires(Permission.BANK_ACCOUNT_MANAGE)]

    @post(operation_id="registerBankAccount", summary="Register a bank account")
    async def register_bank_account(
        self, session: AsyncSession, actor: Actor, data: BankAccountCreate
    ) -> BankAccountRead:
        """Register an account of the platform's own. It is used once another officer has confirmed it.

        To correct an account, register its number again: confirmed, the new registration replaces the old one.
        """
        return BankAccountRead.of(await service.register(session, actor, data))

    @get(operation_id="listBankAccounts", summary="List bank accounts")
    async def list_bank_accounts(
        self,
        session: AsyncSession,
        page: PageRequest,
        only: Annotated[
            BankAccountStatus | None, QueryParameter(name="status", description="Only with this status.")
        ] = None,
    ) -> Page[BankAccountRead]:
        """Every account that was ever registered, the newest first."""
        rows, cursor = await service.list_accounts(session, page, status=only)
        return Page(items=[BankAccountRead.of(row) for row in rows], next_cursor=cursor)

    @get("/{bank_account_id:uuid}", operation_id="getBankAccount", summary="Get a bank account")
    async def get_bank_account(self, session: AsyncSession, bank_account_id: UUID) -> BankAccountRead:
        """An account, who registered it, and who confirmed it."""
        return BankAccountRead.of(await service.get_account(session, bank_account_id))

    @post(
        "/{bank_account_id:uuid}/confirmation",
        status_code=200,
        operation_id="confirmBankAccount",
        summary="Confirm a bank account",
    )
    async def confirm_bank_account(
        self, session: AsyncSession, actor: Actor, bank_account_id: UUID
    ) -> BankAccountRead:
        """Confirm what another officer registered, having compared it with the bank's papers.

        From then on statements of it are taken, and new invoices in its currency name it.
        """
        return BankAccountRead.of(await service.confirm(session, actor, bank_account_id))

    @post(
        "/{bank_account_id:uuid}/closure",
        status_code=200,
        operation_id="closeBankAccount",
        summary="Close a bank account",
    )
    async def close_bank_account(
        self, session: AsyncSession, actor: Actor, bank_account_id: UUID, data: ReasonBody
    ) -> BankAccountRead:
        """Close an account, or withdraw a registration. Statements of the time before are still taken."""
        return BankAccountRead.of(await service.close(session, actor, bank_account_id, data.reason))
