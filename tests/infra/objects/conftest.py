"""Keepers of objects: the local folder, moto's S3 and a real S3, held to the same tests."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from infra.objects import LocalStore, ObjectStore
from infra.objects.s3 import S3Store
from tests.support.s3 import REAL, S3Server, moto_server, real_server


@pytest.fixture(scope="session")
def moto() -> Iterator[S3Server]:
    """moto's server."""
    with moto_server() as made:
        yield made


def s3_store(server: S3Server, folder: Path, **changed: object) -> S3Store:
    asked = {"cache_bytes": 1_000_000, "fetch_seconds": 10.0} | changed
    return S3Store(server.address(), server.credentials, cache_folder=folder, **asked)  # type: ignore[arg-type]


@pytest.fixture(params=["folder", "moto", "real"])
def keeper(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    """Each of the keepers."""
    if request.param == "folder":
        return LocalStore(tmp_path / "objects")
    if request.param == "moto":
        return s3_store(request.getfixturevalue("moto"), tmp_path / "cache")
    if (server := real_server()) is None:
        pytest.skip(f"name a real store in {REAL}, its key in TEST_S3_KEY_ID and TEST_S3_SECRET")
    return s3_store(server, tmp_path / "cache")


@pytest.fixture
def make_file(tmp_path: Path) -> Callable[[bytes], Path]:
    """Files with contents."""
    names = iter(range(1000))

    def make(content: bytes) -> Path:
        path = tmp_path / f"source-{next(names)}"
        path.write_bytes(content)
        return path

    return make
