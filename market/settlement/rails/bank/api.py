"""Bank statements over HTTP."""

from typing import Any
from uuid import UUID

from litestar import Controller, Request, get, post
from litestar.openapi.spec import Schema
from litestar.openapi.spec.enums import OpenAPIType

from infra.auth import Actor, Permission, requires
from infra.db import AsyncSession
from infra.errors import UnsupportedType
from infra.idempotency import Idempotency
from infra.messages import Message
from infra.openapi import raw_body
from infra.paging import PageRequest
from infra.schema import Page
from market.settlement.rails.bank import service
from market.settlement.rails.bank.schemas import (
    BankStatementRead,
    BankStatementSummary,
    ImportedStatement,
    ImportRead,
)

_XML = frozenset({"application/xml", "text/xml"})


StatementOperation = raw_body(
    "A camt.053 message, any version from .001.02 on",
    "application/xml",
    Schema(type=OpenAPIType.STRING),
)


class BankStatementController(Controller):
    """What the bank says, and what it pays."""

    path = "/v1/bank-statements"
    tags = ["Bank"]
    guards = [requires(Permission.BANK_STATEMENT_IMPORT)]

    @post(
        summary="Import a bank statement",
        operation_class=StatementOperation,
        request_max_body_size=service.MAX_STATEMENT_BYTES,
    )
    async def import_statement(
        self, session: AsyncSession, actor: Actor, idempotency: Idempotency, request: Request[Any, Any, Any]
    ) -> ImportRead:
        """Import a camt.053 file: entries that name an invoice and have its amount pay it.

        A file whose figures contradict each other is refused with the figures. A statement that is on file already
        changes nothing; the same statement id with other content is 409.
        """
        if request.content_type[0] not in _XML:
            raise UnsupportedType(
                Message("The body is {value}.", value=request.content_type[0] or "of no stated type"),
                remedy=Message("Send the bank's camt.053 file itself, as application/xml."),
            )
        document = await request.body()

        async def effect() -> ImportRead:
            imported = await service.import_statements(session, actor, document)
            entries = await service.entries_of(session, [item.statement for item in imported])
            return ImportRead(
                statements=[ImportedStatement.of(item, entries[item.statement.id]) for item in imported]
            )

        return await idempotency.run(ImportRead, effect)

    @get(summary="Bank statements")
    async def list_statements(self, session: AsyncSession, page: PageRequest) -> Page[BankStatementSummary]:
        """Statements on file, the newest import first."""
        rows, cursor = await service.list_statements(session, page)
        return Page(items=[BankStatementSummary.of(row) for row in rows], next_cursor=cursor)

    @get("/{bank_statement_id:uuid}", summary="One bank statement")
    async def get_statement(self, session: AsyncSession, bank_statement_id: UUID) -> BankStatementRead:
        """A statement with its entries and what became of each."""
        row = await service.get_statement(session, bank_statement_id)
        entries = await service.entries_of(session, [row])
        return BankStatementRead.of_entries(row, entries[row.id])
