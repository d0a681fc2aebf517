"""The defect table: which defects are found at which share of the rows, by which check, and what the gate says.

``python -m tests.quality.defects`` prints it as Markdown; ``docs/quality-defects.md`` keeps it, and a test holds it.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from infra.db import create_engine, create_sessions
from infra.postgres import throwaway
from infra.rulebook import service as rulebook
from quality.checks import WHOLE, CheckStatus
from quality.classes import ProductClass
from quality.runs.engines.warm import WarmEngine
from tests.support.budget import roomy
from tests.support.database import TestServer
from tests.support.judged import Judged, Pipeline
from tests.support.worsening import Sheet, Way, city, register, ways_of, worsen

SHARES = (0.001, 0.01, 0.05, 0.2)
WHOLE_FILE = frozenset({Way.STALE_TIMES, Way.DROP_CATEGORY})
"""Ways that have no share: the whole file is stale, a whole category is gone."""

CLASSES = {"city": ProductClass.TIME_SERIES, "register": ProductClass.REGISTER}


@dataclass(frozen=True)
class Line:
    """One defect at one share.

    :ivar found: checks that failed and had not before: those of the whole first, then by failing rows.
    """

    sheet: str
    way: Way
    share: float | None
    found: tuple[str, ...]
    score: Decimal
    grade: str
    passed: bool

    def markdown(self) -> str:
        share = "whole file" if self.share is None else f"{self.share:.1%}".replace(".0%", "%")
        found = ", ".join(f"`{name}`" for name in self.found[:2]) or "—"
        verdict = "passes" if self.passed else "refused"
        return f"| {self.sheet} | {self.way} | {share} | {found} | {self.score} | {self.grade} | {verdict} |"


HEAD = ("| file | defect | rows | found by | score | grade | gate |", "|---|---|---|---|---|---|---|")


async def measure(
    pipeline: Pipeline, sheet: Sheet, ways: Sequence[Way], shares: Sequence[float] = SHARES
) -> AsyncIterator[Line]:
    """The sheet as it is is held to be sound: it gives the suite that the worse ones are judged by."""
    kind = CLASSES[sheet.name]
    checks, expected = await pipeline.suite_of(sheet)
    before = await pipeline.judge(sheet, checks, expected, kind)
    for way in ways:
        for share in (None,) if way in WHOLE_FILE else shares:
            worse = await pipeline.judge(worsen(sheet, way, share or 1), checks, expected, kind)
            yield _line(sheet, way, share, before, worse)


def _line(sheet: Sheet, way: Way, share: float | None, before: Judged, worse: Judged) -> Line:
    assert worse.measured is not None
    assert worse.judgement is not None
    assert before.measured is not None
    was = {result.check.name: result.status for result in before.measured.results}
    found = [
        result
        for result in worse.measured.results
        if result.status is not CheckStatus.PASSED and was[result.check.name] is CheckStatus.PASSED
    ]
    found.sort(key=lambda result: (result.check.type not in WHOLE, -result.failing))
    assessment = worse.judgement.assessment
    names = tuple(result.check.name for result in found)
    return Line(sheet.name, way, share, names, assessment.score, assessment.grade, worse.judgement.passed)


async def table(pipeline: Pipeline, folder: Path) -> list[Line]:
    """Every line, of both files."""
    lines = []
    for sheet in (city(folder, days=5), register(1_000)):
        lines += [line async for line in measure(pipeline, sheet, ways_of(sheet))]
    return lines


async def _print(address: str) -> None:
    server = await TestServer.prepare(address)
    async with server.copy() as database:
        connections = create_engine(database.service_url)
        async with create_sessions(connections)() as session:
            rules = await rulebook.in_force(session)
        await connections.dispose()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        engine = WarmEngine(timeout_s=60, memory_mb=2_048, budget=roomy(folder))
        try:
            lines = await table(Pipeline(folder, engine, rules), folder)
        finally:
            await engine.stop()
    print("\n".join([*HEAD, *(line.markdown() for line in lines)]))  # noqa: T201 -- it is a command


if __name__ == "__main__":
    with throwaway() as running:
        asyncio.run(_print(running.address.url("postgresql")))
