"""When a procedure begins, when its next step is due, and when it ends. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

from infra.messages import Message
from infra.rulebook.domain import Rules
from listings.enforcement.errors import ExtensionRefused
from listings.enforcement.states import NEXT_STEP, EnforcementAction, EnforcementGround, EnforcementStatus
from quality.observations.domain import CallCounts
from quality.runs.states import QualityStatus

LONGEST_EXTENSION = timedelta(days=366)
_NO_CALLS = CallCounts(0, 0, 0)


@dataclass(frozen=True, slots=True)
class EnforcementRules:
    """What the rules in force say of repeated failure; read with :func:`enforcement_rules`.

    :ivar failed_revisions: so many in a row, the newest included, open a procedure.
    :ivar late_days: so many days after data was due, a procedure is opened.
    :ivar availability_percent: least share of calls that are answered, over ``availability_days``.
    :ivar least_calls: fewer calls say nothing about availability.
    """

    failed_revisions: int
    late_days: int
    availability_percent: Fraction
    availability_days: int
    least_calls: int


@dataclass(frozen=True, slots=True)
class ProductFacts:
    """What is known of a product, as far as it came after the last procedure ended.

    :ivar failed_in_a_row: revisions that failed their check since the last that passed, the newest first.
    :ivar late_since: since when promised data is overdue; None while it is not.
    :ivar calls: data calls of the last days.
    """

    failed_in_a_row: int = 0
    late_since: datetime | None = None
    calls: CallCounts = _NO_CALLS


def enforcement_rules(rules: Rules) -> EnforcementRules:
    """What the rules in force say of repeated failure."""
    return EnforcementRules(
        failed_revisions=rules.integer("enforcement.failed_revisions"),
        late_days=rules.integer("enforcement.late_days"),
        availability_percent=Fraction(rules.decimal("enforcement.availability_percent")),
        availability_days=rules.integer("enforcement.availability_days"),
        least_calls=rules.integer("enforcement.least_calls"),
    )


def failed_in_a_row(statuses: Sequence[QualityStatus]) -> int:
    """How many revisions failed since the last that passed.

    A check that has not finished, or could not be carried out, says nothing of the data.

    :param statuses: newest first.
    """
    failed = 0
    for status in statuses:
        if status is QualityStatus.PASSED:
            break
        failed += status is QualityStatus.FAILED
    return failed


def find_ground(facts: ProductFacts, rules: EnforcementRules, moment: datetime) -> EnforcementGround | None:
    """Why a procedure is to be opened now; None where it is not."""
    if facts.failed_in_a_row >= rules.failed_revisions:
        return EnforcementGround.FAILED_REVISIONS
    if facts.late_since is not None and moment - facts.late_since >= timedelta(days=rules.late_days):
        return EnforcementGround.LATE_DATA
    return EnforcementGround.UNAVAILABLE if _unavailable(facts, rules) else None


def is_cured(
    ground: EnforcementGround, facts: ProductFacts, rules: EnforcementRules, moment: datetime
) -> bool:
    """Whether what a procedure was opened for is over, and nothing else would open one."""
    if find_ground(facts, rules, moment) is not None:
        return False
    match ground:
        case EnforcementGround.FAILED_REVISIONS:
            return facts.failed_in_a_row == 0
        case EnforcementGround.LATE_DATA:
            return facts.late_since is None
        case EnforcementGround.UNAVAILABLE:
            return True


def due_action(
    status: EnforcementStatus, due_at: datetime | None, moment: datetime, *, cured: bool
) -> EnforcementAction | None:
    """What the clock and the data bring to a procedure now; None where nothing is to be done."""
    if status not in NEXT_STEP:
        return None
    if cured:
        return EnforcementAction.CURE
    return NEXT_STEP[status] if due_at is not None and moment >= due_at else None


def require_later(due_at: datetime | None, wanted: datetime, moment: datetime) -> None:
    """Refuse to move a deadline back, or too far ahead.

    :raises ExtensionRefused: it is not later than the present one, or more than a year from now.
    """
    if due_at is None or not max(due_at, moment) < wanted <= moment + LONGEST_EXTENSION:
        raise ExtensionRefused(
            Message("An extension ends later than the present deadline, and within a year."),
            remedy=Message("GET /v1/products/{product_id}/enforcement shows the present deadline."),
        )


def _unavailable(facts: ProductFacts, rules: EnforcementRules) -> bool:
    calls = facts.calls
    enough = calls.calls >= max(rules.least_calls, 1)
    return enough and Fraction(calls.succeeded * 100, calls.calls) < rules.availability_percent
