"""Work on what is not trusted, in a child process: bounded, without secrets, and gone when its parent goes.

The parent starts ``python -m MODULE`` as a :class:`ChildProcess` and asks it; the module calls :func:`serve`. Each
request and each answer is one line of JSON, on standard input and output. Whatever libraries print goes nowhere.

A parser that crashes or runs out of memory takes down the child, and the parent hears :class:`ChildCrashed`. Before it
loads anything the child bounds its own memory, processor time and file size, and asks the kernel to be killed when its
parent ends, however that comes about.
"""

import asyncio
import contextlib
import ctypes
import json
import os
import resource
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

ROOT = Path(__file__).resolve().parents[1]
MAX_ANSWER_BYTES = 32 * 1024 * 1024
_KEPT_VARIABLES = ("PATH", "LD_LIBRARY_PATH")
_PR_SET_PDEATHSIG = 1

Handler = Callable[[dict[str, Any]], dict[str, Any]]
"""Answers one request; both are JSON objects."""


class ChildFailed(Exception):
    """The child gave no answer; it has been killed."""


class ChildTimedOut(ChildFailed):
    """It did not answer in time."""


class ChildCrashed(ChildFailed):
    """It ended, or answered with something other than a JSON object.

    :param ending: how, for a log or a person: ``signal 9``, ``status 1``, ``invalid output``.
    """

    def __init__(self, ending: str) -> None:
        super().__init__(ending)
        self.ending = ending


@dataclass(frozen=True, slots=True)
class ProcessLimits:
    """What a child may use; None for no bound besides the parent's clock.

    :param address_space_bytes: all that it maps, libraries included.
    :param cpu_seconds: processor time over all threads.
    :param file_bytes: size of any file that it writes.
    """

    address_space_bytes: int | None = None
    cpu_seconds: int | None = None
    file_bytes: int | None = None


class ChildProcess:
    """A running child, from :meth:`start`; one request at a time."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(
        cls, module: str, *, limits: ProcessLimits, home: Path, environment: Mapping[str, str] | None = None
    ) -> Self:
        """Start ``python -m module``.

        :param home: folder of the child's temporary files; the caller removes it.
        :param environment: further variables. Of this process's own only the search paths are handed on: no address,
            password or key of the service.
        """
        kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
        own = {
            "PYTHONPATH": str(ROOT),
            "HOME": str(home),
            "TMPDIR": str(home),
            "LANG": "C.UTF-8",
            "TZ": "UTC",
        }
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            module,
            json.dumps({"parent": os.getpid(), **asdict(limits)}),
            cwd=ROOT,
            env=kept | own | dict(environment or {}),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            limit=MAX_ANSWER_BYTES,
            start_new_session=True,
        )
        return cls(process)

    @property
    def running(self) -> bool:
        """Whether the child has not ended."""
        return self._process.returncode is None

    async def ask(self, request: Mapping[str, Any], *, timeout_s: float) -> dict[str, Any]:
        """The answer to one request. When there is none, for whatever reason, the child is killed.

        :raises ChildTimedOut: none came in time.
        :raises ChildCrashed: the child ended, or its answer is no JSON object.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        answered = False
        try:
            async with asyncio.timeout(timeout_s):
                with contextlib.suppress(ConnectionError):  # it has ended; reading says so
                    self._process.stdin.write(json.dumps(request).encode() + b"\n")
                    await self._process.stdin.drain()
                line = await self._process.stdout.readline()
            if not line:
                await self._process.wait()
                raise ChildCrashed(self._ending())
            answer = json.loads(line)
            if not isinstance(answer, dict):
                raise ChildCrashed("invalid output")
            answered = True
        except TimeoutError:
            raise ChildTimedOut from None
        except ValueError:
            raise ChildCrashed("invalid output") from None
        finally:
            if not answered:
                await self.kill()
        return answer

    async def kill(self) -> None:
        """End the child and whatever it started; nothing to do when it has ended."""
        if self.running:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            await self._process.wait()

    def _ending(self) -> str:
        status = self._process.returncode
        assert status is not None
        return f"signal {-status}" if status < 0 else f"status {status}"


def serve(load: Callable[[], Handler]) -> None:
    """The child's half: bound this process, then answer requests until standard input ends.

    :param load: imports what is heavy or untrusted, within the bounds, and returns what answers a request.
    """
    given = json.loads(sys.argv[1])
    _end_with(given.pop("parent"))
    _confine(ProcessLimits(**given))
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    handle = load()
    for line in sys.stdin:
        answers.write(json.dumps(handle(json.loads(line)), ensure_ascii=False) + "\n")
        answers.flush()


def _end_with(parent: int) -> None:
    """Have the kernel kill this process when the thread that started it ends (Linux; elsewhere its input ends)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit(1)


def _confine(limits: ProcessLimits) -> None:
    """Put the bounds on this process. One that the platform refuses is left out; the parent's clock remains."""
    wanted = (
        (resource.RLIMIT_AS, limits.address_space_bytes),
        (resource.RLIMIT_CPU, limits.cpu_seconds),
        (resource.RLIMIT_FSIZE, limits.file_bytes),
        (resource.RLIMIT_CORE, 0),
    )
    for which, value in wanted:
        if value is None:
            continue
        _, hard = resource.getrlimit(which)
        bound = value if hard == resource.RLIM_INFINITY else min(value, hard)
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(which, (bound, bound))
