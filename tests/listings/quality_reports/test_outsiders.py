"""What those who cannot access a product learn from its quality reports: nothing that buyers do not read."""

from typing import Any
from uuid import UUID

import httpx
import pytest

from infra.auth import SYSTEM
from infra.db import transaction
from infra.stops import service as stops
from tests.support.parties import Party
from tests.support.products import CSV, complete, published, settle_quality, upload

PHONES = ["13800000001", "13800000002"]
WITHOUT_PHONES = b"\n".join(line.rpartition(b",")[0] for line in CSV.splitlines()) + b"\n"


def reading(product_id: str, revision_id: str) -> list[str]:
    """Everything that says something of a revision."""
    report = f"/v1/revisions/{revision_id}/quality-report"
    return [report, f"{report}.html", f"/v1/revisions/{revision_id}/quality-comparison"]


async def statuses(party: Party, paths: list[str]) -> list[int]:
    return [(await party.http.get(path)).status_code for path in paths]


async def test_checks_of_columns_that_are_gone_and_of_other_products_tell_nothing(
    owner: Party, operator: Party, regulator: Party, buyer: Party, client: httpx.AsyncClient
) -> None:
    other_id = await complete(owner, operator)
    product_id = await complete(owner, operator)
    home = f"/v1/products/{product_id}"
    checks: list[dict[str, Any]] = [
        {
            "type": "in_set",
            "columns": ["phone"],
            "dimension": "conformity",
            "arguments": {"values": PHONES},
        },
        {
            "type": "references",
            "columns": ["station"],
            "dimension": "consistency",
            "arguments": {"product_id": other_id, "column": "station"},
            "name": "known stations",
        },
    ]
    suite = (await operator.get(f"{home}/quality-suite"))["in_force"]
    await operator.put(
        f"{home}/quality-suite",
        {"product_class": "general", "checks": checks, "based_on": suite["digest"]},
    )
    revision = await upload(operator, product_id, WITHOUT_PHONES)
    await settle_quality(operator, revision["id"])
    await operator.put(f"{home}/dictionary", {"columns": []})
    await operator.post(f"{home}/submission", status=200)
    await regulator.post(f"{home}/approval", {}, status=200)

    report, page, _ = reading(product_id, revision["id"])
    public = f"/v1/catalogue/{product_id}/quality-report"
    told = [await buyer.http.get(report), await buyer.http.get(page)]
    told += [await client.get(public), await client.get(f"{public}.html")]
    told.append(await buyer.http.get(f"{home}/quality-suite"))
    for answer in told:
        assert answer.status_code == 200, answer.text
        assert not [secret for secret in (*PHONES, other_id) if secret in answer.text]
    compared = told[0].json()["checks"][1]
    assert compared["sentence_en"].startswith("station occurs in another product: ")
    assert compared["sentence_zh"].startswith("station 的值见于另一产品：")
    inside = await operator.get(report)
    assert [check["arguments"] for check in inside["checks"]] == [check["arguments"] for check in checks]
    # A digest of what is withheld would confirm whoever guesses it.
    mine = (await operator.get(f"{home}/quality-suite"))["in_force"]
    contract = f"{home}/data-contract"
    told.append(await buyer.http.get(contract))
    assert mine["digest"] in (await operator.http.get(contract)).text
    assert not [answer for answer in told if inside["digest"] in answer.text or mine["digest"] in answer.text]


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("SELECT row_number FROM revision WHERE Phone = '13800000001'", False),
        (
            "SELECT row_number FROM (SELECT row_number, phone AS station FROM revision) WHERE station = 'S1'",
            False,
        ),
        ("SELECT row_number FROM revision WHERE Station = 'S1'", True),
    ],
)
async def test_a_statement_that_names_a_column_that_is_gone_is_not_told_where_nothing_else_is_concealed(
    owner: Party,
    operator: Party,
    regulator: Party,
    buyer: Party,
    client: httpx.AsyncClient,
    statement: str,
    told: bool,
) -> None:
    product_id = await complete(owner, operator)
    home = f"/v1/products/{product_id}"
    suite = (await operator.get(f"{home}/quality-suite"))["in_force"]
    check = {
        "type": "sql",
        "columns": [],
        "dimension": "accuracy",
        "arguments": {"statement": statement},
        "name": "not that one",
    }
    body = {"product_class": "general", "checks": [check], "based_on": suite["digest"]}
    await operator.put(f"{home}/quality-suite", body)
    revision = await upload(operator, product_id, WITHOUT_PHONES)
    await settle_quality(operator, revision["id"])
    await operator.put(f"{home}/dictionary", {"columns": []})
    await operator.post(f"{home}/submission", status=200)
    await regulator.post(f"{home}/approval", {}, status=200)

    report, page, _ = reading(product_id, revision["id"])
    public = f"/v1/catalogue/{product_id}/quality-report"
    answers = [
        await buyer.http.get(path) for path in (report, f"{home}/quality-suite", f"{home}/data-contract")
    ]
    answers.append(await client.get(public))
    assert [statement in answer.text for answer in answers] == [told] * 4
    for path in (page, f"{public}.html"):
        assert ("13800000001" in (await buyer.http.get(path)).text) is False
    assert statement in (await operator.http.get(report)).text


async def test_values_of_a_personal_column_stay_concealed_in_old_reports_when_the_column_is_gone(
    owner: Party, operator: Party, regulator: Party, buyer: Party
) -> None:
    product_id = await complete(owner, operator)
    home = f"/v1/products/{product_id}"
    first = (await operator.get(f"{home}/revisions"))["items"][0]["id"]
    suite = (await operator.get(f"{home}/quality-suite"))["in_force"]
    check = {
        "type": "in_set",
        "columns": ["station"],
        "dimension": "conformity",
        "arguments": {"values": ["S1", "S2", "Zhang San"]},
    }
    body = {"product_class": "general", "checks": [check], "based_on": suite["digest"]}
    await operator.put(f"{home}/quality-suite", body)
    await settle_quality(operator, first)
    entry = {"title_zh": "人", "title_en": "Person", "personal": True}
    await operator.put(f"{home}/dictionary", {"columns": [{"name": "station", **entry}]})
    without = b"\n".join(line.partition(b",")[2] for line in CSV.splitlines()) + b"\n"
    second = await upload(operator, product_id, without)
    await settle_quality(operator, second["id"])
    # Nobody describes what is not there any more.
    await operator.put(f"{home}/dictionary", {"columns": []})
    await operator.post(f"{home}/personal-columns", {"columns": ["phone"]}, status=200)
    await operator.post(f"{home}/submission", status=200)
    await regulator.post(f"{home}/approval", {}, status=200)
    for revision_id in (first, second["id"]):
        answer = await buyer.http.get(f"/v1/revisions/{revision_id}/quality-report")
        assert answer.status_code == 200
        assert "Zhang San" not in answer.text
    assert "Zhang San" not in (await buyer.http.get(f"{home}/quality-suite")).text


async def test_revisions_that_buyers_never_read_are_not_there_for_outsiders(
    owner: Party, operator: Party, regulator: Party, buyer: Party
) -> None:
    product_id = await published(owner, operator, regulator)
    good = (await operator.get(f"/v1/products/{product_id}/revisions"))["items"][0]["id"]
    failed = (await upload(operator, product_id, CSV + b"S1,2026-01-01T00:00:00Z,1.5,13800000009\n"))["id"]
    await settle_quality(operator, failed, passed=False)
    other_columns = CSV.replace(b"pm25", b"pm10")
    held = (await upload(operator, product_id, other_columns))["id"]
    await settle_quality(operator, held)
    for revision_id in (failed, held):
        paths = reading(product_id, revision_id)
        assert await statuses(operator, paths) == [200] * 3
        assert await statuses(buyer, paths) == [404] * 3
    assert await statuses(buyer, reading(product_id, good)[:2]) == [200] * 2

    newest = (await upload(operator, product_id, CSV + b"S2,2026-01-02T00:00:00Z,2.5,13800000008\n"))["id"]
    await settle_quality(operator, newest)
    comparison = reading(product_id, newest)[2]
    assert (await operator.get(comparison))["before"]["revision_id"] == held
    assert (await buyer.get(comparison))["before"]["revision_id"] == good

    async with transaction(operator.sessions) as session:
        await stops.place(
            session, SYSTEM, subject_kind="product", subject_id=UUID(product_id), reason="For a test"
        )
    gone = [*reading(product_id, newest), f"/v1/products/{product_id}/quality-trend"]
    assert await statuses(buyer, gone) == [404] * 4
    assert await statuses(operator, gone) == [200] * 4
