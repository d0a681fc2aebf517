"""How many journals a second the ledger takes: ``python -m tests.benchmarks.bench_ledger``.

Three postings each, two of them always on the same two accounts, through the service and its database role, on a
PostgreSQL that syncs to disk, with every refusal of the ledger switched on.
"""

import argparse
import asyncio
import os
import secrets
import tempfile
import time
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from uuid import UUID

import sqlalchemy as sa
from rich.console import Console
from rich.table import Table

from infra.auth import SYSTEM
from infra.db import SessionMaker, create_engine, create_sessions, transaction
from infra.migrations import runner
from infra.postgres import EmbeddedPostgres
from market.settlement.ledger import chart, service
from market.settlement.ledger.domain import Account, JournalDraft, credit, debit
from pricing.money import Money

RUNS = ((1, 1), (8, 1), (1, 100), (2, 100), (4, 100), (1, 1000), (2, 1000), (4, 1000))
HOT = (chart.card("CNY"), chart.commission("CNY"))
BUYERS = [chart.receivable(UUID(int=number), "CNY") for number in range(1, 1001)]
AMOUNT, PART = Money(1000, "CNY"), Money(900, "CNY")
REST = AMOUNT - PART
AT = datetime(2026, 1, 1, tzinfo=UTC)

_numbers = count(1)


def draft() -> JournalDraft:
    """A journal on two hot accounts and one of a thousand others."""
    number = next(_numbers)
    return JournalDraft(
        key=f"bench:{number}",
        effective_at=AT,
        description="Benchmark",
        source_kind="bench",
        source_id=UUID(int=number),
        entries=(
            debit(HOT[0], AMOUNT),
            credit(BUYERS[number % len(BUYERS)], PART),
            credit(HOT[1], REST),
        ),
    )


async def rate(sessions: SessionMaker, connections: int, batch: int, seconds: int) -> int:
    """Journals a second, committed, by so many connections in batches of so many."""
    posted = 0
    end = time.perf_counter_ns() + seconds * 1_000_000_000

    async def work() -> None:
        nonlocal posted
        while time.perf_counter_ns() < end:
            async with transaction(sessions) as session:
                await service.post(session, SYSTEM, [draft() for _ in range(batch)])
            posted += batch

    start = time.perf_counter_ns()
    await asyncio.gather(*(work() for _ in range(connections)))
    return posted * 1_000_000_000 // (time.perf_counter_ns() - start)


async def drift(sessions: SessionMaker) -> str:
    """What the books say at the end: it must be nothing."""
    async with transaction(sessions) as session:
        journals = (await session.execute(sa.text("SELECT count(*) FROM ledger_journals"))).scalar_one()
        held = [await service.balance(session, account) for account in HOT]
        start = time.perf_counter_ns()
        trial = await service.trial_balance(session)
        took = (time.perf_counter_ns() - start) // 1_000_000
    assert trial.differences == []
    assert held == [Money(AMOUNT.minor * journals, "CNY"), Money(REST.minor * journals, "CNY")]
    return f"{journals:,} journals, {3 * journals:,} postings: no drift (trial balance in {took:,} ms)"


async def balance_time(sessions: SessionMaker, account: Account) -> int:
    """Milliseconds for the balance of one account now."""
    async with transaction(sessions) as session:
        start = time.perf_counter_ns()
        await service.balance(session, account)
        return (time.perf_counter_ns() - start) // 1_000_000


async def measure(owner_url: str, seconds: int) -> None:
    """Migrate, post, and print the table."""
    login = runner.ServiceLogin("bench_service", secrets.token_hex(16))
    await runner.upgrade(owner_url, login)
    address = sa.make_url(owner_url).set(username=login.role, password=login.password)
    engine = create_engine(address.render_as_string(hide_password=False), pool_size=8)
    sessions = create_sessions(engine)
    console = Console()
    table = Table(
        "connections", "journals a batch", "journals/s", title="Three postings, two hot accounts, synced"
    )
    try:
        async with transaction(sessions) as session:
            await service.post(session, SYSTEM, [draft() for _ in BUYERS])
        for connections, batch in RUNS:
            found = await rate(sessions, connections, batch, seconds)
            table.add_row(f"{connections}", f"{batch:,}", f"{found:,}")
        console.print(table)
        console.print(await drift(sessions))
        hot, cold = await balance_time(sessions, HOT[0]), await balance_time(sessions, BUYERS[0])
        console.print(f"balance of a hot account in {hot:,} ms, of one of a thousand in {cold:,} ms")
    finally:
        await engine.dispose()


def main() -> None:
    """Start a server of our own, measure, leave nothing behind."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=int, default=3, help="how long to measure each row (default: 3)")
    seconds = options.parse_args().seconds
    folder = Path(tempfile.mkdtemp(prefix="market-bench-ledger-"))
    if os.geteuid() == 0:
        folder.chmod(0o711)
    server = EmbeddedPostgres(folder)
    try:
        owner_url = server.start().url("postgresql")
        asyncio.run(measure(owner_url, seconds))
    finally:
        server.destroy()


if __name__ == "__main__":
    main()
