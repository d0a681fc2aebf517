"""The `market` command in processes of its own that need not load everything anew.

One process imports what the commands import, which takes seconds, and then forks for each command, which takes a
hundredth of one. The fork has its own environment, folder, output and exit code, and runs the command's ``main``.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import Any, Self

PROJECT = Path(__file__).parents[2]
LOADED = ("market.cli", "market.app", "market.demo", "market.demo.launch", "market.operations.serving",
          "market.operations.worker", "market.operations.supervisor", "market.operations.backup",
          "market.operations.restore")  # fmt: skip

LONGEST_SECONDS = 240


def clean_environment() -> dict[str, str]:
    """The environment without any setting of the service but this: no metrics, whose ports others may hold."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("MARKET_", "DATABASE_"))
    }
    return kept | {"MARKET_METRICS_PORT": "0", "MARKET_WORKER_METRICS_PORT": "0"}


class MarketCommand:
    """Runs `market`; a context manager, which ends the process that forks."""

    def __init__(self) -> None:
        self._parent = subprocess.Popen(
            [sys.executable, "-m", "tests.support.command"],
            cwd=PROJECT,
            env=clean_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None
    ) -> None:
        self._parent.communicate()

    def __call__(self, *arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run it with nothing set but what is given."""
        return self.run(*arguments, environment=clean_environment() | environment)

    def run(
        self, *arguments: str | Path, environment: Mapping[str, str], folder: Path = PROJECT
    ) -> subprocess.CompletedProcess[str]:
        """Run it in an environment and a folder."""
        assert self._parent.stdin is not None
        assert self._parent.stdout is not None
        with tempfile.TemporaryDirectory() as outputs:
            out, err = Path(outputs, "out"), Path(outputs, "err")
            asked: dict[str, Any] = {
                "arguments": [str(argument) for argument in arguments],
                "environment": dict(environment),
                "folder": str(folder),
                "out": str(out),
                "err": str(err),
            }
            self._parent.stdin.write(json.dumps(asked) + "\n")
            self._parent.stdin.flush()
            code = int(self._parent.stdout.readline())
            return subprocess.CompletedProcess(
                ["market", *asked["arguments"]],
                code,
                out.read_text(encoding="utf-8"),
                err.read_text(encoding="utf-8"),
            )


def serve() -> None:
    """Fork for every line of standard input; answer its exit code."""
    for name in LOADED:
        import_module(name)
    for line in sys.stdin:
        asked = json.loads(line)
        child = os.fork()
        if child == 0:
            os._exit(_main(asked))
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


def _main(asked: Mapping[str, Any]) -> int:
    from market import cli

    nothing = os.open(os.devnull, os.O_RDONLY)
    for number, opened in (
        (0, nothing),
        (1, os.open(asked["out"], os.O_WRONLY | os.O_CREAT, 0o600)),
        (2, os.open(asked["err"], os.O_WRONLY | os.O_CREAT, 0o600)),
    ):
        os.dup2(opened, number)
    os.environ.clear()
    os.environ.update(asked["environment"])
    os.chdir(asked["folder"])
    signal.alarm(LONGEST_SECONDS)  # ends the process, and the exit code says so
    sys.argv = ["market", *asked["arguments"]]
    sys.modules["__main__"].__package__ = ""  # what the usage line calls the program is then the line above
    try:
        cli.main()
    except SystemExit as ending:
        return ending.code if isinstance(ending.code, int) else int(ending.code is not None)
    except BaseException:
        traceback.print_exc()
        return 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


if __name__ == "__main__":
    serve()
