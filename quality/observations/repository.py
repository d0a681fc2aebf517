"""Every SQL statement of observations."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from infra.db import AsyncSession
from quality.observations.domain import CallCounts
from quality.observations.tables import CallObservation, TimelinessObservation


async def put_timeliness(session: AsyncSession, seen: Sequence[TimelinessObservation]) -> None:
    """Replace what was seen of some products."""
    if not seen:
        return
    statement = insert(TimelinessObservation).values([row.model_dump() for row in seen])
    names = ("in_time", "periods", "observed_at")
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["product_id"], set_={name: statement.excluded[name] for name in names}
        )
    )


async def add_calls(session: AsyncSession, hour: datetime, counts: Mapping[UUID, CallCounts]) -> None:
    """Add to what was counted of some products in an hour."""
    if not counts:
        return
    rows = [
        {
            "product_id": product_id,
            "hour": hour,
            "calls": found.calls,
            "succeeded": found.succeeded,
            "milliseconds": found.milliseconds,
        }
        # In one order, so that no two processes wait for each other.
        for product_id, found in sorted(counts.items())
    ]
    statement = insert(CallObservation)
    names = ("calls", "succeeded", "milliseconds")
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["product_id", "hour"],
            set_={name: col(getattr(CallObservation, name)) + statement.excluded[name] for name in names},
        ),
        rows,  # not as values of one statement, which has 32,767 parameters at most
    )


async def timeliness(session: AsyncSession, product_id: UUID) -> TimelinessObservation | None:
    """What was seen of a product's promise."""
    return await session.get(TimelinessObservation, product_id)


async def calls(
    session: AsyncSession, product_ids: Collection[UUID], since: datetime, until: datetime
) -> dict[UUID, CallCounts]:
    """Product → its calls in the hours that begin from one moment on and before another; those without are left out."""
    statement = (
        sa.select(
            col(CallObservation.product_id),
            sa.func.sum(col(CallObservation.calls)),
            sa.func.sum(col(CallObservation.succeeded)),
            sa.func.sum(col(CallObservation.milliseconds)),
        )
        .where(
            col(CallObservation.product_id).in_(product_ids),
            col(CallObservation.hour) >= since,
            col(CallObservation.hour) < until,
        )
        .group_by(col(CallObservation.product_id))
    )
    found = (await session.execute(statement)).all()
    return {row[0]: CallCounts(int(row[1]), int(row[2]), int(row[3])) for row in found}


async def products_with_calls(session: AsyncSession, since: datetime, until: datetime) -> Sequence[UUID]:
    """Products with calls in the hours that begin from one moment on and before another, in the order of their ids."""
    statement = (
        sa.select(col(CallObservation.product_id))
        .distinct()
        .where(col(CallObservation.hour) >= since, col(CallObservation.hour) < until)
        .order_by(col(CallObservation.product_id))
    )
    return (await session.execute(statement)).scalars().all()
