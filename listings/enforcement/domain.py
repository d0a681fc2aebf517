"""When a procedure begins, when its next step is due, and when it ends. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

from infra.messages import Message
from infra.rulebook.domain import Rules
from listings.enforcement.errors import ExtensionRefused
from listings.enforcement.states import (
    NEXT_STEP,
    STOPPED,
    EnforcementAction,
    EnforcementGround,
    EnforcementStatus,
)
from quality.observations.domain import CallCounts
from quality.runs.states import QualityStatus

LONGEST_EXTENSION = timedelta(days=366)
NO_CALLS = CallCounts(0, 0, 0)


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
    :ivar calls_since_step: data calls since the last step of the open procedure.
    """

    failed_in_a_row: int = 0
    late_since: datetime | None = None
    calls: CallCounts = NO_CALLS
    calls_since_step: CallCounts = NO_CALLS


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
    return EnforcementGround.UNAVAILABLE if _is_answered(facts.calls, rules) is False else None


def is_cured(
    ground: EnforcementGround, facts: ProductFacts, rules: EnforcementRules, moment: datetime
) -> bool:
    """Whether what a procedure was opened for is over, and nothing else would open one.

    Silence cures nothing: calls that failed are over once enough are made and answered since the last step. Of a
    suspended product there are none, so that a regulator decides about it.
    """
    if find_ground(facts, rules, moment) is not None:
        return False
    match ground:
        case EnforcementGround.FAILED_REVISIONS:
            return facts.failed_in_a_row == 0
        case EnforcementGround.LATE_DATA:
            return facts.late_since is None
        case EnforcementGround.UNAVAILABLE:
            return _is_answered(facts.calls_since_step, rules) is True


def persists(
    ground: EnforcementGround,
    status: EnforcementStatus,
    facts: ProductFacts,
    rules: EnforcementRules,
    moment: datetime,
) -> bool:
    """Whether the next step may be taken: calls fail further, or what does not need calls to be seen goes on.

    While too few calls are made to say anything, a product that is served waits.
    """
    if ground is not EnforcementGround.UNAVAILABLE or status in STOPPED:
        return True
    if find_ground(facts, rules, moment) not in (None, EnforcementGround.UNAVAILABLE):
        return True
    return _is_answered(facts.calls_since_step, rules) is False


def due_action(
    status: EnforcementStatus,
    due_at: datetime | None,
    moment: datetime,
    *,
    cured: bool,
    persists: bool = True,
    withdrawn: bool = False,
) -> EnforcementAction | None:
    """What the clock and the data bring to a procedure now; None where nothing is to be done.

    :param persists: whether the next step may be taken once it is due.
    :param withdrawn: whether the operator has taken the product off the market: a procedure that has not stopped it
        ends, and one that has goes no further.
    """
    if status not in NEXT_STEP:
        return None
    if cured:
        return EnforcementAction.CURE
    if withdrawn and status not in STOPPED:
        return EnforcementAction.TERMINATE
    if due_at is None:
        return None
    if withdrawn:
        return EnforcementAction.HOLD
    return NEXT_STEP[status] if persists and moment >= due_at else None


def may_request(ground: EnforcementGround, status: EnforcementStatus, due_at: datetime | None) -> bool:
    """Whether the operator asks a regulator for the way back, since no data leads there."""
    suspended = status is EnforcementStatus.SUSPENDED
    return status is EnforcementStatus.DELISTED or (
        suspended and (ground is EnforcementGround.UNAVAILABLE or due_at is None)
    )


def require_later(due_at: datetime | None, wanted: datetime, moment: datetime) -> None:
    """Refuse to move a deadline back, or too far ahead.

    :raises ExtensionRefused: it is not later than the present one, or more than a year from now.
    """
    if due_at is None or not max(due_at, moment) < wanted <= moment + LONGEST_EXTENSION:
        raise ExtensionRefused(
            Message("An extension ends later than the present deadline, and within a year."),
            remedy=Message("GET /v1/products/{product_id}/enforcement shows the present deadline."),
        )


def _is_answered(calls: CallCounts, rules: EnforcementRules) -> bool | None:
    """Whether enough of the calls were answered; None of too few to say."""
    if calls.calls < max(rules.least_calls, 1):
        return None
    return Fraction(calls.succeeded * 100, calls.calls) >= rules.availability_percent
