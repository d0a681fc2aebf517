"""What a subscriber of domain events is. ``market`` lists them; the worker runs them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from infra.db import AsyncSession
from infra.events.domain import Event
from infra.events.kinds import EventKind
from infra.jobs import JobContext

EventHandler = Callable[[JobContext, AsyncSession, Event], Awaitable[None]]
"""Called with a session whose transaction also completes the delivery: its effects and the delivery commit together."""


@dataclass(frozen=True, slots=True)
class Subscriber:
    """Who hears which events.

    :param name: keeps its place in the order of events; a renamed subscriber is another one, and begins with the
        events that are published from then on.
    :param attempts: failed attempts after which an event becomes a dead letter, which holds back the later events of
        its subject for this subscriber. Ten take about eight minutes.
    :param timeout: after which an attempt counts as failed.
    """

    name: str
    kinds: frozenset[EventKind]
    handler: EventHandler
    attempts: int = 10
    timeout: timedelta = timedelta(seconds=30)
