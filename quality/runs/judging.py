"""From what a run found to what its report says: the rulebook's weights, grades, caps and gate, applied."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from infra.rulebook.domain import Rules
from quality.checks import WHOLE, CheckResult, Dimension, Measured
from quality.classes import ProductClass
from quality.gates import Gate, Refusal, refusals
from quality.score import Assessment, Measure, Scale, assess
from quality.sentences import sentences

_CAPS = ("one_unmeasured", "two_unmeasured", "three_unmeasured", "four_unmeasured", "more_unmeasured")


@dataclass(frozen=True, slots=True)
class Judgement:
    """Score and grade of a revision, and why its gate refuses it, if it does."""

    assessment: Assessment
    refusals: tuple[Refusal, ...]

    @property
    def passed(self) -> bool:
        """Whether the revision is good enough to be sold."""
        return not self.refusals


def judge(
    measured: Measured,
    rules: Rules,
    product_class: ProductClass,
    observed: Mapping[Dimension, Measure] | None = None,
) -> Judgement:
    """Judge what a run found by the rules in force.

    :param observed: what the service observed of the product's timeliness and accessibility.
    """
    assessment = assess(measured, scale_of(rules, product_class), observed)
    gate = gate_of(rules, product_class)
    return Judgement(assessment, refusals(measured, assessment.grade, gate))


def scale_of(rules: Rules, product_class: ProductClass) -> Scale:
    """The scale of a class of products."""
    return Scale(
        {name: rules.decimal(f"quality.weight.{product_class}.{name}") for name in Dimension},
        {grade: rules.decimal(f"quality.grade.{grade.lower()}") for grade in ("A", "B", "C", "D")},
        tuple(rules.text(f"quality.grade_cap.{name}") for name in _CAPS),
    )


def gate_of(rules: Rules, product_class: ProductClass) -> Gate:
    """The gate of a class of products."""
    return Gate(
        rules.text(f"quality.gate.{product_class}.lowest_grade"),
        rules.decimal(f"quality.gate.{product_class}.margin_percent"),
    )


def dimensions_to_json(assessment: Assessment) -> list[dict[str, Any]]:
    """Each dimension with A, B and X as it counts, and apart what checks found and what the service observed."""
    return [
        {
            "dimension": name.value,
            **_measure_to_json(measure),
            "checked": _measure_to_json(assessment.checked[name]),
            "observed": _measure_to_json(assessment.observed.get(name, Measure(0, 0))),
        }
        for name, measure in assessment.dimensions.items()
    ]


def result_to_json(result: CheckResult) -> dict[str, Any]:
    """A check, what came of it, and the sentence it reads as."""
    zh, en = sentences(result)
    return {
        **result.check.to_json(),
        "status": str(result.status),
        "counts": "table" if result.check.type in WHOLE else "rows",
        "scored": result.check.scored,
        **result.to_json(),
        "sentence_zh": zh,
        "sentence_en": en,
    }


def _measure_to_json(measure: Measure) -> dict[str, Any]:
    return {
        "satisfied": measure.satisfied,
        "evaluated": measure.evaluated,
        "value": None if measure.value is None else str(measure.value),
    }
