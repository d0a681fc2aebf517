"""Threads that last as long as their process, started again when they end."""

import threading
import time
from collections.abc import Callable

FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 30.0


def run_thread(name: str, work: Callable[[], None]) -> None:
    """Run work on a thread of its own for as long as the process lives; started again whenever it ends.

    :param name: one of few: it is a label of metrics.
    """

    def watch() -> None:
        pause = FIRST_PAUSE_SECONDS
        while True:
            failure: Exception | None = None
            try:
                work()
            except Exception as error:
                failure = error
            # Here, because the thread outlives the interpreter's end, and with it whatever its module refers to.
            from infra.tasks import thread_ended

            thread_ended(name, failure)
            time.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    threading.Thread(target=watch, name=name, daemon=True).start()
