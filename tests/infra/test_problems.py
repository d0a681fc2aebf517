"""What strange requests are told: a problem document of theirs, never a fault of ours."""

import httpx
import pytest


@pytest.mark.parametrize(
    "body", [b"[" * 100_000 + b"]" * 100_000, b'{"email":' * 100_000], ids=["closed", "open"]
)
async def test_a_body_nested_too_deeply_is_malformed(client: httpx.AsyncClient, body: bytes) -> None:
    answer = await client.post("/v1/session", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["type"].endswith("malformed-request")


@pytest.mark.parametrize(
    ("accepted", "language", "title", "detail"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.5", "zh", "提交的内容无效", "email：必填; password：必填"),
        ("en", "en", "Invalid payload", "email: Is required; password: Is required"),
    ],
)
async def test_a_problem_is_told_in_the_readers_language(
    client: httpx.AsyncClient, accepted: str, language: str, title: str, detail: str
) -> None:
    answer = await client.post("/v1/session", json={}, headers={"Accept-Language": accepted})
    problem = answer.json()
    assert answer.headers["content-language"] == language
    assert "Accept-Language" in answer.headers["vary"]
    assert problem["type"] == "urn:data-market:problem:invalid-payload"
    assert (problem["title"], problem["detail"]) == (title, detail)
    assert [item["at"] for item in problem["errors"]] == ["email", "password"]
