"""Conversions in the process of the tests, for what is about files and not about the process that reads them."""

from collections.abc import Iterator

import pytest

from tests.support.conversions import converted_here


@pytest.fixture(scope="module")
def in_this_process() -> Iterator[None]:
    """No process is started for a file; tests/listings/ingest/test_bounds.py and whatever uploads start one."""
    with converted_here():
        yield
