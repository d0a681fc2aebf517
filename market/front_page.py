"""The page at ``/``: where a person or a program finds everything else."""

from html import escape
from importlib.metadata import version
from typing import Any

from litestar import Request, Response, get
from litestar.openapi.datastructures import ResponseSpec
from pydantic import Field

from infra.guards import public
from infra.messages import Message, preferred_language, translate
from infra.query_parameters import IGNORED
from infra.schema import Output

_LINKS = (
    ("reference", "/schema", Message("API reference, to read and to try")),
    ("openapi", "/schema/openapi.json", Message("The same as an OpenAPI document")),
    ("catalogue", "/v1/catalogue", Message("Data products on the market")),
    ("code_lists", "/v1/code-lists", Message("Labels of every code, in Chinese and English")),
    ("health", "/health/ready", Message("Whether the service can serve, and its parts")),
    ("oauth", "/.well-known/oauth-authorization-server", Message("How a program gets its token")),
)
_TITLE = Message("Data-asset market")
_INTRODUCTION = Message("Public data, listed with authority, priced by rule, licensed, metered and settled.")


class FrontPage(Output):
    """Where to go from here."""

    name: str
    version: str
    links: dict[str, str] = Field(description="Addresses of this service, by what is there")


@get(
    "/",
    opt={
        **public("the first address that anybody tries"),
        IGNORED: "links from elsewhere carry parameters of their own",
    },
    operation_id="getFrontPage",
    summary="Where to find everything",
    tags=["Health"],
    sync_to_thread=False,
    responses={
        200: ResponseSpec(FrontPage, generate_examples=False, description="JSON, or a page for browsers")
    },
)
def front_page(request: Request[Any, Any, Any]) -> Response[Any]:
    """The addresses of the reference, the catalogue and the probes: as JSON, or as a page where a browser asks.

    The page is in Chinese or in English, as Accept-Language asks.
    """
    language = preferred_language(request.headers.get("accept-language"))
    headers = {"Vary": "Accept, Accept-Language", "Content-Language": language}
    if "text/html" not in request.headers.get("accept", ""):
        body = FrontPage(
            name=translate(_TITLE, language),
            version=version("data-market"),
            links={name: path for name, path, _ in _LINKS},
        )
        return Response(body, headers=headers)
    return Response(_page(language), media_type="text/html", headers=headers)


def _page(language: str) -> str:
    def told(text: Message) -> str:
        return escape(translate(text, language))

    items = "\n".join(f'<li><a href="{path}">{told(text)}</a></li>' for _, path, text in _LINKS)
    return (
        f'<!DOCTYPE html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{told(_TITLE)}</title>\n</head>\n<body>\n<h1>{told(_TITLE)}</h1>\n"
        f"<p>{told(_INTRODUCTION)}</p>\n<ul>\n{items}\n</ul>\n</body>\n</html>\n"
    )
