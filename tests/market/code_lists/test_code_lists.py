"""Every code that a person reads has a label in both languages."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from market.code_lists import labels
from market.code_lists.domain import code_lists

OPENAPI = Path(__file__).parents[2] / "openapi.json"


def enumerations(node: Any) -> Iterator[tuple[str, ...]]:
    """The values of every enumeration in the interface's document."""
    match node:
        case dict():
            if "enum" in node:
                yield tuple(value for value in node["enum"] if value is not None)
            for item in node.values():
                yield from enumerations(item)
        case list():
            for item in node:
                yield from enumerations(item)


@pytest.fixture(scope="module", autouse=True)
def registered() -> None:
    labels.register()


def test_every_enumeration_of_the_interface_is_a_code_list_or_part_of_one() -> None:
    document = json.loads(OPENAPI.read_text(encoding="utf-8"))
    known = [set(codes) for codes in code_lists().values()]
    found = set(enumerations(document))
    assert len(found) > 30
    assert [values for values in sorted(found) if not any(set(values) <= codes for codes in known)] == []


def test_every_label_is_written_in_its_language() -> None:
    for name, codes in code_lists().items():
        for code, label in codes.items():
            assert label.en.isascii() or name == "currency", (name, code)
            assert any("一" <= sign <= "鿿" for sign in label.zh) or name == "currency", (name, code)


async def test_anybody_reads_the_code_lists(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/code-lists")
    assert answer.status_code == 200
    lists = {item["name"]: item["codes"] for item in answer.json()["items"]}
    assert {"code": "requested", "zh": "待运营方签署", "en": "Requested", "axis": None} in lists[
        "agreement_status"
    ]
    assert {"code": "CNY", "zh": "人民币", "en": "Chinese Yuan", "axis": None} in lists["currency"]
    assert answer.headers["cache-control"] == "max-age=3600, public"
