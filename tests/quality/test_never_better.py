"""Worse data never scores better: whole files through ingest, the suite of the first revision, engine and gate."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from infra.db import AsyncSession
from infra.rulebook import service as rulebook
from quality.checks import Check, CheckStatus
from quality.gates import GRADES
from quality.runs.engines.warm import WarmEngine
from quality.sentences import sentences
from tests.support.judged import Judged, Pipeline
from tests.support.worsening import Sheet, Targets, Way, city, read_sheet, register, ways_of, worsen

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
CITY = {
    Way.REPEAT_KEYS: ("unique_together:station_id:observed_at", "rows repeat"),
    Way.BLANK_VALUES: ("not_null:pm25", "are blank"),
    Way.SHIFT_DATES: ("not_after_arrival:observed_at", "lie after it"),
    Way.BREAK_CODES: ("matches:station_id", "have another form"),
    Way.TRUNCATE: ("row_count:band", "There are at least 777 rows: there are 691"),
    Way.DUPLICATE_ROWS: ("no_repeated_rows", "rows repeat"),
    Way.SWAP_COLUMNS: ("not_less:pm10:pm25", "are less"),
    Way.ADD_OUTLIERS: ("between:so2", "lie outside"),
    Way.STALE_TIMES: ("recent:observed_at", "at most 90 days old on arrival: the newest is 2023"),
    Way.MIXED_UNITS: ("between:co", "lie outside"),
    Way.MOJIBAKE: ("well_formed:station_name", "are garbled"),
    Way.DROP_CATEGORY: ("contains_all:station_id", "does not occur"),
}
REGISTER = {
    Way.REPEAT_KEYS: ("unique:enterprise_id", "rows repeat"),
    Way.BREAK_CODES: ("in_set:division_code", "hold another value"),
    Way.SWAP_COLUMNS: ("not_less:end_date:start_date", "are less"),
    Way.ADD_OUTLIERS: ("fence:employee_count", "lie outside"),
    Way.MIXED_UNITS: ("fence:capital", "lie outside"),
}
REAL = {
    "seattle-weather.csv": Targets(
        key=("date",), blank="wind", time="date", code="weather", pair=("temp_max", "temp_min"), quantity="wind",
        unit="wind", factor=3.6, text="weather", category="weather",
    ),
    "airports.csv": Targets(
        key=("iata",), blank="city", code="state", pair=("latitude", "longitude"), quantity="latitude", text="name"
    ),
    "birdstrikes.csv": Targets(
        key=("Airport Name", "Flight Date"), blank="Origin State", time="Flight Date", code="Wildlife Size",
        pair=("Cost Total $", "Cost Repair"), quantity="Speed IAS in knots", text="Airport Name",
        category="Time of day",
    ),
}  # fmt: skip
SHARES = {Way.TRUNCATE: 0.2}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("worse")


@pytest.fixture
async def pipeline(folder: Path, warm_engine: WarmEngine, session: AsyncSession) -> Pipeline:
    return Pipeline(folder, warm_engine, await rulebook.in_force(session))


class Base:
    """A sheet with its suite and what came of it, worked out once."""

    def __init__(self, sheet: Sheet) -> None:
        self.sheet = sheet
        self.checks: list[Check] = []
        self.before: Judged | None = None

    async def judged(self, pipeline: Pipeline) -> Judged:
        if self.before is None:
            self.checks, self.expected = await pipeline.suite_of(self.sheet)
            self.before = await pipeline.judge(self.sheet, self.checks, self.expected)
            assert self.before.refused is None
        return self.before

    async def worse(self, pipeline: Pipeline, sheet: Sheet) -> Judged:
        return await pipeline.judge(sheet, self.checks, self.expected)


_BASES: dict[str, Base] = {}


def base(name: str, make: Callable[[], Sheet]) -> Base:
    if name not in _BASES:
        _BASES[name] = Base(make())
    return _BASES[name]


def assert_no_better(worse: Judged, before: Judged) -> None:
    if worse.refused is not None:
        return
    assert worse.judgement is not None
    assert before.judgement is not None
    now, then = worse.judgement.assessment, before.judgement.assessment
    assert now.score <= then.score
    assert GRADES.index(now.grade) >= GRADES.index(then.grade)
    assert not worse.judgement.passed or before.judgement.passed


@pytest.mark.parametrize(
    ("name", "way", "named", "words"),
    [
        *(("city", way, *told) for way, told in CITY.items()),
        *(("register", way, *told) for way, told in REGISTER.items()),
    ],
)
async def test_the_named_check_says_what_happened(
    name: str, way: Way, named: str, words: str, pipeline: Pipeline, folder: Path
) -> None:
    made = base(name, register if name == "register" else lambda: city(folder))
    before = await made.judged(pipeline)
    worse = await made.worse(pipeline, worsen(made.sheet, way, SHARES.get(way, 0.05)))
    assert_no_better(worse, before)
    result = worse.result(named)
    assert result.status is CheckStatus.FAILED
    assert result.failing > before.result(named).failing
    assert words in sentences(result)[1]


async def test_what_is_dirty_already_gets_no_better_either(pipeline: Pipeline) -> None:
    made = base("dirty register", lambda: dirtied(register()))
    before = await made.judged(pipeline)
    for way in (Way.REPEAT_KEYS, Way.DUPLICATE_ROWS):
        assert_no_better(await made.worse(pipeline, worsen(made.sheet, way, 0.02, seed=9)), before)


async def test_identifiers_that_repeat_more_score_worse(pipeline: Pipeline) -> None:
    """Each file brings its own suite: the bar must not sink with the data."""
    scores = []
    for share in (0.009, 0.02, 0.1):
        sheet = worsen(register(), Way.REPEAT_KEYS, share)
        checks, expected = await pipeline.suite_of(sheet)
        judged = await pipeline.judge(sheet, checks, expected)
        assert judged.result("unique:enterprise_id").status is CheckStatus.FAILED
        assert judged.judgement is not None
        scores.append(judged.judgement.assessment.score)
    assert scores == sorted(scores, reverse=True)
    assert len(set(scores)) == 3


@pytest.mark.parametrize("own_suite", [False, True])
async def test_garbage_codes_and_a_third_of_blanks_do_not_pass(own_suite: bool, pipeline: Pipeline) -> None:
    """Not by the suite of a sound revision, and not by the suite that the bad file itself proposes."""
    made = base("register", register)
    await made.judged(pipeline)
    bad = worsen(worsen(made.sheet, Way.BREAK_CODES, 0.2), Way.BLANK_VALUES, 0.35)
    checks, expected = await pipeline.suite_of(bad) if own_suite else (made.checks, made.expected)
    judged = await pipeline.judge(bad, checks, expected)
    assert judged.judgement is not None
    assert not judged.judgement.passed
    assert {"not_null:employee_count"} <= {refusal.check for refusal in judged.judgement.refusals}


def dirtied(sheet: Sheet) -> Sheet:
    """With three in a hundred rows damaged in each way that leaves the types as they are."""
    for way in ways_of(sheet):
        if way not in {Way.STALE_TIMES, Way.DROP_CATEGORY}:
            sheet = worsen(sheet, way, 0.03, seed=5)
    return sheet


@pytest.mark.long
@settings(
    max_examples=60,
    deadline=None,
    database=None,
    phases=[Phase.generate],  # an example takes a second: it is told as it was found
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    name=st.sampled_from(
        ["city", "dirty city", "register", "dirty register", *REAL, *(f"dirty {n}" for n in REAL)]
    ),
    steps=st.lists(
        st.tuples(st.sampled_from(Way), st.sampled_from([0.001, 0.01, 0.05, 0.2]), st.integers(0, 99)),
        min_size=1,
        max_size=3,
    ),
)
async def test_no_way_of_making_a_file_worse_raises_its_score(
    name: str, steps: list[tuple[Way, float, int]], pipeline: Pipeline, folder: Path
) -> None:
    plain = name.removeprefix("dirty ")
    if plain in REAL and not DATA.is_dir():
        return  # the files lie beside a checkout of the project, in ../shared/data

    def make() -> Sheet:
        if plain in REAL:
            sheet = read_sheet(plain, DATA / plain, REAL[plain])
        else:
            sheet = register() if plain == "register" else city(folder)
        return sheet if plain == name else dirtied(sheet)

    made = base(name, make)
    before, sheet = await made.judged(pipeline), made.sheet
    for way, share, seed in steps:
        if way not in ways_of(sheet):
            continue
        sheet = worsen(sheet, way, share, seed)
        worse = await made.worse(pipeline, sheet)
        assert_no_better(worse, before)
        if worse.refused is not None:
            return
        before = worse
