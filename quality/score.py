"""From what a run found to a score and a grade, by GB/T 36344-2018. Pure and exact.

Each dimension is X = A/B, with A and B kept. A is the sum over its scored checks of the rows that satisfy them, less
the surplus: the rows that cannot be told from an earlier one. B counts for each check every row that is not surplus,
and every row that should be there; for the checks of keys, of repeated rows and of the number of rows it counts surplus
rows too. So blanking, breaking, repeating or leaving out a row never raises X, and a check that could not be carried
out is satisfied by no row. Timeliness and accessibility are also what the service observes of the product: there the
dimension is the lower of the two.

The score is the weighted mean of the measured dimensions, cut (not rounded up) to six places. A dimension without
evidence is *not measured*: it has no value and no weight, and lowers the best grade that can be reached.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_FLOOR, Decimal
from fractions import Fraction

from quality.checks import KEYS, CheckResult, CheckType, Dimension, Measured

PLACES = Decimal("0.000001")
LOWEST_GRADE = "E"


@dataclass(frozen=True, slots=True)
class Measure:
    """One dimension: A elements as they should be, of B looked at."""

    satisfied: int
    evaluated: int

    @property
    def share(self) -> Fraction | None:
        """X = A/B, exact; None where nothing was measured."""
        return Fraction(self.satisfied, self.evaluated) if self.evaluated else None

    @property
    def value(self) -> Decimal | None:
        """X = A/B, cut to six places; None where nothing was measured."""
        return None if self.share is None else _cut(self.share)


@dataclass(frozen=True, slots=True)
class Scale:
    """How a score becomes a grade, from the rulebook.

    :param weights: of each dimension, none negative, not all zero.
    :param grades: least score of each grade, best first; below the last is ``E``.
    :param caps: the best grade that can be reached with one dimension not measured, with two, and so on; the last
        counts for any more.
    """

    weights: Mapping[Dimension, Decimal]
    grades: Mapping[str, Decimal]
    caps: Sequence[str] = ()

    def grade(self, score: Decimal) -> str:
        """The grade of a score, whatever was measured."""
        return next((name for name, least in self.grades.items() if score >= least), LOWEST_GRADE)

    def cap(self, unmeasured: int) -> str:
        """The best grade that can be reached with so many dimensions not measured."""
        best = next(iter(self.grades), LOWEST_GRADE)
        reached = self.caps[: min(unmeasured, len(self.caps))]
        return self.worst((best, *reached))

    def worst(self, grades: Iterable[str]) -> str:
        """The worst of some grades."""
        return max(grades, key=[*self.grades, LOWEST_GRADE].index)


@dataclass(frozen=True, slots=True)
class Assessment:
    """Score and grade of a revision; of no rows, or without any scored check, the score is zero and the grade E.

    :param dimensions: what each comes to.
    :param checked: what checks of the revision say of a dimension; ``observed`` what the service observed. The lower
        one counts.
    :param uncapped: the grade by the score alone, before dimensions that were not measured lower it.
    """

    score: Decimal
    grade: str
    uncapped: str
    dimensions: Mapping[Dimension, Measure]
    checked: Mapping[Dimension, Measure] = field(default_factory=dict)
    observed: Mapping[Dimension, Measure] = field(default_factory=dict)

    @property
    def unmeasured(self) -> tuple[Dimension, ...]:
        """The dimensions without evidence."""
        return tuple(name for name, measure in self.dimensions.items() if not measure.evaluated)


def assess(
    measured: Measured, scale: Scale, observed: Mapping[Dimension, Measure] | None = None
) -> Assessment:
    """Score what a run found.

    :param observed: what the service observed of the product, by dimension.
    """
    observed = {name: one for name, one in (observed or {}).items() if one.evaluated}
    checked = {dimension: _checked(measured, dimension) for dimension in Dimension}
    dimensions = {name: _lower(checked[name], observed.get(name)) for name in Dimension}
    shares = {
        name: measure.share
        for name, measure in dimensions.items()
        if measure.share is not None and scale.weights[name] > 0
    }
    total = sum((Fraction(scale.weights[name]) for name in shares), Fraction(0))
    weighted = sum((Fraction(scale.weights[name]) * share for name, share in shares.items()), Fraction(0))
    nothing = measured.rows == 0 or not any(one.evaluated for one in checked.values())
    score = Decimal(0).quantize(PLACES) if nothing or not total else _cut(weighted / total)
    uncapped = scale.grade(score)
    unmeasured = sum(not one.evaluated for one in dimensions.values())
    grade = LOWEST_GRADE if nothing else scale.worst((uncapped, scale.cap(unmeasured)))
    return Assessment(score, grade, uncapped, dimensions, checked, observed)


def expected_rows(results: Iterable[CheckResult]) -> int:
    """Rows that should be there at least, by the checks of the row count; 0 where none says."""
    counts = [_row_bound(result, "expected", "minimum") for result in results]
    return max((count for count in counts if count is not None), default=0)


def _checked(measured: Measured, dimension: Dimension) -> Measure:
    results = [
        result for result in measured.results if result.check.dimension is dimension and result.check.scored
    ]
    return Measure(
        sum(_sound(result, measured) for result in results),
        sum(_looked_at(result, measured) for result in results),
    )


def _sound(result: CheckResult, measured: Measured) -> int:
    """Rows that satisfy a check and are not surplus."""
    apart = measured.rows - measured.surplus
    if result.check.type is CheckType.ROW_COUNT:
        most = _row_bound(result, "maximum")
        return apart if most is None else min(apart, most)
    if result.error is not None or not result.evaluated:
        return 0
    if result.check.type is CheckType.NO_REPEATED_ROWS:
        return apart
    if result.check.type in KEYS:
        return min(apart, measured.told_apart_by(result))
    # A type of the library that judges the whole counts 1: then for every row, or for none.
    satisfied = result.satisfied * measured.rows // result.evaluated
    return max(0, satisfied - measured.surplus)


def _looked_at(result: CheckResult, measured: Measured) -> int:
    of_rows_themselves = KEYS | {CheckType.NO_REPEATED_ROWS, CheckType.ROW_COUNT}
    rows = measured.rows if result.check.type in of_rows_themselves else measured.rows - measured.surplus
    return max(rows, expected_rows(measured.results), 1)


def _row_bound(result: CheckResult, *names: str) -> int | None:
    if result.check.type is not CheckType.ROW_COUNT:
        return None
    given = next((result.check.arguments[name] for name in names if result.check.arguments.get(name)), None)
    return None if given is None else -(-Fraction(given) // 1)


def _lower(checked: Measure, observed: Measure | None) -> Measure:
    if observed is None or observed.share is None:
        return checked
    return observed if checked.share is None or observed.share < checked.share else checked


def _cut(value: Fraction) -> Decimal:
    scaled = value.numerator * 1_000_000 // value.denominator
    return (Decimal(scaled) * PLACES).quantize(PLACES, ROUND_FLOOR)
