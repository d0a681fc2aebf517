"""One module for each kind of break, and one kind of break for each module."""

from pathlib import Path

from market.settlement.reconciliation import checks
from market.settlement.reconciliation.domain import BreakKind


def test_each_kind_of_break_has_a_module_of_its_own() -> None:
    assert set(checks.CHECKS) == set(BreakKind)
    assert checks.__file__ is not None
    modules = {path.stem for path in Path(checks.__file__).parent.glob("*.py")} - {"__init__", "query"}
    assert modules == {kind.value for kind in BreakKind}
    for kind in BreakKind:
        assert checks.CHECKS[kind] is getattr(checks, kind.value).check
