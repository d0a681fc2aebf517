"""A person can write from the rendered reference: the CSRF token is a field, and is sent by itself after signing in."""

import json
import shutil
import subprocess

import httpx
import pytest

from infra.reference import KEY_EXAMPLE


async def test_every_change_by_a_session_names_its_csrf_token(client: httpx.AsyncClient) -> None:
    document = (await client.get("/schema/openapi.json")).json()
    scheme = document["components"]["securitySchemes"]["csrf"]
    assert (scheme["in"], scheme["name"]) == ("header", "X-CSRF-Token")
    seen = 0
    for path, item in document["paths"].items():
        for method, operation in item.items():
            for way in operation.get("security", []):
                if "session" in way:
                    assert ("csrf" in way) == (method not in ("get", "head")), f"{method} {path}"
                    seen += 1
    assert seen > 100


# Stands in for the browser and for Swagger UI: what the page's script gives it is tried.
STAGE = """
let config; globalThis.location = {href: "https://market.example/schema", origin: "https://market.example"};
globalThis.SwaggerUIBundle = (given) => { config = given; }; SwaggerUIBundle.presets = {apis: []};
let asked = 0; globalThis.fetch = async () => { asked += 1; return {ok: false}; };
SCRIPT
setTimeout(async () => {
  const send = async (method, url, headers = {}) =>
    (await config.requestInterceptor({method, url, headers})).headers;
  const unasked = asked;
  const before = await send("POST", "/v1/products");
  config.responseInterceptor({url: "https://market.example/v1/session", ok: true, obj: {csrf_token: "a token"}});
  const keys = [];
  for (const _ of [1, 2]) {
    keys.push((await send("POST", "/v1/x", {"Idempotency-Key": "any-name-of-yours"}))["Idempotency-Key"]);
  }
  console.log(JSON.stringify([before, await send("POST", "/v1/products"), await send("GET", "/v1/products"),
    await send("DELETE", "https://elsewhere.example/"), await send("PUT", "/v1/x", {"X-CSRF-Token": "another"}),
    unasked, asked, new Set(["any-name-of-yours", ...keys]).size]));
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
        0,
        1,
        3,
    ]


async def test_a_page_that_is_only_read_asks_for_no_session_and_offers_a_key(
    client: httpx.AsyncClient,
) -> None:
    document = (await client.get("/schema/openapi.json")).json()
    keys = [
        parameter
        for item in document["paths"].values()
        for operation in item.values()
        for parameter in operation.get("parameters", [])
        if parameter["name"] == "Idempotency-Key"
    ]
    assert len(keys) > 20
    assert {parameter.get("example") for parameter in keys} == {KEY_EXAMPLE}


async def test_every_problem_shown_is_one_that_the_service_gives(client: httpx.AsyncClient) -> None:
    document = (await client.get("/schema/openapi.json")).json()
    shown = document["components"]["examples"]
    seen = set()
    for item in document["paths"].values():
        for operation in item.values():
            for status, answer in operation["responses"].items():
                for media_type, media in answer.get("content", {}).items():
                    if media_type == "application/problem+json":
                        [reference] = media["examples"].values()
                        value = shown[reference["$ref"].rsplit("/")[-1]]["value"]
                        assert str(value["status"]) == status
                        assert value["type"].startswith("urn:data-market:problem:")
                        assert value["detail"]
                        seen.add(status)
    assert {"400", "401", "403", "404", "409", "422", "503"} <= seen
