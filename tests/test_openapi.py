"""The committed OpenAPI document is the served one. `market openapi > tests/openapi.json` renews it."""

import json
from pathlib import Path

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
