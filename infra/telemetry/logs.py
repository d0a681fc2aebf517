"""Structured logs, which never fail: see :mod:`infra.telemetry.log_output`."""

import atexit
import logging
import sys
from collections.abc import Iterable
from typing import Any

import structlog
from opentelemetry import trace

from infra.settings import Settings
from infra.telemetry.log_output import LogOutput, LogStream, json_notice, text_notice

_DRAIN_SECONDS = 2.0
_stdout = LogOutput(1)
_stderr = LogOutput(2)


def configure_logging(settings: Settings) -> None:
    """One event a line on standard error: JSON for machines, or text for people."""
    renderer: Any = structlog.processors.JSONRenderer(ensure_ascii=False)
    _stderr.notice = json_notice
    if settings.log_format == "console":
        renderer = structlog.dev.ConsoleRenderer(colors=LogStream(_stderr).isatty())
        _stderr.notice = text_notice
    level = logging.getLevelNamesMapping()[settings.log_level]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _add_trace,
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=_never_failing(structlog.make_filtering_bound_logger(level)),
        logger_factory=_Lines,
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, handlers=[LogHandler()])


def take_over_streams() -> None:
    """Let what libraries print, and the interpreter's own words, neither fail nor wait. Once, as a process begins."""
    sys.stdout, sys.stderr = LogStream(_stdout), LogStream(_stderr)
    atexit.register(drain)


def drain() -> None:
    """Wait until what was logged is written: two seconds at most."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, LogStream):
            stream.flush()
    for output in (_stdout, _stderr):
        output.drain(_DRAIN_SECONDS)


def dropped_lines() -> int:
    """Log lines of this process that could not be written."""
    return _stdout.dropped + _stderr.dropped


def dropped_lines_by_stream() -> Iterable[tuple[int, dict[str, str]]]:
    """The same for metrics."""
    return [(_stdout.dropped, {"stream": "stdout"}), (_stderr.dropped, {"stream": "stderr"})]


class LogHandler(logging.Handler):
    """Takes what the standard library's loggers are told, Granian's among them, to standard error."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(logging.Formatter("%(levelname)s %(name)s %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        """Hand the line over; of one that cannot be made, what it would have been made of."""
        try:
            line = self.format(record)
        except Exception:
            line = f"{record.levelname} {record.name} log_event_unprintable {str(record.msg)[:200]!r}"
        _stderr.write(line + "\n")


class _Lines:
    """What structlog writes to: every level is one line on standard error."""

    def __init__(self, *_: Any) -> None:
        pass

    def msg(self, message: str) -> None:
        _stderr.write(message + "\n")

    debug = info = warning = warn = error = critical = exception = fatal = log = msg


def _never_failing(base: Any) -> Any:
    """A structlog wrapper class whose events may contain what cannot be shown."""

    class Wrapper(base):  # type: ignore[misc]
        def _proxy_to_logger(self, method: str, event: str | None = None, **fields: Any) -> Any:
            try:
                return super()._proxy_to_logger(method, event, **fields)
            except Exception as error:
                # Of a value that raises when it is asked for its text, only its name is told.
                try:
                    return super()._proxy_to_logger(
                        method,
                        "log_event_unprintable",
                        logged=str(event)[:200],
                        fields=sorted(fields),
                        error=type(error).__name__,
                    )
                except Exception:
                    _stderr.count_dropped()

    return Wrapper


def _add_trace(_: Any, __: str, event: Any) -> Any:
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        event["trace_id"] = format(context.trace_id, "032x")
    return event
