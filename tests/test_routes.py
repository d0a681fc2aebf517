"""Every route is guarded or on the list of public ones; nothing else may be open."""

import json
import re
from pathlib import Path

import pytest
from litestar import Litestar

from infra.auth import Permission
from infra.settings import Settings
from market.app import create_app
from tests.support.routes import handlers, permissions

# What anybody may call, and nothing else. A new public route is a decision: add it here with its reason in `opt`.
PUBLIC = {
    ("GET", "/"),
    ("GET", "/.well-known/historical-keys.json"),
    ("GET", "/.well-known/jwks.json"),
    ("GET", "/.well-known/oauth-authorization-server"),
    ("GET", "/health/live"),
    ("GET", "/health/ready"),
    ("GET", "/v1/audit/head"),
    ("GET", "/v1/code-lists"),
    ("GET", "/v1/registration-notices"),
    ("GET", "/v1/registration-notices/{application_id:uuid}"),
    ("GET", "/v1/registrations/{code:str}"),
    ("GET", "/v1/catalogue"),
    ("GET", "/v1/catalogue/{product_id:uuid}"),
    ("GET", "/v1/catalogue/{product_id:uuid}/editions"),
    ("GET", "/v1/catalogue/{product_id:uuid}/editions/{number:int}"),
    ("GET", "/v1/catalogue/{product_id:uuid}/quality-report"),
    ("GET", "/v1/catalogue/{product_id:uuid}/quality-report.html"),
    ("GET", "/v1/catalogue/{product_id:uuid}/revisions"),
    ("GET", "/v1/products/{product_id:uuid}/quality-badge.svg"),
    ("POST", "/oauth/introspect"),
    ("POST", "/oauth/revoke"),
    ("POST", "/oauth/token"),
    ("POST", "/v1/invitations/acceptance"),
    ("POST", "/v1/password-resets"),
    ("POST", "/v1/password-resets/acceptance"),
    ("POST", "/v1/session"),
    ("POST", "/v1/stripe/events"),
}
LICENSED = {("GET", "/data/{product_id:uuid}/records")}


@pytest.fixture(scope="module")
def application() -> Litestar:
    return create_app(Settings(_env_file=None, database_service_url="postgresql://nobody@127.0.0.1:1/none"))


def test_every_route_is_guarded_or_listed_public(application: Litestar) -> None:
    public, licensed = set(), set()
    for place, handler in handlers(application):
        guarded = bool(permissions(handler))
        opened = "public" in handler.opt
        by_licence = handler.opt.get("bearer") == "licence"
        assert guarded + opened + by_licence == 1, f"{place} must be exactly one of guarded, public, licensed"
        if opened:
            assert len(handler.opt["public"]) > 10, f"{place} says why it is public"
            public.add(place)
        if by_licence:
            licensed.add(place)
    assert public == PUBLIC
    assert licensed == LICENSED


def test_every_route_explains_itself(application: Litestar) -> None:
    for place, handler in handlers(application):
        if handler.resolve_include_in_schema():
            assert handler.summary, f"{place} has no summary"
            assert handler.fn.__doc__, f"{place} has no docstring"


def test_every_operation_is_named_once(application: Litestar) -> None:
    described = [
        (place, handler) for place, handler in handlers(application) if handler.resolve_include_in_schema()
    ]
    assert [place for place, handler in described if handler.operation_id is None] == []
    ids = [str(handler.operation_id) for _, handler in described]
    assert [name for name in ids if not re.fullmatch("[a-z][a-z0-9]*([A-Z][a-z0-9]*)+", name)] == []
    assert sorted(ids) == sorted(set(ids))
    committed = json.loads(Path(__file__).with_name("openapi.json").read_text(encoding="utf-8"))
    assert sorted(ids) == sorted(
        operation["operationId"] for item in committed["paths"].values() for operation in item.values()
    )


def test_every_permission_guards_something(application: Litestar) -> None:
    used = {permission for _, handler in handlers(application) for permission in permissions(handler)}
    assert used == set(Permission)


def test_permissions_are_alphabetical() -> None:
    assert [member.name for member in Permission] == sorted(member.name for member in Permission)
