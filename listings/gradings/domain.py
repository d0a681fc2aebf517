"""Which class a column has, and why. Pure.

GB/T 43697-2024: a set of data has the strictest class of its fields (就高从严), and a class follows from what would be
harmed and how badly. A column that nobody graded has the class of its resource.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from infra.messages import Message
from listings.gradings.errors import ColumnClassRefused, GradingStateForbids
from listings.resources.domain import Classification

STRICTNESS = {Classification.GENERAL: 0, Classification.IMPORTANT: 1, Classification.CORE: 2}
"""Order of the classes, the mildest first."""


class ImpactObject(StrEnum):
    """What is harmed when data is leaked, changed, destroyed or misused (GB/T 43697-2024)."""

    NATIONAL_SECURITY = "national_security"
    ECONOMIC_OPERATION = "economic_operation"
    SOCIAL_ORDER = "social_order"
    PUBLIC_INTEREST = "public_interest"
    ORGANISATION_RIGHTS = "organisation_rights"
    INDIVIDUAL_RIGHTS = "individual_rights"


class ImpactDegree(StrEnum):
    """How badly."""

    ESPECIALLY_SERIOUS = "especially_serious"
    SERIOUS = "serious"
    GENERAL = "general"


_SHARED = {
    ImpactDegree.ESPECIALLY_SERIOUS: Classification.CORE,
    ImpactDegree.SERIOUS: Classification.IMPORTANT,
    ImpactDegree.GENERAL: Classification.GENERAL,
}
_OWN = dict.fromkeys(ImpactDegree, Classification.GENERAL)

DECISION_TABLE: Mapping[ImpactObject, Mapping[ImpactDegree, Classification]] = {
    ImpactObject.NATIONAL_SECURITY: {
        ImpactDegree.ESPECIALLY_SERIOUS: Classification.CORE,
        ImpactDegree.SERIOUS: Classification.CORE,
        ImpactDegree.GENERAL: Classification.IMPORTANT,
    },
    ImpactObject.ECONOMIC_OPERATION: _SHARED,
    ImpactObject.SOCIAL_ORDER: _SHARED,
    ImpactObject.PUBLIC_INTEREST: _SHARED,
    ImpactObject.ORGANISATION_RIGHTS: _OWN,
    ImpactObject.INDIVIDUAL_RIGHTS: _OWN,
}
"""Class by what is harmed and how badly. Recalled from GB/T 43697-2024 and NOT verified in its text: it explains a
proposal, and a regulator's officer decides."""

DECISION_TABLE_SOURCE = "GB/T 43697-2024 (recalled, not verified in the text of the standard)"


class GradingAction(StrEnum):
    """What happened to the class of a column."""

    REQUESTED = "requested"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    REVOKED = "revoked"
    RAISED = "raised"


DECISIONS = frozenset({GradingAction.APPROVED, GradingAction.REJECTED, GradingAction.WITHDRAWN})
"""What ends a request; there is one for each."""

EFFECTIVE = frozenset({GradingAction.APPROVED, GradingAction.RAISED, GradingAction.REVOKED})
"""What gives a column another class."""


@dataclass(frozen=True, slots=True)
class GradingEvent:
    """What gave a column its class last.

    :ivar resource_classification: of its resource at that time: an approval for a resource of a milder class is none.
    """

    column: str
    classification: Classification
    resource_classification: Classification


def class_of(harmed: ImpactObject, degree: ImpactDegree) -> Classification:
    """The class that the decision table gives."""
    return DECISION_TABLE[harmed][degree]


def strictest(classes: Iterable[Classification], default: Classification) -> Classification:
    """The strictest of some classes (就高从严).

    :param default: where there are none.
    """
    return max(classes, key=STRICTNESS.__getitem__, default=default)


def is_milder(one: Classification, other: Classification) -> bool:
    """Whether one class is below another."""
    return STRICTNESS[one] < STRICTNESS[other]


def column_key(name: str) -> str:
    """What columns are compared by: neither case nor width nor blanks, dashes and points make another column."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", name).casefold()) or name


class ColumnClasses:
    """The classes of the columns of one resource.

    :param resource: class of the resource.
    :param events: what gave columns their classes, oldest first; the newest of a column counts.
    """

    def __init__(self, resource: Classification, events: Iterable[GradingEvent] = ()) -> None:
        self.resource = resource
        self._graded = {
            column_key(event.column): strictest(
                [event.classification]
                if not is_milder(event.resource_classification, resource)
                else [event.classification, resource],
                resource,
            )
            for event in events
        }

    def floor(self, column: str) -> Classification:
        """The mildest class that the column may be given in a dictionary."""
        return self._graded.get(column_key(column), self.resource)

    def of(self, column: str, declared: Classification | None = None) -> Classification:
        """The class of a column.

        :param declared: by the operator's dictionary, which can only be stricter.
        """
        floor = self.floor(column)
        return floor if declared is None else strictest([floor, declared], floor)

    def offered(
        self, columns: Iterable[str] | None, declared: Mapping[str, Classification | None] | None = None
    ) -> Classification:
        """The class of what is offered: the strictest of its columns.

        :param columns: None for all of them, whichever there are.
        """
        if columns is None:
            return strictest([self.resource, *self._graded.values()], self.resource)
        known = declared or {}
        return strictest((self.of(name, known.get(name)) for name in columns), self.resource)

    def core(
        self, columns: Iterable[str], declared: Mapping[str, Classification | None] | None = None
    ) -> list[str]:
        """Those of the columns that are core data."""
        known = declared or {}
        return [name for name in columns if self.of(name, known.get(name)) is Classification.CORE]


def require_class(column: str, declared: Classification, classes: ColumnClasses) -> None:
    """Refuse a dictionary's class that is below the column's.

    :raises ColumnClassRefused: with the way to a lower one.
    """
    floor = classes.floor(column)
    if is_milder(declared, floor):
        raise ColumnClassRefused(
            Message(
                "Column {column} is {floor} and cannot be described as {declared}.",
                column=column,
                floor=floor,
                declared=declared,
            ),
            remedy=Message(
                "Leave its class out or state a stricter one. For a lower one ask for a re-grading with reasons:"
                " POST /v1/resources/{resource_id}/column-gradings; a regulator decides."
            ),
            column=column,
            classification=floor.value,
        )


def require_lower(wanted: Classification, present: Classification) -> None:
    """Refuse to ask for what needs no approval.

    :raises GradingStateForbids: the class is not below the present one.
    """
    if not is_milder(wanted, present):
        raise GradingStateForbids(
            Message("The column is {present}; {wanted} is not below that.", present=present, wanted=wanted),
            remedy=Message(
                "A stricter class needs no approval: state it in the dictionary, or raise it for every product with"
                " POST /v1/resources/{resource_id}/column-gradings/raise."
            ),
        )


def require_stricter(wanted: Classification, present: Classification) -> None:
    """Refuse to raise a column to what it has already, or to less.

    :raises GradingStateForbids: it is not stricter.
    """
    if not is_milder(present, wanted):
        raise GradingStateForbids(
            Message(
                "The column is {present}; {wanted} is not stricter than that.", present=present, wanted=wanted
            ),
            remedy=Message(
                "For a lower class ask for a re-grading: POST /v1/resources/{resource_id}/column-gradings."
            ),
        )


def require_open(request_id: UUID, decision: GradingAction | None) -> None:
    """Refuse to decide twice.

    :param decision: that there is already, if any.
    :raises GradingStateForbids: the request has been decided.
    """
    if decision is not None:
        raise GradingStateForbids(
            Message(
                "The request {request_id} is {decision} already.", request_id=request_id, decision=decision
            ),
            remedy=Message("Where another class is wanted still, ask for it anew."),
        )
