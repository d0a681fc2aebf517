"""What a product is offered for, how it is delivered, and the axes it is found on."""

import httpx

from tests.support.bargain import Bargain
from tests.support.parties import Party
from tests.support.problems import slug
from tests.support.products import active_authorisation, draft, held_resource, product_body, published


def text(**changes: object) -> dict[str, object]:
    """A draft's text, to replace."""
    body = product_body("", "") | changes
    del body["authorisation_id"], body["resource_id"]
    return body


async def test_a_product_is_offered_for_what_its_authorisation_gives_or_for_less(
    owner: Party, operator: Party
) -> None:
    product = await draft(owner, operator)
    assert product["purposes"] == ["industry", "public_welfare"]
    assert product["delivery_classes"] == ["records_api"]
    path = f"/v1/products/{product['id']}"
    problem = await operator.put(path, text(purposes=["public_governance"]), status=422)
    assert (slug(problem), problem["authorised"]) == (
        "purpose-not-authorised",
        ["industry", "public_welfare"],
    )
    assert (await operator.put(path, text(purposes=["industry"])))["purposes"] == ["industry"]
    assert (await operator.put(path, text()))["purposes"] == ["industry"]
    nothing: list[str] = []
    for empty in ({"purposes": nothing}, {"delivery_classes": nothing}, {"themes": nothing}):
        await operator.put(path, text(**empty), status=422)
    resource_id = await held_resource(owner)
    authorisation_id = await active_authorisation(owner, operator, resource_id)
    body = product_body(authorisation_id, resource_id, purposes=["public_governance"])
    assert slug(await operator.post("/v1/products", body, status=422)) == "purpose-not-authorised"


async def test_nobody_orders_what_is_not_offered(
    owner: Party, operator: Party, buyer: Party, regulator: Party, client: httpx.AsyncClient
) -> None:
    product_id = await published(owner, operator, regulator, purposes=["industry"])
    page = (await client.get(f"/v1/catalogue/{product_id}")).json()
    assert page["purposes"] == ["industry"]
    bargain = Bargain(owner, operator, buyer, regulator, product_id)
    refused = await buyer.post("/v1/agreements", bargain.order_body(purposes=["public_welfare"]), status=422)
    assert (slug(refused), refused["purposes"]) == ("order-refused", ["industry"])
    quote = {"units": {"calls": 1}, "purpose": "public_welfare"}
    assert (
        slug(await buyer.post(f"/v1/products/{product_id}/quotes", quote, status=422))
        == "purpose-not-offered"
    )
    await bargain.order()


async def test_a_theme_is_shown_with_its_axis(
    owner: Party, operator: Party, client: httpx.AsyncClient
) -> None:
    product = await draft(owner, operator, themes=["environment", "geography"])
    assert [(theme["code"], theme["axis"], theme["axis_label"]["zh"]) for theme in product["themes"]] == [
        ("environment", "theme", "主题库"),
        ("geography", "base", "基础库"),
    ]
    lists = {item["name"]: item["codes"] for item in (await client.get("/v1/code-lists")).json()["items"]}
    assert {code["code"]: code["axis"] for code in lists["theme"]}["geography"] == "base"
    assert [code["zh"] for code in lists["theme_axis"]] == ["基础库", "主题库"]
