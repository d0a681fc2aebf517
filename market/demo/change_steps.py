"""Step 12: what is published and what is authorised change by review and signature, and a running contract goes on."""

from hashlib import sha256
from typing import Any

from market.demo.buying_steps import data_call
from market.demo.desk import StepFailed, expect
from market.demo.state import Trade


async def change(trade: Trade) -> list[str]:
    """Step 12: a further edition, a narrowed authorisation, and the buyer's next call."""
    told = [await _edition(trade), *await _amendment(trade)]
    async with trade.connect() as http:
        expect(await data_call(http, trade, limit=1))
    return [*told, "the buyer's contract goes on: its next call is answered"]


async def _edition(trade: Trade) -> str:
    operator, regulator, buyer = (trade.desks[name] for name in ("operator", "regulator", "buyer"))
    zh, en = trade.titles
    drafted = await operator.post(f"/v1/products/{trade.made['product_id']}/editions")
    path = f"/v1/editions/{drafted['id']}"
    await operator.patch(
        path, {"description_zh": f"{zh}，每日更新。", "description_en": f"{en}, with new data every day."}
    )
    submitted = await operator.post(f"{path}/submission")
    approved = await regulator.post(f"{path}/approval", {"digest": submitted["digest"]})
    signed_on = (await buyer.get(f"/v1/agreements/{trade.made['agreement_id']}"))["edition"]["number"]
    if signed_on == approved["number"]:
        raise StepFailed("The running agreement was moved to another edition than it was signed on.")
    changed = ", ".join(sorted(change["field"] for change in approved["changes"]))
    return (
        f"edition {approved['number']} drafted, reviewed and in force ({changed}); the running agreement keeps edition"
        f" {signed_on}"
    )


async def _amendment(trade: Trade) -> list[str]:
    owner = trade.desks["owner"]
    path = f"/v1/authorisations/{trade.made['authorisation_id']}"
    ground = {"legal_basis": "Revised implementation plan 修订后的公共数据授权运营实施方案"}

    async def preview(scenario: str) -> Any:
        return await owner.post(f"{path}/amendment-previews", {"scenarios": [scenario]})

    ending = (await preview("urban_governance"))["stops"]["licences"]
    shown = await preview("environmental_services")
    if ending != 1 or shown["stops"]["licences"] != 0:
        raise StepFailed("The previews of the amendment do not name what it would stop.")
    amendment = await owner.post(
        f"{path}/amendments",
        {
            "scenarios": ["environmental_services"],
            "preview_digest": shown["digest"],
            "reason": "The other scenario is not used (demo)",
            **ground,
        },
    )
    for side in ("owner", "authority", "operator"):
        amendment = await trade.desks[side].post(
            f"{path}/amendments/{amendment['id']}/signature",
            ground | {"document_sha256": sha256(f"amendment, {side}".encode()).hexdigest()},
        )
    return [
        f"without the scenario it was bought for, {ending} licence would end: a preview says so before anybody signs",
        f"without the other one none does: signed by owner, authorising body and operator, {amendment['status']}",
    ]
