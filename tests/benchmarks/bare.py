"""The yardstick: a Litestar handler that returns the same bytes as a metered call and does nothing else."""

import os
from pathlib import Path

from litestar import Litestar, MediaType, get

BODY = "BENCH_BODY"
"""Environment variable that names the file with the bytes."""


def application() -> Litestar:
    """The application, built in the process that serves it."""
    body = Path(os.environ[BODY]).read_bytes()

    @get("/bare", media_type=MediaType.JSON)
    async def bare() -> bytes:
        return body

    return Litestar([bare], openapi_config=None)
