"""The child process that converts one file: :func:`infra.child_process.serve` says how it is asked and bounded.

A request is ``{"source", "target", "work", "filename", "options", "limits", "expected"}``; the answer is
``{"result": …}`` or ``{"refusal": …}``. Before it come notes: how far the conversion is.
"""

from pathlib import Path
from typing import Any

from infra.child_process import Handler, Notify, serve_with_notes
from listings.ingest.errors import FileRefused, FileTooLarge, needs_too_much_memory, refusal_to_json
from listings.ingest.expected import ExpectedColumn
from listings.ingest.limits import Limits
from listings.ingest.result import IngestOptions


def _load(notify: Notify) -> Handler:
    from listings.ingest.pipeline import ingest  # within the limits: loads DuckDB
    from listings.ingest.progress import Reporter

    def convert(request: dict[str, Any]) -> dict[str, Any]:
        try:
            with Reporter(lambda progress: notify(progress.to_json())) as reporter:
                result = ingest(
                    Path(request["source"]),
                    Path(request["target"]),
                    Path(request["work"]),
                    request["filename"],
                    IngestOptions.from_json(request["options"]),
                    Limits(**request["limits"]),
                    [ExpectedColumn.from_json(column) for column in request["expected"]],
                    reporter,
                )
        except (FileRefused, FileTooLarge) as refusal:
            return {"refusal": refusal_to_json(refusal)}
        except MemoryError:
            return {"refusal": refusal_to_json(needs_too_much_memory())}
        return {"result": result.to_json()}

    return convert


if __name__ == "__main__":
    serve_with_notes(_load)
