"""The service's half of an ingest: start the child, ask it, and believe nothing it did not say clearly."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from infra.child_process import ChildCrashed, ChildProcess, ChildTimedOut
from infra.memory_budget import Claim, MemoryBudget
from infra.messages import Message
from listings.ingest.errors import IngestFailed, IngestTimeout, needs_too_much_memory, refusal_from_json
from listings.ingest.expected import ExpectedColumn
from listings.ingest.limits import MEBIBYTE, Limits
from listings.ingest.result import IngestOptions, IngestResult, Progress

_ENVIRONMENT = {"MALLOC_ARENA_MAX": "2", "ARROW_DEFAULT_MEMORY_POOL": "system", "OMP_NUM_THREADS": "1"}
_DETECT = IngestOptions()
_DEFAULT_LIMITS = Limits()


async def convert(
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
    """Turn an uploaded file into one Parquet revision, in a child process of its own.

    :param source: the file on disk; it is only read.
    :param target: where the Parquet file goes. It appears whole or not at all, and nothing else is left.
    :param filename: the file's original name, a hint to its format.
    :param timeout_s: seconds until the child is killed.
    :param expected: columns that are read with the types given; the types of others are inferred.
    :param budget: what the child's memory is claimed from; it starts when there is enough.
    :param on_progress: called with how far the conversion is, at most about four times a second.
    :raises FileRefused: a subclass says why, with ``line`` and ``column`` where there is one.
    :raises FileTooLarge: it costs more than one file may.
    :raises FilesBusy: there was no memory for it in time.
    :raises IngestFailed: the child crashed or returned invalid output.

    Cancelled, or when ``on_progress`` raises, the child is killed and nothing is left.
    """
    async with budget.claim(limits.memory_bytes // MEBIBYTE) as claim:
        with _all_or_nothing(target) as work:
            request = _request(source, target, work, filename, options, limits, expected)
            return _result(await _ask(request, work, timeout_s, limits, claim, on_progress))


def _request(
    source: Path,
    target: Path,
    work: Path,
    filename: str,
    options: IngestOptions,
    limits: Limits,
    expected: Sequence[ExpectedColumn],
) -> dict[str, Any]:
    return {
        "source": str(source.resolve()),
        "target": str(target.resolve()),
        "work": str(work.resolve()),
        "filename": filename,
        "options": options.to_json(),
        "limits": asdict(limits),
        "expected": [column.to_json() for column in expected],
    }


async def _ask(
    request: dict[str, Any],
    work: Path,
    timeout_s: int,
    limits: Limits,
    claim: Claim,
    on_progress: Callable[[Progress], None] | None,
) -> dict[str, Any]:
    child = await ChildProcess.start(
        "listings.ingest",
        limits=limits.process_limits(timeout_s),
        home=work,
        claim=claim,
        environment=_ENVIRONMENT,
    )

    def tell(note: dict[str, Any]) -> None:
        if on_progress is not None:
            try:
                progress = Progress.from_json(note)
            except (KeyError, TypeError, ValueError):
                raise _failed("invalid output") from None
            on_progress(progress)

    try:
        return await child.ask(request, timeout_s=timeout_s, on_note=tell)
    except ChildTimedOut:
        raise IngestTimeout(
            Message("The file was not converted within {timeout_s} seconds.", timeout_s=timeout_s),
            remedy=Message("Split it into smaller files."),
        ) from None
    except ChildCrashed as crash:
        if crash.out_of_memory:
            raise needs_too_much_memory() from None
        raise _failed(crash.ending) from None
    finally:
        await child.kill()


@contextmanager
def _all_or_nothing(target: Path) -> Iterator[Path]:
    """A folder for temporary files beside the target; after a failure neither is there."""
    target.parent.mkdir(parents=True, exist_ok=True)
    existed = target.exists()
    with tempfile.TemporaryDirectory(
        dir=target.parent, prefix=".ingest-", ignore_cleanup_errors=True
    ) as work:
        try:
            yield Path(work)
        except BaseException:
            if not existed:
                target.unlink(missing_ok=True)
            raise


def _result(answer: dict[str, Any]) -> IngestResult:
    try:
        if "result" in answer:
            return IngestResult.from_json(answer["result"])
        refusal = refusal_from_json(answer["refusal"])
    except (AttributeError, KeyError, TypeError, ValueError):
        raise _failed("invalid output") from None
    raise refusal


def _failed(ending: str) -> IngestFailed:
    return IngestFailed(
        Message("The process that reads the file ended without a result ({ending}).", ending=ending),
        remedy=Message("Try again; if it repeats, the file is damaged: save it again as CSV or Parquet."),
    )
