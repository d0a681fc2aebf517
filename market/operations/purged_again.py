"""``market purges``, and what a restore does with its notes: purged data does not come back with an old backup."""

import asyncio
import tempfile
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import sqlalchemy as sa

from infra.addresses import owner_url
from infra.objects import StoreUnavailable, open_store
from infra.postgres import EmbeddedPostgres
from infra.settings import Settings
from market.operations import purges
from market.operations.errors import CommandFailed
from market.operations.manifest import MANIFEST

_RELOAD_SECONDS = 0.5

EMPTIED = (
    "column_proposals",
    "product_revisions",
    "product_samples",
    "quality_reports",
    "quality_runs",
    "quality_suites",
    "revision_contents",
    "uploads",
)
"""Tables that a purge empties rows of."""


async def report(settings: Settings, destination: Path | None, tell: Callable[[str], None]) -> None:
    """Say what was purged and what is known of backups; write the notes into a folder where one is named.

    :param settings: with the owner's database address.
    :raises CommandFailed: the folder cannot be written, or the object store cannot be read.
    """
    connection = await _connected(settings)
    try:
        orders = await connection.fetch(
            "SELECT id, status, reason, revision_ids, backups, completed_at FROM purge_orders"
            " WHERE status IN ('confirmed', 'completed') ORDER BY ordered_at"
        )
        backups = await connection.fetch("SELECT folder, made_at FROM backups ORDER BY made_at")
        digests = [
            row["sha256"]
            for row in await connection.fetch(
                "SELECT sha256 FROM product_revisions WHERE purged_at IS NOT NULL"
            )
        ]
    finally:
        await connection.close()
    for order in orders:
        state = "completed" if order["completed_at"] else "files not destroyed yet: the worker does it"
        tell(f"{order['id']}: {len(order['revision_ids'])} revisions, {state}: {order['reason']}")
    for backup in backups:
        tell(
            f"{backup['folder']} of {backup['made_at']:%Y-%m-%d %H:%M}: {_held(Path(backup['folder']), digests)}"
        )
    if destination is None:
        tell(f"{len(orders)} orders")
        return
    try:
        count = await asyncio.to_thread(_write_notes, settings, destination)
    except StoreUnavailable as error:
        raise CommandFailed(f"The object store cannot be read: {error.strerror}.") from error
    except OSError as error:
        raise CommandFailed(
            f"Cannot write to {destination}: {error.strerror}. Name another folder."
        ) from error
    tell(f"{count} notes in {destination}: name it with --purges when an older backup is restored")


def _write_notes(settings: Settings, destination: Path) -> int:
    destination.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as work:
        texts = purges.stored_notes(open_store(settings), Path(work))
    for name, text in texts.items():
        (destination / name).write_text(text, encoding="utf-8")
    return len(texts)


def _held(folder: Path, digests: list[str]) -> str:
    """What a backup holds of purged files, for a person."""
    try:
        manifest = (folder / MANIFEST).read_text(encoding="utf-8")
    except OSError:
        return "not found there any more"
    held = sum(digest in manifest for digest in digests)
    marked = "marked" if (folder / purges.FOLDER).is_dir() else "not marked"
    return f"holds {held} purged files, {marked}"


async def purge_restored(settings: Settings, notes: Mapping[UUID, Mapping[str, Any]]) -> int:
    """Purge again what a restored database and its files hold of purged revisions; how many revisions.

    :param settings: with the owner's database address, whose schema is of this version.
    """
    store = open_store(settings)
    connection = await _connected(settings)
    gone = 0
    try:
        async with connection.transaction():
            for revision_id, note in notes.items():
                row = await connection.fetchrow(
                    "SELECT product_id, purged_at FROM product_revisions WHERE id = $1", revision_id
                )
                if row is None:
                    continue  # the backup is from before it
                await _order_again(connection, row["product_id"], revision_id, note["order"])
                gone += row["purged_at"] is None
    finally:
        await connection.close()
    for note in notes.values():
        await asyncio.to_thread(store.discard, note["object_key"])
    await asyncio.to_thread(purges.leave_notes, store, settings.spool_dir, notes.values())
    await scrub(settings, lambda _: None)
    return gone


async def _order_again(
    connection: "asyncpg.Connection[Any]", product_id: UUID, revision_id: UUID, order: Mapping[str, Any]
) -> None:
    order_id = UUID(order["id"])
    known = await connection.fetchrow("SELECT status, revision_ids FROM purge_orders WHERE id = $1", order_id)
    if known is None:
        await connection.execute(
            "INSERT INTO purge_orders (id, product_id, whole_product, revision_ids, reason, legal_basis, order_sha256,"
            " status, ordered_by, ordered_by_organisation, ordered_at, backups)"
            " VALUES ($1, $2, false, $3, $4, $5, $6, 'ordered', $7, $8, $9, '[]')",
            order_id,
            product_id,
            [revision_id],
            order["reason"],
            order["legal_basis"],
            order["order_sha256"],
            UUID(order["ordered_by"]),
            UUID(order["ordered_by_organisation"]),
            datetime.fromisoformat(order["ordered_at"]),
        )
    elif revision_id not in known["revision_ids"]:
        await connection.execute(
            "UPDATE purge_orders SET revision_ids = revision_ids || $2 WHERE id = $1", order_id, revision_id
        )
    if known is None or known["status"] == "ordered":
        await connection.execute(
            "UPDATE purge_orders SET status = 'confirmed', decided_by = $2, decided_by_organisation = $3,"
            " decided_at = $4, decision_reason = $5 WHERE id = $1",
            order_id,
            UUID(order["decided_by"]),
            UUID(order["decided_by_organisation"]),
            datetime.fromisoformat(order["decided_at"]),
            order["decision_reason"],
        )
    await connection.execute("SELECT purge_revisions($1)", order_id)


async def scrub(settings: Settings, tell: Callable[[str], None]) -> None:
    """Rewrite the tables that held purged data, so that nothing of it is left in their files or the write-ahead log.

    :param settings: with the owner's database address. The log of a server of somebody's own is recycled by itself.
    """
    connection = await _connected(settings)
    try:
        for table in EMPTIED:
            await connection.execute(f"VACUUM (FULL, ANALYZE) {table}")
    finally:
        await connection.close()
    tell(f"rewrote {', '.join(EMPTIED)}")
    embedded = EmbeddedPostgres(settings.data_dir)
    if embedded.running():
        await _drop_log(embedded.administrator.url("postgresql"))
        tell("dropped the write-ahead log")


async def _drop_log(url: str) -> None:
    """Have the embedded server remove the segments of its log that it needs no more, rather than use them again."""
    connection = await asyncpg.connect(url)
    try:
        await _recycle(connection, "off")
        for _ in range(2):
            await connection.execute("SELECT pg_switch_wal()")
            await connection.execute("CHECKPOINT")
        await connection.execute("ALTER SYSTEM RESET wal_recycle")
        await connection.execute("SELECT pg_reload_conf()")
    finally:
        await connection.close()


async def _recycle(connection: "asyncpg.Connection[Any]", value: str) -> None:
    await connection.execute(f"ALTER SYSTEM SET wal_recycle = {value}")
    await connection.execute("SELECT pg_reload_conf()")
    # The checkpointer reads it a moment later.
    await asyncio.sleep(_RELOAD_SECONDS)


async def _connected(settings: Settings) -> "asyncpg.Connection[Any]":
    address = sa.make_url(owner_url(settings)).set(drivername="postgresql")
    return await asyncpg.connect(address.render_as_string(hide_password=False))
