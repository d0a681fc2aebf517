"""The committed OpenAPI document is the served one. `market openapi > tests/openapi.json` renews it."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from infra.schema import REASON_PATTERN

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
        counted = path.replace("{job_id}", "1").replace("{number}", "1")
        there = re.sub(r"\{\w+_id\}", str(uuid4()), counted).replace("{key}", "a.b")
        answer = await client.options(there)
        if answer.status_code == 401:
            continue  # a controller that is guarded as a whole
        assert answer.status_code == 204, path
        allowed = set(answer.headers["allow"].split(", "))
        assert {method.upper() for method in item} == allowed - {"OPTIONS"}, path
        asked += 1
    assert asked > len(document["paths"]) / 2


def members(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, schema in document["components"]["schemas"].items():
        for member, described in schema.get("properties", {}).items():
            yield f"{name}.{member}", described


async def test_every_reason_says_how_long_it_must_be(client: httpx.AsyncClient) -> None:
    document = (await client.get("/schema/openapi.json")).json()
    reasons = {
        name: described
        for name, described in members(document)
        if any(part.get("pattern") == REASON_PATTERN for part in (described, *described.get("anyOf", [])))
    }
    assert {"PeriodCloseCreate.note", "HandOverCreate.identification", "ReasonBody.reason"} <= reasons.keys()
    assert [
        name for name, described in reasons.items() if "至少两个汉字" not in described["description"]
    ] == []
    assert reasons["PeriodCloseCreate.note"]["description"].startswith("The same in your words")


async def test_an_example_of_a_member_stands_at_that_member_only(client: httpx.AsyncClient) -> None:
    document = (await client.get("/schema/openapi.json")).json()
    at: dict[str, list[str]] = {}
    for name, described in members(document):
        for part in (described, *described.get("anyOf", [])):
            for example in part.get("examples", []):
                at.setdefault(str(example), []).append(name)
    assert at["Known in person; work pass seen"] == ["HandOverCreate.identification"]
    assert at["6222021001012345678"] == ["PayeeIn.account"]


async def test_lists_are_bounded_as_lists(client: httpx.AsyncClient) -> None:
    document = (await client.get("/schema/openapi.json")).json()
    lists = {
        name: choice
        for name, described in members(document)
        for choice in (described, *described.get("oneOf", ()), *described.get("anyOf", ()))
        if choice.get("type") == "array"
    }
    bounds = {name: (one.get("minItems"), one.get("maxItems")) for name, one in lists.items()}
    assert bounds["ProductCreate.delivery_classes"] == (1, 10)
    assert bounds["OrderCreate.scenarios"] == (1, 20)
    beside = [
        name
        for name, described in members(document)
        if name in lists and {"minLength", "maxLength"} & {*described}
    ]
    assert beside == []
