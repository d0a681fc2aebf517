"""A file through the whole pipeline: ingest, the suite in force, the engine, score and gate."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from infra.rulebook.domain import Rules
from listings.ingest.errors import FileRefused
from listings.ingest.expected import ExpectedColumn
from listings.ingest.result import IngestResult
from listings.revisions.domain import expected_columns
from quality.arguments import require_suite
from quality.checks import Check, CheckResult, Measured
from quality.classes import ProductClass
from quality.facts import RunFacts
from quality.proposals.domain import propose
from quality.proposals.facts import FileFacts, Meaning
from quality.runs.engines.warm import WarmEngine
from quality.runs.judging import Judgement, judge
from tests.support.budget import roomy
from tests.support.conversions import convert_here
from tests.support.worsening import Sheet

ARRIVAL = datetime(2026, 11, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Judged:
    """What came of a file.

    :ivar refused: why it was not even read; then it has neither results nor a judgement.
    """

    measured: Measured | None
    judgement: Judgement | None
    refused: str | None = None

    def result(self, name: str) -> CheckResult:
        assert self.measured is not None, self.refused
        found = {result.check.name: result for result in self.measured.results}
        return found[name]


class Pipeline:
    """Files are converted in the process of the tests, and checked in a real child."""

    def __init__(self, folder: Path, engine: WarmEngine, rules: Rules) -> None:
        self._folder, self._engine, self._rules = folder, engine, rules

    async def ingest(self, source: Path, expected: Sequence[ExpectedColumn] = ()) -> IngestResult:
        return await convert_here(
            source, self._folder / "revision.parquet", filename=source.name, timeout_s=60,
            budget=roomy(self._folder), expected=expected,
        )  # fmt: skip

    async def suite_of(self, sheet: Sheet) -> tuple[list[Check], tuple[ExpectedColumn, ...]]:
        """The suite that a first revision proposes, and the types that later ones are read as."""
        result = await self.ingest(sheet.write(self._folder / "sheet.csv"))
        meanings = {name: Meaning(unit=unit) for name, unit in sheet.units.items()}
        checks = [one.check for one in propose(facts_of(result), meanings=meanings, within=sheet.within)]
        require_suite(checks, {column.name: column.kind.value for column in result.columns})
        return checks, expected_columns(result.columns, ())

    async def judge(
        self,
        sheet: Sheet,
        checks: Sequence[Check],
        expected: Sequence[ExpectedColumn] = (),
        product_class: ProductClass = ProductClass.TIME_SERIES,
    ) -> Judged:
        try:
            await self.ingest(sheet.write(self._folder / "sheet.csv"), expected)
        except FileRefused as refusal:
            return Judged(None, None, str(refusal.detail))
        return await self.judge_file(checks, product_class)

    async def judge_file(self, checks: Sequence[Check], product_class: ProductClass) -> Judged:
        """The file that was ingested last."""
        measured = await self._engine.run(
            checks, self._folder / "revision.parquet", RunFacts(arrived_at=ARRIVAL)
        )
        return Judged(measured, judge(measured, self._rules, product_class))


def facts_of(result: IngestResult) -> FileFacts:
    """What proposals rest on."""
    columns: list[Mapping[str, object]] = [asdict(column) for column in result.columns]
    return FileFacts.of(
        result.rows,
        columns,
        [asdict(one) for one in result.profile],
        [asdict(key) for key in result.keys],
    )
