"""Conversions without the process that each of them takes.

Uploads whose file was converted before get the real converter's result of then. What is about files and not about the
process (its bounds, its crashes) is converted in the process of the tests.
"""

import json
import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from listings.ingest import __main__ as child
from listings.ingest import convert as parent
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


@contextmanager
def converted_here() -> Iterator[None]:
    """Let the child's half of a conversion answer in this process; what is asked and answered is JSON all the same."""
    handle = child._load()

    async def answered(request: dict[str, Any], *_: object) -> dict[str, Any]:
        with warnings.catch_warnings(
            action="ignore"
        ):  # as in the child, where what libraries say goes nowhere
            answer: dict[str, Any] = json.loads(json.dumps(handle(json.loads(json.dumps(request)))))
        return answer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parent, "_ask", answered)
        yield
