"""From check results to a score and a grade, by GB/T 36344-2018. Pure and exact.

Each dimension is X = A/B over its scored checks, with A and B kept. A dimension nothing was measured in is *not
measured*: it has no value, and its weight is not counted, rather than counted as perfect. The score is the
weighted mean of the measured dimensions, cut (not rounded up) to six places.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from fractions import Fraction

from quality.checks import CheckResult, CheckStatus, Dimension, Severity

PLACES = Decimal("0.000001")
LOWEST_GRADE = "E"


@dataclass(frozen=True, slots=True)
class Measure:
    """One dimension: A elements as they should be, of B looked at."""

    satisfied: int
    evaluated: int

    @property
    def value(self) -> Decimal | None:
        """X = A/B, cut to six places; None where nothing was measured."""
        return _cut(Fraction(self.satisfied, self.evaluated)) if self.evaluated else None


@dataclass(frozen=True, slots=True)
class Scale:
    """How a score becomes a grade, from the rulebook.

    :param weights: of each dimension, none negative, not all zero.
    :param grades: least score of each grade, best first; below the last is ``E``.
    :param lowest_grade: the worst grade with which a revision still passes.
    """

    weights: Mapping[Dimension, Decimal]
    grades: Mapping[str, Decimal]
    lowest_grade: str


@dataclass(frozen=True, slots=True)
class Assessment:
    """Score and grade of a revision; without any measured dimension the score is zero and the grade E."""

    score: Decimal
    grade: str
    passed: bool
    dimensions: Mapping[Dimension, Measure]


def assess(results: Sequence[CheckResult], scale: Scale) -> Assessment:
    """Score the results.

    A revision passes when no blocking check failed or could not be carried out, and its grade is good enough.
    """
    dimensions = {dimension: _measure(results, dimension) for dimension in Dimension}
    measured = {
        dimension: Fraction(measure.satisfied, measure.evaluated)
        for dimension, measure in dimensions.items()
        if measure.evaluated and scale.weights[dimension] > 0
    }
    total = sum((Fraction(scale.weights[dimension]) for dimension in measured), Fraction(0))
    weighted = sum((Fraction(scale.weights[d]) * value for d, value in measured.items()), Fraction(0))
    score = _cut(weighted / total) if total else Decimal(0).quantize(PLACES)
    grade = next((name for name, least in scale.grades.items() if score >= least), LOWEST_GRADE)
    blocked = any(
        result.check.severity is Severity.BLOCKING
        and result.status in {CheckStatus.FAILED, CheckStatus.ERROR}
        for result in results
    )
    order = [*scale.grades, LOWEST_GRADE]
    good_enough = order.index(grade) <= order.index(scale.lowest_grade)
    return Assessment(score, grade, good_enough and not blocked, dimensions)


def _measure(results: Sequence[CheckResult], dimension: Dimension) -> Measure:
    scored = [
        result
        for result in results
        if result.check.dimension is dimension and result.check.scored and result.error is None
    ]
    return Measure(sum(r.satisfied for r in scored), sum(r.evaluated for r in scored))


def _cut(value: Fraction) -> Decimal:
    scaled = value.numerator * 1_000_000 // value.denominator
    return (Decimal(scaled) * PLACES).quantize(PLACES, ROUND_FLOOR)
