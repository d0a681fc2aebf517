"""Samples over HTTP: drawn by rule, stored masked, approved by another, carried over while classes stay."""

from typing import Any

import pytest
import sqlalchemy as sa
from litestar import Litestar

from infra.db import SessionMaker, transaction
from listings.samples import jobs
from tests.support.application import job_context
from tests.support.parties import Party
from tests.support.problems import slug
from tests.support.products import assessment_body, draft, plan_body, settle_quality, upload

REASON = {"reason": "As the assessment of 3 March found"}
LINES = "".join(f"S{n % 3},{20 + n % 40},139{n:08d},{n}.5,{'=1+1' if n % 2 else ''}\n" for n in range(90))
DATA = ("station,age,phone,pm25,note\n" + LINES + ",99,13812345678,1.5,\n").encode()
DICTIONARY: list[dict[str, Any]] = [
    {"name": "phone", "title_zh": "电话", "title_en": "Phone", "personal": True, "mask": {"method": "hash"}},
    {
        "name": "age",
        "title_zh": "年龄",
        "title_en": "Age",
        "personal": True,
        "mask": {"method": "generalise", "to": "band", "width": "10"},
    },
]


async def listed(owner: Party, operator: Party, data: bytes = DATA) -> tuple[str, str]:
    """Ids of a product with a dictionary, and of its revision."""
    product = await draft(owner, operator)
    revision = await upload(operator, product["id"], data)
    await settle_quality(operator, revision["id"])
    await operator.put(f"/v1/products/{product['id']}/dictionary", {"columns": DICTIONARY})
    return product["id"], revision["id"]


async def stored_texts(sessions: SessionMaker, revision_id: str) -> str:
    """All that the database holds of a revision's rows."""
    async with transaction(sessions) as session:
        found = await session.execute(
            sa.text(
                "SELECT r.sample::text || coalesce(string_agg(s.rows::text, ''), '') FROM product_revisions r"
                " LEFT JOIN product_samples s ON s.revision_id = r.id WHERE r.id = CAST(:id AS uuid) GROUP BY r.id"
            ),
            {"id": revision_id},
        )
        return str(found.scalar_one())


async def test_a_drawn_sample_is_stored_masked_and_approved_by_another(
    app: Litestar, sessions: SessionMaker, owner: Party, operator: Party, regulator: Party, buyer: Party
) -> None:
    _, revision_id = await listed(owner, operator)
    path = f"/v1/revisions/{revision_id}/samples"
    wanted = {"method": "stratified", "by": "station", "count": 4, "seed": 7}
    await buyer.post(path, wanted, status=403)
    drawn = await operator.post(path, wanted)
    assert sorted(str(row["station"]) for row in drawn["rows"]) == ["None", "S0", "S1", "S2"], (
        "each has its turn"
    )
    assert drawn["rows"] == (await operator.post(path, wanted))["rows"], "the same seed draws the same"
    assert drawn["rows"] != (await operator.post(path, {**wanted, "seed": 8}))["rows"]
    assert {len(row["phone"]) for row in drawn["rows"]} == {16}
    by_station = {row["station"]: row for row in drawn["rows"]}
    assert by_station[None]["age"] == "***", "the only one of that age"
    assert by_station["S0"]["age"].endswith("0")
    assert {row["note"] for row in drawn["rows"]} <= {None, "'=1+1"}
    texts = await stored_texts(sessions, revision_id)
    assert "139000" not in texts
    assert "13812345678" not in texts
    # Not by the operator's own program, but by the other party.
    told = await operator.post(f"/v1/samples/{drawn['id']}/approval", {}, status=403)
    assert slug(told) == "another-officer"
    await buyer.post(f"/v1/samples/{drawn['id']}/approval", {}, status=403)
    before = await operator.get(f"/v1/revisions/{revision_id}/sample")
    assert len(before["rows"]) == 20
    approved = await owner.post(f"/v1/samples/{drawn['id']}/approval", REASON, status=200)
    assert approved["approved"] is True
    assert slug(await owner.post(f"/v1/samples/{drawn['id']}/rejection", {}, status=409)) == "sample-state"
    shown = await operator.get(f"/v1/revisions/{revision_id}/sample")
    assert shown["rows"] == drawn["rows"]
    assert [one["approved"] for one in (await owner.get(path))["items"]] == [None, None, True]


async def test_a_later_revision_has_the_same_draw_while_classes_stay(
    app: Litestar, sessions: SessionMaker, owner: Party, operator: Party
) -> None:
    product_id, revision_id = await listed(owner, operator)
    filters = [{"column": "pm25", "test": "ge", "value": "80"}]
    body = {"method": "filter", "filters": filters, "count": 3}
    drawn = await owner.post(f"/v1/revisions/{revision_id}/samples", body)
    assert [row["pm25"] for row in drawn["rows"]] == [80.5, 81.5, 82.5]
    await operator.post(f"/v1/samples/{drawn['id']}/approval", {}, status=200)
    later = await upload(operator, product_id, DATA + b"S1,30,13900000001,99.5,\n")
    assert (await operator.get(f"/v1/revisions/{later['id']}/sample"))["rows"] == []
    await jobs.refresh(job_context(app, sessions), {"revision_id": later["id"]})
    await jobs.refresh(job_context(app, sessions), {"revision_id": later["id"]})
    carried = (await operator.get(f"/v1/revisions/{later['id']}/samples"))["items"]
    assert [one["carried_from_id"] for one in carried] == [drawn["id"]]
    shown = await operator.get(f"/v1/revisions/{later['id']}/sample")
    assert [row["pm25"] for row in shown["rows"]] == [80.5, 81.5, 82.5]
    # A column becomes personal: nothing is shown until somebody has approved a sample of it as it is now.
    await owner.post(f"/v1/products/{product_id}/personal-columns", {"columns": ["station"]}, status=200)
    assert (await operator.get(f"/v1/revisions/{later['id']}/sample"))["rows"] == []
    anew = await owner.post(f"/v1/revisions/{later['id']}/samples", body)
    assert {row["station"] for row in anew["rows"]} == {"***"}
    await operator.post(f"/v1/samples/{anew['id']}/approval", {}, status=200)
    assert (await operator.get(f"/v1/revisions/{later['id']}/sample"))["rows"] == anew["rows"]


async def test_first_rows_take_stricter_rules_at_once_and_milder_ones_with_the_next_draw(
    app: Litestar, sessions: SessionMaker, owner: Party, operator: Party
) -> None:
    product_id, revision_id = await listed(owner, operator)
    path = f"/v1/revisions/{revision_id}/sample"

    async def first() -> dict[str, Any]:
        row: dict[str, Any] = (await operator.get(path))["rows"][0]
        return row

    assert ((await first())["station"], (await first())["age"]) == ("S0", "***")
    await jobs.refresh(job_context(app, sessions), {"revision_id": revision_id})
    assert (await first())["age"] == "20–30"
    resource_id = (await operator.get(f"/v1/products/{product_id}"))["resource_id"]
    important = {"column": "station", "classification": "IMPORTANT", **REASON}
    await owner.post(f"/v1/resources/{resource_id}/column-gradings/raise", important)
    assert (await first())["station"] == "***"
    await owner.post(
        f"/v1/resources/{resource_id}/column-gradings/raise", {**important, "classification": "CORE"}
    )
    assert "station" not in await first()
    await jobs.refresh(job_context(app, sessions), {"revision_id": revision_id})
    assert "S1" not in (await stored_texts(sessions, revision_id)).rpartition("[")[2]


async def test_what_is_left_of_persons_is_shown_of_no_single_one_in_first_rows_either(
    app: Litestar, sessions: SessionMaker, owner: Party, operator: Party
) -> None:
    product_id, _ = await listed(owner, operator)
    later = await upload(
        operator, product_id, b"station,age,phone,pm25,note\nS9,101,13812345670,1.5,\n" + LINES.encode()
    )
    path = f"/v1/revisions/{later['id']}/sample"
    assert {row["age"] for row in (await operator.get(path))["rows"]} == {"***"}, "nobody has counted yet"
    assert "100–110" not in await stored_texts(sessions, later["id"])
    await jobs.refresh(job_context(app, sessions), {"revision_id": later["id"]})
    first, *others = (await operator.get(path))["rows"]
    assert first["age"] == "***", "the only one of that age"
    assert {row["age"] for row in others} >= {"20–30", "30–40"}


async def test_a_truncated_column_that_becomes_personal_keeps_a_third_at_once(
    app: Litestar, sessions: SessionMaker, owner: Party, operator: Party
) -> None:
    product = await draft(owner, operator)
    text = "plot,pm25\n" + "".join(f"Plot of family {n % 3},{n}.5\n" for n in range(30))
    shortened = {
        "name": "plot",
        "title_zh": "地块",
        "title_en": "Plot",
        "mask": {"method": "truncate", "keep": 14},
    }
    await operator.put(f"/v1/products/{product['id']}/dictionary", {"columns": [shortened]})
    revision = await upload(operator, product["id"], text.encode())
    path, context = f"/v1/revisions/{revision['id']}/sample", job_context(app, sessions)

    async def shown() -> set[str]:
        return {row["plot"] for row in (await operator.get(path))["rows"]}

    assert await shown() == {"Plot of family***"}
    await operator.post(f"/v1/products/{product['id']}/personal-columns", {"columns": ["plot"]}, status=200)
    assert await shown() == {"***"}
    await jobs.refresh(context, {"revision_id": revision["id"]})
    assert await shown() == {"Plot ***"}


async def test_important_data_is_not_shown_by_a_band_as_narrow_as_its_values(
    owner: Party, operator: Party
) -> None:
    product_id, revision_id = await listed(owner, operator)
    resource_id = (await operator.get(f"/v1/products/{product_id}"))["resource_id"]
    important = {"column": "pm25", "classification": "IMPORTANT", **REASON}
    await owner.post(f"/v1/resources/{resource_id}/column-gradings/raise", important)
    narrow = {"method": "generalise", "to": "band", "width": "0.1"}
    entry = {"name": "pm25", "title_zh": "细颗粒物", "title_en": "PM2.5", "mask": narrow}
    await operator.put(f"/v1/products/{product_id}/dictionary", {"columns": [*DICTIONARY, entry]})
    drawn = await operator.post(f"/v1/revisions/{revision_id}/samples", {"method": "first", "count": 20})
    assert {row["pm25"] for row in drawn["rows"]} == {"***"}


@pytest.mark.parametrize(
    "body",
    [
        {"method": "rows", "rows": [4000]},
        {"method": "filter", "filters": [{"column": "pm25", "test": "ge", "value": "4000"}]},
    ],
)
async def test_a_draw_of_no_row_is_refused(owner: Party, operator: Party, body: dict[str, Any]) -> None:
    _, revision_id = await listed(owner, operator)
    refused = await operator.post(f"/v1/revisions/{revision_id}/samples", body, status=422)
    assert (slug(refused), "no row" in refused["detail"]) == ("sample-draw", True)


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ({"method": "first", "count": 1000}, "1 to 100"),
        ({"method": "rows"}, "which rows"),
        ({"method": "stratified"}, "which rows"),
        ({"method": "stratified", "by": "nothing"}, "Not in the data"),
        ({"method": "filter", "filters": [{"column": "phone", "test": "eq", "value": "1"}]}, "hidden: phone"),
        ({"method": "stratified", "by": "age"}, "hidden: age"),
        ({"method": "filter", "filters": [{"column": "pm25", "test": "eq"}]}, "too many or too few"),
        ({"method": "filter", "filters": [{"column": "pm25", "test": "eq", "value": "x"}]}, "does not fit"),
    ],
)
async def test_a_draw_that_says_too_little_or_tells_too_much_is_refused(
    owner: Party, operator: Party, body: dict[str, Any], detail: str
) -> None:
    _, revision_id = await listed(owner, operator)
    refused = await operator.post(f"/v1/revisions/{revision_id}/samples", body, status=422)
    assert slug(refused) == "sample-draw"
    assert detail in refused["detail"]


async def test_a_rule_that_the_class_forbids_is_refused(owner: Party, operator: Party) -> None:
    product_id, _ = await listed(owner, operator)
    entry = {**DICTIONARY[0], "mask": {"method": "show"}}
    refused = await operator.put(f"/v1/products/{product_id}/dictionary", {"columns": [entry]}, status=422)
    assert "generalise, hash, hide, truncate" in refused["remedy"]


async def test_chosen_rows_come_in_the_datas_order(owner: Party, operator: Party) -> None:
    _, revision_id = await listed(owner, operator)
    drawn = await operator.post(
        f"/v1/revisions/{revision_id}/samples", {"method": "rows", "rows": [5, 2, 5, 4000], "count": 10}
    )
    assert [row["pm25"] for row in drawn["rows"]] == [1.5, 4.5]


async def test_the_catalogue_shows_the_approved_sample(
    owner: Party, operator: Party, regulator: Party
) -> None:
    product_id, revision_id = await listed(owner, operator)
    path = f"/v1/products/{product_id}"
    drawn = await operator.post(f"/v1/revisions/{revision_id}/samples", {"method": "rows", "rows": [3]})
    await operator.post(f"{path}/impact-assessments", assessment_body())
    plan = await operator.post("/v1/price-plans", plan_body())
    await operator.put(f"{path}/price-plan", {"plan_id": plan["id"]})
    await operator.post(f"{path}/submission", status=200)
    await regulator.post(f"/v1/samples/{drawn['id']}/approval", {}, status=200)
    await regulator.post(f"{path}/approval", {}, status=200)
    page = await owner.get(f"/v1/catalogue/{product_id}")
    assert page["sample"] == drawn["rows"]
    assert "139000" not in str(page)
