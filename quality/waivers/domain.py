"""What a waiver may cover. Pure."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from infra.messages import Message
from quality.checks import CheckStatus, Severity
from quality.waivers.errors import WaiverRefused

NOT_PASSED = frozenset({CheckStatus.FAILED.value, CheckStatus.ERROR.value})
_SHOWN = 10


def failed_checks(checks: Sequence[Mapping[str, Any]]) -> list[str]:
    """The names of the checks of a report that failed or could not be carried out.

    :param checks: as the report has them.
    """
    return [check["name"] for check in checks if check["status"] in NOT_PASSED]


def require_coverable(
    checks: Sequence[Mapping[str, Any]], refusals: Sequence[Mapping[str, Any]], named: Collection[str]
) -> None:
    """Refuse to waive checks that did not fail, or fewer than those that refuse the revision.

    :param checks: of the report; ``refusals`` why the gate refused it. Both as the report has them.
    :param named: those to be waived; none for the whole report.
    :raises WaiverRefused: the report has no such check, it passed, or something else refuses the revision too.
    """
    if not named:
        return
    failed = failed_checks(checks)
    if unknown := sorted(set(named) - set(failed)):
        raise WaiverRefused(
            Message("These checks did not fail in the report: {names}.", names=", ".join(unknown[:_SHOWN])),
            remedy=Message("Name failed checks of the report, or none to waive all of it."),
            checks=unknown,
        )
    if any(refusal["check"] is None for refusal in refusals):
        raise WaiverRefused(
            Message("The grade of the revision is too low, whichever checks are waived."),
            remedy=Message("Name no checks, which waives the whole report."),
        )
    blocking = {
        check["name"]
        for check in checks
        if check["severity"] == Severity.BLOCKING.value and check["status"] in NOT_PASSED
    } | {refusal["check"] for refusal in refusals}
    if left := sorted(blocking - set(named)):
        raise WaiverRefused(
            Message(
                "The revision would fail all the same, by these checks: {names}.",
                names=", ".join(left[:_SHOWN]),
            ),
            remedy=Message("Name them too, or none to waive the whole report."),
            checks=left,
        )


def require_bounded(expires_at: datetime, moment: datetime, longest_days: int) -> None:
    """Refuse a waiver that is over already, or lasts longer than the rules allow.

    :param longest_days: parameter ``quality.waiver.longest_days``.
    :raises WaiverRefused: it does.
    """
    if not moment < expires_at <= moment + timedelta(days=longest_days):
        raise WaiverRefused(
            Message("A waiver lasts for {days} days at most, from now on.", days=longest_days),
            remedy=Message(
                "Choose an earlier end in the future; a waiver can be granted anew after its end."
            ),
        )
