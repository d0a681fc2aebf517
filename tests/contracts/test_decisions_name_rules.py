"""Agreements, signatures, products, rights and reviews name the rules they were decided under."""

from datetime import datetime

import pytest
from sqlmodel import col, select

from infra.audit.tables import AuditEntry
from infra.db import SessionMaker, now, transaction
from tests.contracts.test_amendments import proposed, signed
from tests.support.bargain import Bargain
from tests.support.products import (
    authorisation_body,
    held_resource,
    registration_content,
    resource_body,
    right_body,
)

LISTING = ["listing.core_data_refused", "listing.important_data_needs_assessment"]
PUBLICATION = [*LISTING, "listing.personal_needs_impact_assessment"]
KEPT = ["records.retention_years"]


def keys(decision: dict[str, object]) -> list[str]:
    rules = decision["rules"]
    assert isinstance(rules, list)
    assert all(item["version"] == 1 for item in rules)
    return [item["key"] for item in rules]


async def test_every_decision_of_a_trade_names_the_versions_it_read(bargain: Bargain) -> None:
    product = await bargain.operator.get(f"/v1/products/{bargain.product_id}")
    assert keys(product) == PUBLICATION
    right = (await bargain.owner.get(f"/v1/resources/{product['resource_id']}/rights"))["items"][0]
    assert keys(right) == KEPT
    recorded, kept = (datetime.fromisoformat(right[name]) for name in ("recorded_at", "evidence_kept_until"))
    assert kept.year - recorded.year == 30
    authorisation = await bargain.owner.get(f"/v1/authorisations/{product['authorisation_id']}")
    # Who accepts is asked again whether the resource may be listed.
    assert keys(authorisation) == ["authorisation.max_term_years", *LISTING]
    ordered = await bargain.order()
    assert keys(ordered) == LISTING
    agreement = await bargain.sign(ordered)
    operator, buyer = agreement["signatures"]
    # The buyer's signature concludes, so the product must still be one that may be traded.
    assert (keys(operator), keys(buyer)) == (KEPT, LISTING + KEPT)
    review = await bargain.regulator.post(
        f"/v1/contract-reviews/{agreement['id']}", {"note": "within the purpose"}
    )
    assert keys(review) == KEPT
    assert review["kept_until"] > review["reviewed_at"]
    # Asked as of the decision's time, the rulebook has the same versions.
    then = agreement["requested_at"].replace("+00:00", "Z")
    in_force = (await bargain.buyer.get(f"/v1/rulebook?at={then}"))["items"]
    versions = {item["key"]: item["version"] for item in in_force}
    assert {item["key"]: item["version"] for item in ordered["rules"]}.items() <= versions.items()


@pytest.mark.parametrize("classification", ["CORE", "IMPORTANT"])
async def test_the_law_on_classified_data_is_read_from_the_rulebook(
    untouched_bargain: Bargain, classification: str
) -> None:
    owner, operator = untouched_bargain.owner, untouched_bargain.operator
    resource_id = await held_resource(owner, classification=classification)
    refused = await owner.post("/v1/authorisations", authorisation_body(operator, resource_id), status=409)
    assert refused["type"].endswith(":resource-not-listable")


SUBJECTS = (
    "authorisation",
    "authorisation_amendment",
    "encumbrance",
    "registration_application",
    "registration_objection",
    "resource",
    "right",
    "right_grant",
)


async def test_every_command_names_who_answers_for_it_the_rules_and_the_reason(
    bargain: Bargain, sessions: SessionMaker
) -> None:
    owner, operator = bargain.owner, bargain.operator
    regulator, reason = bargain.regulator, {"reason": "Asked for by the ministry"}
    body = operator.authorising_body
    assert body is not None
    async with transaction(sessions) as session:
        since = await now(session)
    path = f"/v1/products/{bargain.product_id}"
    product = await operator.get(path)
    resource, authorisation = (
        f"/v1/{kind}s/{product[f'{kind}_id']}" for kind in ("resource", "authorisation")
    )
    right = (await owner.get(f"{resource}/rights"))["items"][0]["id"]
    for thing in (resource, f"{resource}/rights/{right}", authorisation):
        for step in ("suspension", "reinstatement"):
            await regulator.post(f"{thing}/{step}", reason, status=200)
    await owner.post(f"{resource}/personal-information", reason, status=200)
    filed = {"kind": "risk", "sha256": "a" * 64, "note": "Assessed by the security office"}
    await owner.post(f"{resource}/assessments", filed)
    grant = right_body(kind="USE", grantee_id=str(operator.organisation_id), may_grant=False)
    del grant["basis"]
    offered = await owner.post(f"/v1/rights/{right}/grants", grant)
    await operator.post(f"/v1/right-grants/{offered['id']}/acceptance", reason, status=200)
    claim = {"grounds": "Order of the court", "evidence_sha256": "b" * 64}
    freeze = await regulator.post(f"/v1/rights/{right}/freezes", claim)
    lift = {"decision": "lifting", **reason}
    await regulator.post(f"/v1/encumbrances/{freeze['id']}/ruling", lift, status=200)
    amendment = await proposed(owner, product["authorisation_id"], regions=["310100"])
    await signed(amendment, owner, body, operator)
    draft = await owner.post("/v1/resources", resource_body(**reason))
    assert "reason" not in draft
    await owner.post(f"{authorisation}/revocation", reason, status=200)
    application = {"kind": "initial", "content": registration_content(), **reason}
    applied = await owner.post(f"/v1/resources/{draft['id']}/registration-applications", application)
    await owner.post(f"/v1/registration-applications/{applied['id']}/withdrawal", reason, status=200)
    async with transaction(sessions) as session:
        statement = select(AuditEntry).where(
            col(AuditEntry.subject_kind).in_(SUBJECTS),
            col(AuditEntry.action).not_like("%.stop%"),
            col(AuditEntry.recorded_at) >= since,
        )
        entries = (await session.exec(statement)).all()
    assert {entry.subject_kind for entry in entries} >= {*SUBJECTS} - {"registration_objection"}
    for entry in entries:
        assert entry.rules, entry.action
        assert "responsible" in entry.detail, entry.action
        assert entry.detail["reason"] or entry.detail["legal_basis"], entry.action
    assert [entry.detail["reason"] for entry in entries if entry.action == "resource.created"] == [
        reason["reason"]
    ]
