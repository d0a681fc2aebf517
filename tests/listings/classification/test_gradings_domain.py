"""Which class a column has, and what needs an assessment."""

from datetime import UTC, datetime, timedelta

import pytest

from listings.gradings.domain import (
    DECISION_TABLE,
    ColumnClasses,
    GradingEvent,
    ImpactDegree,
    ImpactObject,
    class_of,
    require_class,
    require_lower,
    require_stricter,
)
from listings.gradings.errors import ColumnClassRefused, GradingStateForbids
from listings.impact_assessments.domain import (
    AssessmentGround,
    FiledAssessment,
    missing_grounds,
    require_validity,
)
from listings.impact_assessments.errors import AssessmentRefused
from listings.products.domain import DELIVERS_RECORDS, DeliveryClass, require_delivery
from listings.resources.domain import Classification
from listings.resources.errors import NotListable

GENERAL, IMPORTANT, CORE = Classification.GENERAL, Classification.IMPORTANT, Classification.CORE
NOW = datetime(2026, 11, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def test_a_column_nobody_graded_has_its_resources_class() -> None:
    classes = ColumnClasses(IMPORTANT)
    assert classes.floor("anything") is IMPORTANT
    assert classes.offered(["a", "b"]) is IMPORTANT
    assert classes.of("a", CORE) is CORE, "a dictionary may be stricter"
    assert classes.of("a", GENERAL) is IMPORTANT, "and never milder"


def test_the_newest_grading_counts_and_the_offer_is_the_strictest_of_its_columns() -> None:
    classes = ColumnClasses(
        IMPORTANT,
        [
            GradingEvent("a", GENERAL, IMPORTANT),
            GradingEvent("b", CORE, IMPORTANT),
            GradingEvent("b", GENERAL, IMPORTANT),
        ],
    )
    assert classes.offered(["a", "b"]) is GENERAL
    assert classes.offered(["a", "c"]) is IMPORTANT
    assert classes.offered(["a"], {"a": CORE}) is CORE
    assert classes.core(["a", "b", "c"], {"a": CORE}) == ["a"]


def test_an_approval_for_a_resource_of_a_milder_class_is_none() -> None:
    # It was approved when the resource was important; the resource has become core since.
    assert ColumnClasses(CORE, [GradingEvent("a", GENERAL, IMPORTANT)]).floor("a") is CORE


@pytest.mark.parametrize("name", ["ID_Card", "id card", "ＩＤ＿ＣＡＲＤ", "id-card.", "IdCard"])
def test_another_spelling_is_no_other_column(name: str) -> None:
    assert ColumnClasses(GENERAL, [GradingEvent("id_card", CORE, GENERAL)]).floor(name) is CORE


def test_a_dictionary_below_the_class_is_refused_with_the_way_out() -> None:
    with pytest.raises(ColumnClassRefused, match="Column a is") as refused:
        require_class("a", GENERAL, ColumnClasses(IMPORTANT))
    assert "column-gradings" in str(refused.value.remedy)
    require_class("a", CORE, ColumnClasses(IMPORTANT))


def test_lower_and_stricter_are_told_apart() -> None:
    require_lower(GENERAL, IMPORTANT)
    require_stricter(CORE, IMPORTANT)
    for refuse in (require_lower, require_stricter):
        with pytest.raises(GradingStateForbids):
            refuse(IMPORTANT, IMPORTANT)


def test_the_decision_table_is_whole_and_takes_the_stricter_for_the_worse() -> None:
    assert set(DECISION_TABLE) == set(ImpactObject)
    assert all(set(row) == set(ImpactDegree) for row in DECISION_TABLE.values())
    assert class_of(ImpactObject.NATIONAL_SECURITY, ImpactDegree.SERIOUS) is CORE
    assert class_of(ImpactObject.NATIONAL_SECURITY, ImpactDegree.GENERAL) is IMPORTANT
    assert class_of(ImpactObject.PUBLIC_INTEREST, ImpactDegree.SERIOUS) is IMPORTANT
    assert class_of(ImpactObject.INDIVIDUAL_RIGHTS, ImpactDegree.ESPECIALLY_SERIOUS) is GENERAL


def test_records_of_a_resource_that_keeps_them_are_offered_by_no_class_that_hands_them_out() -> None:
    for delivery in DeliveryClass:
        require_delivery([delivery], raw_data_stays=False)
        if delivery in DELIVERS_RECORDS:
            with pytest.raises(NotListable, match="原始数据不出域"):
                require_delivery([delivery], raw_data_stays=True)


def test_personal_information_needs_a_valid_assessment_and_sensitive_one_of_its_own() -> None:
    filed = FiledAssessment(frozenset({AssessmentGround.PROVISION}), NOW - DAY, NOW + DAY)
    lapsed = FiledAssessment(frozenset({AssessmentGround.SENSITIVE}), NOW - 2 * DAY, NOW)
    assert missing_grounds([], personal=False, sensitive=False, now=NOW) == []
    assert missing_grounds([], personal=True, sensitive=False, now=NOW) == [AssessmentGround.PROVISION]
    assert missing_grounds([filed], personal=True, sensitive=False, now=NOW) == []
    assert missing_grounds([filed, lapsed], personal=True, sensitive=True, now=NOW) == [
        AssessmentGround.SENSITIVE
    ]
    with pytest.raises(AssessmentRefused):
        require_validity(NOW - 2 * DAY, NOW, NOW)
    with pytest.raises(AssessmentRefused):
        require_validity(NOW + DAY, NOW + DAY, NOW)
