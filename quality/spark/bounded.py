"""Work on Spark that is given up when it takes too long: its jobs are cancelled, and Spark goes on."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from pyspark.sql import SparkSession

_AGAIN_SECONDS = 0.05


class TookTooLong(Exception):
    """The work was given up."""

    def __init__(self) -> None:
        super().__init__("the check took too long")


@contextmanager
def bounded(session: SparkSession, seconds: float) -> Iterator[threading.Event]:
    """Cancel what Spark does here when that lasts longer, and go on doing so until it ends.

    Yields what is set then.

    :raises TookTooLong: it did.
    """
    over, late = threading.Event(), threading.Event()

    def cancel() -> None:
        wait = seconds
        while not over.wait(wait):
            late.set()
            session.sparkContext.cancelAllJobs()
            wait = _AGAIN_SECONDS

    thread = threading.Thread(target=cancel, daemon=True)
    thread.start()
    try:
        yield late
    except Exception:
        if late.is_set():
            raise TookTooLong from None
        raise
    finally:
        over.set()
        thread.join()
