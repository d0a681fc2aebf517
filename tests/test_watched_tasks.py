"""Long-lived tasks and threads are started through `infra.tasks`, which watches them."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[1]
FLOORS = ("contracts", "infra", "listings", "market", "pricing", "quality")

# Where a task or a thread may be started by hand: what it does is over soon, or somebody waits for its end at once.
SHORT = {
    "infra/child_process.py": {"__init__": "as long as a child lives, whose end is waited for with theirs"},
    "infra/events/runner.py": {"_start": "one subject's events; its end is looked at in _ended"},
    "infra/tasks.py": {"start": "the registry itself"},
    "infra/telemetry/log_output.py": {"_start": "writes logs, is started by the next line when it has ended"},
    "infra/threads.py": {"run_thread": "the same for threads"},
    "infra/wakeups.py": {
        "keep_going": "waits for the stop, and is cancelled with it",
        "_first": "waits for one wake-up",
    },
    "infra/webhooks/sender.py": {"round": "one endpoint's messages; its end is looked at in _ended"},
    "listings/ingest/progress.py": {"__init__": "as long as one conversion, which waits for its end"},
    "listings/uploads/running.py": {
        "_watched": "the work on one upload and the watch over it, both waited for"
    },
    "market/delivery/service.py": {"_page": "one page, waited for", "get": "one look-up, waited for"},
    "market/operations/supervisor.py": {
        "run": "makes the first administrator, waited for",
        "_unless_stopped": "waited for",
    },
    "quality/runs/running.py": {
        "carry_out": "the work on one run and the watch over it, both waited for",
        "_probed": "starts the engine of one run, waited for",
    },
    "quality/statements/database.py": {"_timed": "interrupts a statement that takes too long, ended with it"},
    "quality/spark/bounded.py": {"bounded": "cancels jobs of Spark that take too long, ended with them"},
    "market/operations/worker.py": {"_run": "warms the quality engine, waited for", "_work": "waited for"},
}
STARTERS = {"create_task", "ensure_future", "Thread", "TaskGroup", "start_new_thread", "Timer", "Process"}


def starts(path: Path) -> set[str]:
    """Functions of a module that start a task or a thread."""
    found = set()
    for function in ast.walk(ast.parse(path.read_text())):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        for node in ast.walk(function):
            if isinstance(node, ast.Call):
                called = node.func
                name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
                if name in STARTERS:
                    found.add(function.name)
    return found


def test_tasks_and_threads_are_started_through_the_registry() -> None:
    found = {
        str(path.relative_to(ROOT)): names
        for floor in FLOORS
        for path in (ROOT / floor).rglob("*.py")
        if (names := starts(path))
    }
    listed = {path: set(names) for path, names in SHORT.items()}
    # What lasts as long as its process is started by TaskRegistry.start or run_thread; what does not is listed above.
    assert found == listed
