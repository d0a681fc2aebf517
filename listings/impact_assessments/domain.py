"""Which impact assessments a product needs before it offers personal information. Pure.

PIPL art. 55: before sensitive personal information is handled, before automated decisions, before personal information
is entrusted, provided or disclosed to others, and before it leaves the country. Art. 56: the report and the records are
kept for three years at least.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from infra.messages import Message
from listings.impact_assessments.errors import AssessmentRefused


class AssessmentGround(StrEnum):
    """Why an impact assessment was made (PIPL art. 55)."""

    SENSITIVE = "sensitive"
    AUTOMATED_DECISION = "automated_decision"
    PROVISION = "provision"
    EXPORT = "export"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class FiledAssessment:
    """An assessment on file: on which grounds, and from when until when it is valid."""

    grounds: frozenset[AssessmentGround]
    valid_from: datetime
    valid_until: datetime


def missing_grounds(
    filed: Iterable[FiledAssessment], *, personal: bool, sensitive: bool, now: datetime
) -> list[AssessmentGround]:
    """The grounds on which an assessment is needed and none is valid now.

    :param personal: personal information is offered.
    :param sensitive: some of it is sensitive.
    """
    needed = [AssessmentGround.PROVISION] * personal + [AssessmentGround.SENSITIVE] * (personal and sensitive)
    covered: set[AssessmentGround] = set()
    for one in filed:
        if one.valid_from <= now < one.valid_until:
            covered |= one.grounds
    return [ground for ground in needed if ground not in covered]


def require_validity(valid_from: datetime, valid_until: datetime, now: datetime) -> None:
    """Refuse an assessment that is valid at no time to come.

    :raises AssessmentRefused: it ends before it begins, or has ended.
    """
    if valid_until <= valid_from or valid_until <= now:
        raise AssessmentRefused(
            Message("The assessment is valid at no time from now on."),
            remedy=Message(
                "State valid_until after valid_from and in the future; renew the assessment first."
            ),
        )


def grounds_text(grounds: Collection[AssessmentGround]) -> list[AssessmentGround]:
    """Grounds without repeats, in their order."""
    return [ground for ground in AssessmentGround if ground in grounds]
