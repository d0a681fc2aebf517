"""A market with books of its own, so that reconciliation is clean unless a test makes it otherwise."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from infra.db import create_engine, create_sessions
from infra.settings import Settings
from tests.support.application import running
from tests.support.database import TestServer
from tests.support.finance import Desk, finance_desk
from tests.support.settlement import metering


@pytest.fixture(scope="module")
async def desk(
    test_server: TestServer, settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Desk]:
    """Two finance officers, one application and one database for all tests of a module."""
    from market.app import create_app

    async with test_server.copy() as database:
        own: dict[str, SecretStr | Path] = {
            "database_url": SecretStr(database.owner_url),
            "database_service_url": SecretStr(database.service_url),
            "data_dir": tmp_path_factory.mktemp("finance"),
        }
        engine = create_engine(database.service_url, pool_size=5)
        sessions = create_sessions(engine)
        app = create_app(settings.model_copy(update=own))
        try:
            async with running(app), metering(database) as meter, finance_desk(app, sessions, meter) as made:
                yield made
        finally:
            await engine.dispose()
