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

KEY_EXAMPLE = "any-name-of-yours"
"""What stands in the field of an ``Idempotency-Key`` on the page, which sends a fresh one instead."""

_SCRIPT = """// Whoever signs in here may change things too: the session's CSRF token goes with every writing request.
let csrfToken = null;
const find = (headers, wanted) => Object.keys(headers ?? {}).find((name) => name.toLowerCase() === wanted);
const keepToken = async () => {
  // Asked for when it is needed only: whoever reads has no session, and an error in the console would say so.
  const answer = await fetch("/v1/session", {headers: {Accept: "application/json"}});
  if (answer.ok) csrfToken = (await answer.json()).csrf_token ?? null;
};
SwaggerUIBundle({
  url: "/schema/openapi.json",
  dom_id: "#reference",
  deepLinking: true,
  showExtensions: true,
  showCommonExtensions: true,
  requestInterceptor: async (request) => {
    const url = new URL(request.url, location.href);
    const writing = !["GET", "HEAD", "OPTIONS"].includes((request.method ?? "GET").toUpperCase());
    if (url.origin !== location.origin || !writing) return request;
    const key = find(request.headers, "idempotency-key");
    // The name in the field is an example: sent twice, it would be another request under the same name.
    if (key && request.headers[key] === "KEY_EXAMPLE") {
      request.headers[key] = `reference-${Date.now()}-${Math.random()}`;
    }
    if (find(request.headers, "x-csrf-token") || find(request.headers, "authorization")) return request;
    if (!csrfToken && url.pathname !== "/v1/session") await keepToken();
    if (csrfToken) request.headers["X-CSRF-Token"] = csrfToken;
    return request;
  },
  responseInterceptor: (answer) => {
    const path = new URL(answer.url, location.href).pathname;
    if (path === "/v1/session" && answer.status === 204) csrfToken = null;
    else if (path.startsWith("/v1/session") && answer.ok) csrfToken = answer.obj?.csrf_token ?? csrfToken;
    return answer;
  },
  presets: [SwaggerUIBundle.presets.apis],
});
""".replace("KEY_EXAMPLE", KEY_EXAMPLE)


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
