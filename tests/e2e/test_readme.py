"""The README and the documents keep their word: every command in them is run, every link leads somewhere."""

import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from market.demo.trade import STEPS
from tests.support.command import MarketCommand
from tests.support.running_market import RunningMarket

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
# What the fixture does with every run of these tests.
SHOWN_ELSEWHERE = {"up"}


def commands() -> list[str]:
    """Every line of every shell block of every document."""
    found = []
    for document in DOCUMENTS:
        for block in re.findall(r"```sh\n(.*?)```", document.read_text(encoding="utf-8"), re.DOTALL):
            found += [
                line.split("  #")[0].split(" # ")[0].strip() for line in block.splitlines() if line.strip()
            ]
    return found


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_leads_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)\)", document.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (document.parent / target).exists(), f"{document.name} points at {target}"


def test_every_make_target_exists() -> None:
    targets = {line.split()[1] for line in commands() if line.startswith("make ")}
    assert {"run", "test"} <= targets
    for target in targets:
        done = subprocess.run(
            ["make", "--dry-run", target], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr


def test_every_market_command_works_as_it_is_written(
    market_command: MarketCommand, market: RunningMarket, tmp_path: Path
) -> None:
    rows = "".join(f"{number},{number * 3 % 17}.5,2026-01-01\n" for number in range(200))
    (tmp_path / "data.csv").write_text("id,value,day\n" + rows, encoding="utf-8")
    ran = []
    for line in commands():
        if not line.startswith("market "):
            continue
        words = shlex.split(line)[1:]
        if words[0] in SHOWN_ELSEWHERE:
            continue
        done = market_command.run(*words, environment=market.environment, folder=tmp_path)
        assert done.returncode == 0, f"{line}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
        ran.append(words[0])
    assert {"demo", "backup", "restore", "openapi"} <= set(ran)
    made = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    assert {"base_url", "people", "product_id", "licence_token", "invoice_id", "curl"} <= set(made)
    shutil.rmtree(tmp_path / "restored")


def test_the_transcript_is_of_this_trade() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for step in STEPS:
        assert f"{step.title} {step.chinese}" in readme, f"the transcript lacks {step.title!r}"


def test_only_known_commands_are_shown() -> None:
    for line in commands():
        assert line.startswith(("make ", "market ", "curl ", "sudo ", "python -m tests.benchmarks.")), line
