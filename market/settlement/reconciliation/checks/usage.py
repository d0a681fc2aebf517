"""What is billed of a metric is what was metered of it, and the counters of metering equal its records."""

from datetime import datetime

from infra import units
from infra.db import AsyncSession
from infra.messages import Message
from infra.units import UnitVector
from market.metering import service as metering
from market.settlement.reconciliation.checks.query import QueryCheck
from market.settlement.reconciliation.domain import Break, BreakKind

_TEXTS = {
    "billed": Message("bills {quantity} {metric} of period {period_no}; metered were {metered}"),
}


def _billed() -> QueryCheck:
    """Compares what invoices bill with the totals of metering, for the units of the registry."""
    metrics = ", ".join(f"'{code}'" for code in units.UNITS.codes)
    metered = " ".join(f"WHEN '{unit.code}' THEN u.units_{unit.slot}" for unit in units.UNITS.summed)
    return QueryCheck(
        BreakKind.USAGE,
        "invoice",
        f"""
SELECT l.document_number || '/' || l.metric, l.quantity - l.metered, NULL::text, l.issued_at, NULL::uuid,
       'billed', jsonb_build_object('quantity', l.quantity, 'metric', l.metric, 'period_no', l.usage_period_no,
                                    'metered', l.metered)
  FROM (SELECT i.document_number, i.issued_at, b.metric, b.usage_period_no, b.quantity,
               coalesce(CASE b.metric {metered} END, 0) AS metered
          FROM (SELECT invoice_id, licence_id, usage_period_no, metric, sum(quantity)::bigint AS quantity
                  FROM invoice_lines WHERE metric IN ({metrics})
                 GROUP BY invoice_id, licence_id, usage_period_no, metric) b
          JOIN invoices i ON i.id = b.invoice_id
          LEFT JOIN usage_periods u ON u.licence_id = b.licence_id AND u.period_no = b.usage_period_no) l
 WHERE l.quantity <> l.metered
        """,  # noqa: S608 -- codes and numbers of our own
        _TEXTS,
    )


async def check(session: AsyncSession, moment: datetime) -> list[Break]:
    """Invoices that bill other use than was metered, and periods whose counters and records differ."""
    return [*await _billed()(session, moment), *await _counters(session, moment)]


async def _counters(session: AsyncSession, moment: datetime) -> list[Break]:
    return [
        Break(
            kind=BreakKind.USAGE,
            subject_kind="licence",
            subject=f"{item.licence_id}/{item.period_no}",
            difference=next(
                counted - recorded
                for counted, recorded in zip(item.counted.amounts, item.recorded.amounts, strict=True)
                if counted != recorded
            ),
            currency=None,
            owner_id=None,
            since=moment,
            explanation=_explained(item.purpose, item.counted, item.recorded),
        )
        for item in await metering.differences(session)
    ]


def _explained(purpose: str | None, counted: UnitVector, recorded: UnitVector) -> Message:
    values = {"counted": _listed(counted), "recorded": _listed(recorded)}
    if purpose is None:
        return Message("counters hold {counted}; the purposes add up to {recorded}", **values)
    return Message(
        "counters hold {counted} for {purpose}; records hold {recorded}", **values, purpose=purpose
    )


def _listed(counted: UnitVector) -> str:
    return ", ".join(f"{amount} {code}" for code, amount in counted.items())
