"""Runs statements in a process of their own, which is bounded in memory and killed when a statement does not end."""

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from infra.child_process import MAX_ANSWER_BYTES, ROOT, ProcessLimits
from quality.checks import Example
from quality.statements.limits import FailingRows, StatementFailed, StatementLimits

_START_SECONDS = 60
_GRACE_SECONDS = 3
"""What a statement may take longer than its time before its process is killed."""

_LIBRARIES_BYTES = 1536 * 1024 * 1024
"""What DuckDB and Arrow map for writing besides the memory of the statement, most of it without using it."""

_ADDRESS_SPACE_BYTES = 4 * 1024 * 1024 * 1024
_CHUNK = 65_536


class StatementProcess:
    """Runs statements over Parquet files, one at a time; a context manager. The process starts with the first of them.

    It ends with the one that started it, has no more of its environment, and cannot write a file.
    """

    def __init__(self, limits: StatementLimits | None = None) -> None:
        self._limits = limits or StatementLimits()
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def failing_rows(self, path: Path, statement: str) -> FailingRows:
        """The rows of a revision that a statement returns.

        :raises StatementFailed: it may not run, asks for what is not there, or takes more time or memory than it may.
        """
        if self._process is None:
            self._process = self._started()
        request = {"path": str(path), "statement": statement, **asdict(self._limits)}
        answer = self._ask(request, self._limits.seconds + _GRACE_SECONDS)
        if "error" in answer:
            raise StatementFailed(answer["error"])
        examples = tuple(Example(**item) for item in answer["examples"])
        return FailingRows(answer["rows"], answer["failing"], answer["missing"], examples)

    def stop(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def _started(self) -> subprocess.Popen[bytes]:
        limits = ProcessLimits(
            address_space_bytes=_ADDRESS_SPACE_BYTES,
            data_bytes=self._limits.memory_bytes + _LIBRARIES_BYTES,
            file_bytes=0,
        )
        self._process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "quality.statements",
                json.dumps({"parent": os.getpid(), **asdict(limits)}),
            ],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._ask({}, _START_SECONDS)
        return self._process

    def _ask(self, request: Mapping[str, Any], seconds: float) -> dict[str, Any]:
        """:raises StatementFailed: there was no answer, and the process has been killed."""
        process = self._process
        assert process is not None
        assert process.stdin is not None
        try:
            process.stdin.write(json.dumps(request).encode() + b"\n")
            process.stdin.flush()
            line = self._line(seconds)
        except (OSError, TimeoutError) as error:
            self.stop()
            if isinstance(error, TimeoutError):
                raise StatementFailed(
                    f"The statement takes longer than {self._limits.seconds:g} seconds."
                ) from None
            line = b""
        if not line:
            self.stop()
            raise StatementFailed("The statement needs more memory than a check may use.")
        answer = json.loads(line)
        assert isinstance(answer, dict)
        return answer

    def _line(self, seconds: float) -> bytes:
        """What the process answers; nothing when it has ended.

        :raises TimeoutError: no answer in time.
        """
        assert self._process is not None
        assert self._process.stdout is not None
        handle = self._process.stdout.fileno()
        deadline, read = time.monotonic() + seconds, bytearray()
        while not read.endswith(b"\n"):
            ready, _, _ = select.select([handle], [], [], max(deadline - time.monotonic(), 0))
            if not ready or len(read) > MAX_ANSWER_BYTES:
                raise TimeoutError
            some = os.read(handle, _CHUNK)
            if not some:
                return b""
            read += some
        return bytes(read)
