"""The worker's half of checking: one warm child process, bounded in time and memory, replaced when it falls."""

import asyncio
import contextlib
import json
import os
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from quality.checks import Check, CheckResult
from quality.errors import CheckingFailed

_ROOT = Path(__file__).resolve().parents[1]
_LINE_BYTES = 32 * 1024 * 1024
_START_SECONDS = 120


class Engine(Protocol):
    """What puts checks to a revision."""

    @property
    def version(self) -> str:
        """Name and version of the checking library."""

    async def run(self, checks: Sequence[Check], parquet_path: Path) -> list[CheckResult]:
        """One result per check, in their order.

        :raises CheckingFailed: they could not be carried out.
        """


class WarmEngine:
    """Great Expectations in a child process that outlives a run and not a fault.

    :param timeout_s: seconds one run may take.
    :param memory_mb: memory one run may take.
    :param examples: failing rows kept per check.
    """

    def __init__(self, *, timeout_s: int, memory_mb: int, examples: int = 5) -> None:
        self._timeout_s = timeout_s
        self._memory_mb = memory_mb
        self._examples = examples
        self._child: asyncio.subprocess.Process | None = None
        self._home: tempfile.TemporaryDirectory[str] | None = None
        self._version = ""
        self._turn = asyncio.Lock()

    @property
    def version(self) -> str:
        """Name and version of the checking library; empty before the first start."""
        return self._version

    async def start(self) -> None:
        """Start the child and wait until it is ready (some seconds); nothing to do when it runs.

        :raises CheckingFailed: it does not start.
        """
        async with self._turn:
            await self._started()

    async def run(self, checks: Sequence[Check], parquet_path: Path) -> list[CheckResult]:
        """Put the checks to a revision; one run at a time.

        :raises CheckingFailed: out of time or memory, too large, or the process fell.
        """
        document = {
            "path": str(parquet_path),
            "checks": [check.to_json() for check in checks],
            "examples": self._examples,
        }
        async with self._turn:
            child = await self._started()
            answer = await self._ask(child, document)
        if "error" in answer:
            raise CheckingFailed(answer["error"], transient=False)
        pairs = zip(checks, answer["results"], strict=True)
        return [CheckResult.from_json(check, item) for check, item in pairs]

    async def stop(self) -> None:
        """End the child."""
        if self._child is not None and self._child.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._child.pid, signal.SIGKILL)
            await self._child.wait()
        self._child = None
        if self._home is not None:
            self._home.cleanup()
            self._home = None

    async def _started(self) -> asyncio.subprocess.Process:
        if self._child is not None and self._child.returncode is None:
            return self._child
        await self.stop()
        self._home = tempfile.TemporaryDirectory(prefix="quality-", ignore_cleanup_errors=True)
        self._child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "quality.child",
            str(self._memory_mb),
            cwd=_ROOT,
            env=_environment(self._home.name),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            limit=_LINE_BYTES,
            start_new_session=True,
        )
        ready = await self._answer(self._child, _START_SECONDS)
        self._version = str(ready["ready"])
        return self._child

    async def _ask(self, child: asyncio.subprocess.Process, document: dict[str, Any]) -> dict[str, Any]:
        assert child.stdin is not None
        try:
            child.stdin.write(json.dumps(document).encode() + b"\n")
            await child.stdin.drain()
        except ConnectionError:
            await self.stop()
            raise CheckingFailed("The checking process had ended.", transient=True) from None
        return await self._answer(child, self._timeout_s)

    async def _answer(self, child: asyncio.subprocess.Process, timeout_s: int) -> dict[str, Any]:
        assert child.stdout is not None
        try:
            async with asyncio.timeout(timeout_s):
                line = await child.stdout.readline()
            answer: dict[str, Any] = json.loads(line)
        except TimeoutError:
            await self.stop()
            raise CheckingFailed(
                f"The checks took longer than {timeout_s} seconds.", transient=False
            ) from None
        except ValueError:
            await self.stop()
            raise CheckingFailed(
                "The checking process ended without an answer; it may need more memory than allowed.",
                transient=True,
            ) from None
        except BaseException:
            await self.stop()
            raise
        return answer


def _environment(home: str) -> dict[str, str]:
    """What the child knows of this process: where the code is. No address, password or key of the service."""
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    return kept | {
        "PYTHONPATH": str(_ROOT),
        "HOME": home,
        "TMPDIR": home,
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "GX_ANALYTICS_ENABLED": "false",
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "ARROW_DEFAULT_MEMORY_POOL": "system",
    }
