"""One whole trade, from a file on disk to reconciled money: each step over HTTP, as its own person."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass

from market.demo import buying_steps, change_steps, listing_steps, money_steps
from market.demo.state import Trade


@dataclass(frozen=True, slots=True)
class Step:
    """One step: what it is, and what carries it out and answers what it proved."""

    title: str
    chinese: str
    run: Callable[[Trade], Awaitable[Sequence[str]]]


STEPS = (
    Step("Six parties are registered and verified", "参与方入驻", listing_steps.parties),
    Step(
        "The owner registers a resource, an operator is authorised by three sides",
        "资源登记与授权",
        listing_steps.authority,
    ),
    Step("The owner uploads the file as an immutable revision", "数据入库", listing_steps.upload),
    Step("The worker checks its quality", "质量评价", listing_steps.quality),
    Step("The operator attaches a price plan", "定价", listing_steps.price),
    Step("The regulator approves, the product is published", "审核上架", listing_steps.publish),
    Step(
        "The buyer finds it, orders, both sides sign, a licence is issued",
        "订约与许可",
        buying_steps.contract,
    ),
    Step("The buyer calls the data API, every call is metered", "调用与计量", buying_steps.calls),
    Step(
        "The contract ends, its last period is closed, invoiced, paid and split",
        "结算与分账",
        money_steps.settle,
    ),
    Step("Finance reconciles", "对账", money_steps.reconcile),
    Step("The regulator opens the contract and stops the next one", "监管", money_steps.supervise),
    Step("Product and authorisation change, the contract goes on", "版本与授权变更", change_steps.change),
)


async def play(trade: Trade) -> AsyncIterator[tuple[Step, Sequence[str] | None]]:
    """Play the steps in order; each comes twice, before (None) and after with its proofs.

    :raises StepFailed: the service answered something else than the trade needs.
    """
    try:
        for step in STEPS:
            yield step, None
            yield step, await step.run(trade)
    finally:
        for desk in trade.desks.values():
            await desk.leave()
