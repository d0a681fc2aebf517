"""Which tests are of a costly kind, which stay together on one worker of pytest-xdist, and which start first."""

from collections.abc import Sequence
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

KINDS = {
    "tests/contracts/test_stops_model.py": "fuzz",
    "tests/e2e/": "e2e",
    "tests/e2e/test_api_contract.py": "fuzz",
    "tests/faults/": "faults",
    "tests/infra/events/test_killed.py": "faults",
    "tests/infra/test_child_process.py": "processes",
    "tests/infra/test_deploy.py": "processes",
    "tests/infra/test_logs.py": "processes",
    "tests/infra/test_memory_budget.py": "processes",
    "tests/infra/test_postgres.py": "faults",
    "tests/infra/test_schema_drift.py": "processes",
    "tests/infra/test_telemetry.py": "e2e",
    "tests/infra/webhooks/test_webhooks.py": "processes",
    "tests/listings/ingest/": "processes",
    "tests/listings/revisions/test_uploads.py": "processes",
    "tests/infra/objects/": "processes",
    "tests/listings/uploads/test_clients.py": "processes",
    "tests/listings/uploads/test_sources.py": "processes",
    "tests/market/delivery/test_canary.py": "processes",
    "tests/market/delivery/test_served.py": "processes",
    "tests/market/demo/": "processes",
    "tests/market/metering/test_model.py": "fuzz",
    "tests/market/operations/": "e2e",
    "tests/market/settlement/ledger/test_conservation.py": "fuzz",
    "tests/market/test_cli.py": "e2e",
    "tests/market/test_cli_slips.py": "e2e",
    "tests/market/settlement/rails/cards/": "processes",
    "tests/quality/statements/test_process.py": "processes",
    "tests/quality/spark/": "spark",
    "tests/quality/test_defects.py": "processes",
    "tests/quality/engine/test_engine.py": "processes",
    "tests/quality/runs/test_killed.py": "faults",
    "tests/quality/runs/test_running.py": "processes",
    "tests/quality/test_gate.py": "processes",
    "tests/quality/test_never_better.py": "processes",
    "tests/quality/test_real_files.py": "processes",
    "tests/quality/runs/test_service.py": "processes",
    "tests/test_upgrade.py": "processes",
}
"""Start of a path → the marker of what lies there."""

TOGETHER = {
    "tests/e2e/test_api_contract.py": "observed service",
    "tests/e2e/test_observed.py": "observed service",
    "tests/e2e/test_files_read_back.py": "service",
    "tests/e2e/test_products_story.py": "service",
    "tests/e2e/test_readme.py": "service",
    "tests/e2e/test_whole_trade.py": "service",
    "tests/quality/": "engine",
}
"""Start of a path → the fixture that takes seconds and is shared; otherwise the tests of a file stay together."""

FIRST = (
    "tests/e2e/test_observed.py",
    "tests/e2e/test_api_contract.py",
    "tests/faults/",
    "tests/e2e/",
    "tests/market/operations/",
    "tests/reference/",
    "tests/infra/test_postgres.py",
    "tests/quality/",
    "tests/market/test_cli.py",
    "tests/test_upgrade.py",
    # They handle every event that tests before them have left.
    "tests/infra/events/",
    "tests/infra/webhooks/",
    "tests/market/test_subscriptions.py",
)
"""What takes long starts first, so that no worker is left alone with it at the end."""


def mark(items: Sequence[pytest.Item]) -> None:
    """Give every test the markers of its place."""
    for item in items:
        for place, kind in KINDS.items():
            if item.nodeid.startswith(place):
                item.add_marker(kind)


def order(items: list[pytest.Item]) -> None:
    """Put what takes long first."""
    items.sort(
        key=lambda item: next(
            (n for n, place in enumerate(FIRST) if item.nodeid.startswith(place)), len(FIRST)
        )
    )


class Together(LoadScopeScheduling):  # type: ignore[misc]  # pytest-xdist is not typed
    """pytest-xdist's scheduler that gives whole groups of tests to workers, with our groups, in our order.

    Its own `loadgroup` renames tests by a field of pytest's that is no more, and silently groups nothing.
    """

    def __init__(self, config: pytest.Config, log: Any) -> None:
        config.option.loadscopereorder = False
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.partition("::")[0]
        return next((group for place, group in TOGETHER.items() if path.startswith(place)), path)
