"""The process that runs statements: :func:`infra.child_process.serve` says how it is asked and bounded.

A request is ``{"path", "statement", "seconds", "memory_bytes", "examples"}``, answered by ``{"rows", "failing",
"missing", "examples"}`` or ``{"error"}``; an empty request is answered by ``{}``, as soon as the database is loaded.
"""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from infra.child_process import Handler, serve


def _load() -> Handler:
    from quality.statements.database import failing_rows
    from quality.statements.limits import StatementFailed, StatementLimits

    def answer(request: dict[str, Any]) -> dict[str, Any]:
        if not request:
            return {}
        path, statement = Path(request.pop("path")), request.pop("statement")
        try:
            return asdict(failing_rows(path, statement, StatementLimits(**request)))
        except StatementFailed as failed:
            return {"error": str(failed)}
        except Exception as error:
            # The last boundary: whatever the libraries raise over one statement is told, and the next one can run.
            return {"error": f"The statement cannot be carried out: {type(error).__name__}."}

    return answer


if __name__ == "__main__":
    serve(_load)
