"""One warm engine for the whole run: Great Expectations takes seconds to load."""

from collections.abc import AsyncIterator

import pytest

from quality.runner import WarmEngine


@pytest.fixture(scope="session")
async def warm_engine() -> AsyncIterator[WarmEngine]:
    """The real thing, in its process."""
    made = WarmEngine(timeout_s=60, memory_mb=2_048)
    yield made
    await made.stop()
