"""``market up``: the whole service from one command, kept running until it is told to stop.

The supervisor starts the embedded PostgreSQL (unless there is a ``DATABASE_URL``), brings the schema up to date, makes
the first administrator, and runs the API and the worker as processes of their own. What dies is started again, after
growing pauses and for as long as the service is meant to run: the death of one is no reason to end the others. Only a
first start that does not succeed is given up, because a person waits for it. The processes get the service's login
only; the owner's address stays here.
"""

import asyncio
import http.client
import os
import shutil
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from rich.console import Console

from infra.addresses import service_url
from infra.postgres import EmbeddedPostgres, PostgresError
from infra.settings import Settings
from infra.tasks import TaskRegistry
from market.operations.database import bring_up_to_date, first_administrator, with_server
from market.operations.errors import CommandFailed
from market.operations.serving import SUPERVISED, check_port

_READY_SECONDS = 60.0
_STOP_SECONDS = 12.0
_MAX_EXITS_BEFORE_READY = 3
_FIRST_PAUSE_SECONDS = 0.25
_LONGEST_PAUSE_SECONDS = 30.0
_STEADY_SECONDS = 60.0
_TELL_SECONDS = 60.0
_LOG_BYTES = 8 * 1024 * 1024
_LAST_OUTPUT_BYTES = 4096
_LOOK_SECONDS = 0.5

ALLOCATOR = {
    # A memory arena for every thread costs a tenth of the API's resident memory and buys nothing here.
    "MALLOC_ARENA_MAX": "2",
    # Left to itself, the allocator keeps the 19 MB of a password's hash for the next one.
    "MALLOC_MMAP_THRESHOLD_": str(1 << 20),
    "MALLOC_TRIM_THRESHOLD_": str(8 << 20),
}
"""Environment in which the processes take the least memory."""


@dataclass
class Restarts:
    """How often a process has ended, how long to wait before the next start, and when a person is told.

    :ivar in_a_row: ends after each of which it had not run for a minute.
    """

    in_a_row: int = 0
    _untold: int = 0
    _told_at: float | None = None

    def ended(self, ran: float) -> float:
        """Count an end.

        :param ran: seconds since the start.
        :return: the pause before the next start, in seconds.
        """
        self.in_a_row = 1 if ran >= _STEADY_SECONDS else self.in_a_row + 1
        self._untold += 1
        # The exponent is bounded: a thousand ends are no float's power of two.
        return float(min(_FIRST_PAUSE_SECONDS * 2 ** min(self.in_a_row - 1, 10), _LONGEST_PAUSE_SECONDS))

    def to_tell(self, now: float) -> int:
        """Ends that a person is to be told of now: none when that was done less than a minute ago.

        :param now: seconds of a monotonic clock.
        """
        if self._told_at is not None and now - self._told_at < _TELL_SECONDS:
            return 0
        untold, self._untold, self._told_at = self._untold, 0, now
        return untold


class Child:
    """One process of the service, and the file it logs to.

    :param command: arguments of the ``market`` command.
    """

    def __init__(self, name: str, command: Sequence[str], environment: dict[str, str], log: Path) -> None:
        self.name = name
        self.log = log
        self.restarts = Restarts()
        self._command = [sys.executable, "-m", "market.cli", *command]
        self._environment = environment
        self._process: asyncio.subprocess.Process | None = None

    @property
    def last_output(self) -> str:
        """The last line it wrote that says something."""
        return last_line(self.log)

    async def run(self) -> int:
        """Start the process and wait for its end; its exit status."""
        # A session of its own: Ctrl-C at the terminal reaches the supervisor alone, which stops all in order.
        with self._open_log() as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._environment,
                start_new_session=True,
            )
        status = await self._process.wait()
        # What it started itself must not outlive it.
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        return status

    def _open_log(self) -> BinaryIO:
        try:
            return self.log.open("ab")
        except OSError:  # a full volume, or one that is gone: the process runs all the same
            return Path(os.devnull).open("ab")

    async def stop(self) -> None:
        """End the process: asked first, then made to."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.terminate()
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                await process.wait()
        except TimeoutError:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()

    def trim_log(self) -> None:
        """Put a log that has grown large aside, in place of the one put aside before."""
        # The process keeps writing to the end of the same file, so it is emptied rather than moved.
        if self.log.stat().st_size <= _LOG_BYTES:
            return
        aside = self.log.with_suffix(".log.1")
        try:
            shutil.copyfile(self.log, aside)
        except OSError:  # no room for two: rather none than one that fills the volume
            aside.unlink(missing_ok=True)
        os.truncate(self.log, 0)


class Supervisor:
    """Runs one installation on one machine.

    :param console: where a person is told how things stand.
    """

    def __init__(self, settings: Settings, console: Console) -> None:
        self._settings = settings
        self._console = console
        self._stopping = asyncio.Event()
        self._failure: Exception | None = None
        self._server: EmbeddedPostgres | None = None
        self._children: list[Child] = []
        self._tasks = TaskRegistry()
        self._was_ready = False

    async def run(self, after_ready: Callable[[str | None], Awaitable[None]] | None = None) -> None:
        """Start everything, stay until told to stop, stop everything.

        :param after_ready: awaited once the service answers, with the new administrator's password or None.
        :raises CommandFailed: the service could not be started.
        :raises PostgresError: the embedded server could not be started.
        :raises SchemaMismatch: the schema is of a newer version of the service.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._stopping.set)
        keepers: list[asyncio.Task[None]] = []
        password: str | None = None
        try:
            settings = await self._prepare()
            if not self._stopping.is_set():
                keepers = self._start_keepers()
                # Beside the API's start: reading what it takes to make an administrator costs as long.
                login = asyncio.create_task(first_administrator(settings))
                await self._until_ready()
                password = await login
                if password is not None:
                    self._tell(
                        f"{'First login':<12} {settings.admin_email}  password {password}  (shown this once)"
                    )
            if after_ready is not None and not self._stopping.is_set():
                await self._unless_stopped(after_ready(password))
            await self._stopping.wait()
        finally:
            await self._stop(keepers)
        if self._failure is not None:
            raise self._failure

    async def _prepare(self) -> Settings:
        """Everything up to the processes; the settings with the database's address."""
        settings, began = self._settings, time.monotonic()
        check_port(settings)
        if settings.database_url is None:
            self._server = EmbeddedPostgres(settings.data_dir)
            address = await asyncio.to_thread(self._server.start)
            settings = with_server(settings, address)
            self._say("PostgreSQL", f"embedded, in {settings.data_dir}", began)
        began = time.monotonic()
        await bring_up_to_date(settings)
        self._say("Schema", "up to date", began)
        logs = self._private_folder("logs")
        environment = self._environment(settings)
        self._children = [
            Child("API", ["serve"], environment, logs / "api.log"),
            Child("worker", ["worker"], environment, logs / "worker.log"),
        ]
        return settings

    def _environment(self, settings: Settings) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
        return kept | {
            "DATABASE_SERVICE_URL": service_url(settings),
            "MARKET_DATA_DIR": str(settings.data_dir),
            "MARKET_HOST": settings.host,
            "MARKET_PORT": str(settings.port),
            "PYTHONUNBUFFERED": "1",
            **ALLOCATOR,
            SUPERVISED: str(os.getpid()),
        }

    def _private_folder(self, name: str) -> Path:
        folder = self._settings.data_dir / name
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise CommandFailed(
                f"Cannot make {folder}: {error.strerror}. Choose another --data-dir."
            ) from error
        return folder

    def _start_keepers(self) -> list[asyncio.Task[None]]:
        works: dict[str, Callable[[], Coroutine[Any, Any, None]]] = {
            f"keep-{child.name}": partial(self._keep, child) for child in self._children
        }
        works["keep-logs"] = self._keep_logs
        if self._server is not None:
            works["keep-postgresql"] = partial(self._keep_server, self._server)
        return [self._tasks.start(name, work, ended=self._stopping.is_set) for name, work in works.items()]

    async def _keep(self, child: Child) -> None:
        """Run a process again and again until the service stops."""
        while not self._stopping.is_set():
            began = time.monotonic()
            try:
                ending = f"status {await child.run()}"
            except OSError as error:  # out of memory, processes or descriptors: there was none to run
                ending = error.strerror or str(error)
            if self._stopping.is_set():
                return
            pause = child.restarts.ended(time.monotonic() - began)
            given_up = not self._was_ready and child is self._children[0]
            if given_up and child.restarts.in_a_row >= _MAX_EXITS_BEFORE_READY:
                self._fail(
                    CommandFailed(
                        f"The {child.name} ended {_MAX_EXITS_BEFORE_READY} times and was never ready, last with: "
                        f"{child.last_output} - read {child.log}, then start again."
                    )
                )
                return
            self._tell_of(f"The {child.name}", child.restarts, ending, pause, child.last_output, child.log)
            await self._unless_stopped(asyncio.sleep(pause))

    async def _keep_logs(self) -> None:
        while not self._stopping.is_set():
            for child in self._children:
                with suppress(OSError):
                    await asyncio.to_thread(child.trim_log)
            await self._unless_stopped(asyncio.sleep(10 * _LOOK_SECONDS))

    async def _keep_server(self, server: EmbeddedPostgres) -> None:
        """Start the embedded PostgreSQL again when it ends; the processes find it again by themselves."""
        restarts, began = Restarts(), time.monotonic()
        while not self._stopping.is_set():
            await self._unless_stopped(asyncio.sleep(_LOOK_SECONDS))
            if self._stopping.is_set() or server.alive():
                continue
            pause = restarts.ended(time.monotonic() - began)
            reason = last_line(server.log, "PANIC:", "FATAL:")
            began = time.monotonic()
            try:
                await asyncio.to_thread(server.start)
            except (PostgresError, OSError) as error:
                reason = str(error)
            self._tell_of("PostgreSQL", restarts, "", pause, reason, server.log)
            await self._unless_stopped(asyncio.sleep(pause))

    def _fail(self, failure: Exception) -> None:
        self._failure = failure
        self._stopping.set()

    async def _until_ready(self) -> None:
        began = time.monotonic()
        while not self._stopping.is_set() and time.monotonic() - began < _READY_SECONDS:
            if await asyncio.to_thread(answers, self._settings):
                self._was_ready = True
                self._say("Service", f"ready at {self._settings.base_url}", began)
                return
            await self._unless_stopped(asyncio.sleep(0.05))
        if not self._stopping.is_set():
            self._fail(
                CommandFailed(
                    f"The service was not ready in {_READY_SECONDS:.0f} seconds, last output: "
                    f"{self._children[0].last_output} Read {self._children[0].log}."
                )
            )

    async def _unless_stopped(self, work: Awaitable[None]) -> None:
        """Wait for work, or until the service is to stop, whichever comes first."""
        doing = asyncio.ensure_future(work)
        told = asyncio.create_task(self._stopping.wait())
        await asyncio.wait((doing, told), return_when=asyncio.FIRST_COMPLETED)
        told.cancel()
        if doing.done():
            doing.result()
            return
        doing.cancel()
        await asyncio.wait((doing,))

    async def _stop(self, keepers: Sequence[asyncio.Task[None]]) -> None:
        self._stopping.set()
        await asyncio.gather(*(child.stop() for child in self._children))
        if keepers:
            await asyncio.wait(keepers)
        if self._server is not None:
            await asyncio.to_thread(self._server.stop)

    def _tell_of(
        self, name: str, restarts: Restarts, ending: str, pause: float, reason: str, log: Path
    ) -> None:
        """Tell a person that something ended: at once the first time, then once a minute at most."""
        count = restarts.to_tell(time.monotonic())
        if count == 0:
            return
        times = "" if count == 1 else f" {count} times since this was last said"
        how = f" ({ending})" if ending else ""
        self._tell(
            f"{name} ended{times}{how} and is started again after {pause:.2g} s: {reason} - read {log}"
        )

    def _say(self, what: str, how: str, began: float) -> None:
        self._tell(f"{what:<12} {how}  ({time.monotonic() - began:.1f} s)")

    def _tell(self, line: str) -> None:
        self._console.print(f"  {line}", markup=False, highlight=False, soft_wrap=True)


def last_line(log: Path, *marks: str) -> str:
    """The last line of a log that says something; the last one with a mark, where there is one."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _LAST_OUTPUT_BYTES))
            # Without the frame that Python draws around a group of exceptions.
            lines = [line.strip(" \t|+-") for line in file.read().decode(errors="replace").splitlines()]
    except OSError as error:
        return f"its log cannot be read ({error.strerror})"
    telling = [line for line in reversed(lines) if line and "Unexpected exit from worker" not in line]
    marked = (line for line in telling if any(mark in line for mark in marks))
    return next(marked, next(iter(telling), "no output"))


def answers(settings: Settings) -> bool:
    """Whether the API of these settings says that it is ready."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104
    connection = http.client.HTTPConnection(host, settings.port, timeout=5)
    try:
        connection.request("GET", "/health/ready")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
