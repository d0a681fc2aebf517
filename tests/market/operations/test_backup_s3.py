"""Data files in an S3-compatible store: served and backed up from there, restored into another, and read again."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from pydantic import SecretStr

from infra.addresses import service_url
from infra.db import SessionMaker, create_engine, create_sessions, transaction
from infra.objects import open_store
from infra.postgres import EmbeddedPostgres
from infra.settings import Settings
from listings.revisions import service as revisions
from market.app import create_app
from market.operations.backup import back_up
from market.operations.database import bring_up_to_date, with_server
from market.operations.errors import CommandFailed
from market.operations.restore import restore
from tests.support.application import running
from tests.support.bargain import a_bargain
from tests.support.database import TestDatabase
from tests.support.products import CSV, upload
from tests.support.s3 import S3Server, moto_server


@pytest.fixture(scope="module")
def moto() -> Iterator[S3Server]:
    with moto_server() as made:
        yield made


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder the embedded server's account can pass through; pytest's own are closed when it runs as root."""
    made = Path(tempfile.mkdtemp(prefix="market-s3-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


def in_s3(settings: Settings, moto: S3Server) -> Settings:
    """The same installation with its files in a part of the store that nobody else has."""
    named = {
        "object_store": moto.url(),
        "object_store_key_id": moto.credentials.key_id,
        "object_store_secret": SecretStr(moto.credentials.secret),
    }
    return settings.model_copy(update=named)


async def test_what_is_served_from_s3_is_restored_into_s3_and_read_with_the_same_token(
    settings: Settings, nobody: TestDatabase, fresh: SessionMaker, moto: S3Server, folder: Path
) -> None:
    addresses = {
        "database_url": SecretStr(nobody.owner_url),
        "database_service_url": SecretStr(nobody.service_url),
        "data_dir": folder / "original",
    }
    original = in_s3(settings.model_copy(update=addresses), moto)
    app = create_app(original)
    told: list[str] = []
    async with running(app), a_bargain(app, fresh) as bargain:
        _, token = await bargain.licensed()
        before = await bargain.read(token, "limit=60")
        assert before.status_code == 200, before.text
        manifest = await back_up(original, folder / "backup", told.append)
        async with transaction(fresh) as session:
            current = await revisions.get_current_revision(session, UUID(bargain.product_id))
        assert f"files/objects/{current.object_key}" in manifest.files
        await upload(bargain.operator, bargain.product_id, CSV + b"S9,2026-02-01T00:00:00Z,1.5,13800000099\n")
        # Lost by the store and by this machine: said to the caller, and by the next backup.
        app.state.store.discard(current.object_key)
        lost = await bargain.read(token, "limit=7")
        assert (lost.status_code, "tell the platform's operator" in lost.json()["remedy"]) == (503, True)
        await back_up(original, folder / "lacking", told.append)
        assert any(current.object_key in line for line in told), told

    made = Settings(_env_file=None, data_dir=folder / "new", public_base_url=settings.public_base_url)
    made = in_s3(made, moto)
    await restore(made, folder / "backup", told.append)
    server = EmbeddedPostgres(made.data_dir)
    try:
        started = with_server(made, server.start())
        await bring_up_to_date(started)
        # What another installation keeps there is not written over.
        taken = in_s3(Settings(_env_file=None, data_dir=folder / "taken"), moto)
        wrong = folder / "wrong"
        wrong.write_bytes(b"another")
        other = taken.model_copy(update={"data_dir": folder / "other"})
        open_store(other).put(wrong, current.object_key)
        with pytest.raises(CommandFailed, match="name an empty one"):
            await restore(taken, folder / "backup", told.append)
        restored = create_app(started)
        async with running(restored):
            transport = httpx.ASGITransport(app=restored)  # type: ignore[arg-type]
            async with httpx.AsyncClient(transport=transport, base_url="http://market.test") as buyer:
                after = await buyer.get(
                    f"/data/{bargain.product_id}/records?limit=60",
                    headers={"Authorization": f"Bearer {token}"},
                )
        assert after.status_code == 200, after.text
        assert after.json()["items"] == before.json()["items"]
        engine = create_engine(service_url(started), pool_size=1)
        async with transaction(create_sessions(engine)) as session:
            assert await revisions.find_facts(session, current.id) == current
        await engine.dispose()
    finally:
        server.destroy()
