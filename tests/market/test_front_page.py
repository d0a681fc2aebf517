"""What is at `/`."""

import re

import httpx
import pytest


@pytest.mark.parametrize(
    ("language", "title"),
    [("zh-CN", "数据资产市场"), ("en", "Data-asset market"), (None, "Data-asset market")],
)
async def test_a_browser_gets_a_page_in_its_language(
    client: httpx.AsyncClient, language: str | None, title: str
) -> None:
    headers = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    page = await client.get("/", headers=headers | ({"Accept-Language": language} if language else {}))
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["vary"] == "Accept, Accept-Language"
    assert f"<h1>{title}</h1>" in page.text
    assert "<script" not in page.text
    for path in re.findall(r'href="([^"]+)"', page.text):
        assert (await client.get(path)).status_code == 200, path


async def test_a_program_gets_the_same_addresses_as_json(client: httpx.AsyncClient) -> None:
    answer = await client.get("/?utm_source=mail")
    assert answer.status_code == 200
    assert answer.json()["name"] == "Data-asset market"
    assert {"reference", "openapi", "health"} <= set(answer.json()["links"])
    for path in answer.json()["links"].values():
        assert (await client.get(path)).status_code == 200, path


async def test_nothing_else_is_there_by_mistake(client: httpx.AsyncClient) -> None:
    assert (await client.get("/nothing")).status_code == 404
    assert (await client.post("/")).status_code == 405
