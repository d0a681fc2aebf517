"""The committed OpenAPI document is the served one. `market openapi > tests/openapi.json` renews it."""

import json
import re
from pathlib import Path
from uuid import uuid4

import httpx

COMMITTED = Path(__file__).with_name("openapi.json")


async def test_the_committed_document_is_served(client: httpx.AsyncClient) -> None:
    answer = await client.get("/schema/openapi.json")
    assert answer.status_code == 200
    assert answer.json() == json.loads(COMMITTED.read_text(encoding="utf-8")), (
        "the interface changed: look at the difference, then run `market openapi > tests/openapi.json`"
    )


async def test_the_reference_needs_no_other_host(client: httpx.AsyncClient) -> None:
    page = await client.get("/schema")
    assert page.status_code == 200
    assert "https://" not in page.text.split("SwaggerUIBundle({")[0].replace("https://openapis.org", "")
    script = await client.get("/schema/assets/swagger-ui-bundle.js")
    assert script.status_code == 200
    assert len(script.content) > 100_000


async def test_options_names_every_method_of_a_path(client: httpx.AsyncClient) -> None:
    document = (await client.get("/schema/openapi.json")).json()
    asked = 0
    for path, item in document["paths"].items():
        there = re.sub(r"\{\w+_id\}", str(uuid4()), path.replace("{job_id}", "1")).replace("{key}", "a.b")
        answer = await client.options(there)
        if answer.status_code == 401:
            continue  # a controller that is guarded as a whole
        assert answer.status_code == 204, path
        allowed = set(answer.headers["allow"].split(", "))
        assert {method.upper() for method in item} == allowed - {"OPTIONS"}, path
        asked += 1
    assert asked > len(document["paths"]) / 2
