"""The child process that checks on Spark: asked and answering as ``quality.engine.child``, with its own Java process.

It starts Spark once and answers requests until its input ends; then Java, whose input it held, ends too. The first
request says where Spark runs: ``{"master", "driver_host", "heap_mb", "python_mb"}``, answered by ``{"version"}`` or
``{"error"}``.
"""

import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

from infra.child_process import Handler, Notify, serve_with_notes
from quality.checks import Check
from quality.facts import RunFacts
from quality.limits import CHECK_SECONDS


def _load(notify: Notify) -> Handler:
    from quality.spark import engine, session

    home = Path(os.environ["HOME"])
    opened: list[tuple[Any, int]] = []

    def start(request: dict[str, Any]) -> dict[str, Any]:
        try:
            settings = session.SparkSettings(**request)
            opened.append((session.open_session(settings, home), settings.python_mb * 1024 * 1024))
        except (
            Exception
        ) as error:  # Java is missing, too old or cannot have so much memory; a cluster is away
            return {"error": f"Spark does not start: {_line(error)}"}
        return {"version": engine.VERSION}

    def answer(request: dict[str, Any]) -> dict[str, Any]:
        if not opened:
            return start(request)
        spark, allowed_bytes = opened[0]
        checks = [Check.from_json(item) for item in request["checks"]]
        try:
            measured = engine.run(
                spark,
                checks,
                Path(request["path"]),
                RunFacts.from_json(request["facts"]),
                examples=request["examples"],
                on_progress=lambda progress: notify(asdict(progress)),
                check_seconds=request.get("check_seconds", CHECK_SECONDS),
                allowed_bytes=allowed_bytes,
            )
        except Exception as error:
            # The last boundary: whatever the libraries raise over one file must not end the process.
            return {"error": f"The revision cannot be checked: {_line(error)}"}
        return measured.to_json()

    return answer


def _line(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0][:300]


if __name__ == "__main__":
    serve_with_notes(_load)
