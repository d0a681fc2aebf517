"""Bank statements over HTTP."""

from typing import Annotated, Any
from uuid import UUID

from litestar import Controller, Request, get, post
from litestar.datastructures import State
from litestar.openapi.spec import Schema
from litestar.openapi.spec.enums import OpenAPIType
from litestar.params import QueryParameter

from infra.auth import Actor, Permission
from infra.db import AsyncSession
from infra.errors import UnsupportedType
from infra.guards import requires
from infra.idempotency import Idempotency
from infra.messages import Message
from infra.openapi import raw_body
from infra.paging import PageRequest
from infra.schema import Page
from market.settlement.rails.bank.errors import StatementReviewNeeded
from market.settlement.rails.bank.files import reading
from market.settlement.rails.bank.statements import reviews, service
from market.settlement.rails.bank.statements.schemas import (
    BankStatementImportRead,
    BankStatementRead,
    BankStatementSummary,
    ImportedStatementRead,
)

_XML = frozenset({"application/xml", "text/xml"})


StatementOperation = raw_body(
    "A camt.053 message, any version from .001.02 on",
    "application/xml",
    Schema(type=OpenAPIType.STRING),
)


class BankStatementController(Controller):
    """Statements of the platform's bank accounts, and the invoices they pay."""

    path = "/v1/bank-statements"
    tags = ["Bank"]
    guards = [requires(Permission.BANK_STATEMENT_IMPORT)]

    @post(
        operation_id="importBankStatement",
        summary="Import a bank statement",
        operation_class=StatementOperation,
        request_max_body_size=service.MAX_STATEMENT_BYTES,
    )
    async def import_bank_statement(
        self,
        session: AsyncSession,
        actor: Actor,
        state: State,
        idempotency: Idempotency,
        request: Request[Any, Any, Any],
    ) -> BankStatementImportRead:
        """Import a camt.053 file: entries that name an invoice and have its amount pay it.

        A file whose figures contradict each other is refused with the figures, one of an account that is not registered
        with how to register it. A statement that was imported before changes nothing. One that overlaps with another is
        409; one that leaves a gap, or replaces one of other content, is 409 until officers have approved the review
        that the answer names. Statements may come in any order, as long as each fits next to another.
        """
        if request.content_type[0] not in _XML:
            raise UnsupportedType(
                Message(
                    "The content type {value} is not supported.", value=request.content_type[0] or "(none)"
                ),
                remedy=Message("Send the bank's camt.053 file itself, as application/xml."),
            )
        document = await request.body()

        async def effect() -> BankStatementImportRead:
            statements = await reading.read(document, state.budget)
            try:
                imported = await service.import_statements(session, actor, document, statements)
            except StatementReviewNeeded as refused:
                await reviews.open_review(state.apart_sessions, actor, refused)
                raise
            entries = await service.entries_of(session, [item.statement for item in imported])
            return BankStatementImportRead(
                statements=[ImportedStatementRead.of(item, entries[item.statement.id]) for item in imported]
            )

        return await idempotency.run(BankStatementImportRead, effect)

    @get(operation_id="listBankStatements", summary="List bank statements")
    async def list_bank_statements(
        self,
        session: AsyncSession,
        page: PageRequest,
        account: Annotated[
            str | None,
            QueryParameter(description="Only of this account, as it is registered.", max_length=60),
        ] = None,
    ) -> Page[BankStatementSummary]:
        """Imported statements, the newest import first."""
        rows, cursor = await service.list_statements(session, page, account=account)
        return Page(items=[BankStatementSummary.of(row) for row in rows], next_cursor=cursor)

    @get("/{bank_statement_id:uuid}", operation_id="getBankStatement", summary="Get a bank statement")
    async def get_bank_statement(self, session: AsyncSession, bank_statement_id: UUID) -> BankStatementRead:
        """A statement with its entries and what became of each."""
        row = await service.get_statement(session, bank_statement_id)
        entries = await service.entries_of(session, [row])
        return BankStatementRead.of_entries(row, entries[row.id])
