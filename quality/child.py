"""The child process that checks: :func:`infra.child_process.serve_with_notes` says how it is asked and bounded.

It loads Great Expectations once and answers requests until its input ends. A request is ``{"path", "checks",
"examples", "facts"}``, answered by ``{"rows", "repeated", "results"}`` or ``{"error"}``, and before that by notes
``{"done", "of", "check"}``; an empty request is answered by ``{"version"}``, as soon as the library is loaded.
"""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from infra.child_process import Handler, Notify, serve_with_notes
from quality.checks import Check
from quality.facts import RunFacts

_KEPT = ("evaluated", "satisfied", "missing", "observed", "examples", "error")


def _load(notify: Notify) -> Handler:
    from quality import engine  # within the limits: loads Great Expectations

    def answer(request: dict[str, Any]) -> dict[str, Any]:
        if not request:
            return {"version": engine.VERSION}
        checks = [Check.from_json(item) for item in request["checks"]]
        try:
            measured = engine.run(
                checks,
                Path(request["path"]),
                RunFacts.from_json(request["facts"]),
                examples=request["examples"],
                on_progress=lambda progress: notify(asdict(progress)),
            )
        except engine.TooMuchToCheck as refused:
            return {"error": f"{refused}."}
        except MemoryError:
            return {"error": "The check needs more memory than it may use."}
        except Exception as error:
            # The last boundary: whatever the libraries raise over one file must not end the process.
            reason = f"{type(error).__name__}: {error}".splitlines()[0][:300]
            return {"error": f"The revision cannot be checked: {reason}"}
        return {
            "rows": measured.rows,
            "repeated": measured.repeated,
            "results": [{name: asdict(result)[name] for name in _KEPT} for result in measured.results],
        }

    return answer


if __name__ == "__main__":
    serve_with_notes(_load)
