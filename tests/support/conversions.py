"""Uploads whose file was converted before: the real converter's result is kept, since it takes a process each time."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from listings.ingest.convert import convert
from listings.ingest.result import IngestResult
from listings.revisions import uploads


@contextmanager
def converted_once(folder: Path) -> Iterator[None]:
    """Convert the same bytes, asked for in the same way, once; a refusal is not kept.

    :param folder: keeps the converted files.
    """
    kept: dict[str, tuple[IngestResult, Path]] = {}

    async def remembered(source: Path, target: Path, **asked: Any) -> IngestResult:
        how = sorted((name, value) for name, value in asked.items() if name != "budget")
        key = sha256(source.read_bytes() + repr(how).encode()).hexdigest()
        if key in kept:
            result, file = kept[key]
            shutil.copyfile(file, target)
            return result
        result = await convert(source, target, **asked)
        file = folder / key
        shutil.copyfile(target, file)
        kept[key] = result, file
        return result

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(uploads, "convert", remembered)
        yield
