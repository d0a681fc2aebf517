"""What a product must have before it is published, and who may decide that it is."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from infra.messages import Message, joined
from listings.impact_assessments.domain import AssessmentGround
from listings.publication.errors import ProductIncomplete, SameOrganisation
from quality.runs.states import QualityStatus


@dataclass(frozen=True, slots=True)
class Gap:
    """One thing that is missing before a product can be published, and how to supply it.

    :ivar refusals: of a revision that failed its quality check, each reason in both languages.
    """

    code: str
    detail: Message
    remedy: Message
    refusals: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Readiness:
    """What is known of a product when it is submitted or approved.

    :ivar findings: columns with personal information that contradicts what was declared.
    :ivar reviewing: whether a regulator decides now, after what was contested.
    :ivar refusals: why the gate refused the newest revision (`quality.gates.Refusal`), where it failed.
    :ivar unassessed: grounds on which an impact assessment is needed and none is on file.
    """

    quality: QualityStatus | None
    sample_rows: int
    plan_id: UUID | None
    personal_information: bool
    personal_columns: int
    suspended: bool = False
    findings: tuple[str, ...] = ()
    reviewing: bool = False
    unassessed: tuple[AssessmentGround, ...] = ()
    refusals: tuple[Mapping[str, Any], ...] = ()


_QUALITY_GAPS = {
    None: Gap(
        "revision",
        Message("There is no revision."),
        Message("Upload a file with POST /v1/products/{product_id}/revisions."),
    ),
    QualityStatus.CHECKING: Gap(
        "quality_report",
        Message("The quality check has not finished."),
        Message("Wait for it; a check takes seconds to minutes."),
    ),
    QualityStatus.FAILED: Gap(
        "quality_report",
        Message("The newest revision failed its quality check."),
        Message(
            "Read the report and upload corrected data; or ask a regulator for a waiver with POST"
            " /v1/revisions/{revision_id}/quality-waiver-requests."
        ),
    ),
    QualityStatus.ERROR: Gap(
        "quality_report",
        Message("The quality check could not be carried out."),
        Message("Upload the same file again, which repeats the check."),
    ),
}


def gaps(ready: Readiness) -> list[Gap]:
    """Everything that is missing, not only the first thing; empty when the product may be published."""
    missing = []
    if ready.quality is not QualityStatus.PASSED:
        missing.append(replace(_QUALITY_GAPS[ready.quality], refusals=ready.refusals))
    if ready.quality is not None and ready.sample_rows == 0:
        missing.append(
            Gap(
                "sample",
                Message("The revision has no rows to show."),
                Message("Upload a file with at least one row."),
            )
        )
    if ready.suspended:
        missing.append(
            Gap(
                "revision",
                Message("The newest revision is suspended."),
                Message("Upload other data, or have the suspension lifted by whoever placed it."),
            )
        )
    if ready.plan_id is None:
        missing.append(
            Gap(
                "price_plan",
                Message("No price plan is attached."),
                Message("Attach one with PUT /v1/products/{product_id}/price-plan."),
            )
        )
    if ready.personal_information and ready.personal_columns == 0:
        missing.append(
            Gap(
                "dictionary",
                Message("The resource holds personal information and no column is marked as personal."),
                Message("Mark the columns with PUT /v1/products/{product_id}/dictionary."),
            )
        )
    if ready.unassessed:
        missing.append(
            Gap(
                "impact_assessment",
                Message(
                    "Personal information is offered and no valid impact assessment is on file for: {grounds}.",
                    grounds=", ".join(ready.unassessed),
                ),
                Message("File one with POST /v1/products/{product_id}/impact-assessments."),
            )
        )
    if ready.findings:
        missing.append(
            Gap(
                "personal_content",
                Message(
                    "Personal information was detected in columns that are not declared as personal: {columns}.",
                    columns=", ".join(ready.findings[:20]),
                ),
                Message(
                    "Accept or reject what was said with POST /v1/products/{product_id}/content-findings/acceptance or"
                    " …/rejection, or return the product."
                )
                if ready.reviewing
                else Message(
                    "Mark the columns with POST /v1/products/{product_id}/personal-columns, or contest the findings"
                    " with POST /v1/products/{product_id}/content-findings/contest."
                ),
            )
        )
    return missing


def require_complete(ready: Readiness) -> None:
    """Refuse to submit or publish an incomplete product.

    :raises ProductIncomplete: with every gap in `missing`.
    """
    missing = gaps(ready)
    if missing:
        raise ProductIncomplete(
            joined((gap.detail for gap in missing), " "),
            remedy=joined((gap.remedy for gap in missing), " "),
            missing=[
                {"code": gap.code, "detail": gap.detail, "remedy": gap.remedy}
                | ({"refusals": [dict(one) for one in gap.refusals]} if gap.refusals else {})
                for gap in missing
            ],
        )


def require_other_organisation(decider: UUID, parties: Collection[UUID]) -> None:
    """Four eyes: the deciding organisation is neither the operator nor the owner.

    :raises SameOrganisation: it is.
    """
    if decider in parties:
        raise SameOrganisation(
            Message("Your organisation is a party to this product."),
            remedy=Message("Leave the decision to a regulator that neither owns nor operates it."),
        )
