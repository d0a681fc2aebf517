"""Work on what is not trusted, in a child process: bounded, without secrets, and gone when its parent goes.

The parent starts ``python -m MODULE`` as a :class:`ChildProcess` and asks it; the module calls :func:`serve`. Each
request and each answer is one line of JSON, on standard input and output. Before its answer a child may tell how far it
is, in lines of their own (:func:`serve_with_notes`). Whatever libraries print goes nowhere.

A parser that crashes or runs out of memory takes down the child, and the parent hears :class:`ChildCrashed`. Before it
loads anything the child bounds its own memory, processor time and file size, and asks the kernel to be killed when its
parent ends, however that comes about. The memory it may use is claimed from the machine's budget
(:mod:`infra.memory_budget`), and the claim ends with the child.
"""

import asyncio
import contextlib
import ctypes
import json
import os
import resource
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:  # what a child needs not load
    from infra.memory_budget import Claim

ROOT = Path(__file__).resolve().parents[1]
MAX_ANSWER_BYTES = 32 * 1024 * 1024
_WATCH_SECONDS = 0.01
_LAST_WORDS_BYTES = 4096
_OUT_OF_MEMORY = (
    b"bad_alloc",
    b"MemoryError",
    b"annot allocate memory",
    b"ut of memory",
    b"memory allocation",
)
_KEPT_VARIABLES = ("PATH", "LD_LIBRARY_PATH")
_PR_SET_PDEATHSIG = 1

Handler = Callable[[dict[str, Any]], dict[str, Any]]
"""Answers one request; both are JSON objects."""

Notify = Callable[[Mapping[str, Any]], None]
"""Tells the parent something before the answer, such as how far the work is; a JSON object."""

_NOTE = "note"


class ChildFailed(Exception):
    """The child gave no answer; it has been killed."""


class ChildTimedOut(ChildFailed):
    """It did not answer in time."""


class ChildCrashed(ChildFailed):
    """It ended, or answered with something other than a JSON object.

    :param ending: how, for a log or a person: ``signal 9``, ``status 1``, ``invalid output``.
    :param out_of_memory: it ended since it needed more memory than it had; otherwise something else went wrong.
    """

    def __init__(self, ending: str, *, out_of_memory: bool = False) -> None:
        super().__init__(ending)
        self.ending = ending
        self.out_of_memory = out_of_memory


@dataclass(frozen=True, slots=True)
class ProcessLimits:
    """What a child may use; None for no bound besides the parent's clock.

    :param address_space_bytes: all that it maps, libraries and what is only reserved included.
    :param data_bytes: memory of its own that it may map for writing (``RLIMIT_DATA``), whether it uses it or not.
    :param resident_bytes: memory of its own that it uses. The parent looks every few milliseconds, and kills it: for
        libraries that map much more than they use.
    :param cpu_seconds: processor time over all threads.
    :param file_bytes: size of any file that it writes.
    """

    address_space_bytes: int | None = None
    data_bytes: int | None = None
    resident_bytes: int | None = None
    cpu_seconds: int | None = None
    file_bytes: int | None = None


class ChildProcess:
    """A running child, from :meth:`start`; one request at a time."""

    def __init__(self, process: asyncio.subprocess.Process, resident_bytes: int | None) -> None:
        self._process = process
        self._killed = self._too_large = False
        self._last_words = b""
        self._listening = asyncio.create_task(self._listen())
        self._watching = asyncio.create_task(self._watch(resident_bytes)) if resident_bytes else None

    @classmethod
    async def start(
        cls,
        module: str,
        *,
        limits: ProcessLimits,
        home: Path,
        claim: "Claim",
        environment: Mapping[str, str] | None = None,
    ) -> Self:
        """Start ``python -m module``.

        :param home: folder of the child's temporary files; the caller removes it.
        :param claim: on the machine's memory; held as long as the child lives, also when the caller releases it.
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
            stderr=asyncio.subprocess.PIPE,
            limit=MAX_ANSWER_BYTES,
            start_new_session=True,
            pass_fds=claim.handles,
        )
        return cls(process, limits.resident_bytes)

    @property
    def pid(self) -> int:
        """Its process id, which is also that of the session of all processes it starts."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the child has not ended."""
        return self._process.returncode is None

    @property
    def data_bytes(self) -> int | None:
        """Memory of its own that the child has at present; None where the platform does not say."""
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{self._process.pid}/status").read_text().splitlines():
                if line.startswith("VmData:"):
                    return int(line.split()[1]) * 1024
        return None

    def bound_data(self, data_bytes: int) -> None:
        """Move the bound of the child's own memory, up to the one that it was started with."""
        with contextlib.suppress(OSError, ValueError, AttributeError):  # it has ended, or the platform cannot
            _, hard = resource.prlimit(self._process.pid, resource.RLIMIT_DATA)
            resource.prlimit(self._process.pid, resource.RLIMIT_DATA, (data_bytes, hard))

    async def ask(
        self,
        request: Mapping[str, Any],
        *,
        timeout_s: float,
        on_note: Callable[[dict[str, Any]], None] | None = None,
    ) -> dict[str, Any]:
        """The answer to one request. When there is none, for whatever reason, the child is killed.

        :param on_note: called with what the child tells before it answers. What it raises is raised here.
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
                while True:
                    line = await self._process.stdout.readline()
                    if not line:
                        await self._process.wait()
                        await self._listening
                        raise ChildCrashed(self._ending(), out_of_memory=self._ran_out_of_memory())
                    answer = json.loads(line)
                    if not isinstance(answer, dict):
                        raise ChildCrashed("invalid output")
                    if answer.keys() != {_NOTE}:
                        break
                    if on_note is not None and isinstance(answer[_NOTE], dict):
                        on_note(answer[_NOTE])
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
            self._killed = True
            self._signal()
            await self._process.wait()
        await self._listening
        if self._watching is not None:
            self._watching.cancel()

    def _signal(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)

    async def _watch(self, resident_bytes: int) -> None:
        """Kill it when it uses more than that, until it has ended."""
        while self.running and (used := own_bytes(self._process.pid)) is not None:
            if used > resident_bytes:
                self._too_large = True
                self._signal()
                return
            await asyncio.sleep(_WATCH_SECONDS)

    async def _listen(self) -> None:
        """Keep the end of what it prints: the reason of a crash, if libraries tell one."""
        assert self._process.stderr is not None
        while printed := await self._process.stderr.read(_LAST_WORDS_BYTES):
            self._last_words = (self._last_words + printed)[-_LAST_WORDS_BYTES:]

    def _ran_out_of_memory(self) -> bool:
        """Whether it ended for want of memory: its libraries say so, or the kernel killed it, as nobody else does."""
        told = any(words in self._last_words for words in _OUT_OF_MEMORY)
        return self._too_large or told or (self._process.returncode == -signal.SIGKILL and not self._killed)

    def _ending(self) -> str:
        status = self._process.returncode
        assert status is not None
        return f"signal {-status}" if status < 0 else f"status {status}"


def own_bytes(pid: int) -> int | None:
    """Memory of its own that a process uses; None when it has ended, or where the platform does not say."""
    try:
        _, resident, shared, *_ = Path(f"/proc/{pid}/statm").read_text().split()
    except (OSError, ValueError):
        return None
    return (int(resident) - int(shared)) * resource.getpagesize()


def serve(load: Callable[[], Handler]) -> None:
    """The child's half: bound this process, then answer requests until standard input ends.

    :param load: imports what is heavy or untrusted, within the bounds, and returns what answers a request.
    """
    serve_with_notes(lambda _: load())


def serve_with_notes(load: Callable[[Notify], Handler]) -> None:
    """The child's half, as :func:`serve`, of a child that tells how far it is.

    :param load: is given what tells the parent something; it may be called from any thread until the answer.
    """
    given = json.loads(sys.argv[1])
    end_with(given.pop("parent"))
    _confine(ProcessLimits(**given))
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    writing = threading.Lock()

    def write(document: Mapping[str, Any]) -> None:
        with writing:
            answers.write(json.dumps(document, ensure_ascii=False) + "\n")
            answers.flush()

    handle = load(lambda note: write({_NOTE: note}))
    for line in sys.stdin:
        write(handle(json.loads(line)))


def end_with(parent: int) -> None:
    """Have the kernel kill this process when the thread that started it ends (Linux; elsewhere its input ends)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit(1)


def _confine(limits: ProcessLimits) -> None:
    """Put the bounds on this process. One that the platform refuses is left out; the parent's clock remains."""
    wanted = (
        (resource.RLIMIT_AS, limits.address_space_bytes),
        (resource.RLIMIT_DATA, limits.data_bytes),
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
