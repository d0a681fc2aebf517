"""A query parameter that a route does not take is refused by name, on every route at one place."""

import httpx
import pytest
from litestar import Litestar
from litestar.routes import HTTPRoute

from infra.query_parameters import IGNORED, QueryParameters, refusal
from tests.support.routes import handlers

LISTING = QueryParameters(frozenset({"agreement_id", "cursor", "limit", "status"}))


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("buyer_id=zzz", ["buyer_id", "agreement_id, cursor, limit, status"]),
        ("stauts=paid", ["stauts", "did you mean status", "agreement_id, cursor, limit, status"]),
        ("Limit=5", ["Limit", "did you mean limit"]),
        ("limit=5&limit=6", ["limit", "more than once"]),
        ("limit", []),
        ("limit=5&&cursor=a", []),
        ("", []),
        ("=5", ["no name"]),
        ("%6cimit=5", []),
        ("limit%00=5", ["limit"]),
        ("a=1&b=2", ["a, b"]),
    ],
)
def test_what_is_not_taken_is_named_and_what_exists_is_listed(query: str, words: list[str]) -> None:
    refused = refusal(query, LISTING)
    assert (refused is None) == (not words)
    if refused is not None:
        told = f"{refused.detail} {refused.remedy}"
        assert [word for word in words if word not in told] == []


def test_a_parameter_that_takes_several_values_may_be_repeated() -> None:
    taken = QueryParameters(frozenset({"theme"}), frozenset({"theme"}))
    assert refusal("theme=a&theme=b", taken) is None


def test_a_route_without_parameters_says_so() -> None:
    refused = refusal("q=1", QueryParameters(frozenset()))
    assert refused is not None
    assert refused.remedy == "This address takes no query parameters: leave it out."


def test_a_long_name_is_quoted_in_part() -> None:
    refused = refusal("x" * 10_000 + "=1", LISTING)
    assert refused is not None
    assert len(refused.detail) < 200


def test_every_route_takes_what_its_document_says_or_says_why_it_ignores_the_rest(app: Litestar) -> None:
    document = app.openapi_schema.to_schema()
    lenient = set()
    for route in app.routes:
        if not isinstance(route, HTTPRoute):
            continue
        for handler in route.route_handlers:
            # A hook of a route's own would replace the one that checks.
            assert handler.resolve_before_request() is app.before_request, route.path
            if not handler.resolve_include_in_schema():
                continue
            taken = handler.opt["query_parameters"]
            if IGNORED in handler.opt:
                assert len(handler.opt[IGNORED]) > 10
                assert taken is None
                lenient.add(route.path_format)
                continue
            for method in handler.http_methods - {"OPTIONS", "HEAD"}:
                operation = document["paths"][route.path_format][method.lower()]
                described = {
                    item["name"] for item in operation.get("parameters", []) if item["in"] == "query"
                }
                assert taken.names == described, (method, route.path)
    assert {path for path in lenient if path.startswith("/v1")} == set()
    assert lenient == {
        "/",
        "/.well-known/historical-keys.json",
        "/.well-known/jwks.json",
        "/.well-known/oauth-authorization-server",
        "/data/{product_id}/records",
        "/health/live",
        "/health/ready",
        "/oauth/introspect",
        "/oauth/revoke",
        "/oauth/token",
    }
    assert len(list(handlers(app))) > 100


async def test_it_is_refused_over_http(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/catalogue", params={"buyer_id": "zzz"})
    assert answer.status_code == 400
    problem = answer.json()
    assert problem["type"].endswith("malformed-request")
    assert "buyer_id" in problem["detail"]
    assert problem["errors"][0]["at"] == "buyer_id"
    assert all(name in problem["remedy"] for name in ("cursor", "limit", "q", "theme"))
    twice = await client.get("/v1/catalogue?limit=1&limit=2")
    assert (twice.status_code, twice.json()["errors"][0]["at"]) == (400, "limit")
    # Following the remedy works.
    assert (await client.get("/v1/catalogue", params={"limit": 1})).status_code == 200


async def test_a_stranger_learns_nothing_of_a_guarded_route(client: httpx.AsyncClient) -> None:
    assert (await client.get("/v1/invoices", params={"buyer_id": "zzz"})).status_code == 401


async def test_it_is_told_in_chinese(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/catalogue?them=x", headers={"Accept-Language": "zh"})
    assert "没有名为 them 的查询参数" in answer.json()["detail"]
    assert "theme" in answer.json()["detail"]


@pytest.mark.parametrize(
    "path", ["/health/live", "/.well-known/jwks.json", "/.well-known/oauth-authorization-server"]
)
async def test_a_probe_and_what_a_standard_describes_ignore_what_they_do_not_know(
    client: httpx.AsyncClient, path: str
) -> None:
    assert (await client.get(path, params={"t": "1"})).status_code == 200
