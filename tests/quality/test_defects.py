"""The defect table of the documentation says what the checks find."""

from pathlib import Path

import pytest

from infra.db import AsyncSession
from infra.rulebook import service as rulebook
from quality.runs.engines.warm import WarmEngine
from tests.quality.defects import HEAD, SHARES, measure, table
from tests.support.judged import Pipeline
from tests.support.worsening import Way, register

PAGE = Path(__file__).parents[2] / "docs" / "quality-defects.md"


@pytest.fixture
async def pipeline(tmp_path: Path, warm_engine: WarmEngine, session: AsyncSession) -> Pipeline:
    return Pipeline(tmp_path, warm_engine, await rulebook.in_force(session))


def told() -> list[str]:
    return [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("|")]


def test_the_table_has_every_line() -> None:
    lines = told()
    assert tuple(lines[:2]) == HEAD
    assert len(lines) == 2 + 10 * len(SHARES) + 2 + 10 * len(SHARES) + 1


def test_the_rates_are_those_of_the_table() -> None:
    cells = [[cell.strip() for cell in line.split("|")] for line in told()[2:]]
    page = " ".join(PAGE.read_text(encoding="utf-8").split())
    for word, counts in (("Found", lambda c: c[4] != "—"), ("Refused", lambda c: c[7] == "refused")):
        told_rates = []
        for share in dict.fromkeys(c[3] for c in cells):
            lines = [c for c in cells if c[3] == share]
            where = "in the whole file" if share == "whole file" else f"at {share}"
            told_rates.append(f"{sum(map(counts, lines))} of {len(lines)} {where}")
        assert f"{word}: {', '.join(told_rates)}." in page


async def test_some_lines_are_as_they_are_told(pipeline: Pipeline) -> None:
    ways = [Way.REPEAT_KEYS, Way.BREAK_CODES]
    found = [line.markdown() async for line in measure(pipeline, register(1_000), ways, (0.01, 0.2))]
    assert len(found) == 4
    assert set(found) <= set(told())


@pytest.mark.long
async def test_every_line_is_as_it_is_told(pipeline: Pipeline, tmp_path: Path) -> None:
    """`python -m tests.quality.defects` prints what to put into the page when the rules have changed."""
    lines = [line.markdown() for line in await table(pipeline, tmp_path)]
    assert lines == told()[2:]
