"""Faults that tests bring about."""

import signal

from infra.postgres import EmbeddedPostgres


def crash(server: EmbeddedPostgres) -> None:
    """End a server as a crash would: nothing is written out. It keeps its data folder, so that ``start`` can follow."""
    server._end(signal.SIGQUIT)
