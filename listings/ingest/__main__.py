"""The child process that converts one file: :func:`infra.child_process.serve` says how it is asked and bounded.

A request is ``{"source", "target", "work", "filename", "options", "limits", "expected"}``; the answer is
``{"result": …}`` or ``{"refusal": …}``.
"""

from pathlib import Path
from typing import Any

from infra.child_process import Handler, serve
from listings.ingest.errors import FileRefused, FileTooLarge, needs_too_much_memory, refusal_to_json
from listings.ingest.expected import ExpectedColumn
from listings.ingest.limits import Limits
from listings.ingest.result import IngestOptions


def _load() -> Handler:
    from listings.ingest.pipeline import ingest  # within the limits: loads DuckDB

    def convert(request: dict[str, Any]) -> dict[str, Any]:
        try:
            result = ingest(
                Path(request["source"]),
                Path(request["target"]),
                Path(request["work"]),
                request["filename"],
                IngestOptions.from_json(request["options"]),
                Limits(**request["limits"]),
                [ExpectedColumn.from_json(column) for column in request["expected"]],
            )
        except (FileRefused, FileTooLarge) as refusal:
            return {"refusal": refusal_to_json(refusal)}
        except MemoryError:
            return {"refusal": refusal_to_json(needs_too_much_memory())}
        return {"result": result.to_json()}

    return convert


if __name__ == "__main__":
    serve(_load)
