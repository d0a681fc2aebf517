"""schemathesis over the served OpenAPI document of a running service, as each of the people who trade.

It makes requests that fit the document and requests that do not, follows the ids that answers name into further
requests, and checks every answer: no 5xx, no undocumented status or media type, a body that fits its schema, no route
that ignores its authentication, nothing taken that the document forbids, nothing refused as unreadable that it allows.
Products are suspended and members removed on the way, so no test that trades uses the same service.

The phase that walks along every bound of every parameter takes thousands of requests and is left to
`make test-long`. More examples, and other ones::

    CONTRACT_EXAMPLES=50 CONTRACT_SEED=7 CONTRACT_PHASES=coverage,fuzzing,stateful \\
        python -m pytest -s tests/e2e/test_api_contract.py
"""

import base64
import json
import os
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute

from infra.guards import SESSION_COOKIE
from infra.settings import Settings
from market.app import create_app
from tests.support.running_market import Observed, RunningMarket

EXAMPLES = int(os.environ.get("CONTRACT_EXAMPLES", "2"))
SEED = os.environ.get("CONTRACT_SEED", "1")
PHASES = os.environ.get("CONTRACT_PHASES", "fuzzing,stateful").split(",")
SCENARIOS = 10 * EXAMPLES
"""Walks along links; each has up to ten steps."""

SHARE_OF_READS_ANSWERED = 0.95
OPERATIONS_REACHED_BY_LINKS = 12
REQUESTS_BY_LINKS = 50

CHECKS = Path(__file__).with_name("contract_checks.py")
LEFT_OUT = {
    "positive_data_acceptance": "good_data_is_understood tells an unreadable request from a wish that is refused",
}
# They end the session that everything else needs, so they come last and by a session of their own.
PARTING = {"DELETE /v1/session", "PUT /v1/session/password"}
# What would take the caller's own roles or members away belongs to the administrator, who comes last.
UPHEAVAL = {
    "DELETE /v1/organisations/{organisation_id}/members/{person_id}",
    "PATCH /v1/organisations/{organisation_id}/members/{person_id}",
    "DELETE /v1/organisations/{organisation_id}/clients/{client_id}",
    "POST /v1/organisations/{organisation_id}/clients/{client_id}/secret-rotations",
    "DELETE /v1/webhook-endpoints/{endpoint_id}",
}
# Reads that have nothing to answer after the demo's trade, which is paid by bank transfer.
NOTHING_TO_READ = {
    "GET /v1/card-payments/{card_payment_id}",
    # Nothing has failed for good.
    "GET /v1/platform/dead-letters/{delivery_id}",
    "GET /v1/platform/held-jobs/{job_id}",
    # Nothing is amended, encumbered, fetched by the clock, destroyed or in public notice.
    "GET /v1/authorisations/{authorisation_id}/amendments/{amendment_id}",
    "GET /v1/encumbrances/{encumbrance_id}",
    "GET /v1/products/{product_id}/source",
    "GET /v1/purge-orders/{order_id}",
    "GET /v1/registration-notices/{application_id}",
}
PEOPLE = ("buyer", "finance", "operator", "owner", "authority", "regulator", "admin")
ONE_EACH = ("--max-examples", "1", "--mode", "positive")
COLLECTIONS = {
    "authorisation_id": "/v1/authorisations",
    "price_plan_id": "/v1/price-plans",
    "bank_statement_id": "/v1/bank-statements",
    "reconciliation_id": "/v1/reconciliations",
    "record_id": "/v1/usage-records",
    "endpoint_id": "/v1/webhook-endpoints",
}


@dataclass(slots=True)
class Caller:
    """Somebody who calls.

    :param at_hand: values of parameters, by their place and name, such as ``path.product_id``; often used.
    :param always: values that are always used, where another one would only be refused at the door.
    """

    name: str
    auth: dict[str, dict[str, str]] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    at_hand: dict[str, str] = field(default_factory=dict)
    always: dict[str, str] = field(default_factory=dict)
    permissions: frozenset[str] = frozenset()


@dataclass(slots=True)
class Findings:
    """What all runs saw."""

    statuses: dict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    links: Counter[str] = field(default_factory=Counter)
    by_caller: dict[str, dict[str, Counter[int]]] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    report: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def own_market(observed: Observed) -> RunningMarket:
    """A service that may be wrecked."""
    return observed.market


@cache
def needed_permissions() -> dict[str, str | None]:
    """What each documented operation needs: a permission, "licence", or None when it is public."""
    application = create_app(Settings(_env_file=None), database_url="postgresql://nowhere/market")
    needed: dict[str, str | None] = {}
    for route in application.routes:
        if isinstance(route, HTTPRoute):
            for handler in route.route_handlers:
                if handler.resolve_include_in_schema():
                    for method in handler.http_methods:
                        needed[f"{method} {route.path_format}"] = _need(handler)
    return needed


def _need(handler: HTTPRouteHandler) -> str | None:
    if handler.opt.get("bearer") == "licence":
        return "licence"
    guards = [guard for layer in handler.ownership_layers for guard in layer.guards or []]
    found = [guard.permission for guard in guards if hasattr(guard, "permission")]
    return str(found[0]) if found else None


def signed_in(market: RunningMarket, name: str) -> Caller:
    """A person's session, and the ids this person can find."""
    facts = market.facts()
    with httpx.Client(base_url=market.base_url) as client:
        answer = client.post("/v1/session", json=facts["people"][name])
        assert answer.status_code == 201, answer.text
        session = answer.json()
        ids = {
            key: value for key, value in facts.items() if key.endswith("_id") or key == "registration_code"
        }
        ids["organisation_id"] = session["organisation"]["id"]
        if name == "operator":
            ids["delivery_id"] = pinged(client, session["csrf_token"])
        for key, path in COLLECTIONS.items():
            listed = client.get(path)
            if listed.status_code == 200 and listed.json()["items"]:
                ids[key] = listed.json()["items"][0]["id"]
        return Caller(
            name,
            auth={
                "session": {"api_key": client.cookies[SESSION_COOKIE]},
                "csrf": {"api_key": session["csrf_token"]},
            },
            at_hand=in_paths(ids),
            permissions=frozenset(session["permissions"]),
        )


def pinged(client: httpx.Client, csrf_token: str) -> str:
    """Id of a delivery of the one webhook there is; nothing answers at its address."""
    headers = {"X-CSRF-Token": csrf_token}
    body = {"url": "https://127.0.0.1:9/market", "event_kinds": ["agreement.finalized"]}
    made = client.post(
        "/v1/webhook-endpoints", json=body, headers=headers | {"Idempotency-Key": "contract-endpoint"}
    )
    assert made.status_code == 201, made.text
    path = f"/v1/webhook-endpoints/{made.json()['id']}"
    sent = client.post(f"{path}/pings", headers=headers | {"Idempotency-Key": "contract-ping"})
    assert sent.status_code < 300, sent.text
    return str(client.get(f"{path}/deliveries").json()["items"][0]["id"])


def in_paths(facts: dict[str, Any]) -> dict[str, str]:
    found = {f"path.{key}": value for key, value in facts.items() if key.endswith("_id")}
    return found | ({"path.code": facts["registration_code"]} if "registration_code" in facts else {})


def holders(need: str | None, people: list[Caller]) -> list[Caller]:
    """Who may call an operation; the operator, who is a party to most things, first."""
    able = [person for person in people if need is None or need in person.permissions]
    return sorted(able, key=lambda person: person.name != "operator")


def program(market: RunningMarket) -> Caller:
    """The buyer's program, by OAuth."""
    facts = market.facts()
    secret = f"{facts['program']['client_id']}:{facts['program']['client_secret']}"
    with httpx.Client(base_url=market.base_url) as client:
        answer = client.post(
            "/oauth/token",
            data={"grant_type": "client_credentials"},
            headers={"Authorization": "Basic " + base64.b64encode(secret.encode()).decode()},
        )
        assert answer.status_code == 200, answer.text
        token = answer.json()["access_token"]
        session = client.get("/v1/session", headers={"Authorization": f"Bearer {token}"}).json()
    return Caller(
        "program",
        auth={"token": {"bearer": token}},
        at_hand=in_paths(facts),
        permissions=frozenset(session["permissions"]),
    )


def configuration(
    caller: Caller, market: RunningMarket, left_out: Collection[str], briefly: Collection[str]
) -> str:
    """schemathesis.toml of one run. JSON's strings and lists are TOML's too.

    :param left_out: operations that are not called.
    :param briefly: operations that are called without trying every bound of every parameter.
    """
    lines = [
        f"base-url = {json.dumps(market.base_url)}",
        f"hooks = {json.dumps(str(CHECKS))}",
        "[generation]",
        # NUL is refused wherever text is stored, which no schema here repeats.
        "allow-x00 = false",
        'database = "none"',
        f"max-examples = {EXAMPLES}",
        "[phases.stateful]",
        "max-steps = 10",
        "[phases.stateful.generation]",
        'mode = "positive"',
        f"max-examples = {SCENARIOS}",
        "[headers]",
        *(f"{name} = {json.dumps(value)}" for name, value in caller.headers.items()),
    ]
    for scheme, secret in caller.auth.items():
        lines += [
            f"[auth.openapi.{scheme}]",
            *(f"{key} = {json.dumps(value)}" for key, value in secret.items()),
        ]
    for place, value in caller.at_hand.items():
        lines += [f"[dictionaries.{json.dumps(place)}]", f"values = [{json.dumps(value)}]"]
    lines += ["[parameters]"]
    lines += [f'"{place}" = {{ dictionary = "{place}", probability = 0.7 }}' for place in caller.at_hand]
    lines += [f'"{place}" = {json.dumps(value)}' for place, value in caller.always.items()]
    lines += [line for name in LEFT_OUT for line in (f"[checks.{name}]", "enabled = false")]
    if left_out:
        lines += ["[[operations]]", f"include-name = {json.dumps(sorted(left_out))}", "enabled = false"]
    if briefly:
        lines += ["[[operations]]", f"include-name = {json.dumps(sorted(briefly))}"]
        lines += ["[operations.phases.coverage]", "enabled = false"]
    return "\n".join(lines) + "\n"


def run(
    caller: Caller,
    market: RunningMarket,
    folder: Path,
    findings: Findings,
    *,
    left_out: Collection[str],
    briefly: Collection[str] = frozenset(),
    phases: Collection[str] = ("coverage", "fuzzing", "stateful"),
    options: tuple[str, ...] = (),
) -> None:
    """One run of schemathesis, added to the findings."""
    started = time.monotonic()
    settings, report = folder / f"{caller.name}.toml", folder / f"{caller.name}.ndjson"
    settings.write_text(configuration(caller, market, left_out, briefly), encoding="utf-8")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(settings)),
            *(
                "run",
                f"{market.base_url}/schema/openapi.json",
                "--phases",
                ",".join(phase for phase in PHASES if phase in phases),
            ),
            *("--seed", SEED),
            *("--continue-on-failure", "--no-color", "--report-ndjson-path", str(report), *options),
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300 * EXAMPLES,
        check=False,
    )
    cases = read(report, caller.name, findings)
    findings.report.append(f"as {caller.name}: {cases} requests in {time.monotonic() - started:.1f} s")
    if done.returncode != 0:
        findings.failures.append(f"as {caller.name}:\n{done.stdout}{done.stderr}")


def read(report: Path, name: str, findings: Findings) -> int:
    """Count what a run's report says: statuses by operation, and requests made with an id from another's answer."""
    seen = findings.by_caller[name] = defaultdict(Counter)
    for line in report.read_text(encoding="utf-8").splitlines():
        recorder = json.loads(line).get("ScenarioFinished", {}).get("recorder", {})
        interactions = recorder.get("interactions", {})
        for key, case in recorder.get("cases", {}).items():
            response = interactions.get(key, {}).get("response")
            if response is None:
                continue
            operation = f"{case['value']['method']} {case['value']['path']}"
            seen[operation][response["status_code"]] += 1
            if case["is_transition_applied"] and response["status_code"] < 300:
                findings.links[operation] += 1
    return sum(sum(counted.values()) for counted in seen.values())


@pytest.fixture(scope="module")
def findings(own_market: RunningMarket, tmp_path_factory: pytest.TempPathFactory) -> Findings:
    """Everybody's runs, in an order in which nobody spoils what the next one needs."""
    folder = tmp_path_factory.mktemp("contract")
    needed = needed_permissions()
    known = set(needed)
    found = Findings()
    people = [signed_in(own_market, name) for name in PEOPLE]

    def asked_of(caller: Caller, place: slice) -> set[str]:
        asked = {name for name in known - PARTING if caller in holders(needed[name], people)[place]}
        return asked | UPHEAVAL if caller.name == "admin" else asked - UPHEAVAL

    facts = own_market.facts()
    licence = Caller(
        "licence",
        auth={"licence": {"bearer": facts["licence_token"]}},
        always={"path.product_id": facts["product_id"], "header.Data-Purpose": facts["purpose"]},
    )
    licensed = {name for name, need in needed.items() if need == "licence"}
    run(Caller("stranger"), own_market, folder, found, left_out=set(), phases=["fuzzing"], options=ONE_EACH)
    run(licence, own_market, folder, found, left_out=known - licensed, phases=["coverage", "fuzzing"])
    by_program = program(own_market)
    open_to_it = {name for name in known - PARTING - UPHEAVAL if needed[name] in by_program.permissions}
    run(by_program, own_market, folder, found, left_out=known - open_to_it, phases=["fuzzing"])
    for person in people:
        # Everything the document says is tried by one who may do it; a second one brings other rights and things.
        asked, first = asked_of(person, slice(2)), asked_of(person, slice(1))
        run(person, own_market, folder, found, left_out=known - asked, briefly=asked - first)
    leaver = replace(signed_in(own_market, "owner"), name="somebody leaving")
    run(leaver, own_market, folder, found, left_out=known - PARTING, phases=["fuzzing"])
    for name, seen in found.by_caller.items():
        if name != "stranger":
            for operation, counted in seen.items():
                found.statuses[operation] += counted
    show(found, needed)
    return found


def show(findings: Findings, needed: dict[str, str | None]) -> None:
    """The table of what was seen."""
    answered = [name for name in needed if any(status < 300 for status in findings.statuses[name])]
    findings.report.append(
        f"{len(answered)} of {len(needed)} operations answered 2xx; "
        f"{sum(findings.links.values())} requests by links to {len(findings.links)} operations did"
    )
    for operation in sorted(needed, key=lambda name: name.split()[::-1]):
        seen = ", ".join(
            f"{status} ×{times}" for status, times in sorted(findings.statuses[operation].items())
        )
        followed = f"  links {findings.links[operation]}" if findings.links[operation] else ""
        findings.report.append(f"{operation:78} {seen}{followed}")
    sys.stdout.write("\n".join(["", *findings.report, ""]))


def test_every_answer_keeps_to_the_document(findings: Findings) -> None:
    assert not findings.failures, "\n".join(findings.failures)


def test_every_operation_was_called(findings: Findings) -> None:
    assert [name for name in needed_permissions() if not findings.statuses[name]] == []


def test_strangers_get_in_nowhere(findings: Findings) -> None:
    seen = findings.by_caller["stranger"]
    for operation, need in needed_permissions().items():
        if need is not None:
            assert set(seen[operation]) == {401}, (
                f"{operation} answered {dict(seen[operation])} to a stranger"
            )


def test_reads_found_real_things(findings: Findings) -> None:
    reads = [name for name in needed_permissions() if name.startswith("GET ") and name not in NOTHING_TO_READ]
    unanswered = [name for name in reads if 200 not in findings.statuses[name]]
    assert len(unanswered) <= (1 - SHARE_OF_READS_ANSWERED) * len(reads), unanswered


def test_links_led_to_real_things(findings: Findings) -> None:
    assert len(findings.links) >= OPERATIONS_REACHED_BY_LINKS, dict(findings.links)
    assert sum(findings.links.values()) >= REQUESTS_BY_LINKS, dict(findings.links)
