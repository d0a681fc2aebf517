"""import-linter's contracts cover the whole house: a floor or a slice that is added is held to them as well."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
LINTER: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"][
    "importlinter"
]
PROTECTED = {
    module: contract["allowed_importers"]
    for contract in LINTER["contracts"]
    if contract["type"] == "protected"
    for module in contract["protected_modules"]
}
REPOSITORIES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for floor in LINTER["root_packages"]
    for path in (ROOT / floor).rglob("*repository.py")
)


def test_no_floor_may_hold_a_cycle() -> None:
    acyclic = [contract for contract in LINTER["contracts"] if contract["type"] == "acyclic_siblings"]
    assert {floor for contract in acyclic for floor in contract["ancestors"]} == set(LINTER["root_packages"])
    for contract in acyclic:
        assert set(contract) == {"name", "type", "ancestors"}, "nothing is left out or ignored"


@pytest.mark.parametrize("repository", REPOSITORIES)
def test_a_repository_is_imported_only_by_its_own_slice(repository: str) -> None:
    assert PROTECTED.get(repository) == [repository.rpartition(".")[0]]


def test_no_contract_protects_what_is_not_there() -> None:
    assert set(PROTECTED) == set(REPOSITORIES)
