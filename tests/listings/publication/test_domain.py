"""What a product must have before it is published, and who decides."""

from dataclasses import replace
from uuid import UUID

import pytest

from listings.publication.domain import Readiness, gaps, require_complete, require_other_organisation
from listings.publication.errors import ProductIncomplete, SameOrganisation
from quality.runs.states import QualityStatus

READY = Readiness(
    quality=QualityStatus.PASSED,
    sample_rows=20,
    plan_id=UUID(int=1),
    personal_information=False,
    personal_columns=0,
)


def test_a_complete_product_has_no_gaps() -> None:
    assert gaps(READY) == []
    require_complete(READY)


def test_every_gap_is_named_at_once_with_a_remedy() -> None:
    bare = Readiness(quality=None, sample_rows=0, plan_id=None, personal_information=True, personal_columns=0)
    with pytest.raises(ProductIncomplete) as refused:
        require_complete(bare)
    missing = refused.value.extensions["missing"]
    assert [gap["code"] for gap in missing] == ["revision", "price_plan", "dictionary"]
    assert all(gap["remedy"] for gap in missing)


@pytest.mark.parametrize("status", sorted(set(QualityStatus) - {QualityStatus.PASSED}))
def test_only_a_passed_check_will_do(status: QualityStatus) -> None:
    assert [gap.code for gap in gaps(replace(READY, quality=status))] == ["quality_report"]


def test_an_empty_sample_is_a_gap() -> None:
    assert [gap.code for gap in gaps(replace(READY, sample_rows=0))] == ["sample"]


def test_personal_information_must_be_located() -> None:
    personal = replace(READY, personal_information=True)
    assert [gap.code for gap in gaps(personal)] == ["dictionary"]
    assert gaps(replace(personal, personal_columns=1)) == []


def test_parties_do_not_decide_their_own_case() -> None:
    require_other_organisation(UUID(int=3), {UUID(int=1), UUID(int=2)})
    with pytest.raises(SameOrganisation):
        require_other_organisation(UUID(int=1), {UUID(int=1), UUID(int=2)})
