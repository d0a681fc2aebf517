"""What the property tests of pricing draw from: currencies, prices, plans, use and ceilings."""

from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

from hypothesis import strategies as st

from pricing.models.flat import Flat
from pricing.models.free import Free
from pricing.models.metrics import PERIODS, used_metrics
from pricing.models.per_unit import PerUnit
from pricing.models.rating import Ceiling
from pricing.models.reading import PlanLimits
from pricing.money import CURRENCIES
from pricing.plans.domain import PricePlan
from pricing.quotes.context import QuoteContext
from pricing.regulated.purposes import PUBLIC_PURPOSES, PurposeClass

LIMITS = PlanLimits(
    max_charges=20, max_price_places=8, max_unit_price=Decimal(1_000_000), max_allowance=1_000_000_000
)
PLAN_ID = UUID(int=1)
OPERATOR_ID = UUID(int=2)

currencies = st.sampled_from(sorted(CURRENCIES))
prices = st.decimals(min_value=0, max_value=1000, places=8, allow_nan=False, allow_infinity=False)
quantities = st.integers(0, 1_000_000_000)
allowances = st.integers(0, 10_000)
usages = st.fixed_dictionaries({}, optional={"calls": quantities, "rows": quantities})


def _used(metric: str) -> st.SearchStrategy[PerUnit | Free | None]:
    on = st.just(metric)
    return st.none() | st.builds(Free, on) | st.builds(PerUnit, on, prices, allowances)


charges = (
    st.tuples(_used("calls"), _used("rows"), st.none() | st.builds(Flat, prices))
    .map(lambda drawn: [charge for charge in drawn if charge is not None])
    .filter(bool)
    .flatmap(st.permutations)
    .map(tuple)
)
plans = st.builds(
    PricePlan,
    id=st.just(PLAN_ID),
    organisation_id=st.just(OPERATOR_ID),
    name_zh=st.just("标准方案"),
    name_en=st.just("Standard"),
    currency=currencies,
    charges=charges,
)


def ceilings_for(plan: PricePlan) -> st.SearchStrategy[dict[str, Ceiling]]:
    """Ceilings on any of the metrics, in the plan's currency."""
    ceiling = st.builds(Ceiling, prices, st.just(plan.currency), st.just("a decision"))
    return st.fixed_dictionaries({}, optional=dict.fromkeys((*used_metrics(), PERIODS), ceiling))


@st.composite
def plans_in_context(
    draw: st.DrawFn, purposes: Sequence[PurposeClass] = tuple(PurposeClass)
) -> tuple[PricePlan, QuoteContext]:
    """A plan, and a context that it can be quoted in."""
    plan = draw(plans)
    purpose = draw(st.sampled_from(purposes))
    return plan, QuoteContext(purpose, PUBLIC_PURPOSES, draw(ceilings_for(plan)))
