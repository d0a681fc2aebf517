"""Explanations of breaks: amounts as people write them, and each reader's language, also of what is kept."""

from infra.db import AsyncSession, new_id, now
from infra.messages import Message, translate
from market.code_lists import labels
from market.settlement.invoices.states import InvoiceStatus
from market.settlement.reconciliation import repository
from market.settlement.reconciliation.checks import statement_gap
from market.settlement.reconciliation.domain import BreakKind, explained
from market.settlement.reconciliation.tables import Reconciliation, ReconciliationBreak

GAP = statement_gap.check.texts["gap"]


def test_amounts_are_told_in_the_currency() -> None:
    facts = {"goes_on_from_minor": 900, "before_minor": -5}
    assert (
        explained(GAP, facts, "CNY") == "goes on from 9.00 CNY; the statement before it closed with -0.05 CNY"
    )
    assert explained(GAP, facts, "JPY") == "goes on from 900 JPY; the statement before it closed with -5 JPY"


def test_codes_and_texts_within_are_told_in_the_language() -> None:
    labels.register()
    facts = {
        "reason": {"$message": {"template": "pays invoice {number}", "values": {"number": "7"}}},
        "status": {"$code": InvoiceStatus.PAID.value, "of": "InvoiceStatus"},
    }
    made = explained(Message("{reason} ({status})"), facts, None)
    assert (made, translate(made, "zh")) == ("pays invoice 7 (paid)", "支付账单7 (已支付)")


async def test_what_a_query_found_is_kept_so_that_everybody_can_be_told(session: AsyncSession) -> None:
    query = """SELECT 'S-1', 900::bigint, 'CNY', now(), NULL::uuid, 'gap',
                      jsonb_build_object('goes_on_from_minor', 900, 'before_minor', 0)"""
    [found] = await repository.differences(
        session, BreakKind.STATEMENT_GAP, "bank_statement", query, statement_gap.check.texts
    )
    run = Reconciliation(id=new_id(), run_at=await now(session), run_by=new_id(), clean=False, checked={})
    session.add(run)
    await session.flush()
    for number, text in enumerate((found.explanation, "as an earlier release wrote it"), start=1):
        session.add(
            ReconciliationBreak(
                reconciliation_id=run.id, number=number, kind=found.kind, subject_kind=found.subject_kind,
                subject=found.subject, difference=found.difference, since=found.since, explanation=text,
            )
        )  # fmt: skip
    await session.flush()
    session.expunge_all()
    kept = [translate(row.explanation, "zh") for row in await repository.breaks_of(session, run.id)]
    assert kept == ["期初余额是9.00 CNY；前一份对账单的期末余额是0.00 CNY", "as an earlier release wrote it"]
