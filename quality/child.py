"""The process that checks: ``python -m quality.child``. One JSON request per line in, one JSON answer per line out.

It loads Great Expectations before it says that it is ready, and then serves until its input ends. Whatever the
libraries print goes to standard error.
"""

import json
import os
import resource
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from quality.checks import Check


def main() -> None:
    """Serve requests ``{"path", "checks", "examples"}`` with ``{"results"}`` or ``{"error"}``.

    The first argument is the memory limit in MiB.
    """
    _confine(int(sys.argv[1]))
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    from quality import engine  # after the limits: loads Great Expectations

    _say(answers, {"ready": engine.VERSION})
    for line in sys.stdin:
        request = json.loads(line)
        try:
            checks = [Check.from_json(item) for item in request["checks"]]
            results = engine.run(checks, Path(request["path"]), examples=request["examples"])
        except engine.TooMuchToCheck as refused:
            _say(answers, {"error": f"{refused}."})
        except MemoryError:
            _say(answers, {"error": "The check needs more memory than it may use."})
        except Exception as error:
            # The last boundary: whatever the libraries raise over one file must not end the process.
            reason = f"{type(error).__name__}: {error}".splitlines()[0][:300]
            _say(answers, {"error": f"The revision cannot be checked: {reason}"})
        else:
            kept = ("evaluated", "satisfied", "examples", "error")
            _say(answers, {"results": [{k: asdict(r)[k] for k in kept} for r in results]})


def _say(stream: Any, document: dict[str, Any]) -> None:
    stream.write(json.dumps(document, ensure_ascii=False) + "\n")
    stream.flush()


def _confine(memory_mb: int) -> None:
    """Bound the address space: what the libraries map before any data (about 2 GiB) and the memory allowed."""
    bound = (memory_mb + 2_048) * 1024 * 1024
    try:
        resource.setrlimit(resource.RLIMIT_AS, (bound, bound))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (OSError, ValueError):
        return


if __name__ == "__main__":
    main()
