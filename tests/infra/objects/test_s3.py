"""What is particular to a store that is elsewhere: its cache, its failures, its address."""

import asyncio
import socket
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
import structlog

from infra.object_address import S3Address
from infra.objects import ObjectMissing, StoreUnavailable
from infra.objects.s3 import S3Credentials, S3Store, signed_url
from infra.outages import is_out_of_room
from infra.settings import Settings
from tests.infra.objects.conftest import s3_store
from tests.support.s3 import KEY, S3Server

MakeFile = Callable[[bytes], Path]


@pytest.fixture
def store(moto: S3Server, tmp_path: Path) -> S3Store:
    return s3_store(moto, tmp_path / "cache")


def elsewhere(store: S3Store, folder: Path, cache_bytes: int = 1_000_000) -> S3Store:
    """The same store, seen from another machine."""
    other = S3Store(
        S3Address("market", endpoint="http://127.0.0.1:1"),
        KEY,
        cache_folder=folder,
        cache_bytes=cache_bytes,
        fetch_seconds=10,
    )
    other._bucket = store._bucket
    return other


async def read(store: S3Store, key: str) -> bytes:
    async with store.reading(key) as path:
        return path.read_bytes()


async def test_another_machine_fetches_once_and_reads_its_copy(
    store: S3Store, make_file: MakeFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.put(make_file(b"rows"), "revisions/a.parquet")
    other = elsewhere(store, tmp_path / "other")
    fetched: list[str] = []
    fetch = other.copy_to

    def counted(key: str, target: Path) -> None:
        fetched.append(key)
        fetch(key, target)

    monkeypatch.setattr(other, "copy_to", counted)
    assert await asyncio.gather(*(read(other, "revisions/a.parquet") for _ in range(20))) == [b"rows"] * 20
    assert fetched == ["revisions/a.parquet"]


async def test_the_cache_is_bounded_and_keeps_what_is_read(
    store: S3Store, make_file: MakeFile, tmp_path: Path
) -> None:
    for name in "abcdef":
        store.put(make_file(name.encode() * 40_000), f"revisions/{name}.parquet")
    other = elsewhere(store, tmp_path / "other", cache_bytes=100_000)
    async with other.reading("revisions/a.parquet") as held:
        for name in "bcdef":
            assert await read(other, f"revisions/{name}.parquet") == name.encode() * 40_000
            assert held.read_bytes() == b"a" * 40_000
        cached = set(other._cache.keys())
        assert "revisions/a.parquet" in cached
        assert len(cached) == 2
    for name in "bc":
        await read(other, f"revisions/{name}.parquet")
    assert "revisions/a.parquet" not in set(other._cache.keys())


async def test_reading_and_evicting_at_once_never_misses_a_file(
    store: S3Store, make_file: MakeFile, tmp_path: Path
) -> None:
    names = [f"revisions/{name}.parquet" for name in "abcdef"]
    for name in names:
        store.put(make_file(name.encode() * 1000), name)
    machines = [elsewhere(store, tmp_path / "other", cache_bytes=60_000) for _ in range(2)]

    async def reader(number: int) -> None:
        for turn in range(15):
            name = names[(number + turn * 5) % len(names)]
            async with machines[number % 2].reading(name) as path:
                await asyncio.sleep(0)
                assert await asyncio.to_thread(path.read_bytes) == name.encode() * 1000

    await asyncio.gather(*(reader(number) for number in range(8)))


async def test_a_damaged_object_is_not_served(store: S3Store, make_file: MakeFile, tmp_path: Path) -> None:
    store.put(make_file(b"rows"), "revisions/a.parquet")
    import obstore

    obstore.put(store._bucket, "revisions/a.parquet", b"ruin", attributes={"sha256": "0" * 64})
    other = elsewhere(store, tmp_path / "other")
    with pytest.raises(StoreUnavailable, match="not what was put"):
        await read(other, "revisions/a.parquet")
    assert list(other._cache.keys()) == []


async def test_what_another_machine_discarded_leaves_the_cache(
    store: S3Store, make_file: MakeFile, tmp_path: Path
) -> None:
    for name in "ab":
        store.put(make_file(b"rows"), f"revisions/{name}.parquet")
    other = elsewhere(store, tmp_path / "other")
    for name in "ab":
        await read(other, f"revisions/{name}.parquet")
    store.discard("revisions/a.parquet")
    assert other.prune() == 1
    assert list(other._cache.keys()) == ["revisions/b.parquet"]
    with pytest.raises(ObjectMissing):
        await read(other, "revisions/a.parquet")


async def test_a_store_that_is_away_is_told_and_what_is_cached_is_read(
    store: S3Store, make_file: MakeFile, tmp_path: Path
) -> None:
    store.put(make_file(b"rows"), "revisions/a.parquet")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        for endpoint, said in (
            ("http://127.0.0.1:1", "object store failed"),
            (f"http://127.0.0.1:{silent.getsockname()[1]}", "within 2 seconds"),
        ):
            away = S3Store(
                S3Address("market", endpoint=endpoint),
                KEY,
                cache_folder=tmp_path / "cache",
                cache_bytes=1_000_000,
                fetch_seconds=2,
            )
            assert await read(away, "revisions/a.parquet") == b"rows"
            with pytest.raises(StoreUnavailable, match=said):
                await read(away, "revisions/b.parquet")


def test_a_refused_key_is_told_and_never_logged(moto: S3Server, make_file: MakeFile, tmp_path: Path) -> None:
    # moto takes any key; a bucket that is not there is refused in the same way.
    secret = "never-shown-secret"
    store = S3Store(
        S3Address("nowhere", endpoint=moto.endpoint),
        S3Credentials("AKID", secret),
        cache_folder=tmp_path / "cache",
        cache_bytes=1000,
        fetch_seconds=5,
    )
    source = make_file(b"rows")
    with structlog.testing.capture_logs() as logs, pytest.raises(OSError, match=r"nowhere|object") as caught:
        store.put(source, "revisions/a.parquet")
    assert not is_out_of_room(caught.value), "the machine itself has room"
    assert secret not in f"{logs} {caught.value!r} {S3Credentials('AKID', secret)!r}"
    assert source.exists()


def test_a_signed_address_is_read_without_a_key(moto: S3Server, make_file: MakeFile, tmp_path: Path) -> None:
    address = moto.address()
    store = S3Store(
        address, moto.credentials, cache_folder=tmp_path / "cache", cache_bytes=1000, fetch_seconds=5
    )
    store.put(make_file(b"rows and more"), "revisions/a.parquet")
    url = signed_url(address, moto.credentials, "revisions/a.parquet", seconds=60)
    assert moto.credentials.secret not in url
    assert httpx.get(url, headers={"Range": "bytes=5-"}).content == b"and more"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("https://host/bucket", "s3://bucket"),
        ("s3://key:secret@bucket/x", "no credentials"),
        ("s3://bucket/?endpoint=ftp://host", "https://host"),
        ("s3://bucket/?colour=red", "colour"),
        ("s3://bucket/?style=odd", "path or virtual"),
    ],
)
def test_an_address_that_is_none_is_refused_in_words(url: str, said: str) -> None:
    with pytest.raises(ValueError, match=said) as caught:
        Settings(_env_file=None, object_store=url)
    assert "secret@" not in str(caught.value.errors()[0]["msg"])  # type: ignore[attr-defined]


def test_a_key_without_its_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="set together"):
        Settings(_env_file=None, object_store="s3://bucket", object_store_key_id="AKID")


def test_the_environment_lends_a_named_key_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID"):
        monkeypatch.setenv(name, "http://of-the-machine")
    monkeypatch.setenv("AWS_SKIP_SIGNATURE", "true")
    url = signed_url(S3Address("market", endpoint="http://127.0.0.1:1"), KEY, "a/b", seconds=60)
    assert "of-the-machine" not in url
    assert url.startswith("http://127.0.0.1:1/market/a/b?")
    assert "AKIDEXAMPLE" in url
    assert "X-Amz-Signature" in url
