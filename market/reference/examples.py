"""Real examples of every operation, recorded from a played trade into ``examples.json``.

``python -m tests.reference`` records them anew; ``tests/reference`` sends them to a running service.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.spec import OpenAPIResponse, Operation, Parameter, Reference, RequestBody
from litestar.routes import HTTPRoute

from infra.auth import ROLE_PERMISSIONS, Permission
from infra.errors import PROBLEM_MEDIA_TYPE
from infra.reference import KEY_EXAMPLE
from market.reference.problems import example_name

FILE = Path(__file__).with_name("examples.json")

Example = Mapping[str, Any]
"""One exchange: ``request`` with ``path``, ``query``, ``media_type`` and ``body``; ``response`` with ``status`` and
``body``."""


@cache
def examples() -> Mapping[str, Example]:
    """The examples by operation id."""
    found: dict[str, Example] = json.loads(FILE.read_text(encoding="utf-8"))
    return found


def describe(app: Litestar) -> None:
    """Let every operation say who may call it, and show its example, once the document is asked for."""
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            for handler in route.route_handlers:
                if handler.resolve_include_in_schema():
                    handler.operation_class = _documented(handler)


def _documented(handler: HTTPRouteHandler) -> type[Operation]:
    base = _documenting(handler.operation_class)  # type: ignore[arg-type]  # a class is hashable
    return type("Documented", (base,), {"handler": handler})


@cache
def _documenting(base: type[Operation]) -> type[Operation]:
    """Made once for all operations of a kind: a dataclass of its own for each of them would take megabytes."""

    @dataclass
    class Documenting(base):  # type: ignore[misc, valid-type]
        handler: ClassVar[HTTPRouteHandler]

        def __post_init__(self) -> None:
            complete = getattr(super(), "__post_init__", None)
            if complete is not None:
                complete()
            told: str = vars(self).get("description") or ""
            parts = (told.replace("``", "`"), _who(self.handler))
            self.description = "\n\n".join(part for part in parts if part)
            _offer(self)
            if (example := examples().get(str(self.operation_id))) is not None:
                _show(self, example)

    return Documenting


def _who(handler: HTTPRouteHandler) -> str:
    """Who may call it, from its guards."""
    if handler.opt.get("bearer") == "licence":
        return "**Who**: whoever holds a token of the licence."
    if "public" in handler.opt:
        return "**Who**: anybody."
    guards = [guard for layer in handler.ownership_layers for guard in layer.guards or []]
    needed: list[Permission] = [guard.permission for guard in guards if hasattr(guard, "permission")]
    roles = sorted(role.value for role, held in ROLE_PERMISSIONS.items() if set(needed) <= held)
    permissions = ", ".join(f"`{permission.value}`" for permission in needed)
    return f"**Who**: needs the permission {permissions}, which these roles have: {', '.join(roles)}."


def _offer(operation: Operation) -> None:
    """A name for the request where it takes one, and what its problems look like."""
    for parameter in operation.parameters or []:
        if isinstance(parameter, Parameter) and parameter.name == "Idempotency-Key":
            parameter.example = KEY_EXAMPLE
    for status, response in (operation.responses or {}).items():
        if isinstance(response, OpenAPIResponse) and (name := example_name(status)) is not None:
            media = (response.content or {}).get(PROBLEM_MEDIA_TYPE)
            if media is not None:
                media.examples = {"problem": Reference(ref=f"#/components/examples/{name}")}


def _show(operation: Operation, example: Example) -> None:
    request, response = example["request"], example["response"]
    places = {"path": request["path"], "query": request["query"]}
    for parameter in operation.parameters or []:
        if isinstance(parameter, Parameter) and parameter.name in places.get(parameter.param_in, {}):
            parameter.example = places[parameter.param_in][parameter.name]
    body = operation.request_body
    if isinstance(body, RequestBody) and request["body"] is not None:
        for media in body.content.values():
            media.example = request["body"]
    shown = (operation.responses or {}).get(str(response["status"]))
    if isinstance(shown, OpenAPIResponse) and response["body"] is not None:
        for media in (shown.content or {}).values():
            media.example = response["body"]
