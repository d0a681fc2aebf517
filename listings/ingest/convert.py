"""The service's half of an ingest: start the child, wait, and believe nothing it did not say clearly."""

import asyncio
import json
import os
import signal
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from infra.messages import Message
from listings.ingest.errors import REFUSALS, FileRefused, IngestFailed, IngestTimeout
from listings.ingest.result import IngestResult

_ROOT = Path(__file__).resolve().parents[2]
_ANSWER_BYTES = 32 * 1024 * 1024


async def convert(
    source: Path,
    target: Path,
    *,
    filename: str,
    timeout_s: int,
    strict: bool = True,
    delimiter: str | None = None,
    header: bool | None = None,
    limits: Mapping[str, int] | None = None,
) -> IngestResult:
    """Turn an uploaded file into one Parquet revision, in a child process of its own.

    :param source: the file on disk; it is only read.
    :param target: where the Parquet file goes. It appears whole or not at all, and nothing else is left.
    :param filename: the file's original name, a hint to its format.
    :param timeout_s: seconds until the child is killed.
    :param strict: refuse a column of dates or times that holds something else (``mixed-column``), rather than
        keep it as text with a notice.
    :param delimiter: of a CSV file, one character; detected when None. ``header`` likewise.
    :param limits: single bounds of ``listings.ingest.limits.Limits`` to change, by name.
    :raises FileRefused: a subclass says why, with ``line`` and ``column`` where there is one.
    :raises FileTooLarge: it costs more than one file may.
    :raises IngestFailed: the child fell or gave no answer.
    """
    command = _command(source, target, filename, timeout_s, limits or {})
    command += [f"--delimiter={delimiter}"] if delimiter else []
    command += [] if header is None else ["--header", "yes" if header else "no"]
    command += [] if strict else ["--lenient"]
    with _all_or_nothing(target) as work:
        return _read(*await _run([*command, "--work", work], work, timeout_s))


def _command(
    source: Path, target: Path, filename: str, timeout_s: int, limits: Mapping[str, int]
) -> list[str]:
    command = [sys.executable, "-m", "listings.ingest", str(source.resolve()), str(target.resolve())]
    return [
        *command,
        f"--name={filename[-200:].replace(chr(0), '')}",
        "--seconds",
        str(timeout_s),
        "--limits",
        json.dumps(dict(limits)),
    ]


@contextmanager
def _all_or_nothing(target: Path) -> Iterator[str]:
    """A folder for temporary files beside the target; after a failure neither is there."""
    target.parent.mkdir(parents=True, exist_ok=True)
    existed = target.exists()
    with tempfile.TemporaryDirectory(
        dir=target.parent, prefix=".ingest-", ignore_cleanup_errors=True
    ) as work:
        try:
            yield work
        except BaseException:
            if not existed:
                target.unlink(missing_ok=True)
            raise


async def _run(command: list[str], work: str, timeout_s: int) -> tuple[int, bytes]:
    child = await asyncio.create_subprocess_exec(
        *command,
        cwd=_ROOT,
        env=_environment(work),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        limit=_ANSWER_BYTES,
        start_new_session=True,
    )
    assert child.stdout is not None
    try:
        async with asyncio.timeout(timeout_s):
            answer = await child.stdout.read(_ANSWER_BYTES)
            rest = answer
            while rest and len(answer) < _ANSWER_BYTES:
                rest = await child.stdout.read(_ANSWER_BYTES)
                answer += rest
            return await child.wait(), answer
    except TimeoutError:
        raise IngestTimeout(
            Message("The file was not converted within {timeout_s} seconds.", timeout_s=timeout_s),
            remedy=Message("Split it into smaller files."),
        ) from None
    finally:
        if child.returncode is None:
            os.killpg(child.pid, signal.SIGKILL)
            await child.wait()


def _environment(work: str) -> dict[str, str]:
    """What the child knows of this process: where the code is. No address, password or key of the service."""
    kept = {
        name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH", "SYSTEMROOT") if name in os.environ
    }
    return kept | {
        "PYTHONPATH": str(_ROOT),
        "HOME": work,
        "TMPDIR": work,
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "MALLOC_ARENA_MAX": "2",
        "ARROW_DEFAULT_MEMORY_POOL": "system",
        "OMP_NUM_THREADS": "1",
    }


def _read(status: int, answer: bytes) -> IngestResult:
    try:
        document: dict[str, Any] = json.loads(answer)
        if status == 0:
            return IngestResult.from_json(document["result"])
        problem = document["problem"]
        refusal = REFUSALS.get(problem["slug"], FileRefused)
        raise refusal(problem["detail"], remedy=problem["remedy"], **problem["extensions"])
    except (ValueError, KeyError, TypeError):
        how = f"signal {-status}" if status < 0 else f"status {status}"
        raise IngestFailed(
            Message("The process that reads the file ended with {how} and no answer.", how=how),
            remedy=Message(
                "Try again; if it repeats, the file is damaged or needs more memory than allowed."
            ),
        ) from None
