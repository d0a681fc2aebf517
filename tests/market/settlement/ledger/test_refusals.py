"""What the database refuses, said to it in plain SQL, as the service and as the owner of the tables."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from tests.support.database import TestDatabase

AT = datetime(2026, 11, 20, tzinfo=UTC)

ACCOUNT = """INSERT INTO ledger_accounts (id, code, role, kind, normal_side, currency, subject)
             VALUES ($1, $2, 'bank', 'asset', 'debit', $3, '')"""
JOURNAL = """INSERT INTO ledger_journals (id, idempotency_key, digest, effective_at, recorded_at, recorded_by,
                                          description, source_kind, source_id, posting_count)
             SELECT $1, gen_random_uuid()::text, '', $2, now(), $1, 'test', 'test', $1, $3"""
POSTINGS = """INSERT INTO ledger_postings (journal_id, line, account_id, amount, currency, effective_at)
              SELECT $1, l, a, m, c, $2
                FROM unnest($4::smallint[], $5::uuid[], $6::bigint[], $7::text[]) AS p (l, a, m, c)"""
WHOLE = f"WITH j AS ({JOURNAL} RETURNING id) {POSTINGS}"


class Books:
    """A connection in a transaction, three accounts, and journals written by hand."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self.sql = connection
        self.accounts: dict[str, UUID] = {}

    async def open(self) -> "Books":
        for name, currency in (("a", "CNY"), ("b", "CNY"), ("dollars", "USD")):
            self.accounts[name] = uuid4()
            await self.sql.execute(ACCOUNT, self.accounts[name], f"{name}:{self.accounts[name]}", currency)
        return self

    async def journal(
        self, *lines: tuple[str, int, str], declared: int | None = None, first: int = 1
    ) -> UUID:
        journal = uuid4()
        await self.sql.execute(WHOLE, journal, AT, declared or len(lines), *self.columns(lines, first))
        return journal

    async def extend(self, journal: UUID, *lines: tuple[str, int, str], first: int) -> None:
        statement = POSTINGS.replace("$4", "$3").replace("$5", "$4").replace("$6", "$5").replace("$7", "$6")
        await self.sql.execute(statement, journal, AT, *self.columns(lines, first))

    def columns(self, lines: tuple[tuple[str, int, str], ...], first: int) -> list[list[Any]]:
        return [
            list(range(first, first + len(lines))),
            [self.accounts.get(name, UUID(int=0)) for name, _, _ in lines],
            [minor for _, minor, _ in lines],
            [currency for _, _, currency in lines],
        ]


@pytest.fixture(params=["service", "owner"])
async def books(request: pytest.FixtureRequest, database: TestDatabase) -> AsyncIterator[Books]:
    url = database.service_url if request.param == "service" else database.owner_url
    connection = await asyncpg.connect(url)
    transaction = connection.transaction()
    await transaction.start()
    try:
        yield await Books(connection).open()
    finally:
        await transaction.rollback()
        await connection.close()


async def test_a_balanced_journal_is_taken(books: Books) -> None:
    journal = await books.journal(("a", 100, "CNY"), ("b", -100, "CNY"))
    assert (
        await books.sql.fetchval("SELECT count(*) FROM ledger_postings WHERE journal_id = $1", journal) == 2
    )


async def test_two_currencies_must_each_balance(books: Books) -> None:
    await books.journal(("a", 100, "CNY"), ("b", -100, "CNY"), ("dollars", 5, "USD"), ("dollars", -5, "USD"))
    with pytest.raises(asyncpg.CheckViolationError, match=r"out of balance by -?5 minor units of (CNY|USD)"):
        await books.journal(("a", 5, "CNY"), ("dollars", -5, "USD"))


@pytest.mark.parametrize(
    ("lines", "complaint"),
    [
        ([("a", 100, "CNY"), ("b", -99, "CNY")], "out of balance by 1 minor units of CNY"),
        ([("a", 100, "CNY"), ("b", 100, "CNY")], "out of balance by 200"),
        ([("a", 100, "CNY"), ("dollars", -100, "CNY")], "another currency than the account"),
        ([("a", 100, "USD"), ("b", -100, "USD")], "another currency than the account"),
        ([("a", 100, "CNY"), ("nobody", -100, "CNY")], "an account that does not exist"),
        ([("a", 0, "CNY"), ("b", 0, "CNY")], "ck_ledger_postings_amount"),
        ([("a", 100, "CNY")], "ck_ledger_journals_posting_count"),
    ],
)
async def test_what_double_entry_forbids_is_refused(
    books: Books, lines: list[tuple[str, int, str]], complaint: str
) -> None:
    with pytest.raises(asyncpg.CheckViolationError, match=complaint):
        await books.journal(*lines)


async def test_an_empty_journal_is_refused(books: Books) -> None:
    with pytest.raises(asyncpg.CheckViolationError, match="has no postings"):
        await books.sql.execute(JOURNAL, uuid4(), AT, 2)


async def test_postings_cannot_follow_in_a_second_statement(books: Books) -> None:
    """Not even of the same transaction: the journal alone is refused before they could come."""
    with pytest.raises(asyncpg.CheckViolationError, match="declares 4 postings and was given 2"):
        await books.journal(("a", 1, "CNY"), ("b", -1, "CNY"), declared=4)


@pytest.mark.parametrize(
    ("first", "error"), [(1, asyncpg.UniqueViolationError), (3, asyncpg.CheckViolationError)]
)
async def test_a_journal_cannot_be_extended_later(books: Books, first: int, error: type[Exception]) -> None:
    """A balanced addition takes the lines that are there, which the key refuses, or others, which the count does."""
    journal = await books.journal(("a", 100, "CNY"), ("b", -100, "CNY"))
    with pytest.raises(error):
        await books.extend(journal, ("a", 1, "CNY"), ("b", -1, "CNY"), first=first)


async def test_postings_need_a_journal(books: Books) -> None:
    with pytest.raises(asyncpg.CheckViolationError, match="does not exist"):
        await books.extend(uuid4(), ("a", 1, "CNY"), ("b", -1, "CNY"), first=1)


async def test_a_journal_is_reversed_once(books: Books) -> None:
    journal = await books.journal(("a", 100, "CNY"), ("b", -100, "CNY"))
    reversal = WHOLE.replace("source_id, posting_count", "source_id, posting_count, reverses_id")
    reversal = reversal.replace("'test', $1, $3", "'test', $1, $3, $8::uuid")
    columns = books.columns((("a", -100, "CNY"), ("b", 100, "CNY")), 1)
    await books.sql.execute(reversal, uuid4(), AT, 2, *columns, journal)
    with pytest.raises(asyncpg.UniqueViolationError, match="reverses_id"):
        await books.sql.execute(reversal, uuid4(), AT, 2, *columns, journal)


@pytest.mark.parametrize(
    "table",
    [
        "ledger_accounts",
        "ledger_journals",
        "ledger_postings",
        "payments",
        "payment_reversals",
        "invoice_lines",
        "period_closes",
        "bank_statements",
        "bank_entries",
        "bank_matches",
        "bank_match_parts",
        "bank_documents",
        "reconciliations",
        "reconciliation_breaks",
    ],
)
@pytest.mark.parametrize("change", ["DELETE FROM {}", "TRUNCATE {} CASCADE", "UPDATE {} SET {} = {}"])
async def test_nothing_is_changed_or_removed(books: Books, table: str, change: str) -> None:
    column = await books.sql.fetchval(
        "SELECT quote_ident(attname) FROM pg_attribute WHERE attrelid = $1::regclass AND attnum = 1", table
    )
    refusals = (asyncpg.RestrictViolationError, asyncpg.InsufficientPrivilegeError)
    with pytest.raises(refusals):
        await books.sql.execute(change.format(table, column, column))
