"""Conversions without the process that each of them takes.

What is about files, and not about the process (its bounds, its crashes), is converted in the process of the tests.
"""

import json
import shutil
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from infra.memory_budget import MemoryBudget
from listings.ingest import __main__ as child
from listings.ingest import convert as parent
from listings.ingest import pipeline
from listings.ingest.expected import ExpectedColumn
from listings.ingest.limits import MEBIBYTE, Limits
from listings.ingest.result import IngestOptions, IngestResult, Progress
from listings.revisions import uploads

_DETECT = IngestOptions()
_DEFAULT_LIMITS = Limits()


async def convert_here(
    source: Path,
    target: Path,
    *,
    filename: str,
    timeout_s: int,
    budget: MemoryBudget,
    options: IngestOptions = _DETECT,
    limits: Limits = _DEFAULT_LIMITS,
    expected: Sequence[ExpectedColumn] = (),
    on_progress: Callable[[Progress], None] | None = None,
) -> IngestResult:
    """Both halves of :func:`listings.ingest.convert.convert`; what is asked and answered is JSON all the same.

    Nothing is told of its progress: the process that would tell it is not there.
    """
    async with budget.claim(limits.memory_bytes // MEBIBYTE):
        with parent._all_or_nothing(target) as work:
            request = parent._request(source, target, work, filename, options, limits, expected)
            return parent._result(json.loads(json.dumps(_answer(json.loads(json.dumps(request))))))


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    """The child's half, but for the bound on the memory of its process, which here has much else to hold."""
    handle = child._load(lambda _: None)
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings(action="ignore"):
        patch.setattr(pipeline, "unpacking", nullcontext)
        return handle(request)


@contextmanager
def converted_once(folder: Path) -> Iterator[None]:
    """Convert uploads here, and the same bytes, asked for in the same way, once; a refusal is not kept.

    :param folder: keeps the converted files.
    """
    kept: dict[str, tuple[IngestResult, Path]] = {}

    async def remembered(source: Path, target: Path, **asked: Any) -> IngestResult:
        how = sorted((name, value) for name, value in asked.items() if name not in ("budget", "on_progress"))
        key = sha256(source.read_bytes() + repr(how).encode()).hexdigest()
        if key in kept:
            result, file = kept[key]
            shutil.copyfile(file, target)
            return result
        result = await convert_here(source, target, **asked)
        file = folder / key
        shutil.copyfile(target, file)
        kept[key] = result, file
        return result

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(uploads, "convert", remembered)
        yield
