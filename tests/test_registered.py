"""What a slice offers is wired: every controller and route, every job and schedule, every subscriber of events.

The packages are walked, so that a new slice which nobody registered fails here.
"""

import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest
from litestar import Controller
from litestar.handlers import HTTPRouteHandler

from infra.events.subscribers import Subscriber
from infra.jobs import Job, Schedule
from market.app import ROUTES
from market.operations.worker import JOBS, SCHEDULES
from market.subscriptions import SUBSCRIBERS
from tests.support import schedule

ROOT = Path(__file__).parents[1]
FLOORS = ("infra", "pricing", "quality", "listings", "contracts", "market")
OFFERS = re.compile(
    r"\(Controller\)|^@(?:get|post|put|patch|delete)\(|\b(?:Job|Schedule|Subscriber)\(", re.MULTILINE
)
# Wired by create_app itself, beside ROUTES: paths that depend on settings, or serve files.
NOT_IN_ROUTES = {"market.app"}


def offering() -> Iterator[ModuleType]:
    """Modules that define something to register."""
    for floor in FLOORS:
        for path in sorted((ROOT / floor).rglob("*.py")):
            if OFFERS.search(path.read_text(encoding="utf-8")):
                yield import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))


def offered(kind: type) -> Iterator[tuple[str, object]]:
    """Values of a kind in the globals of modules, alone or in a list, with where they are."""
    for module in offering():
        for name, value in vars(module).items():
            for one in value if isinstance(value, (list, tuple)) else (value,):
                if isinstance(one, kind):
                    yield f"{module.__name__}.{name}", one


def test_every_controller_is_a_route() -> None:
    controllers = {
        value
        for module in offering()
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Controller) and value.__module__ == module.__name__
    }
    assert len(controllers) > 20
    assert [controller.__qualname__ for controller in controllers if controller not in ROUTES] == []


def test_every_route_of_its_own_is_a_route() -> None:
    found = {
        where: handler
        for where, handler in offered(HTTPRouteHandler)
        if where.rsplit(".", 1)[0] not in NOT_IN_ROUTES
    }
    assert len(found) > 2
    assert [where for where, handler in found.items() if handler not in ROUTES] == []


@pytest.mark.parametrize(
    ("kind", "registered"),
    [(Job, JOBS), (Schedule, SCHEDULES), (Subscriber, SUBSCRIBERS)],
    ids=["job", "schedule", "subscriber"],
)
def test_everything_the_worker_is_to_run_is_registered(kind: type, registered: tuple[object, ...]) -> None:
    found = list(offered(kind))
    assert {id(one) for _, one in found} >= {id(one) for one in registered}, "walked past a module"
    assert [where for where, one in found if one not in registered] == []


def test_nothing_is_registered_twice() -> None:
    for registered in (ROUTES, JOBS, SCHEDULES, SUBSCRIBERS):
        assert len({id(one) for one in registered}) == len(registered)


def test_every_jobs_module_offers_something() -> None:
    modules = [
        path
        for floor in FLOORS
        for path in sorted((ROOT / floor).rglob("jobs.py"))
        if path != ROOT / "infra" / "jobs.py"
    ]
    names = {".".join(path.relative_to(ROOT).with_suffix("").parts) for path in modules}
    offering_work = {where.rsplit(".", 1)[0] for kind in (Job, Schedule) for where, _ in offered(kind)}
    assert names - offering_work == set()


@pytest.mark.parametrize("place", sorted({*schedule.KINDS, *schedule.TOGETHER, *schedule.FIRST}))
def test_costly_tests_are_where_the_schedule_looks_for_them(place: str) -> None:
    assert (ROOT / place).exists()
