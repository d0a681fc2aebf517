"""What Granian serves: the application, built inside the process that serves it."""

import gc
import os
from typing import TYPE_CHECKING

from infra.settings import Settings
from infra.telemetry import logs
from infra.telemetry.endpoint import serve_metrics
from market.operations.serving import exit_with

if TYPE_CHECKING:
    from litestar import Litestar


def application() -> "Litestar":
    """The application, in a process that ends when its parent does.

    Nothing that is imported or built here becomes garbage. Looking for it was a seventh of the processor time of a
    start.
    """
    exit_with(os.getppid())
    logs.take_over_streams()
    gc.disable()
    try:
        from market.app import create_app

        settings = Settings()
        app = create_app(settings)
    finally:
        gc.enable()
    serve_metrics(settings.metrics_host, settings.metrics_port)
    return app
