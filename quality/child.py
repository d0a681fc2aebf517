"""The child process that checks: :func:`infra.child_process.serve` says how it is asked and bounded.

It loads Great Expectations once and answers requests until its input ends. A request is ``{"path", "checks",
"examples"}``, answered by ``{"results"}`` or ``{"error"}``; an empty request is answered by ``{"version"}``, as soon as
the library is loaded.
"""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from infra.child_process import Handler, serve
from quality.checks import Check

_KEPT = ("evaluated", "satisfied", "missing", "observed", "examples", "error")


def _load() -> Handler:
    from quality import engine  # within the limits: loads Great Expectations

    def answer(request: dict[str, Any]) -> dict[str, Any]:
        if not request:
            return {"version": engine.VERSION}
        checks = [Check.from_json(item) for item in request["checks"]]
        try:
            results = engine.run(checks, Path(request["path"]), examples=request["examples"])
        except engine.TooMuchToCheck as refused:
            return {"error": f"{refused}."}
        except MemoryError:
            return {"error": "The check needs more memory than it may use."}
        except Exception as error:
            # The last boundary: whatever the libraries raise over one file must not end the process.
            reason = f"{type(error).__name__}: {error}".splitlines()[0][:300]
            return {"error": f"The revision cannot be checked: {reason}"}
        return {"results": [{name: asdict(result)[name] for name in _KEPT} for result in results]}

    return answer


if __name__ == "__main__":
    serve(_load)
