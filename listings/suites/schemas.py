"""What goes in and out of quality suites over HTTP."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, StringConstraints

from infra.messages import Message
from infra.schema import Input, Output, Sha256Hex, ShortText, StorableJson
from quality.arguments import Problem
from quality.checks import Check, CheckType, Dimension, Severity, Tolerance, ToleranceUnit
from quality.classes import ProductClass
from quality.errors import SuiteRefused
from quality.limits import MAX_CHECKS, MAX_COLUMNS, MAX_VALUE_CHARACTERS
from quality.proposals.domain import ProposedSuite
from quality.reports.schemas import ReportRead
from quality.runs.states import QualityStatus
from quality.suites.domain import CheckChange, SuiteOrigin
from quality.suites.tables import QualitySuite

ColumnName = Annotated[str, StringConstraints(min_length=1, max_length=MAX_VALUE_CHARACTERS)]


class ToleranceUpdate(Input):
    """How much may fail before the check does."""

    limit: str = Field(
        "0",
        max_length=40,
        description="A whole number of rows, or percent of them, as text",
        examples=["0.5"],
    )
    unit: ToleranceUnit = ToleranceUnit.PERCENT

    def domain(self) -> Tolerance:
        """The tolerance as the rules see it."""
        return Tolerance(self.limit, self.unit)


class CheckUpdate(Input):
    """One check of the revisions to come."""

    type: CheckType
    columns: list[ColumnName] = Field(
        default_factory=list, max_length=MAX_COLUMNS, description="In the order that the type expects"
    )
    dimension: Dimension
    arguments: dict[str, StorableJson] = Field(
        default_factory=dict, description="By type; numbers as exact text"
    )
    severity: Severity = Field(
        Severity.WARNING,
        description="A failed blocking check fails the revision; a warning is shown to readers",
    )
    tolerance: ToleranceUpdate = Field(default_factory=lambda: ToleranceUpdate(limit="0"))
    owner: ShortText | None = Field(
        None,
        description="Who answers for it: an office rather than a person, since everybody reads it; null for the"
        " operator",
    )
    name: ShortText | None = Field(
        None,
        description="What reports and trends call it, unique in the suite; made of type and columns if left out."
        " Everybody reads it: name no value of the data in it",
    )

    def domain(self) -> Check:
        """The check as the rules see it.

        :raises ValueError: its tolerance cannot be.
        """
        return Check(
            type=self.type,
            columns=tuple(self.columns),
            dimension=self.dimension,
            arguments=self.arguments,
            severity=self.severity,
            tolerance=self.tolerance.domain(),
            owner=self.owner,
            name=self.name or "",
        )


class SuiteUpdate(Input):
    """The whole suite as it is to be; what is left out of it is checked no more."""

    product_class: ProductClass = Field(description="By which weights and which gate revisions are judged")
    checks: list[CheckUpdate] = Field(min_length=1, max_length=MAX_CHECKS)
    based_on: Sha256Hex | None = Field(
        description="Digest of the suite that you read and changed, of the open edition or else in force; null when"
        " there was none. Refused when another was written meanwhile"
    )

    def domain(self) -> list[Check]:
        """The checks as the rules see them.

        :raises SuiteRefused: a tolerance cannot be.
        """
        found, problems = [], []
        for position, check in enumerate(self.checks):
            try:
                found.append(check.domain())
            except ValueError:
                problems.append(
                    Problem(
                        check.name or str(position + 1),
                        "tolerance.limit",
                        Message("That is no tolerance."),
                        Message("Write percent between 0 and 100, or a whole number of rows, as text."),
                    )
                )
        if problems:
            raise SuiteRefused(problems[0].what, problems=[problem.to_json() for problem in problems])
        return found


class ToleranceOf(Output):
    """How much may fail before the check does."""

    limit: str
    unit: ToleranceUnit


class SuiteCheckRead(Output):
    """One check, as it can be written again; its arguments are empty where they are withheld."""

    type: CheckType
    columns: list[str]
    dimension: Dimension
    arguments: dict[str, Any]
    severity: Severity
    tolerance: ToleranceOf
    owner: str | None
    name: str

    @classmethod
    def of(cls, check: Mapping[str, Any], withheld: Collection[str] = ()) -> "SuiteCheckRead":
        """Map what ``Check.to_json`` wrote.

        :param withheld: names of checks whose arguments the reader may not see.
        """
        shown = {**check, "arguments": {}} if check["name"] in withheld else check
        return cls.model_validate(shown)


class BasisRead(Output):
    """What a proposal rests on."""

    zh: str
    en: str


class SuiteRead(Output):
    """One version of a product's suite."""

    id: UUID
    product_id: UUID
    number: int = Field(description="Counts the versions of the product's suite, from 1")
    product_class: ProductClass
    origin: SuiteOrigin
    digest: str | None = Field(
        description="SHA-256 of number, class and checks as JSON with sorted keys and no white space; null when"
        " arguments are withheld from you, which it would let you guess"
    )
    checks: list[SuiteCheckRead]
    bases: dict[str, BasisRead] = Field(
        description="By the name of a check that was proposed, what that rests on; to the product's parties and"
        " regulators only"
    )
    withheld: list[str] = Field(
        description="Names of the checks whose arguments are not shown to you, since they tell of personal columns or"
        " of other products"
    )
    created_at: datetime

    @classmethod
    def of(cls, row: QualitySuite, withheld: Collection[str] | None = None) -> "SuiteRead":
        """Map a row.

        :param withheld: names of checks whose arguments an outsider may not see; None for the product's parties.
        """
        hidden = withheld or ()
        return cls(
            **row.model_dump(exclude={"checks", "bases", "created_by", "digest"}),
            digest=None if hidden else row.digest,
            checks=[SuiteCheckRead.of(check, hidden) for check in row.checks],
            bases={} if withheld is not None else row.bases,
            withheld=sorted(hidden),
        )


class TrialRead(Output):
    """How the data that buyers read fares by the suite of the open edition; it counts for nothing until approved."""

    revision_id: UUID
    status: QualityStatus
    error: str | None
    report: ReportRead | None = Field(description="Null until the trial has ended")


class ProductSuiteRead(Output):
    """The suite by which a product's revisions are judged, and the one that is to come."""

    in_force: SuiteRead | None = Field(description="Null before the first revision, unless one was written")
    edition_id: UUID | None = Field(
        description="The open edition that names another; to parties and regulators only"
    )
    proposed: SuiteRead | None = Field(description="The suite that the open edition names")
    trial: TrialRead | None


class CheckChangeRead(Output):
    """One check in which two suites differ."""

    name: str
    before: SuiteCheckRead | None = Field(description="Null for a check that was added")
    after: SuiteCheckRead | None = Field(description="Null for a check that was removed")

    @classmethod
    def of(cls, change: CheckChange) -> "CheckChangeRead":
        """Map a change."""
        sides = (change.before, change.after)
        before, after = (SuiteCheckRead.of(side) if side is not None else None for side in sides)
        return cls(name=change.name, before=before, after=after)


class SuiteWritten(Output):
    """The suite that was written."""

    suite: SuiteRead
    edition_id: UUID | None = Field(
        description="The draft edition that names it, with whose approval it takes effect; null when it is in force now"
    )
    changes: list[CheckChangeRead] = Field(description="Against the suite in force, check by check")


class ProposalRead(Output):
    """A proposed check, which can be written as it stands."""

    check: SuiteCheckRead
    basis: BasisRead


class ProposalsRead(Output):
    """What the newest revision, the dictionary, standard lists and earlier revisions propose."""

    revision_id: UUID
    product_class: ProductClass
    proposals: list[ProposalRead] = Field(description="The most telling first")
    left_out: BasisRead | None = Field(description="What a suite has no room for")

    @classmethod
    def build(
        cls, revision_id: UUID, product_class: ProductClass, proposed: ProposedSuite
    ) -> "ProposalsRead":
        """Map proposals."""
        return cls(
            revision_id=revision_id,
            product_class=product_class,
            proposals=[
                ProposalRead(
                    check=SuiteCheckRead.of(one.check.to_json()), basis=BasisRead.model_validate(one.basis)
                )
                for one in proposed.proposals
            ],
            left_out=BasisRead.model_validate(proposed.left_out) if proposed.left_out is not None else None,
        )
