"""Migrations and ``.sql`` files stay as they were released."""

import shutil
from pathlib import Path

import pytest

from infra.migrations import frozen
from infra.migrations.sql_files import ROOT, render

FUNCTION = "market/metering/sql/admit_calls.v1.sql"
MIGRATION = "infra/migrations/versions/0007_metering.py"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of every such file, all of them recorded."""
    for path in frozen.released_files():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, tmp_path / path)
    (tmp_path / "manifest").touch()
    assert frozen.record(tmp_path, tmp_path / "manifest") == []
    return tmp_path


def test_released_files_are_as_they_were_released() -> None:
    assert frozen.problems() == [], "\n".join(frozen.problems())


@pytest.mark.parametrize("path", [FUNCTION, MIGRATION])
def test_an_edited_file_is_named_with_what_to_do_instead(copy: Path, path: str) -> None:
    with (copy / path).open("a", encoding="utf-8") as file:
        file.write("\n")
    (found,) = frozen.problems(copy, copy / "manifest")
    assert found.startswith(path)
    assert "add a further migration or a further version of the function" in found
    assert frozen.record(copy, copy / "manifest") == [found]


def test_a_file_that_is_gone_is_named(copy: Path) -> None:
    (copy / FUNCTION).unlink()
    (found,) = frozen.record(copy, copy / "manifest")
    assert found.startswith(FUNCTION)


def test_a_new_file_is_recorded_beside_the_others(copy: Path) -> None:
    new = copy / "market/metering/sql/further.v1.sql"
    new.write_text("SELECT 1;\n", encoding="utf-8")
    (found,) = frozen.problems(copy, copy / "manifest")
    assert "python -m infra.migrations.frozen" in found
    assert frozen.record(copy, copy / "manifest") == []
    assert frozen.problems(copy, copy / "manifest") == []


def test_no_function_names_a_schema() -> None:
    for path in frozen.released_files():
        if path.endswith(".sql"):
            assert "public" not in (ROOT / path).read_text(encoding="utf-8"), path


def test_a_parameter_that_is_not_given_is_refused() -> None:
    with pytest.raises(KeyError, match="service_role"):
        render("infra/migrations/grant_job_tables.v1", schema="public")
