"""The application's routes, walked, so that a test of all of them covers a new one."""

from collections.abc import Iterator

from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute

from infra.auth import Permission


def handlers(application: Litestar) -> Iterator[tuple[tuple[str, str], HTTPRouteHandler]]:
    """Every route by method and path, but those of the rendered reference."""
    for route in application.routes:
        if isinstance(route, HTTPRoute) and not route.path.startswith("/schema"):
            for handler in route.route_handlers:
                named = handler.http_methods - {"OPTIONS"}
                for method in sorted(named - {"HEAD"} if "GET" in named else named):
                    yield (method, route.path), handler


def permissions(handler: HTTPRouteHandler) -> set[Permission]:
    """What its guards require."""
    guards = [guard for layer in handler.ownership_layers for guard in layer.guards or []]
    return {guard.permission for guard in guards if hasattr(guard, "permission")}
