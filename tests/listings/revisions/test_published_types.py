"""Files of a published product are read with its types; types can be declared before the first file."""

from typing import Any

from tests.support.parties import Party
from tests.support.problems import slug
from tests.support.products import draft, plan_body, settle_quality, upload

HEADER = "station,day,celsius,readings"
MONTHS = [
    "00701,2025-01-31,12.5,24",
    "00701,2025-02-28,12,24",
    "10701,2025-03-31,12.5,24",
    "00701,2025-04-30,,",
    "00701,2025-05-31,1.25e1,2.4e1",
    "00701,2025-06-30,12.50,24.0",
    "00701,2025/7/31,NA,24",
    "00701,2025年8月31日,-0.125,24",
    "701,2025-09-30 00:00:00,12.5,24",
    "00701,2025-10-31,1000,0",
    "7E1,2025-11-30,.5,24",
    ",,,",
]
TYPES = {"station": "text", "day": "date", "celsius": "decimal", "readings": "integer"}


def month(line: str) -> bytes:
    return f"{HEADER}\n{line}\n{line}\n".encode()


def kinds(revision: dict[str, Any]) -> dict[str, str]:
    return {column["name"]: column["kind"] for column in revision["columns"]}


async def on_the_market(owner: Party, operator: Party, regulator: Party, data: bytes) -> str:
    """Id of a published product with this first file."""
    product = await draft(owner, operator)
    path = f"/v1/products/{product['id']}"
    await settle_quality(operator, (await upload(operator, product["id"], data))["id"])
    plan = await operator.post("/v1/price-plans", plan_body())
    await operator.put(f"{path}/price-plan", {"plan_id": plan["id"]})
    await operator.post(f"{path}/submission", status=200)
    await regulator.post(f"{path}/approval", {}, status=200)
    return str(product["id"])


async def test_twelve_months_are_read_with_the_published_types(
    owner: Party, operator: Party, regulator: Party
) -> None:
    first, *later = MONTHS
    product_id = await on_the_market(owner, operator, regulator, month(first))
    for number, line in enumerate(later, start=2):
        revision = await upload(operator, product_id, month(line))
        assert (revision["number"], kinds(revision)) == (number, TYPES), line
        await settle_quality(operator, revision["id"])
    again = await upload(operator, product_id, month(MONTHS[-1]))
    assert again["number"] == 12, "the same upload again"


async def test_what_does_not_fit_is_named_and_a_declared_format_is_the_way_on(
    owner: Party, operator: Party, regulator: Party
) -> None:
    product_id = await on_the_market(owner, operator, regulator, month(MONTHS[0]))
    commas = f'{HEADER}\n00701,31/12/2025,"1.012,5",24\n'.encode()
    problem = await upload(operator, product_id, commas, status=422)
    assert slug(problem) == "type-mismatch"
    named = {one["column"]: one["examples"] for one in problem["misfits"]}
    assert {name: (one[0]["row"], one[0]["value"]) for name, one in named.items()} == {
        "day": (1, "31/12/2025"),
        "celsius": (1, "1.012,5"),
    }
    assert f"PUT /v1/products/{product_id}/columns" in problem["remedy"]
    declared = [
        {"name": "day", "kind": "date", "format": "day_first"},
        {"name": "celsius", "kind": "decimal", "format": "decimal_comma"},
    ]
    await owner.put(f"/v1/products/{product_id}/columns", {"columns": declared})
    revision = await upload(operator, product_id, commas)
    assert kinds(revision) == TYPES
    retyped = [declared[0], {"name": "celsius", "kind": "text"}]
    await owner.put(f"/v1/products/{product_id}/columns", {"columns": retyped})
    breaking = await upload(operator, product_id, commas.replace(b"31", b"30"))
    assert (kinds(breaking)["celsius"], breaking["change"]["status"]) == ("text", "proposed")


async def test_a_lost_column_and_a_new_one_are_named_as_such(
    owner: Party, operator: Party, regulator: Party
) -> None:
    product_id = await on_the_market(owner, operator, regulator, month(MONTHS[0]))
    breaking = await upload(operator, product_id, b"station,day,celsius,count\n1,2025-01-31,1,2\n")
    assert [(one["name"], one["change"]) for one in breaking["change"]["breaking"]] == [
        ("readings", "removed")
    ]
    compared = await operator.get(f"/v1/revisions/{breaking['id']}/differences")
    assert [(one["name"], one["change"]) for one in compared["columns"]] == [
        ("readings", "removed"),
        ("count", "added"),
    ]
    added = b"station,day,celsius,readings,count\n1,2025-01-31,1,2,3\n"
    notices = (await upload(operator, product_id, added))["profile"]["notices"]
    assert [(notice["code"], notice["column"]) for notice in notices] == [("new-column", "count")]


async def test_types_are_declared_before_the_first_file(owner: Party, operator: Party, buyer: Party) -> None:
    product = await draft(owner, operator)
    path = f"/v1/products/{product['id']}"
    columns = [
        {"name": "code", "kind": "text"},
        {"name": "share", "kind": "decimal", "format": "percent", "unit": "%", "nullable": False},
    ]
    body = await owner.put(f"{path}/columns", {"columns": columns})
    assert [(one["name"], one["kind"], one["unit"]) for one in body["declared_columns"]] == [
        ("code", "text", None),
        ("share", "decimal", "%"),
    ]
    await buyer.put(f"{path}/columns", {"columns": []}, status=403)
    revision = await upload(operator, product["id"], b"code,share\n701,12.5%\n")
    assert kinds(revision) == {"code": "text", "share": "decimal"}
    problem = await upload(operator, product["id"], b"code,share\n701,\n", status=422)
    assert slug(problem) == "type-mismatch"
    problem = await upload(operator, product["id"], b"code,rate\n701,1\n", status=422)
    assert (slug(problem), problem["missing"]) == ("declared-columns-missing", ["share"])
    await owner.put(f"{path}/columns", {"columns": columns[:1]})
    again = await upload(operator, product["id"], b"code,share\n701,12.5%\n")
    assert (again["number"], kinds(again)) == (2, {"code": "text", "share": "text"})


async def test_notices_are_told_in_the_readers_language(owner: Party, operator: Party) -> None:
    product = await draft(owner, operator)
    revision = await upload(operator, product["id"], b"a,b\n1,x\nNA,y\n2,z\n")
    (english,) = revision["profile"]["notices"]
    assert english["message"] == "1 values of 'a' such as NA, NULL or - were read as missing."
    answer = await operator.http.get(f"/v1/revisions/{revision['id']}", headers={"Accept-Language": "zh"})
    (chinese,) = answer.json()["profile"]["notices"]
    assert "缺失" in chinese["message"]
    assert chinese["code"] == english["code"] == "markers-read-as-missing"


async def test_notices_name_the_address_of_their_product(owner: Party, operator: Party) -> None:
    product = await draft(owner, operator)
    revision = await upload(operator, product["id"], b'a,b\n"1,200",x\n"3,400",y\n')
    (notice,) = revision["profile"]["notices"]
    assert f"PUT /v1/products/{product['id']}/columns" in notice["message"]
