"""What a file becomes when it is read in this process."""

from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import duckdb
import pytest

from listings.ingest import pipeline
from listings.ingest.expected import ExpectedColumn
from listings.ingest.limits import Limits
from listings.ingest.result import IngestOptions, IngestResult, Kind

Rows = list[tuple[Any, ...]]


def take(
    folder: Path,
    content: bytes | str,
    expected: Sequence[ExpectedColumn] = (),
    name: str = "f.csv",
    options: IngestOptions | None = None,
) -> tuple[IngestResult, Rows]:
    """What a file becomes, and its rows."""
    source, target, work = folder / "source", folder / "revision.parquet", folder / "work"
    source.write_bytes(content if isinstance(content, bytes) else content.encode())
    work.mkdir(exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pipeline, "unpacking", nullcontext)  # bounds this process, which has much else to hold
        result = pipeline.ingest(source, target, work, name, options or IngestOptions(), Limits(), expected)
    return result, duckdb.execute(f"SELECT * FROM read_parquet('{target}')").fetchall()


def published(name: str, kind: Kind, physical: str | None = None, **given: Any) -> ExpectedColumn:
    """A column that buyers read."""
    return ExpectedColumn(name, kind, physical=physical, published=True, **given)
