"""Proposed suites on data as it comes: the demo's, and the public files beside the project."""

from pathlib import Path

import pytest

from infra.db import AsyncSession
from infra.rulebook import service as rulebook
from market.demo.city_data import write_city_air_quality
from quality.arguments import require_suite
from quality.checks import Check, CheckStatus
from quality.classes import ProductClass
from quality.proposals.domain import propose
from quality.runs.engines.warm import WarmEngine
from tests.support.judged import Judged, Pipeline, facts_of

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
needs_files = pytest.mark.skipif(not DATA.is_dir(), reason="needs the public example files in ../shared/data")


@pytest.fixture
async def pipeline(tmp_path: Path, warm_engine: WarmEngine, session: AsyncSession) -> Pipeline:
    return Pipeline(tmp_path, warm_engine, await rulebook.in_force(session))


async def judged(pipeline: Pipeline, source: Path, kind: ProductClass) -> tuple[list[Check], Judged]:
    """A first revision by the suite that it proposes."""
    result = await pipeline.ingest(source)
    checks = [proposal.check for proposal in propose(facts_of(result))]
    require_suite(checks, {column.name: column.kind.value for column in result.columns})
    return checks, await pipeline.judge_file(checks, kind)


def failed(found: Judged) -> dict[str, int]:
    assert found.measured is not None
    return {
        result.check.name: result.failing
        for result in found.measured.results
        if result.status is not CheckStatus.PASSED
    }


async def test_the_citys_few_defects_are_found_and_it_passes(pipeline: Pipeline, tmp_path: Path) -> None:
    checks, found = await judged(
        pipeline, write_city_air_quality(tmp_path / "city.csv"), ProductClass.TIME_SERIES
    )
    assert "unique_together:station_id:observed_at" in {check.name for check in checks}
    assert failed(found) == {"no_repeated_rows": 1, "between:pm10": 87}
    assert {example.value for example in found.result("between:pm10").examples} >= {"9999.0"}
    assert "-3.0" in {example.value for example in found.result("between:pm25").examples}
    assert found.judgement is not None
    assert found.judgement.passed


@needs_files
@pytest.mark.parametrize(
    ("name", "kind", "failing", "proposed"),
    [
        (
            "seattle-weather.csv", ProductClass.TIME_SERIES, {},
            {"unique:date", "not_less:temp_max:temp_min", "contains_all:weather", "matches:weather"},
        ),
        (
            "airports.csv", ProductClass.REGISTER, {"in_set:state": 16, "in_set:country": 4},
            {"unique:iata", "matches:iata", "between:latitude", "between:longitude"},
        ),
        (
            "birdstrikes.csv", ProductClass.RECORDS,
            {
                "no_repeated_rows": 24, "between:Speed IAS in knots": 2_836, "fence:Speed IAS in knots": 2_890,
                "not_null:Speed IAS in knots": 2_836,
            },
            {"between:Cost Total $", "contains_all:Time of day", "matches:Wildlife Size"},
        ),
        (
            "flights-200k.arrow", ProductClass.RECORDS, {"no_repeated_rows": 6_073, "fence:delay": 7_155},
            {"between:distance", "fence:distance"},
        ),
    ],
)  # fmt: skip
async def test_public_files_get_suites_that_tell_what_is_wrong(
    name: str, kind: ProductClass, failing: dict[str, int], proposed: set[str], pipeline: Pipeline
) -> None:
    checks, found = await judged(pipeline, DATA / name, kind)
    assert failed(found) == failing
    assert proposed <= {check.name for check in checks}
