"""How much a quality check takes on."""

MAX_CELLS = 400_000_000
"""Values of the columns to check; they are gone through in parts, and not in memory at once."""

MAX_CHECKS = 400
"""Checks of a suite at most; a larger one is refused."""

MAX_SUITE_BYTES = 512 * 1024
"""A suite as JSON in UTF-8."""

MAX_COLUMNS = 8
"""Columns of one check."""

MAX_VALUES = 2_000
"""Values that one check lists."""

MAX_VALUE_CHARACTERS = 500
"""The longest of them, and the longest name of a check, a column or an owner."""

MAX_PATTERN_CHARACTERS = 1_000
"""The longest pattern."""

MAX_STATEMENT_CHARACTERS = 10_000
"""The longest SQL statement."""

CHECK_SECONDS = 120
"""How long a run may stay at one check before the check is given up."""

MAX_STATEMENTS = 20
"""SQL statements of a suite: each may take its whole time."""
