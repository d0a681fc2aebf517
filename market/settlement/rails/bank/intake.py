"""Taking a statement in: whose account it is of, where it goes among the others, what of it is booked already."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NoReturn
from uuid import UUID

from infra.audit import service as audit
from infra.auth import Actor
from infra.db import AsyncSession, new_id, now
from infra.digest import json_digest
from infra.events import service as events
from infra.events.kinds import EventKind
from infra.messages import Message
from market.settlement.bank_accounts import service as bank_accounts
from market.settlement.bank_accounts.tables import BankAccount
from market.settlement.rails.bank import (
    assigning,
    booking,
    continuity,
    intake_repository,
    repeats,
    repository,
    reviews,
)
from market.settlement.rails.bank.continuity import Gap, Period, Position
from market.settlement.rails.bank.domain import Statement, StatementEntry, last_day
from market.settlement.rails.bank.errors import ReviewDraft, StatementConflict, StatementGap, StatementOverlap
from market.settlement.rails.bank.repeats import Movement
from market.settlement.rails.bank.review_kinds import ReviewKind
from market.settlement.rails.bank.tables import BankEntry, BankStatement
from pricing.money import Money, MoneyOut

MAX_LISTED = 100
"""Most entries of a kind that a review lists."""


async def take(
    session: AsyncSession, actor: Actor, statement: Statement, document_digest: bytes
) -> tuple[BankStatement, bool]:
    """Import one statement; answers it, and whether it was not there before.

    :raises BankAccountNotRegistered: its account is not registered as the platform's own.
    :raises StatementOverlap: another statement covers its time.
    :raises StatementGap: one is missing next to it, and not two officers have accepted that.
    :raises StatementConflict: it replaces one of other content, and no officer has confirmed that.
    """
    own = await bank_accounts.require_own(
        session,
        statement.account,
        statement.currency,
        statement_id=statement.statement_id,
        until=last_day(statement),
    )
    await repository.lock_account(session, own.number)
    digest = statement_digest(statement)
    series = await intake_repository.series(session, own.number, own.currency)
    for known in series:
        if known.statement_id == statement.statement_id and known.digest == digest:
            return known, False
    row = await _row(session, actor, statement, own, digest, document_digest)
    former = _forerunner(row, series)
    if former is None:
        await _add(session, actor, statement, row, series)
    else:
        await _replace(session, actor, statement, row, former, series)
    await events.publish(
        session,
        EventKind.BANK_STATEMENT_IMPORTED,
        subject_id=row.id,
        organisations=(actor.organisation_id,),
        payload={"currency": row.currency, "entries": len(statement.entries)},
    )
    return row, True


def statement_digest(statement: Statement) -> bytes:
    """SHA-256 of the content of a statement, whatever file it came in."""
    content = [
        statement.account,
        statement.statement_id,
        str(statement.opening),
        str(statement.closing),
        [
            [
                entry.number,
                str(entry.signed),
                entry.booked_on.isoformat(),
                entry.bank_reference,
                *entry.references,
                entry.counterparty,
            ]
            for entry in statement.entries
        ],
    ]
    return json_digest(content)


def _forerunner(row: BankStatement, series: Sequence[BankStatement]) -> BankStatement | None:
    """The statement that a new one corrects: of its id, or of exactly its days; None: it corrects none.

    Banks that count their statements anew each year use an id again for other days: that is a further statement.
    """
    new = _period(row)
    for known in reversed(series):
        days = (row.first_day, row.last_day) == (known.first_day, known.last_day)
        if known.statement_id == row.statement_id and (days or not _disjoint(row, known)):
            return known
        if days and continuity.overlapping(new, [_period(known)]):
            return known
    return None


def _disjoint(row: BankStatement, other: BankStatement) -> bool:
    if row.first_day is None or row.last_day is None or other.first_day is None or other.last_day is None:
        return False
    return row.first_day > other.last_day or other.first_day > row.last_day


async def _add(
    session: AsyncSession,
    actor: Actor,
    statement: Statement,
    row: BankStatement,
    series: Sequence[BankStatement],
) -> None:
    """Import a statement that is new, at its place."""
    periods = [_period(known) for known in series]
    _require_no_overlap(row, series)
    again = await _booked_already(session, row, [_movement(entry) for entry in statement.entries])
    found = continuity.position(_period(row), periods)
    doubtful: dict[int, str] = {}
    if again and not found.misfit and (found.gap is None or found.gap.minor == 0):
        # The balances count them once more, so that the money is there: a person finds out what it is.
        doubtful, again = await _doubts(session, again), {}
    elif again:
        row.relisted_minor = sum(entry.signed.minor for entry in statement.entries if entry.number in again)
        found = continuity.position(_period(row), periods)
    if found.misfit:
        raise _misfit(row, found)
    if found.gap is not None and found.gap.later.digest == row.digest:
        row.gap_before_id = await _accepted_gap(session, row, found.gap, found.gap.earlier)
    elif found.gap is not None:
        row.gap_after_id = await _accepted_gap(session, row, found.gap, found.gap.later)
    row.place = found.place
    await _write(session, actor, statement, row, same_as=again, doubtful=doubtful)
    await _record(session, actor, row, "imported")


async def _replace(
    session: AsyncSession,
    actor: Actor,
    statement: Statement,
    row: BankStatement,
    former: BankStatement,
    series: Sequence[BankStatement],
) -> None:
    """Put a corrected statement in the place of its forerunner.

    Entries that stay keep their bookings and matches; those that went are taken back by reversing journals; new ones
    are booked.
    """
    others = [known for known in series if known.id != former.id]
    _require_no_overlap(row, others)
    listed = await intake_repository.entries(session, former.id)
    movements = [_movement(entry) for entry in statement.entries]
    same_as = repeats.staying(movements, [_kept(entry) for entry in listed])
    stay = set(same_as.values())
    gone = [entry for entry in listed if (entry.same_as_id or entry.id) not in stay]
    news = [entry for entry in statement.entries if entry.number not in same_as]
    row.place, row.replaces_id = former.place, former.id
    versions = await intake_repository.versions(session, former)
    booked_with = await intake_repository.statements_of(session, stay)
    row.relisted_minor = sum(
        entry.signed.minor
        for entry in statement.entries
        if entry.number in same_as and booked_with[same_as[entry.number]].id not in versions
    )
    draft = ReviewDraft(
        ReviewKind.CORRECTION,
        row.account,
        row.currency,
        row.statement_id,
        row.digest,
        former.digest,
        _correction_facts(row, former, others, gone, news, stay=len(stay)),
    )
    row.review_id = await reviews.approved(session, draft)
    if row.review_id is None:
        raise StatementConflict(
            Message(
                "Statement {statement_id} of account {account} replaces {former_id}, imported on {day}, with other"
                " content: {stay} entries stay, {gone} went, {new} are new.",
                statement_id=row.statement_id,
                account=row.account,
                former_id=former.statement_id,
                day=former.imported_at.date(),
                stay=len(stay),
                gone=len(gone),
                new=len(news),
            ),
            draft,
            remedy=reviews.remedy(ReviewKind.CORRECTION),
        )
    if row.continues_from_minor == former.continues_from_minor:
        row.gap_before_id = former.gap_before_id
    if row.closing_minor == former.closing_minor:
        row.gap_after_id = former.gap_after_id
    roots = [entry.same_as_id or entry.id for entry in gone]
    kept = await intake_repository.listed_elsewhere(session, roots, former.id)
    gone_with = await intake_repository.statements_of(session, roots)
    for root in roots:
        if root not in kept and gone_with[root].id in versions:
            reason = f"the bank corrected statement {row.statement_id}, which has it no more"
            await assigning.void_entry(session, actor, root, reason)
    again = await _booked_already(session, row, [_movement(entry) for entry in news])
    await _write(session, actor, statement, row, same_as=same_as, doubtful=await _doubts(session, again))
    await _record(session, actor, row, "replaced", gone=len(gone), new=len(news))


async def _row(
    session: AsyncSession,
    actor: Actor,
    statement: Statement,
    own: BankAccount,
    digest: bytes,
    document_digest: bytes,
) -> BankStatement:
    return BankStatement(
        id=new_id(),
        bank_account_id=own.id,
        account=own.number,
        statement_id=statement.statement_id,
        digest=digest,
        document_digest=document_digest,
        currency=statement.currency,
        opening_minor=statement.opening.minor,
        closing_minor=statement.closing.minor,
        covers_from=statement.covers_from,
        covers_to=statement.covers_to,
        first_day=statement.first_day,
        last_day=statement.last_day,
        sequence=statement.sequence,
        created_at=statement.created_at,
        place=Decimal(0),
        relisted_minor=0,
        imported_at=await now(session),
        imported_by=actor.id,
    )


async def _write(
    session: AsyncSession,
    actor: Actor,
    statement: Statement,
    row: BankStatement,
    *,
    same_as: dict[int, UUID],
    doubtful: dict[int, str],
) -> None:
    session.add(row)
    await session.flush()
    await booking.book(session, actor, statement, row, same_as=same_as, doubtful=doubtful)


async def _booked_already(
    session: AsyncSession, row: BankStatement, movements: Sequence[Movement]
) -> dict[int, UUID]:
    named = {item.servicer_reference for item in movements if item.servicer_reference}
    if not named:
        return {}
    days = {item.booked_on for item in movements}
    booked = await intake_repository.booked_entries(session, row.account, row.currency, named, days)
    return repeats.already_booked(movements, [_kept(entry) for entry in booked])


async def _doubts(session: AsyncSession, again: dict[int, UUID]) -> dict[int, str]:
    """Why entries are held in suspense whose reference another statement has."""
    first = await intake_repository.statements_of(session, again.values())
    return {
        number: f"the bank listed it in statement {first[root].statement_id} before; its balances count it twice"
        for number, root in again.items()
    }


def _require_no_overlap(row: BankStatement, series: Sequence[BankStatement]) -> None:
    other = continuity.overlapping(_period(row), [_period(known) for known in series])
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


def _misfit(row: BankStatement, found: Position) -> StatementOverlap:
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


async def _accepted_gap(session: AsyncSession, row: BankStatement, gap: Gap, against: Period) -> UUID:
    draft = ReviewDraft(
        ReviewKind.GAP,
        row.account,
        row.currency,
        row.statement_id,
        row.digest,
        against.digest,
        _gap_facts(gap, row.currency),
    )
    review_id = await reviews.approved(session, draft)
    if review_id is None:
        _refuse_gap(gap, draft)
    return review_id


def _refuse_gap(gap: Gap, draft: ReviewDraft) -> NoReturn:
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
    raise StatementGap(detail, draft, remedy=reviews.remedy(ReviewKind.GAP))


def _gap_facts(gap: Gap, currency: str) -> dict[str, Any]:
    return {
        "earlier": gap.earlier.statement_id,
        "closing": _money(gap.earlier.closing, currency),
        "later": gap.later.statement_id,
        "opening": _money(gap.later.continues_from, currency),
        "missing": _money(gap.minor, currency),
        "missing_from": gap.days[0].isoformat() if gap.days else None,
        "missing_until": gap.days[1].isoformat() if gap.days else None,
    }


def _correction_facts(
    row: BankStatement,
    former: BankStatement,
    others: Sequence[BankStatement],
    gone: Sequence[BankEntry],
    news: Sequence[StatementEntry],
    *,
    stay: int,
) -> dict[str, Any]:
    new, currency = _period(row), row.currency
    before = next((_period(item) for item in reversed(others) if item.place < row.place), None)
    after = next((_period(item) for item in others if item.place > row.place), None)
    gaps: list[dict[str, Any]] = []
    if before is not None and before.closing != new.continues_from:
        gaps.append(_gap_facts(Gap(before, new, new.continues_from - before.closing, None), currency))
    if after is not None and new.closing != after.continues_from:
        gaps.append(_gap_facts(Gap(new, after, after.continues_from - new.closing, None), currency))
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


def _listed(reference: str, minor: int, day: object, counterparty: str, currency: str) -> dict[str, Any]:
    return {
        "bank_reference": reference,
        "amount": _money(minor, currency),
        "booked_on": str(day),
        "counterparty": counterparty,
    }


def _money(minor: int, currency: str) -> dict[str, Any]:
    return MoneyOut.of(Money(minor, currency)).model_dump(mode="json")


def _iso(moment: Any) -> str | None:
    return moment.isoformat() if moment else None


def _period(row: BankStatement) -> Period:
    return Period(
        row.statement_id,
        row.digest,
        row.continues_from_minor,
        row.closing_minor,
        row.first_day,
        row.last_day,
        row.covers_from,
        row.covers_to,
        row.sequence,
        row.place,
    )


def _movement(entry: StatementEntry) -> Movement:
    return Movement(
        entry.number,
        entry.servicer_reference,
        entry.bank_reference,
        entry.booked_on,
        entry.signed.minor,
        entry.references,
        entry.counterparty,
    )


def _kept(entry: BankEntry) -> Movement:
    return Movement(
        entry.number,
        entry.servicer_reference,
        entry.bank_reference,
        entry.booked_on,
        entry.amount_minor,
        tuple(entry.reference_texts),
        entry.counterparty,
        entry.same_as_id or entry.id,
    )


async def _record(session: AsyncSession, actor: Actor, row: BankStatement, what: str, **detail: Any) -> None:
    await audit.record(
        session,
        actor,
        action=f"bank_statement.{what}",
        subject_kind="bank_statement",
        subject_id=row.id,
        detail={
            "account": row.account,
            "statement_id": row.statement_id,
            "digest": row.digest.hex(),
            **{
                name: str(value)
                for name in ("replaces_id", "review_id", "gap_before_id", "gap_after_id")
                if (value := getattr(row, name))
            },
            **detail,
        },
    )
