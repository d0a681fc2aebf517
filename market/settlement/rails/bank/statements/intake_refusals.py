"""What taking a statement in refuses, and the facts that officers are shown who may accept it all the same."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from infra.messages import Message
from market.settlement.rails.bank.domain import StatementEntry
from market.settlement.rails.bank.errors import ReviewDraft, StatementConflict, StatementGap, StatementOverlap
from market.settlement.rails.bank.review_kinds import ReviewKind
from market.settlement.rails.bank.statements import continuity, reviews
from market.settlement.rails.bank.statements.continuity import Gap, Position
from market.settlement.rails.bank.statements.intake_mapping import period_of
from market.settlement.rails.bank.tables import BankEntry, BankStatement
from pricing.money import Money, MoneyOut

MAX_LISTED = 100
"""Most entries of a kind that a review lists."""


def require_no_overlap(row: BankStatement, series: Sequence[BankStatement]) -> None:
    """Refuse a statement of days that another one of the account covers.

    :raises StatementOverlap: always says with which.
    """
    other = continuity.overlapping(period_of(row), [period_of(known) for known in series])
    if other is not None:
        raise StatementOverlap(
            Message(
                "Statement {statement_id} covers {first} to {last}; statement {other_id} of the account covers"
                " {other_first} to {other_last}.",
                statement_id=row.statement_id,
                first=row.first_day,
                last=row.last_day,
                other_id=other.statement_id,
                other_first=other.first_day,
                other_last=other.last_day,
            ),
            remedy=Message(
                "Ask the bank for a statement of the days that {other_id} does not cover. If this one is to replace it,"
                " ask for one of exactly the same days. Nothing was imported.",
                other_id=other.statement_id,
            ),
            overlaps_with=other.statement_id,
        )


def misfit(row: BankStatement, found: Position) -> StatementOverlap:
    """The refusal of a statement between two that follow each other without it."""
    assert found.before is not None
    assert found.after is not None
    return StatementOverlap(
        Message(
            "Statement {statement_id} lies between {before} and {after}, which follow each other without it.",
            statement_id=row.statement_id,
            before=found.before.statement_id,
            after=found.after.statement_id,
        ),
        remedy=Message(
            "Ask the bank which of the three are right. If it corrects {before} or {after}, send the corrected one"
            " first. Nothing was imported.",
            before=found.before.statement_id,
            after=found.after.statement_id,
        ),
        overlaps_with=found.before.statement_id,
    )


def gap_refusal(gap: Gap, draft: ReviewDraft) -> StatementGap:
    """The refusal of a statement next to which one is missing."""
    names = {
        "earlier": gap.earlier.statement_id,
        "later": gap.later.statement_id,
        "closing": Money(gap.earlier.closing, draft.currency),
        "opening": Money(gap.later.continues_from, draft.currency),
        "missing": Money(gap.minor, draft.currency),
    }
    if gap.days is None:
        detail = Message(
            "Statement {earlier} closes with {closing}, and {later} goes on from {opening}: {missing} is missing.",
            **names,
        )
    else:
        detail = Message(
            "Statement {earlier} closes with {closing}, and {later} goes on from {opening}: {missing} is missing, and"
            " no statement covers {first} to {last}.",
            **names,
            first=gap.days[0],
            last=gap.days[1],
        )
    return StatementGap(detail, draft, remedy=reviews.remedy(ReviewKind.GAP))


def correction_refusal(
    row: BankStatement, former: BankStatement, draft: ReviewDraft, *, stay: int, gone: int, new: int
) -> StatementConflict:
    """The refusal of a statement that replaces one of other content.

    :param stay: how many entries stay, ``gone`` went, ``new`` are new.
    """
    return StatementConflict(
        Message(
            "Statement {statement_id} of account {account} replaces {former_id}, imported on {day}, with other"
            " content: {stay} entries stay, {gone} went, {new} are new.",
            statement_id=row.statement_id,
            account=row.account,
            former_id=former.statement_id,
            day=former.imported_at.date(),
            stay=stay,
            gone=gone,
            new=new,
        ),
        draft,
        remedy=reviews.remedy(ReviewKind.CORRECTION),
    )


def gap_facts(gap: Gap, currency: str) -> dict[str, Any]:
    """What officers are shown who may accept a gap."""
    return {
        "earlier": gap.earlier.statement_id,
        "closing": _money(gap.earlier.closing, currency),
        "later": gap.later.statement_id,
        "opening": _money(gap.later.continues_from, currency),
        "missing": _money(gap.minor, currency),
        "missing_from": gap.days[0].isoformat() if gap.days else None,
        "missing_until": gap.days[1].isoformat() if gap.days else None,
    }


def correction_facts(
    row: BankStatement,
    former: BankStatement,
    others: Sequence[BankStatement],
    gone: Sequence[BankEntry],
    news: Sequence[StatementEntry],
    *,
    stay: int,
) -> dict[str, Any]:
    """What officers are shown who may confirm a correction: what stays, what went, what is new, which gaps it leaves.

    :param others: the account's other statements, in order.
    """
    new, currency = period_of(row), row.currency
    before = next((period_of(item) for item in reversed(others) if item.place < row.place), None)
    after = next((period_of(item) for item in others if item.place > row.place), None)
    gaps: list[dict[str, Any]] = []
    if before is not None and before.closing != new.continues_from:
        gaps.append(gap_facts(Gap(before, new, new.continues_from - before.closing, None), currency))
    if after is not None and new.closing != after.continues_from:
        gaps.append(gap_facts(Gap(new, after, after.continues_from - new.closing, None), currency))
    return {
        "replaces": str(former.id),
        "made_by_bank": {"was": _iso(former.created_at), "is": _iso(row.created_at)},
        "opening": {"was": _money(former.opening_minor, currency), "is": _money(row.opening_minor, currency)},
        "closing": {"was": _money(former.closing_minor, currency), "is": _money(row.closing_minor, currency)},
        "entries_that_stay": stay,
        "entries_that_went": len(gone),
        "went": [
            _listed(entry.bank_reference, entry.amount_minor, entry.booked_on, entry.counterparty, currency)
            for entry in gone[:MAX_LISTED]
        ],
        "entries_that_are_new": len(news),
        "new": [
            _listed(entry.bank_reference, entry.signed.minor, entry.booked_on, entry.counterparty, currency)
            for entry in news[:MAX_LISTED]
        ],
        "gaps_it_leaves": gaps,
    }


def _listed(reference: str, minor: int, day: date, counterparty: str, currency: str) -> dict[str, Any]:
    return {
        "bank_reference": reference,
        "amount": _money(minor, currency),
        "booked_on": str(day),
        "counterparty": counterparty,
    }


def _money(minor: int, currency: str) -> dict[str, Any]:
    return MoneyOut.of(Money(minor, currency)).model_dump(mode="json")


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
