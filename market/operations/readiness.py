"""How a process stands, put together from its tasks and its workers' heartbeats: pure rules."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from infra.heartbeats.domain import SeenWorker
from infra.tasks import ComponentStatus

DATABASE = "database"
WORKER = "worker"


class ReadinessStatus(StrEnum):
    """Whether a process serves."""

    READY = "ready"
    DEGRADED = "degraded"
    NOT_READY = "not_ready"


class ComponentState(StrEnum):
    """How a part of the service stands."""

    UP = "up"
    DEGRADED = "degraded"
    DOWN = "down"
    AWAY = "away"


@dataclass(frozen=True, slots=True)
class Component:
    """One part of the service.

    :param essential: whether the process serves its purpose without it.
    :param since: since when it is not up, where that is known.
    :param reason: why, in a word; for those who run the service, not for everybody.
    """

    state: ComponentState
    essential: bool = True
    since: datetime | None = None
    reason: str | None = None


def of_tasks(tasks: Mapping[str, ComponentStatus]) -> dict[str, Component]:
    """The long-lived tasks of a process as components."""
    return {
        name: Component(
            ComponentState.UP if task.up else ComponentState.DOWN, task.essential, task.since, task.reason
        )
        for name, task in tasks.items()
    }


def of_workers(workers: Sequence[SeenWorker]) -> Component:
    """The workers, as one component that the API can serve without.

    :param workers: the one seen last first.
    """
    present = [worker for worker in workers if worker.present]
    if not present:
        last = workers[0].last_seen_at if workers else None
        return Component(ComponentState.AWAY, essential=False, since=last, reason="no heartbeat")
    if all(worker.down for worker in present):
        down = sorted({name for worker in present for name in worker.down})
        return Component(ComponentState.DEGRADED, essential=False, reason=f"down: {', '.join(down)}")
    return Component(ComponentState.UP, essential=False)


def failing(components: Mapping[str, Component]) -> list[str]:
    """The components without which the process does not serve, and that are down."""
    return [
        name
        for name, component in components.items()
        if component.essential and component.state is not ComponentState.UP
    ]


def status_of(components: Mapping[str, Component]) -> ReadinessStatus:
    """What a process as a whole says of itself."""
    if failing(components):
        return ReadinessStatus.NOT_READY
    if all(component.state is ComponentState.UP for component in components.values()):
        return ReadinessStatus.READY
    return ReadinessStatus.DEGRADED
