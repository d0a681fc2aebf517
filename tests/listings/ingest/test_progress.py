"""A conversion tells how far it is, and one that is cancelled leaves nothing."""

import asyncio
import os
from pathlib import Path

import pytest

from listings.ingest.convert import convert
from listings.ingest.result import IngestPhase, Progress
from tests.support.budget import roomy


@pytest.fixture(scope="module")
def long_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One that takes more than a second."""
    path = tmp_path_factory.mktemp("long") / "file.csv"
    block = "".join(f"{n},{n / 7:.6f},2024-03-{n % 28 + 1:02},街道{n}\n" for n in range(20_000))
    path.write_text("id,value,day,street\n" + block * 40)
    return path


async def test_it_tells_phase_share_and_rows(long_file: Path, tmp_path: Path) -> None:
    told: list[Progress] = []
    result = await convert(
        long_file, tmp_path / "out/r.parquet", filename="f.csv", timeout_s=60, budget=roomy(tmp_path),
        on_progress=told.append,
    )  # fmt: skip
    assert len(told) >= 2
    assert [progress.share for progress in told] == sorted(progress.share for progress in told)
    phases = [list(IngestPhase).index(progress.phase) for progress in told]
    assert phases == sorted(phases)
    assert {progress.phase for progress in told} & {IngestPhase.VERIFYING, IngestPhase.WRITING}
    counted = [progress.rows for progress in told if progress.phase is not IngestPhase.READING]
    assert all(rows is not None and 0 <= rows <= result.rows * 1.1 for rows in counted)


async def test_one_that_is_cancelled_leaves_neither_process_nor_file(long_file: Path, tmp_path: Path) -> None:
    begun = asyncio.Event()
    work = asyncio.create_task(
        convert(
            long_file, tmp_path / "out/r.parquet", filename="f.csv", timeout_s=60, budget=roomy(tmp_path),
            on_progress=lambda _: begun.set(),
        )
    )  # fmt: skip
    await asyncio.wait_for(begun.wait(), 30)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert list((tmp_path / "out").iterdir()) == []
    assert not _converting(tmp_path)


async def test_what_the_hearer_raises_ends_the_conversion(long_file: Path, tmp_path: Path) -> None:
    class Enough(Exception):
        pass

    def hear(_: Progress) -> None:
        raise Enough

    with pytest.raises(Enough):
        await convert(
            long_file, tmp_path / "out/r.parquet", filename="f.csv", timeout_s=60, budget=roomy(tmp_path),
            on_progress=hear,
        )  # fmt: skip
    assert list((tmp_path / "out").iterdir()) == []
    assert not _converting(tmp_path)


def _converting(folder: Path) -> bool:
    """Whether a process works in this folder."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            environment = (process / "environ").read_bytes()
        except OSError:
            continue
        if f"HOME={folder}".encode() in environment and process.name != str(os.getpid()):
            return True
    return False
