"""The rendered API reference: a page with no script inside, so that no content policy needs an exception for it."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from litestar import Request, Response, Router, get
from litestar.datastructures import CacheControlHeader
from litestar.openapi.plugins import SwaggerRenderPlugin
from litestar.static_files import create_static_files_router

from infra.guards import public

ASSETS = "/schema/assets"
_START = "/schema/reference.js"

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<title>{title}</title>
{favicon}
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link href="{css}" rel="stylesheet">
</head>
<body>
<div id="reference"></div>
<script src="{assets}/swagger-ui-bundle.js"></script>
<script src="{start}"></script>
</body>
</html>
"""

_SCRIPT = """// Whoever signs in here may change things too: the session's CSRF token goes with every writing request.
let csrfToken = null;
fetch("/v1/session", {headers: {Accept: "application/json"}})
  .then((answer) => (answer.ok ? answer.json() : {}))
  .then((session) => { csrfToken = session.csrf_token ?? csrfToken; });
SwaggerUIBundle({
  url: "/schema/openapi.json",
  dom_id: "#reference",
  deepLinking: true,
  showExtensions: true,
  showCommonExtensions: true,
  requestInterceptor: (request) => {
    const here = new URL(request.url, location.href).origin === location.origin;
    const writing = !["GET", "HEAD", "OPTIONS"].includes((request.method ?? "GET").toUpperCase());
    const given = Object.keys(request.headers ?? {}).some((name) => name.toLowerCase() === "x-csrf-token");
    if (here && writing && csrfToken && !given) request.headers["X-CSRF-Token"] = csrfToken;
    return request;
  },
  responseInterceptor: (answer) => {
    const path = new URL(answer.url, location.href).pathname;
    if (path.startsWith("/v1/session") && answer.ok && answer.obj?.csrf_token) csrfToken = answer.obj.csrf_token;
    return answer;
  },
  presets: [SwaggerUIBundle.presets.apis],
});
"""


class ReferencePage(SwaggerRenderPlugin):
    """Swagger UI on a page of ours: scripts, style and the document come from addresses of this service."""

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """The page."""
        title = openapi_schema["info"]["title"]
        return _PAGE.format(
            title=title, favicon=self.favicon, css=self.css_url, assets=ASSETS, start=_START
        ).encode()

    def receive_router(self, router: Router) -> None:
        """No further page: the session of this origin is enough."""


@get(
    _START,
    opt=public("the open API reference starts with it"),
    include_in_schema=False,
    sync_to_thread=False,
    media_type="text/javascript",
)
def start_script() -> Response[str]:
    """The script that draws the reference."""
    return Response(_SCRIPT, headers={"Cache-Control": "public, max-age=3600"})


def assets() -> Router:
    """Script and style of the reference, out of a pinned package: nothing comes from another host."""
    package = find_spec("swagger_ui")
    assert package is not None
    assert package.submodule_search_locations is not None
    return create_static_files_router(
        path=ASSETS,
        directories=[Path(package.submodule_search_locations[0]) / "static"],
        cache_control=CacheControlHeader(public=True, max_age=3600),
        opt=public("scripts of the open API reference"),
        include_in_schema=False,
    )
