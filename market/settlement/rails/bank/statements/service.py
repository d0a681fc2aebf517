"""Use cases of the bank rail: import statements and read them."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from infra.auth import Actor
from infra.db import AsyncSession, now
from infra.errors import NotFound
from infra.messages import Message
from infra.paging import PageRequest
from market.settlement.rails.bank import repository
from market.settlement.rails.bank.domain import Statement
from market.settlement.rails.bank.entries import recording
from market.settlement.rails.bank.entries.recording import MatchedEntry
from market.settlement.rails.bank.statements import intake
from market.settlement.rails.bank.tables import BankDocument, BankStatement

MAX_STATEMENT_BYTES = 16_777_216
"""Largest file taken."""


@dataclass(frozen=True, slots=True)
class ImportedStatement:
    """An imported statement, and whether this import put it there."""

    statement: BankStatement
    created: bool


async def import_statements(
    session: AsyncSession, actor: Actor, document: bytes, statements: Sequence[Statement]
) -> list[ImportedStatement]:
    """Import the statements of a camt.053 file: all of them, or none.

    Every entry is booked: one that names an invoice and has its amount pays it, anything else goes to suspense and is
    a break until it is explained. A statement that was imported before changes nothing.

    :param document: the file, which is kept.
    :param statements: what :mod:`market.settlement.rails.bank.files.reading` read in it.
    :raises BankAccountNotRegistered: a statement is of an account that is not registered as the platform's own.
    :raises StatementOverlap: it covers what another one covers, or lies between two that follow each other.
    :raises StatementGap: a statement before or after it is missing, and not two officers have accepted that.
    :raises StatementConflict: it replaces a statement of other content, and no officer has confirmed that.
    """
    digest = hashlib.sha256(document).digest()
    kept = BankDocument(digest=digest, content=document, recorded_at=await now(session), recorded_by=actor.id)
    await repository.insert_document(session, kept)
    imported = []
    for statement in statements:
        row, created = await intake.take(session, actor, statement, digest)
        imported.append(ImportedStatement(row, created))
    return imported


async def get_statement(session: AsyncSession, statement_id: UUID) -> BankStatement:
    """One statement by our id.

    :raises NotFound: there is none.
    """
    found = await repository.get(session, statement_id)
    if found is None:
        raise NotFound(Message("There is no bank statement {statement_id}.", statement_id=statement_id))
    return found


async def list_statements(
    session: AsyncSession, page: PageRequest, *, account: str | None = None
) -> tuple[Sequence[BankStatement], str | None]:
    """One page of statements, newest import first."""
    return await repository.statements_page(session, page, account=account)


async def entries_of(
    session: AsyncSession, statements: Sequence[BankStatement]
) -> dict[UUID, list[MatchedEntry]]:
    """Entries of statements with what they are matched with now, by our statement id."""
    found: dict[UUID, list[MatchedEntry]] = {statement.id: [] for statement in statements}
    by_id = {statement.id: statement for statement in statements}
    rows = await repository.entries_of(session, list(found))
    parts = await recording.parts_by_match(session, [matched.id for _, matched in rows])
    for entry, matched in rows:
        statement = by_id[entry.bank_statement_id]
        found[statement.id].append(MatchedEntry(entry, statement, matched, parts[matched.id]))
    return found
