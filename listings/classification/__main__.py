"""The child process that looks at a revision's columns: :func:`infra.child_process.serve` says how it is bounded.

A request is ``{"path", "columns", "detected"}``; the answer is ``{"proposals": …}`` or ``{"failed": …}``.
Values stay here.
"""

from typing import Any

from infra.child_process import Handler, serve
from listings.ingest.personal import ContentKind
from listings.ingest.result import Column, Kind


def _load() -> Handler:
    from listings.classification.proposals import propose_all
    from listings.classification.reading import sample_columns  # within the limits: loads DuckDB

    def look(request: dict[str, Any]) -> dict[str, Any]:
        columns = [Column(**{**column, "kind": Kind(column["kind"])}) for column in request["columns"]]
        detected: dict[str, set[ContentKind]] = {}
        for name, kind in request["detected"]:
            detected.setdefault(name, set()).add(ContentKind(kind))
        try:
            samples = sample_columns(request["path"], columns, detected)
        except (OSError, RuntimeError, ValueError) as error:
            return {"failed": str(error)[:300]}
        return {"proposals": [one.to_json() for one in propose_all(samples)]}

    return look


if __name__ == "__main__":
    serve(_load)
