"""The child process that draws and masks samples: :func:`infra.child_process.serve` says how it is bounded.

A request is ``{"path", "folder", "columns", "spec", "rules", "guarded", "key", "least"}``; the answer is
``{"rows": …}`` or ``{"refused": …}``. Values as they are stay here.
"""

from typing import Any

from infra.child_process import Handler, serve
from listings.ingest.result import Column, Kind
from listings.products.masking import MaskRule
from listings.samples.domain import DrawSpec


def _load() -> Handler:
    from listings.samples.drawing import Drawing, draw  # within the limits: loads DuckDB

    def answer(request: dict[str, Any]) -> dict[str, Any]:
        drawing = Drawing(
            [Column(**{**column, "kind": Kind(column["kind"])}) for column in request["columns"]],
            DrawSpec.from_json(request["spec"]),
            {name: rule and MaskRule.from_json(rule) for name, rule in request["rules"].items()},
            frozenset(request["guarded"]),
            bytes.fromhex(request["key"]),
            request["least"],
        )
        try:
            return {"rows": draw(request["path"], drawing, request["folder"])}
        except ValueError as error:
            return {"refused": str(error)[:300]}

    return answer


if __name__ == "__main__":
    serve(_load)
