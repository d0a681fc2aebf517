"""The ledger over HTTP: read by finance and the regulator, statements of account by those who earn."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from litestar import Controller, get
from litestar.params import Parameter

from infra.auth import Actor, OrganisationKind, Permission
from infra.db import AsyncSession
from infra.errors import NotFound
from infra.guards import requires
from infra.identity import service as identity
from infra.identity.schemas import PartyNames
from infra.paging import PageRequest
from infra.schema import Page, moment_parameter, read_moment
from market.settlement.ledger import service
from market.settlement.ledger.schemas import (
    AccountRead,
    JournalRead,
    StatementOfAccountRead,
    TrialBalanceRead,
)
from market.settlement.ledger.tables import LedgerAccount

Currency = Annotated[str, Parameter(pattern=r"^[A-Z]{3}$", description="ISO 4217 code.")]


class LedgerController(Controller):
    """Accounts, journals and what they sum to."""

    path = "/v1/ledger"
    tags = ["Ledger"]
    guards = [requires(Permission.LEDGER_READ)]

    @get("/accounts", operation_id="listLedgerAccounts", summary="List ledger accounts")
    async def list_ledger_accounts(self, session: AsyncSession, page: PageRequest) -> Page[AccountRead]:
        """Accounts, the newest first. An account is opened by the first journal that needs it."""
        rows, cursor = await service.list_accounts(session, page)
        names = await _owner_names(session, rows)
        return Page(items=[AccountRead.of(row, names) for row in rows], next_cursor=cursor)

    @get("/journals", operation_id="listJournals", summary="List journals")
    async def list_journals(
        self,
        session: AsyncSession,
        page: PageRequest,
        account_id: Annotated[UUID | None, Parameter(description="Only journals on this account.")] = None,
        source_id: Annotated[
            UUID | None, Parameter(description="Only journals of this invoice, refund or bank entry.")
        ] = None,
    ) -> Page[JournalRead]:
        """Journals with their postings, the newest first. A journal is never changed."""
        rows, cursor = await service.list_journals(session, page, account_id=account_id, source_id=source_id)
        return Page(items=[JournalRead.of(journal, lines) for journal, lines in rows], next_cursor=cursor)

    @get("/trial-balance", operation_id="getTrialBalance", summary="Get the trial balance")
    async def get_trial_balance(
        self,
        session: AsyncSession,
        at: Annotated[
            str | None, moment_parameter("Up to and including this time; default: everything.")
        ] = None,
    ) -> TrialBalanceRead:
        """Debits and credits of every account as of any time; `differences` is empty, always."""
        moment = read_moment(at)
        trial = await service.trial_balance(session, moment)
        names = await _owner_names(session, [row.account for row in trial.rows])
        return TrialBalanceRead.of(trial, moment, names)


class StatementOfAccountController(Controller):
    """What the market owes to those who earn."""

    path = "/v1/statements-of-account"
    tags = ["Ledger"]

    @get(
        guards=[requires(Permission.STATEMENT_READ)],
        opt={"problems": [NotFound]},
        operation_id="getStatementOfAccount",
        summary="Get a statement of account",
    )
    async def get_statement_of_account(
        self,
        session: AsyncSession,
        actor: Actor,
        currency: Currency = "CNY",
        since: Annotated[str | None, moment_parameter("From here on.")] = None,
        until: Annotated[str | None, moment_parameter("Up to here, not included.")] = None,
        organisation_id: Annotated[
            UUID | None, Parameter(description="Another organisation's, for the platform's finance.")
        ] = None,
    ) -> StatementOfAccountRead:
        """Opening balance, every movement and closing balance of what the market owes your organisation."""
        own = actor.organisation_id
        if organisation_id is not None and actor.oversees(OrganisationKind.PLATFORM):
            own = organisation_id
        statement = await service.get_statement_of_account(
            session, own, currency, since=read_moment(since), until=read_moment(until)
        )
        return StatementOfAccountRead.of(own, statement, await identity.party_names(session, [own]))


async def _owner_names(session: AsyncSession, accounts: Sequence[LedgerAccount]) -> PartyNames:
    owners = (account.owner_organisation_id for account in accounts)
    return await identity.party_names(session, [owner for owner in owners if owner is not None])
