"""A person can write from the rendered reference: the CSRF token is a field, and is sent by itself after signing in."""

import json
import shutil
import subprocess

import httpx
import pytest


async def test_every_change_by_a_session_names_its_csrf_token(client: httpx.AsyncClient) -> None:
    document = (await client.get("/schema/openapi.json")).json()
    scheme = document["components"]["securitySchemes"]["csrf"]
    assert (scheme["in"], scheme["name"]) == ("header", "X-CSRF-Token")
    seen = 0
    for path, item in document["paths"].items():
        for method, operation in item.items():
            for way in operation.get("security", []):
                if "session" in way:
                    assert ("csrf" in way) == (method != "get"), f"{method} {path}"
                    seen += 1
    assert seen > 100


# Stands in for the browser and for Swagger UI: what the page's script gives it is tried.
STAGE = """
let config; globalThis.location = {href: "https://market.example/schema", origin: "https://market.example"};
globalThis.SwaggerUIBundle = (given) => { config = given; }; SwaggerUIBundle.presets = {apis: []};
globalThis.fetch = async () => ({ok: false});
SCRIPT
setTimeout(() => {
  const send = (method, url, headers = {}) => config.requestInterceptor({method, url, headers}).headers;
  const before = send("POST", "/v1/products");
  config.responseInterceptor({url: "https://market.example/v1/session", ok: true, obj: {csrf_token: "a token"}});
  console.log(JSON.stringify([before, send("POST", "/v1/products"), send("GET", "/v1/products"),
    send("DELETE", "https://elsewhere.example/"), send("PUT", "/v1/x", {"X-CSRF-Token": "another"})]));
});
"""


async def test_the_page_sends_the_token_of_who_signed_in_on_it(client: httpx.AsyncClient) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("needs a JavaScript engine: apt-get install nodejs")
    script = (await client.get("/schema/reference.js")).text
    done = subprocess.run(
        [node, "-e", STAGE.replace("SCRIPT", script)], capture_output=True, text=True, check=True, timeout=60
    )
    assert json.loads(done.stdout) == [
        {},
        {"X-CSRF-Token": "a token"},
        {},
        {},
        {"X-CSRF-Token": "another"},
    ]
