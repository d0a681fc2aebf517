"""What columns are proposed to be, why, and that a person decides."""

import asyncio
import time
from pathlib import Path
from typing import Any

import duckdb
import pytest
from litestar import Litestar

from infra.db import SessionMaker
from infra.messages import translate
from listings.classification import jobs
from listings.classification.kinds import PersonalKind
from listings.classification.lexicon import concepts, read_heading
from listings.classification.proposals import ColumnSample, Proposal, hidden, propose, propose_all
from listings.classification.reading import MAX_VALUES, sample_columns
from listings.classification.recognisers import is_credit_code, is_dwelling, is_plate, name_parts
from listings.ingest.result import Column, Kind
from listings.resources.domain import Classification
from tests.benchmarks.bench_classification import measure
from tests.benchmarks.labelled_columns import part
from tests.support.application import job_context
from tests.support.bargain import Bargain
from tests.support.editions import drafted
from tests.support.parties import Party
from tests.support.problems import slug
from tests.support.products import draft, upload


def column(name: str, *values: str, kind: Kind = Kind.TEXT) -> ColumnSample:
    return ColumnSample(name, kind, values)


@pytest.mark.parametrize("which", [0, 1])
def test_proposals_hold_what_the_benchmark_prints(which: int) -> None:
    measured = measure(list(part(which, repeats=1)))
    assert measured.columns > 150
    assert measured.flagged.recall >= 0.95, measured.misses
    assert measured.flagged.precision >= 0.93, measured.misses


def test_the_lexicon_is_whole() -> None:
    codes = [concept.code for concept in concepts()]
    assert len(codes) == len(set(codes)) > 50
    assert read_heading("PM2.5浓度(mg/m³)").unit == "mg/m³", (
        "what the heading states comes before what is usual"
    )
    assert read_heading("rainfall_mm").unit == "mm"
    assert read_heading("wholly_unheard_of").concept is None


def test_a_proposal_says_why_in_both_languages_and_hides_its_examples() -> None:
    made = propose(column("f7", *(f"1380013{n:04d}" for n in range(40))))
    assert made.personal_kind is PersonalKind.MOBILE_NUMBER
    assert not made.sensitive
    told = [translate(reason, "zh") for reason in made.reasons]
    assert "40" in told[0]
    assert told != [translate(reason, "en") for reason in made.reasons]
    assert made.examples[0] == "1*********0"
    assert Proposal.from_json(made.to_json()) == made


def test_a_social_credit_code_is_of_an_organisation() -> None:
    codes = [one.sample for one in part(0, repeats=1) if one.sample.name == "统一社会信用代码"]
    assert codes
    assert all(is_credit_code(value) for value in codes[0].values)
    assert propose(codes[0]).personal is False
    assert propose(column("x", *codes[0].values)).personal is False


def test_what_would_be_harmed_gives_the_class() -> None:
    assert propose(column("管线坐标", "a")).classification is Classification.IMPORTANT
    assert propose(column("军事设施", "a")).classification is Classification.CORE
    assert propose(column("身份证号", "a")).classification is Classification.GENERAL


def test_places_are_personal_beside_persons_only() -> None:
    place = column("经度", *(f"121.{n}12345" for n in range(10, 40)), kind=Kind.DECIMAL)
    people = column("姓名", *("王伟", "李娜", "张敏", "刘洋", "陈静", "杨磊", "赵霞", "黄勇"))
    assert [one.personal for one in propose_all([place])] == [False]
    assert [one.personal for one in propose_all([place, people])] == [True, True]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("王小明", ("王", "小明")), ("欧阳娜", ("欧阳", "娜")), ("黄瓜", ("黄", "瓜")), ("x", None)],
)
def test_a_name_is_a_surname_and_the_rest(text: str, expected: tuple[str, str] | None) -> None:
    assert name_parts(text) == expected


def test_single_values() -> None:
    assert is_plate("沪A·D12345")
    assert is_plate("京AF0236 小型客车")
    assert not is_plate("沪A-1")
    assert is_dwelling("上海市浦东新区石鼓路12号3栋2单元501室")
    assert not is_dwelling("上海市浦东新区石鼓路12号")
    assert [hidden(text) for text in ("", "a", "ab", "abc")] == ["", "*", "**", "a*c"]


@pytest.mark.parametrize(
    ("name", "value"),
    [("出生日期", "²⁰²⁰-01-01"), ("生日", "①②③④"), ("birth year", "١٩٩٠"), ("经度", "sNaN")],
)
def test_odd_digits_are_looked_at_like_any_text(name: str, value: str) -> None:
    assert propose(column(name, *[value] * 10)).personal in (True, False)


@pytest.mark.parametrize("sign", ["一", "0", "上", "1-", "张·", "路"])
def test_long_values_of_one_sign_take_no_time(sign: str) -> None:
    begun = time.process_time()
    propose(column("x", *[(sign * 200)[:200]] * 500))
    assert time.process_time() - begun < 0.5, "a thousand such columns are looked at within the two minutes"


def test_values_are_looked_at_over_the_whole_length_of_the_data(tmp_path: Path) -> None:
    path = str(tmp_path / "data.parquet")
    duckdb.execute(f"COPY (SELECT range AS n FROM range(999)) TO '{path}' (FORMAT parquet)")
    (seen,) = sample_columns(path, [Column("n", "n", Kind.INTEGER, "BIGINT", nullable=False)], {})
    assert int(seen.values[-1]) > 990
    assert len(seen.values) <= MAX_VALUES


async def proposed(
    app: Litestar, sessions: SessionMaker, owner: Party, operator: Party
) -> tuple[dict[str, Any], str]:
    product = await draft(owner, operator)
    text = "联系电话,station_id,temperature\n" + "".join(
        f"139{n:08d},S{n % 5},{n % 30}.5\n" for n in range(60)
    )
    revision = await upload(operator, product["id"], text.encode())
    await jobs.propose(job_context(app, sessions), {"revision_id": revision["id"]})
    return product, revision["id"]


async def test_a_person_confirms_and_nothing_happens_by_itself(
    app: Litestar, sessions: SessionMaker, owner: Party, operator: Party, regulator: Party
) -> None:
    product, revision_id = await proposed(app, sessions, owner, operator)
    path = f"/v1/revisions/{revision_id}/column-proposals"
    made = await operator.get(path)
    assert made["ready"] is True
    by_name = {one["column"]: one for one in made["items"]}
    phone = by_name["联系电话"]
    assert (phone["personal_kind"], phone["answer"]) == ("mobile_number", None)
    assert phone["why"][0]["zh"] != phone["why"][0]["en"]
    assert "139" not in str(made)
    assert by_name["temperature"]["unit"] == "℃"
    assert (await operator.get(f"/v1/products/{product['id']}"))["dictionary"] == []
    await owner.post(f"{path}/confirmation", {"column": "联系电话"}, status=403)
    await regulator.post(f"{path}/rejection", {"column": "temperature", "reason": "No"}, status=403)
    await operator.post(f"{path}/confirmation", {"column": "nothing"}, status=404)
    taken = await operator.post(f"{path}/confirmation", {"column": "联系电话"}, status=200)
    assert [(one["name"], one["personal"]) for one in taken["dictionary"]] == [("联系电话", True)]
    corrected = {"column": "temperature", "title_zh": "室外气温", "classification": "IMPORTANT"}
    taken = await operator.post(f"{path}/confirmation", corrected, status=200)
    assert [one["title_zh"] for one in taken["dictionary"]][1] == "室外气温"
    contradictory = {"column": "temperature", "sensitive": True, "personal": False}
    await operator.post(f"{path}/confirmation", contradictory, status=422)
    sensitive = {"column": "temperature", "sensitive": True}
    taken = await operator.post(f"{path}/confirmation", sensitive, status=200)
    assert [(one["personal"], one["sensitive"]) for one in taken["dictionary"]][1] == (True, True)
    wrong = {"column": "station_id", "reason": "It is the number of a device"}
    assert (await owner.post(f"{path}/rejection", wrong, status=200))["answer"] == "rejected"
    answers = {one["column"]: one["answer"] for one in (await owner.get(path))["items"]}
    assert answers == {"联系电话": "confirmed", "temperature": "confirmed", "station_id": "rejected"}


async def test_a_proposal_is_taken_over_into_an_edition_of_what_is_published(
    app: Litestar, sessions: SessionMaker, bargain: Bargain
) -> None:
    operator, product = bargain.operator, f"/v1/products/{bargain.product_id}"
    (revision,) = (await operator.get(f"{product}/revisions"))["items"]
    await jobs.propose(job_context(app, sessions), {"revision_id": revision["id"]})
    wanted = {"column": "station", "title_zh": "监测站"}
    refused = await operator.post(
        f"/v1/revisions/{revision['id']}/column-proposals/confirmation", wanted, status=409
    )
    assert "/editions" in refused["remedy"], "what is published changes by an edition"
    edition = await drafted(operator, bargain.product_id)
    mask = {"method": "truncate", "keep": 1}
    station = {"name": "station", "title_zh": "站", "title_en": "Station", "mask": mask}
    phone = {"name": "phone", "title_zh": "电话", "title_en": "Telephone", "personal": True}
    await operator.put(f"/v1/editions/{edition['id']}/dictionary", {"columns": [station, phone]})
    path, body = (
        f"/v1/editions/{edition['id']}/column-proposals/confirmation",
        {**wanted, "revision_id": revision["id"]},
    )
    await bargain.owner.post(path, body, status=403)
    await bargain.buyer.post(path, body, status=403)
    await operator.post(path, {**body, "column": "nothing"}, status=404)
    taken = await operator.post(path, body, status=200)
    entries = {entry["name"]: entry for entry in taken["document"]["dictionary"]}
    assert (entries["station"]["title_zh"], entries["station"]["mask"]["keep"]) == ("监测站", 1)
    assert entries["phone"]["personal"] is True
    page = await operator.get(f"/v1/catalogue/{bargain.product_id}")
    assert page["dictionary"][0]["title_zh"] == "station", "buyers see it once it is approved"
    # With what makes its values personal, the rule that shows most gives way.
    shown = {**station, "mask": {"method": "show"}}
    await operator.put(f"/v1/editions/{edition['id']}/dictionary", {"columns": [shown, phone]})
    taken = await operator.post(path, {**body, "personal": True}, status=200)
    entries = {entry["name"]: entry for entry in taken["document"]["dictionary"]}
    assert (entries["station"]["personal"], entries["station"]["mask"]) == (True, None)
    items = (await operator.get(f"/v1/revisions/{revision['id']}/column-proposals"))["items"]
    assert {one["column"]: one["answer"] for one in items}["station"] == "confirmed"
    await operator.post(f"/v1/editions/{edition['id']}/submission", status=200)
    assert slug(await operator.post(path, body, status=409)) == "edition-state"
    other = await draft(bargain.owner, operator)
    elsewhere = await upload(operator, other["id"])
    await jobs.propose(job_context(app, sessions), {"revision_id": elsewhere["id"]})
    await operator.post(path, {**body, "revision_id": elsewhere["id"]}, status=404)


async def test_a_proposal_is_never_below_the_class_of_the_column(
    app: Litestar, sessions: SessionMaker, owner: Party, operator: Party
) -> None:
    product, revision_id = await proposed(app, sessions, owner, operator)
    await owner.post(
        f"/v1/resources/{product['resource_id']}/column-gradings/raise",
        {"column": "temperature", "classification": "IMPORTANT", "reason": "As the assessment found"},
    )
    path = f"/v1/revisions/{revision_id}/column-proposals"
    items = {one["column"]: one for one in (await operator.get(path))["items"]}
    assert items["temperature"]["classification"] == "IMPORTANT"
    lower = {"column": "temperature", "classification": "GENERAL"}
    assert slug(await operator.post(f"{path}/confirmation", lower, status=409)) == "column-class"


async def test_what_was_not_looked_at_is_asked_for(
    app: Litestar, sessions: SessionMaker, owner: Party, operator: Party
) -> None:
    product = await draft(owner, operator)
    revision = await upload(operator, product["id"])
    path = f"/v1/revisions/{revision['id']}/column-proposals"
    assert await operator.get(path) == {"ready": False, "items": []}
    assert (await owner.post(path, status=202))["ready"] is False
    context = job_context(app, sessions)
    payload = {"revision_id": revision["id"]}
    await asyncio.gather(jobs.propose(context, payload), jobs.propose(context, payload))
    assert (await owner.post(path, status=202))["ready"] is True
