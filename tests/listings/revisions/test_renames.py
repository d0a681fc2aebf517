"""A column renamed to evade its class or its mask."""

from listings.revisions.renames import renamed_columns
from tests.support.parties import Party
from tests.support.products import draft, upload

NAME = {"name": "a", "distinct": 60, "minimum": None, "maximum": None, "length_min": 2, "length_max": 4}


def test_a_column_is_known_by_its_measures() -> None:
    assert renamed_columns([NAME], [{**NAME, "name": "b"}]) == {"b": "a"}
    assert renamed_columns([NAME], [{**NAME, "name": "b", "length_max": 5}]) == {}
    assert renamed_columns([NAME], [NAME, {**NAME, "name": "b"}]) == {}, "nothing is gone"
    few = {**NAME, "distinct": 2}
    assert renamed_columns([few], [{**few, "name": "b"}]) == {}


async def test_a_new_name_changes_neither_class_nor_mask(owner: Party, operator: Party) -> None:
    product = await draft(owner, operator)
    lines = "".join(f"person number {n},{n * 7}\n" for n in range(60))
    await upload(operator, product["id"], f"who,depth\n{lines}".encode())
    entry = {"name": "who", "title_zh": "人员", "title_en": "Who", "personal": True}
    await operator.put(f"/v1/products/{product['id']}/dictionary", {"columns": [entry]})
    path = f"/v1/resources/{product['resource_id']}/column-gradings"
    reason = {"reason": "As the assessment found"}
    await owner.post(f"{path}/raise", {"column": "depth", "classification": "CORE", **reason})
    later = await upload(operator, product["id"], f"x1,x2\n{lines}".encode())
    newest = (await owner.get(path))["items"][0]
    assert (newest["column_name"], newest["classification"], newest["action"]) == ("x2", "CORE", "raised")
    assert "depth" in newest["reason"]
    sample = await operator.get(f"/v1/revisions/{later['id']}/sample")
    assert sample["rows"][0] == {"x1": "***"}, "core data is absent, what was personal is masked"
