"""The child process that checks: :func:`infra.child_process.serve_with_notes` says how it is asked and bounded.

It loads Great Expectations once and answers requests until its input ends; each run is a fork of it
(`quality.engine.isolation`). A request is ``{"path", "checks", "examples", "facts"}`` and may have ``check_seconds``;
the answer is ``{"rows", "repeated", "results"}`` or ``{"error"}``, and before it come notes
``{"done", "of", "check"}``. An empty request is answered by ``{"version"}``, as soon as the library is loaded.
"""

from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from infra.child_process import Handler, Notify, serve_with_notes
from quality.checks import Check
from quality.facts import RunFacts
from quality.limits import CHECK_SECONDS


def _load(notify: Notify) -> Handler:
    from quality.engine import engine, isolation  # within the limits: loads Great Expectations

    engine.warm_up()

    def work(request: dict[str, Any], asked: Mapping[int, Check], tell: isolation.Tell) -> None:
        try:
            found = engine.carry_out(
                asked,
                Path(request["path"]),
                RunFacts.from_json(request["facts"]),
                examples=request["examples"],
                on_start=lambda number: tell(isolation.started(number)),
                on_result=lambda number, result: tell(isolation.finished(number, result)),
            )
        except engine.TooMuchToCheck as refused:
            tell(isolation.refused(f"{refused}."))
        except MemoryError:
            tell(isolation.refused("The revision cannot be checked: it needs more memory than there is."))
        except Exception as error:
            # The last boundary: whatever the libraries raise over one file must not end the process.
            reason = f"{type(error).__name__}: {error}".splitlines()[0][:300]
            tell(isolation.refused(f"The revision cannot be checked: {reason}"))
        else:
            tell(isolation.done(*found))

    def answer(request: dict[str, Any]) -> dict[str, Any]:
        if not request:
            return {"version": engine.VERSION}
        try:
            measured = isolation.run(
                [Check.from_json(item) for item in request["checks"]],
                partial(work, request),
                check_seconds=request.get("check_seconds", CHECK_SECONDS),
                on_progress=lambda progress: notify(asdict(progress)),
            )
        except isolation.RunFailed as failed:
            return {"error": str(failed)}
        return measured.to_json()

    return answer


if __name__ == "__main__":
    serve_with_notes(_load)
