"""What an organisation's status leaves its people and programs: every guarded route, for every status."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import sqlalchemy as sa
from litestar import Litestar
from sqlmodel import col

from infra.auth import STATUS_PERMISSIONS, OrganisationKind, Permission, Role
from infra.db import SessionMaker, transaction
from infra.identity.tables import Organisation
from infra.organisation_status import OrganisationStatus
from tests.support.bargain import Bargain
from tests.support.people import PASSWORD, browser, make_client, make_organisation, make_person, sign_in
from tests.support.routes import handlers, permissions

REFUSED = {
    OrganisationStatus.REGISTERED: "organisation-not-verified",
    OrganisationStatus.REJECTED: "organisation-not-verified",
    OrganisationStatus.SUSPENDED: "organisation-suspended",
}
OWN_FACTOR = {
    "getSecondFactor",
    "enrolSecondFactor",
    "confirmSecondFactor",
    "regenerateRecoveryCodes",
    "removeSecondFactor",
}
OWN_SESSION = {"getSession", "signOut", "changePassword", "sendSecondFactorCode"} | OWN_FACTOR
OWN_EVIDENCE = {"submitIdentityEvidence", "listIdentityEvidence"}
OWN_ORGANISATION = {
    "listOrganisations",
    "getOrganisation",
    "listOrganisationAppeals",
    "listRecoveries",
    "cancelRecovery",
    "cancelSecondFactorReset",
}
OWN_PEOPLE = {
    "listMembers",
    "updateMember",
    "removeMember",
    "createInvitation",
    "listInvitations",
    "revokeInvitation",
    "resendInvitation",
    "handOverInvitation",
    "handOverPasswordReset",
    "requestSecondFactorReset",
    "listSecondFactorResets",
    "approveSecondFactorReset",
}


@dataclass(frozen=True, slots=True)
class Route:
    """One guarded route."""

    operation_id: str
    method: str
    path: str
    permissions: frozenset[Permission]


def guarded(app: Litestar) -> list[Route]:
    """Every guarded route; signing out comes last, since nobody is signed in afterwards."""
    found = [
        Route(str(handler.operation_id), method, path, frozenset(permissions(handler)))
        for (method, path), handler in handlers(app)
        # A HEAD has no body that could say why.
        if permissions(handler) and method != "HEAD"
    ]
    assert len(found) > 80
    return sorted(found, key=lambda route: route.operation_id == "signOut")


async def ask(client: httpx.AsyncClient, route: Route) -> httpx.Response:
    """Call a route with made-up ids and nothing in the body."""
    path = re.sub(r"\{[^}]*:uuid\}", lambda _: str(uuid4()), route.path)
    path = re.sub(r"\{[^}]*\}", "1", path)
    body: dict[str, str] | None = None if route.method == "GET" else {}
    return await client.request(route.method, path, json=body, headers={"Idempotency-Key": str(uuid4())})


def refused_by_status(answer: httpx.Response, status: OrganisationStatus) -> bool:
    return answer.status_code == 403 and answer.json()["type"].endswith(REFUSED[status])


@asynccontextmanager
async def signed_in(app: Litestar, email: str) -> AsyncIterator[httpx.AsyncClient]:
    made = await sign_in(app, email)
    yield made
    await made.aclose()


async def set_status(sessions: SessionMaker, organisation_id: UUID, status: OrganisationStatus) -> None:
    async with transaction(sessions) as session:
        await session.execute(
            sa.update(Organisation).where(col(Organisation.id) == organisation_id).values(status=status)
        )


@pytest.mark.parametrize("who", ["person", "program"])
@pytest.mark.parametrize("status", REFUSED)
async def test_every_guarded_route_asks_for_the_status(
    app: Litestar, sessions: SessionMaker, status: OrganisationStatus, who: str
) -> None:
    organisation_id = await make_organisation(sessions, OrganisationKind.PLATFORM, status)
    someone = await make_person(sessions, organisation_id, list(Role))
    if who == "person":
        client = await sign_in(app, someone.email)
    else:
        client_id, secret = await make_client(sessions, someone, list(Role))
        client = browser(app)
        form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret}
        token = (await client.post("/oauth/token", data=form)).json()["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
    wrong = []
    for route in guarded(app):
        answer = await ask(client, route)
        left = route.permissions <= STATUS_PERMISSIONS[status]
        if refused_by_status(answer, status) is left or answer.status_code == 401:
            wrong.append((route.operation_id, answer.status_code, answer.text[:100]))
        elif not left:
            assert answer.json()["current_status"] == status.value
            assert str(organisation_id) in answer.json()["remedy"]
    await client.aclose()
    assert wrong == []


def left(app: Litestar, status: OrganisationStatus) -> set[Route]:
    return {route for route in guarded(app) if route.permissions <= STATUS_PERMISSIONS[status]}


def test_what_is_left_to_whom(app: Litestar) -> None:
    registered, rejected, suspended, verified = (
        left(app, status)
        for status in (
            OrganisationStatus.REGISTERED,
            OrganisationStatus.REJECTED,
            OrganisationStatus.SUSPENDED,
            OrganisationStatus.VERIFIED,
        )
    )
    assert {route.operation_id for route in registered} == (
        OWN_SESSION | OWN_ORGANISATION | OWN_EVIDENCE | OWN_PEOPLE
    )
    assert {route.operation_id for route in rejected} == OWN_SESSION | OWN_ORGANISATION | OWN_EVIDENCE
    assert {route.operation_id for route in suspended if route.method != "GET"} == {
        "signOut",
        "changePassword",
        "sendSecondFactorCode",
        *(OWN_FACTOR - {"getSecondFactor"}),
        "cancelRecovery",
        "cancelSecondFactorReset",
        "createAppeal",
        "createCardPayment",
    }
    assert {"listAgreements", "listUsageRecords", "getInvoice", "getStatementOfAccount", "listLicences"} <= {
        route.operation_id for route in suspended
    }
    assert verified == set(guarded(app))


@pytest.fixture(params=[OrganisationStatus.REGISTERED, OrganisationStatus.REJECTED])
async def supervisor(
    request: pytest.FixtureRequest, app: Litestar, sessions: SessionMaker
) -> AsyncIterator[httpx.AsyncClient]:
    """An officer of a regulator whose identity nobody has found proven."""
    organisation_id = await make_organisation(sessions, OrganisationKind.REGULATOR, request.param)
    someone = await make_person(sessions, organisation_id, [Role.REGULATOR_OFFICER, Role.ORGANISATION_ADMIN])
    made = await sign_in(app, someone.email)
    yield made
    await made.aclose()


class TestUnverifiedOffice:
    async def test_no_regulator_supervises(
        self, supervisor: httpx.AsyncClient, untouched_bargain: Bargain
    ) -> None:
        product = f"/v1/products/{untouched_bargain.product_id}"
        for method, path, body in (
            ("POST", f"{product}/approval", {}),
            ("POST", f"{product}/suspension", {"reason": "because"}),
            ("POST", f"/v1/contract-reviews/{uuid4()}/suspension", {"reason": "because"}),
            ("GET", "/v1/audit/entries", None),
            ("GET", f"/v1/supervision/contracts/{uuid4()}", None),
            ("GET", "/v1/ledger/accounts", None),
        ):
            answer = await supervisor.request(method, path, json=body)
            assert answer.status_code == 403, (path, answer.text)
            assert answer.json()["type"].endswith("organisation-not-verified")

    async def test_it_sees_no_other_organisation(
        self, supervisor: httpx.AsyncClient, untouched_bargain: Bargain
    ) -> None:
        mine = (await supervisor.get("/v1/session")).json()["organisation"]["id"]
        listed = (await supervisor.get("/v1/organisations")).json()["items"]
        assert [item["id"] for item in listed] == [mine]
        other = f"/v1/organisations/{untouched_bargain.owner.organisation_id}"
        for path in (other, f"{other}/evidence"):
            assert (await supervisor.get(path)).status_code == 404

    async def test_no_platform_organisation_closes_periods_or_admits_others(
        self, app: Litestar, sessions: SessionMaker, untouched_bargain: Bargain
    ) -> None:
        organisation_id = await make_organisation(
            sessions, OrganisationKind.PLATFORM, OrganisationStatus.REGISTERED
        )
        someone = await make_person(
            sessions, organisation_id, [Role.FINANCE_OFFICER, Role.PLATFORM_ADMIN, Role.ORGANISATION_ADMIN]
        )
        buyer = f"/v1/organisations/{untouched_bargain.buyer.organisation_id}"
        async with signed_in(app, someone.email) as mine:
            for path in (
                f"/v1/agreements/{uuid4()}/period-closes",
                "/v1/reconciliation/runs",
                f"{buyer}/suspension",
                f"/v1/organisations/{organisation_id}/verification",
            ):
                answer = await mine.post(path, json={}, headers={"Idempotency-Key": "k"})
                assert answer.status_code in (403, 404, 405), (path, answer.text)
                if answer.status_code == 403:
                    assert answer.json()["type"].endswith("organisation-not-verified")
            # What onboarding leaves is for its own people, not for those whom a verified platform may act for.
            invited = await mine.post(
                f"{buyer}/invitations",
                json={"email": "x@y.example", "roles": ["buyer", "organisation_admin"]},
            )
            assert invited.status_code == 404
            evidence = {"kind": "business_licence", "number": "12345678", "document_sha256": "ab" * 32}
            assert (await mine.post(f"{buyer}/evidence", json=evidence)).status_code == 404


class TestSuspended:
    async def test_a_regulator_sees_no_more_of_others(
        self, app: Litestar, sessions: SessionMaker, untouched_bargain: Bargain
    ) -> None:
        organisation_id = await make_organisation(sessions, OrganisationKind.REGULATOR)
        someone = await make_person(sessions, organisation_id, [Role.REGULATOR_OFFICER])
        lists = ("/v1/products", "/v1/resources", "/v1/authorisations", "/v1/price-plans")
        async with signed_in(app, someone.email) as mine:
            for path in lists:
                assert (await mine.get(path)).json()["items"], path
            await set_status(sessions, organisation_id, OrganisationStatus.SUSPENDED)
            for path in (*lists, "/v1/agreements", "/v1/invoices"):
                answer = await mine.get(path)
                assert answer.status_code == 200, (path, answer.text)
                assert answer.json()["items"] == [], path
            assert len((await mine.get("/v1/organisations")).json()["items"]) == 1

    async def test_its_people_sign_in_and_read(self, app: Litestar, sessions: SessionMaker) -> None:
        organisation_id = await make_organisation(
            sessions, OrganisationKind.BUYER, OrganisationStatus.SUSPENDED
        )
        someone = await make_person(sessions, organisation_id, [Role.BUYER, Role.ORGANISATION_ADMIN])
        answer = await browser(app).post("/v1/session", json={"email": someone.email, "password": PASSWORD})
        assert answer.status_code == 201, answer.text
        read: dict[str, Any] = answer.json()
        assert read["organisation"]["status"] == "suspended"
        assert "invoice.pay" in read["permissions"]
        assert "order.place" not in read["permissions"]
