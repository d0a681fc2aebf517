"""Taking a statement in: whose account it is of, where it goes among the others, what of it is booked already."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from infra.audit import service as audit
from infra.auth import Actor
from infra.db import AsyncSession, now
from infra.digest import json_digest
from infra.events import service as events
from infra.events.kinds import EventKind
from infra.messages import Message
from market.settlement.bank_accounts import service as bank_accounts
from market.settlement.rails.bank import repository
from market.settlement.rails.bank.domain import Statement, last_day
from market.settlement.rails.bank.entries import assigning
from market.settlement.rails.bank.errors import ReviewDraft
from market.settlement.rails.bank.review_kinds import ReviewKind
from market.settlement.rails.bank.statements import (
    booking,
    continuity,
    intake_refusals,
    intake_repository,
    repeats,
    reviews,
)
from market.settlement.rails.bank.statements.continuity import Gap, Period
from market.settlement.rails.bank.statements.intake_mapping import (
    kept_movement,
    movement_of,
    period_of,
    statement_row,
)
from market.settlement.rails.bank.statements.repeats import Movement
from market.settlement.rails.bank.tables import BankStatement


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
    moment = await now(session)
    for known in series:
        # A file that an earlier release has read is the same file, whatever this one reads in it besides.
        again = known.document_digest == document_digest and known.imported_at < moment
        days = (known.first_day, known.last_day) == (statement.first_day, statement.last_day)
        if known.statement_id == statement.statement_id and (known.digest == digest or (again and days)):
            return known, False
    row = statement_row(
        statement,
        own,
        digest=digest,
        document_digest=document_digest,
        imported_at=moment,
        imported_by=actor.id,
    )
    period = period_of(row)
    former = next(
        (known for known in reversed(series) if continuity.corrects(period, period_of(known))), None
    )
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


async def _add(
    session: AsyncSession,
    actor: Actor,
    statement: Statement,
    row: BankStatement,
    series: Sequence[BankStatement],
) -> None:
    """Import a statement that is new, at its place."""
    periods = [period_of(known) for known in series]
    intake_refusals.require_no_overlap(row, series)
    again = await _booked_already(session, row, [movement_of(entry) for entry in statement.entries])
    found = continuity.position(period_of(row), periods)
    doubtful: dict[int, Message] = {}
    if again and not found.misfit and (found.gap is None or found.gap.minor == 0):
        # The balances count them once more, so that the money is there: a person finds out what it is.
        doubtful, again = await _doubts(session, again), {}
    elif again:
        row.relisted_minor = sum(entry.signed.minor for entry in statement.entries if entry.number in again)
        found = continuity.position(period_of(row), periods)
    if found.misfit:
        raise intake_refusals.misfit(row, found)
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
    intake_refusals.require_no_overlap(row, others)
    listed = await intake_repository.entries(session, former.id)
    movements = [movement_of(entry) for entry in statement.entries]
    same_as = repeats.staying(movements, [kept_movement(entry) for entry in listed])
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
        intake_refusals.correction_facts(row, former, others, gone, news, stay=len(stay)),
    )
    row.review_id = await reviews.approved(session, draft)
    if row.review_id is None:
        raise intake_refusals.correction_refusal(
            row, former, draft, stay=len(stay), gone=len(gone), new=len(news)
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
            reason = Message(
                "the bank corrected statement {statement_id}, which has it no more",
                statement_id=row.statement_id,
            )
            await assigning.void_entry(session, actor, root, reason)
    again = await _booked_already(session, row, [movement_of(entry) for entry in news])
    await _write(session, actor, statement, row, same_as=same_as, doubtful=await _doubts(session, again))
    await _record(session, actor, row, "replaced", gone=len(gone), new=len(news))


async def _write(
    session: AsyncSession,
    actor: Actor,
    statement: Statement,
    row: BankStatement,
    *,
    same_as: dict[int, UUID],
    doubtful: dict[int, Message],
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
    return repeats.already_booked(movements, [kept_movement(entry) for entry in booked])


async def _doubts(session: AsyncSession, again: dict[int, UUID]) -> dict[int, Message]:
    """Why entries are held in suspense whose reference another statement has."""
    first = await intake_repository.statements_of(session, again.values())
    return {
        number: Message(
            "the bank listed it in statement {statement_id} before; its balances count it twice",
            statement_id=first[root].statement_id,
        )
        for number, root in again.items()
    }


async def _accepted_gap(session: AsyncSession, row: BankStatement, gap: Gap, against: Period) -> UUID:
    draft = ReviewDraft(
        ReviewKind.GAP,
        row.account,
        row.currency,
        row.statement_id,
        row.digest,
        against.digest,
        intake_refusals.gap_facts(gap, row.currency),
    )
    review_id = await reviews.approved(session, draft)
    if review_id is None:
        raise intake_refusals.gap_refusal(gap, draft)
    return review_id


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
