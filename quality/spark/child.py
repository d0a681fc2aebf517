"""The child process that checks on Spark: asked and answering as ``quality.engine.child``, with its own Java process.

It starts Spark once and answers requests until its input ends; then Java, whose input it held, ends too. The first
request says where Spark runs: ``{"master", "driver_host", "heap_mb"}``, answered by ``{"version"}`` or ``{"error"}``.
"""

import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

from infra.child_process import Handler, Notify, serve_with_notes
from quality.checks import Check
from quality.facts import RunFacts


def _load(notify: Notify) -> Handler:
    from quality.spark import engine, session

    home = Path(os.environ["HOME"])
    sessions: list[Any] = []

    def start(request: dict[str, Any]) -> dict[str, Any]:
        try:
            sessions.append(session.open_session(session.SparkSettings(**request), home))
        except (
            Exception
        ) as error:  # Java is missing, too old or cannot have so much memory; a cluster is away
            return {"error": f"Spark does not start: {_line(error)}"}
        return {"version": engine.VERSION}

    def answer(request: dict[str, Any]) -> dict[str, Any]:
        if not sessions:
            return start(request)
        checks = [Check.from_json(item) for item in request["checks"]]
        try:
            measured = engine.run(
                sessions[0],
                checks,
                Path(request["path"]),
                RunFacts.from_json(request["facts"]),
                examples=request["examples"],
                on_progress=lambda progress: notify(asdict(progress)),
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
