"""How much a quality check takes on."""

MAX_CELLS = 60_000_000
"""Values of the columns to check, which are in memory at once."""

MAX_CHECKS = 400
"""Checks of a suggested suite, and so columns of a table that are looked at, at most."""
