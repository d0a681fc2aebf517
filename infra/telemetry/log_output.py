"""Lines written by a thread, from a bounded queue: whoever logs is never held up and never fails.

A log may lie on a full volume, go to a pipe that nobody reads, or to a journal that has stopped. None of that may reach
the work: a line that cannot be written is dropped and counted, and once lines can be written again one of them says how
many are missing.
"""

import contextlib
import io
import json
import os
import select
import sys
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime

MAX_WAITING_BYTES = 4 * 1024 * 1024
"""What waits to be written at most; further lines are dropped."""

_RETRY_SECONDS = 0.5
_outputs: "weakref.WeakSet[LogOutput]" = weakref.WeakSet()


class LogOutput:
    """Writes lines to a descriptor.

    :param descriptor: stays the caller's, who does not close it before :meth:`drain`.
    :param notice: the line that says how many were dropped.
    """

    def __init__(self, descriptor: int, notice: Callable[[int], str] | None = None) -> None:
        self.descriptor = descriptor
        self.notice = notice or json_notice
        self._dropped = 0
        self._reset()
        _outputs.add(self)

    def _reset(self) -> None:
        # Reentrant: a finalizer may log while this very thread logs.
        self._changed = threading.Condition(threading.RLock())
        self._queue: deque[bytes] = deque()
        self._bytes = 0
        self._writing = False
        self._thread: threading.Thread | None = None
        self._unsaid = 0
        self._torn = False

    @property
    def dropped(self) -> int:
        """Lines that could not be written, since the process began."""
        return self._dropped

    def write(self, text: str) -> None:
        """Hand over one line or several; at once, whatever becomes of them."""
        line = text.encode("utf-8", "backslashreplace")
        if sys.is_finalizing():
            self._write_at_the_end(line)
            return
        with self._changed:
            if self._bytes + len(line) > MAX_WAITING_BYTES:
                self._drop()
                return
            self._queue.append(line)
            self._bytes += len(line)
            if self._thread is None or not self._thread.is_alive():
                self._start()
            self._changed.notify_all()

    def count_dropped(self) -> None:
        """Count a line that could not even be made."""
        with self._changed:
            self._drop()

    def drain(self, seconds: float) -> None:
        """Wait until everything is written, or has failed to be, for so long at most."""
        ends = time.monotonic() + seconds
        with self._changed:
            while (self._queue or self._writing) and (left := ends - time.monotonic()) > 0:
                self._changed.wait(left)

    def _write_at_the_end(self, line: bytes) -> None:
        # A finalizer logs while the interpreter ends: no thread runs any more, starting one waits for ever, and a lock
        # may be held by one that is gone. What a pipe is ready for, it takes without waiting as far as PIPE_BUF.
        with contextlib.suppress(OSError, ValueError):
            if select.select([], [self.descriptor], [], 0)[1]:
                os.write(self.descriptor, line[: select.PIPE_BUF])

    def _start(self) -> None:
        thread = threading.Thread(target=self._run, name="log", daemon=True)
        try:
            thread.start()
        except RuntimeError:  # out of threads
            self._drop(len(self._queue))
            self._queue.clear()
            self._bytes = 0
        else:
            self._thread = thread

    def _drop(self, lines: int = 1) -> None:
        self._dropped += lines
        self._unsaid += lines

    def _run(self) -> None:
        while True:
            with self._changed:
                self._writing = False
                self._changed.notify_all()
                while not self._queue:
                    # With something left to say it tries by itself; otherwise it waits for a line.
                    if not self._changed.wait(_RETRY_SECONDS if self._unsaid else None):
                        break
                line = self._queue.popleft() if self._queue else b""
                self._bytes -= len(line)
                unsaid, self._writing = self._unsaid, True
            said = unsaid == 0 or self._put(self.notice(unsaid).encode())
            written = said and self._put(line)
            with self._changed:
                if said:
                    self._unsaid -= unsaid
                if not written and line:
                    self._drop()

    def _put(self, line: bytes) -> bool:
        """Write a whole line; whether it was written."""
        rest = memoryview(b"\n" + line if self._torn and line else line)
        while rest:
            try:
                rest = rest[os.write(self.descriptor, rest) :]
            except BlockingIOError:  # somebody has made the descriptor so
                select.select([], [self.descriptor], [], _RETRY_SECONDS)
            except (OSError, ValueError):
                # What stands there of the line is ended by the next one.
                self._torn = self._torn or len(rest) < len(line)
                return False
            else:
                self._torn = self._torn and bool(rest)
        return True


class LogStream(io.TextIOBase):
    """What stands in for ``sys.stdout`` or ``sys.stderr``: whole lines go to an output."""

    def __init__(self, output: LogOutput) -> None:
        self._output = output
        self._local = threading.local()

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """Always UTF-8."""
        return "utf-8"

    @property
    def errors(self) -> str:  # type: ignore[override]
        """What UTF-8 cannot say is escaped."""
        return "backslashreplace"

    def fileno(self) -> int:
        """The descriptor behind it, for processes that are started with it."""
        return self._output.descriptor

    def isatty(self) -> bool:
        """Whether a person reads it."""
        return os.isatty(self._output.descriptor)

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, text: str) -> int:
        """Hand over every line that is complete."""
        lines, newline, rest = (getattr(self._local, "begun", "") + text).rpartition("\n")
        self._local.begun = rest
        if newline:
            self._output.write(lines + newline)
        return len(text)

    def flush(self) -> None:
        """Hand over a line that was begun too. Does not wait until it is written."""
        begun, self._local.begun = getattr(self._local, "begun", ""), ""
        if begun:
            self._output.write(begun)


def json_notice(lines: int) -> str:
    """The line that says how many were dropped, for machines."""
    fields = {"event": "log_lines_dropped", "lines": lines, "level": "warning"}
    return json.dumps(fields | {"timestamp": datetime.now(UTC).isoformat()}) + "\n"


def text_notice(lines: int) -> str:
    """The line that says how many were dropped, for people."""
    return f"{datetime.now(UTC).isoformat()} [warning  ] log_lines_dropped              lines={lines}\n"


def _after_fork() -> None:
    # The thread stays with the parent, which writes what waited; a lock may have been held at that moment.
    for output in list(_outputs):
        output._reset()  # noqa: SLF001


os.register_at_fork(after_in_child=_after_fork)
