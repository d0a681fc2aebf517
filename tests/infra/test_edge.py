"""What every answer carries and what every request must be, whichever route it meets."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import httpx
import pytest
from litestar.types import Receive

from infra import edge
from infra.errors import RequestTimeout
from tests.support.parties import Party

NO_PRODUCT = UUID(int=7)  # the same in every process that collects these tests

ADDRESSES = [
    ("GET", "/health/live", 200),
    ("GET", "/v1/catalogue", 200),
    ("GET", "/v1/organisations", 401),
    ("GET", "/nowhere", 404),
    ("POST", "/health/live", 405),
    ("POST", "/v1/session", 415),
    ("POST", "/oauth/token", 400),
    ("GET", "/.well-known/jwks.json", 200),
    ("GET", f"/data/{NO_PRODUCT}/records", 401),
    ("GET", "/data/x/records", 404),
    ("GET", "/schema", 200),
    ("GET", "/schema/openapi.json", 200),
    ("GET", "/schema/assets/swagger-ui.css", 200),
    ("GET", "/schema/assets/nothing.css", 404),
    ("OPTIONS", "/v1/session", 204),
]


@pytest.mark.parametrize(("method", "path", "status"), ADDRESSES)
async def test_every_answer_says_what_a_browser_may_do_with_it(
    client: httpx.AsyncClient, method: str, path: str, status: int
) -> None:
    answer = await client.request(method, path)
    assert answer.status_code == status
    assert answer.headers.get_list("x-content-type-options") == ["nosniff"]
    assert answer.headers.get_list("referrer-policy") == ["no-referrer"]
    (policy,) = answer.headers.get_list("content-security-policy")
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert len(answer.headers.get_list("cache-control")) == 1
    # The server in front would otherwise write its own name.
    assert answer.headers.get_list("server") == [""]


async def test_only_what_is_for_everybody_may_be_kept(client: httpx.AsyncClient, owner: Party) -> None:
    for path in ("/v1/organisations", "/v1/resources", "/v1/session", "/v1/licences"):
        answer = await owner.http.get(path)
        assert answer.status_code == 200, path
        assert answer.headers["cache-control"] == "no-store", path
    assert (await client.get("/nowhere")).headers["cache-control"] == "no-store"
    for path in ("/.well-known/jwks.json", "/schema/assets/swagger-ui.css"):
        assert "public" in (await client.get(path)).headers["cache-control"]


async def test_the_reference_runs_no_script_of_the_page(client: httpx.AsyncClient) -> None:
    page = await client.get("/schema")
    assert "default-src 'none'; script-src 'self'" in page.headers["content-security-policy"]
    assert "<script>" not in page.text
    assert "javascript:" not in page.text
    assert 'src="/schema/reference.js"' in page.text
    script = await client.get("/schema/reference.js")
    assert script.headers["content-type"].startswith("text/javascript")


TWICE = ["Authorization", "Idempotency-Key", "X-CSRF-Token", "Content-Type", "Host"]
TWICE += ["Data-Purpose", "Data-Scenario", "Data-Region"]


@pytest.mark.parametrize("name", TWICE)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/session"),
        ("POST", "/v1/session"),
        ("POST", "/oauth/token"),
        ("GET", f"/data/{NO_PRODUCT}/records"),
        ("GET", "/nowhere"),
    ],
)
async def test_a_header_that_decides_comes_once(
    client: httpx.AsyncClient, method: str, path: str, name: str
) -> None:
    value = "market.test" if name == "Host" else "Bearer a"
    answer = await client.request(
        method, path, headers=[(name, value), (name.lower(), value), ("Accept-Language", "zh")]
    )
    assert answer.status_code == 400
    problem = answer.json()
    assert problem["type"] == "urn:data-market:problem:malformed-request"
    assert name.lower() in problem["detail"]
    assert problem["title"] == "请求格式错误"
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    # Sent once, as the remedy says, the request is looked at.
    once = await client.request(method, path, headers={name: value})
    assert once.status_code != 400 or path == "/oauth/token"


async def test_other_headers_may_repeat(client: httpx.AsyncClient) -> None:
    answer = await client.get("/health/live", headers=[("Accept", "a/b"), ("Accept", "*/*"), ("X-A", "1")])
    assert answer.status_code == 200


class TestSlowBodies:
    async def test_one_that_pauses_is_given_up(self) -> None:
        body = edge._Timed(self.chunks([b"a"], then_wait=5), 0.05)
        assert (await body())["type"] == "http.request"
        with pytest.raises(RequestTimeout):
            await body()

    async def test_one_that_drips_is_given_up(self) -> None:
        async def drip() -> AsyncIterator[bytes]:
            while True:
                await asyncio.sleep(0.04)
                yield b"a"

        drops = drip()

        async def receive() -> object:
            return {"type": "http.request", "body": await anext(drops), "more_body": True}

        body = edge._Timed(receive, 0.2)  # type: ignore[arg-type]
        came = 0

        async def read() -> None:
            nonlocal came
            while True:
                await body()
                came += 1

        with pytest.raises(RequestTimeout):
            await read()
        assert 1 <= came <= 5

    async def test_one_whose_reader_is_slow_is_not(self) -> None:
        body = edge._Timed(self.chunks([b"a"] * 4), 0.1)
        for _ in range(4):
            await asyncio.sleep(0.08)
            await body()

    async def test_after_the_end_there_is_no_haste(self) -> None:
        body = edge._Timed(self.chunks([b"a"], then_wait=0.2, end=True), 0.05)
        await body()
        assert (await body())["type"] == "http.disconnect"

    @staticmethod
    def chunks(parts: list[bytes], then_wait: float = 0.0, *, end: bool = False) -> Receive:
        left = list(parts)

        async def receive() -> object:
            if left:
                part = left.pop(0)
                return {"type": "http.request", "body": part, "more_body": bool(left) or not end}
            await asyncio.sleep(then_wait)
            return {"type": "http.disconnect"}

        return receive  # type: ignore[return-value]
