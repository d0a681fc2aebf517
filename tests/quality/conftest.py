"""One warm engine for the whole run: Great Expectations takes seconds to load."""

from collections.abc import AsyncIterator

import pytest

from quality.runs.engines.warm import WarmEngine
from tests.support.budget import roomy


@pytest.fixture(scope="session")
async def warm_engine(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[WarmEngine]:
    """The real thing, in its process."""
    made = WarmEngine(timeout_s=60, memory_mb=2_048, budget=roomy(tmp_path_factory.mktemp("budget")))
    yield made
    await made.stop()
