"""Revisions are tried out by the data plane's own code, and one that cannot be served has a way out."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa

from infra.db import SessionMaker, transaction
from infra.jobs import JobContext
from infra.objects import LocalStore
from infra.settings import Settings
from listings.revisions import service
from listings.revisions.domain import TRY_OUT_JOB
from market.delivery import canary
from tests.support.events import context_of
from tests.support.parties import Party
from tests.support.products import CSV, draft, published, settle_quality, upload

OTHER = b"station,pm25\n" + b"".join(b"S%d,%d.5\n" % (n % 7, n) for n in range(60))


@pytest.fixture
def context(settings: Settings, sessions: SessionMaker) -> JobContext:
    """What the worker works with."""
    return context_of(settings, sessions)


def damage(context: JobContext, revision_id: str, table: pa.Table | None) -> None:
    """Put another table in the place of a revision's file, or nothing that is a table."""
    path = context.store.folder / f"revisions/{revision_id}.parquet"
    path.chmod(0o600)
    if table is None:
        path.write_bytes(path.read_bytes()[:100])
    else:
        pq.write_table(table, path)


async def tried(context: JobContext, revision: dict[str, Any]) -> str | None:
    return await canary.try_out(context, UUID(revision["id"]))


async def test_what_was_uploaded_can_be_served(context: JobContext, owner: Party, operator: Party) -> None:
    product = await draft(owner, operator)
    assert await tried(context, await upload(operator, product["id"])) is None
    names = ["file_row_number", "a,b", 'c"d', "*", "名" * 200, *(f"{n}" + "😀" * 190 for n in range(30))]
    table = pa.table([pa.array([1, 2])] * len(names), names=names)
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    odd = await upload(operator, product["id"], sink.getvalue().to_pybytes(), name="odd.parquet")
    assert await tried(context, odd) is None


COLUMNS = ["station", "time", "pm25", "phone"]


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (lambda: None, "Exception"),
        (lambda: pa.table({name: ["x"] * 60 for name in COLUMNS[:3]}), "Binder"),
        (lambda: pa.table({name: ["x"] * 10 for name in COLUMNS}), ""),
        (lambda: pa.table({name: ["y" * 60_000_000] * 2 + ["x"] * 58 for name in COLUMNS}), "memory"),
    ],
    ids=["cut off", "a column less", "rows less", "enormous values"],
)
async def test_what_cannot_be_served_is_found_and_said(
    context: JobContext, owner: Party, operator: Party, made: Callable[[], pa.Table | None], reason: str
) -> None:
    product = await draft(owner, operator)
    revision = await upload(operator, product["id"])
    damage(context, revision["id"], made())
    found = await tried(context, revision)
    assert found is not None
    assert found.startswith("The revision cannot be served: ")
    assert reason in found


async def test_a_product_whose_data_cannot_be_served_has_a_way_out(
    context: JobContext, owner: Party, operator: Party, regulator: Party, sessions: SessionMaker
) -> None:
    product_id = await published(owner, operator, regulator)
    listed = await operator.get(f"/v1/products/{product_id}/revisions")
    broken = listed["items"][0]
    assert broken["quality_error"] is None
    assert (await upload(operator, product_id, OTHER))["change"]["status"] == "proposed"
    async with transaction(sessions) as session:
        statement = sa.text("SELECT payload FROM pgqueuer WHERE dedupe_key = :key")
        asked = (await session.execute(statement, {"key": f"{TRY_OUT_JOB}:{broken['id']}"})).scalar_one()
    assert broken["id"].encode() in asked

    await canary.recheck(context, {"revision_id": broken["id"]})
    # It can be served, and buyers rely on it.
    assert (await upload(operator, product_id, OTHER + b"S1,2.5\n"))["change"]["status"] == "proposed"

    kept = (context.store.folder / f"revisions/{broken['id']}.parquet").read_bytes()
    damage(context, broken["id"], None)
    await canary.recheck(context, {"revision_id": broken["id"]})
    told = await operator.get(f"/v1/revisions/{broken['id']}")
    assert told["quality"] == "error"
    assert told["quality_error"].startswith("The revision cannot be served: ")

    # The same data again is tried again, and passes once its file is whole.
    (context.store.folder / f"revisions/{broken['id']}.parquet").write_bytes(kept)
    assert (await upload(operator, product_id, CSV))["quality"] == "checking"
    assert await tried(context, broken) is None

    mended = await upload(operator, product_id, OTHER)
    await settle_quality(operator, mended["id"])
    async with transaction(sessions) as session:
        assert (await service.get_current_revision(session, UUID(product_id))).id == UUID(mended["id"])


async def test_a_machine_at_fault_withdraws_nothing(
    context: JobContext, owner: Party, operator: Party, regulator: Party, tmp_path: Path
) -> None:
    product_id = await published(owner, operator, regulator)
    revision = (await operator.get(f"/v1/products/{product_id}/revisions"))["items"][0]
    unmounted = replace(context, store=LocalStore(tmp_path / "objects"))
    with pytest.raises(canary.MachineAtFault, match="mounted"):
        await canary.recheck(unmounted, {"revision_id": revision["id"]})
    # As after an update that was cut off, or on a machine that has no time.
    starved = replace(context, settings=context.settings.model_copy(update={"quality_timeout_s": 0.01}))
    with pytest.raises(canary.MachineAtFault, match=r"within 0\.01 seconds"):
        await canary.recheck(starved, {"revision_id": revision["id"]})
    assert (await operator.get(f"/v1/revisions/{revision['id']}"))["quality"] == "passed"


async def test_what_buyers_read_is_tried_out_every_night(
    context: JobContext, owner: Party, operator: Party, regulator: Party, sessions: SessionMaker
) -> None:
    product_id = await published(owner, operator, regulator)
    first = (await operator.get(f"/v1/products/{product_id}/revisions"))["items"][0]
    second = await upload(operator, product_id, CSV + b"S9,2026-02-01T00:00:00Z,1.5,13800000000\n")
    await settle_quality(operator, second["id"])
    damage(context, second["id"], None)
    async with transaction(sessions) as session:
        assert UUID(product_id) in await service.list_product_ids(session, None, 100_000)

    async def only_this(session: Any, after: UUID | None, limit: int) -> list[UUID]:
        return [UUID(product_id)] if after is None else []

    with pytest.MonkeyPatch.context() as patch:  # other tests' products have files that are gone
        patch.setattr(service, "list_product_ids", only_this)
        await canary.recheck_all(context, {})
    assert (await operator.get(f"/v1/revisions/{second['id']}"))["quality"] == "error"
    async with transaction(sessions) as session:
        current = await service.get_current_revision(session, UUID(product_id))
    assert str(current.id) == first["id"], "the last one that can be served"
    assert Path(context.store.folder / current.object_key).is_file()
