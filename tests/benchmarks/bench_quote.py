"""How many quotes a second one core makes, explanations included: ``python -m tests.benchmarks.bench_quote``."""

import argparse
import time
from collections.abc import Mapping
from decimal import Decimal
from uuid import UUID

from rich.console import Console
from rich.table import Table

from pricing.models.rating import Ceiling
from pricing.plans.domain import PricePlan, read_charges
from pricing.plans.limits import ACCEPTED
from pricing.quotes.context import QuoteContext
from pricing.quotes.domain import quote
from pricing.regulated.purposes import PUBLIC_PURPOSES, PurposeClass

CHARGES = (
    {"model": "per_unit", "metric": "calls", "unit_price": "0.05", "allowance": 100},
    {"model": "per_unit", "metric": "rows", "unit_price": "0.0003", "allowance": 1000},
    {"model": "flat", "amount": "200"},
)
CEILINGS = {
    "calls": Ceiling(Decimal("0.04"), "CNY", "a decision"),
    "rows": Ceiling(Decimal("0.0002"), "CNY", "a decision"),
}


def rate(charges: int, purpose: PurposeClass, ceilings: Mapping[str, Ceiling], seconds: int) -> int:
    """Quotes a second on this core, each of other quantities, for a plan of so many charges."""
    plan = PricePlan(
        id=UUID(int=1),
        organisation_id=UUID(int=2),
        name_zh=None,
        name_en="Benchmark",
        currency="CNY",
        charges=read_charges(CHARGES[:charges], "CNY", ACCEPTED),
    )
    context = QuoteContext(purpose, PUBLIC_PURPOSES, ceilings)
    made = 0
    start = time.perf_counter_ns()
    end = start + seconds * 1_000_000_000
    while time.perf_counter_ns() < end:
        for _ in range(1000):
            quote(plan, {"calls": made, "rows": 50 * made}, context)
            made += 1
    return made * 1_000_000_000 // (time.perf_counter_ns() - start)


def main() -> None:
    """Print the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=int, default=2, help="how long to measure each row (default: 2)")
    seconds = options.parse_args().seconds
    table = Table("plan and context", "quotes/s on one core", title="Rating engine, explanations included")
    for label, charges, purpose, ceilings in (
        ("1 charge", 1, PurposeClass.INDUSTRY, {}),
        ("2 charges", 2, PurposeClass.INDUSTRY, {}),
        ("3 charges", 3, PurposeClass.INDUSTRY, {}),
        ("2 charges, both above their ceiling", 2, PurposeClass.INDUSTRY, CEILINGS),
        ("3 charges, free purpose", 3, PurposeClass.PUBLIC_WELFARE, {}),
    ):
        table.add_row(label, f"{rate(charges, purpose, ceilings, seconds):,}")
    Console().print(table)


if __name__ == "__main__":
    main()
