"""What every keeper of objects holds to."""

import asyncio
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from infra.objects import ObjectMissing, ObjectStore
from infra.objects.s3 import WHOLE_BYTES

MakeFile = Callable[[bytes], Path]


async def test_what_was_put_is_read_and_the_source_is_gone(keeper: ObjectStore, make_file: MakeFile) -> None:
    source = make_file(b"rows")
    keeper.put(source, "revisions/a.parquet")
    assert not source.exists()
    async with keeper.reading("revisions/a.parquet") as path:
        assert path.read_bytes() == b"rows"
        assert path.is_relative_to(keeper.folder)
        assert path.stat().st_mode & 0o222 == 0


async def test_an_object_is_never_replaced(keeper: ObjectStore, make_file: MakeFile) -> None:
    keeper.put(make_file(b"first"), "revisions/a.parquet")
    with pytest.raises(FileExistsError):
        keeper.put(make_file(b"second"), "revisions/a.parquet")
    async with keeper.reading("revisions/a.parquet") as path:
        assert path.read_bytes() == b"first"


async def test_of_two_at_once_one_is_kept(keeper: ObjectStore, make_file: MakeFile) -> None:
    sources = [make_file(b"a" * 5000), make_file(b"b" * 5000)]
    done = await asyncio.gather(
        *(asyncio.to_thread(keeper.put, source, "revisions/a.parquet") for source in sources),
        return_exceptions=True,
    )
    assert [type(outcome) for outcome in done if outcome is not None] == [FileExistsError]


async def test_what_is_absent_or_discarded_is_missing(keeper: ObjectStore, make_file: MakeFile) -> None:
    keeper.put(make_file(b"rows"), "revisions/a.parquet")
    keeper.discard("revisions/a.parquet")
    keeper.discard("revisions/a.parquet")
    with pytest.raises(ObjectMissing):
        async with keeper.reading("revisions/a.parquet"):
            pass
    with pytest.raises(ObjectMissing):
        keeper.copy_to("revisions/a.parquet", make_file(b"").with_suffix(".copy"))


async def test_a_list_shows_one_folder(keeper: ObjectStore, make_file: MakeFile, tmp_path: Path) -> None:
    before = time.time()
    keeper.put(make_file(b"rows"), "revisions/a.parquet")
    keeper.put(make_file(b"part"), "uploads/b/0")
    found = list(keeper.list("revisions"))
    assert [(item.key, item.size_bytes) for item in found] == [("revisions/a.parquet", 4)]
    assert before - 5 < found[0].modified_at < time.time() + 5
    assert [item.key for item in keeper.list("uploads")] == ["uploads/b/0"]
    assert list(keeper.list("samples")) == []
    keeper.copy_to("uploads/b/0", tmp_path / "copied")
    assert (tmp_path / "copied").read_bytes() == b"part"


async def test_a_large_object_is_sent_in_parts_and_comes_back_whole(
    keeper: ObjectStore, make_file: MakeFile, tmp_path: Path
) -> None:
    content = os.urandom(1024) * (WHOLE_BYTES // 1024 + 3)
    keeper.put(make_file(content), "revisions/large.parquet")
    with pytest.raises(FileExistsError):
        keeper.put(make_file(content[::-1]), "revisions/large.parquet")
    keeper.copy_to("revisions/large.parquet", tmp_path / "copied")
    assert (tmp_path / "copied").read_bytes() == content


@pytest.mark.parametrize(
    "key", ["../secret", "revisions/../../secret", "/etc/passwd", "revisions/A", "revisions", ""]
)
async def test_keys_stay_inside(keeper: ObjectStore, make_file: MakeFile, key: str) -> None:
    source = make_file(b"rows")
    with pytest.raises(ValueError, match="no object key"):
        keeper.put(source, key)
    with pytest.raises(ValueError, match="no object key"):
        async with keeper.reading(key):
            pass
    with pytest.raises(ValueError, match="no object key"):
        keeper.discard(key)
    assert source.exists()
