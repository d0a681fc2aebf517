"""What was used in a closed period, as rating takes it and as the close keeps it."""

from infra.db import AsyncSession
from infra.units import UnitVector
from market.metering import service as metering
from market.metering.domain import PeriodUsage
from market.settlement.invoices.rating import LicenceUsage
from pricing.regulated.purposes import PurposeClass


async def usage_by_purpose(session: AsyncSession, period: PeriodUsage) -> LicenceUsage:
    """Usage of a closed period by purpose, as it was counted."""
    counted = await metering.used_by_purpose(session, period.licence_id, period.period_no)
    assert sum(counted.values(), UnitVector()) == period.units, "purposes and total of a closed period differ"
    used = {PurposeClass(purpose): units for purpose, units in counted.items()}
    return LicenceUsage(period.licence_id, period.period_no, used)


def usage_document(usage: LicenceUsage, period: PeriodUsage) -> dict[str, object]:
    """The usage as JSON: what a period close keeps of one licence."""
    return {
        "licence_id": str(usage.licence_id),
        "usage_period_no": usage.usage_period_no,
        "units": dict(period.units),
        "by_purpose": {purpose.value: dict(units) for purpose, units in usage.used.items()},
    }
