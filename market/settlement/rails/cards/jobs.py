"""What the worker runs for the card rail."""

from typing import Any
from uuid import UUID

from infra.jobs import Job, JobContext, Schedule
from market.settlement.rails.cards import service, work
from market.settlement.rails.cards.processor import Processor


async def charge(context: JobContext, payload: dict[str, Any]) -> None:
    """Carry a card payment to its outcome."""
    async with Processor(context.settings) as processor:
        await work.charge(context.sessions, processor, UUID(payload["id"]))


async def refund(context: JobContext, payload: dict[str, Any]) -> None:
    """Carry a refund to its outcome."""
    async with Processor(context.settings) as processor:
        await work.refund(context.sessions, processor, UUID(payload["id"]))


async def event(context: JobContext, payload: dict[str, Any]) -> None:
    """Apply an event of the processor."""
    async with Processor(context.settings) as processor:
        await work.apply_event(context.sessions, processor, str(payload["id"]))


async def sweep(context: JobContext, _: dict[str, Any]) -> None:
    """Ask again for what is stuck, where cards are offered."""
    if context.settings.stripe_api_key is not None:
        await work.sweep(context.sessions)


JOBS = (
    Job(service.CHARGE_JOB, charge, attempts=8),
    Job(service.REFUND_JOB, refund, attempts=8),
    Job(service.EVENT_JOB, event, attempts=8),
)
SCHEDULES = (Schedule("cards.sweep", "*/5 * * * *", sweep),)
