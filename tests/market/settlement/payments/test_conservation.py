"""Money is conserved whatever happens in whatever order: invoices, payments, refunds against a small model."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from market.settlement.invoices.domain import shares_of
from market.settlement.ledger import chart
from market.settlement.ledger.domain import JournalDraft
from market.settlement.payments.domain import invoice_journal, payment_journal, refund_journals, split_journal
from pricing.money import CURRENCIES, Money

AT = datetime(2026, 11, 20, tzinfo=UTC)
AGREEMENTS = [uuid4() for _ in range(3)]
OWNER, OPERATOR, BUYER = uuid4(), uuid4(), uuid4()
Bill = tuple[UUID, UUID, Money, dict[str, int]]


class MoneyLife(RuleBasedStateMachine):
    """Posts the journals that the services post, and holds the balances against what must be."""

    issued: Bundle[Bill] = Bundle("issued")
    paid: Bundle[Bill] = Bundle("paid")

    def __init__(self) -> None:
        super().__init__()
        self.balances: dict[str, int] = {}
        self.open: dict[str, int] = {}
        self.held: dict[str, int] = {}

    def post(self, *journals: JournalDraft) -> None:
        for journal in journals:
            for entry in journal.entries:
                code = entry.account.code
                self.balances[code] = self.balances.get(code, 0) + entry.minor

    @rule(
        target=issued,
        agreement=st.sampled_from(AGREEMENTS),
        minor=st.integers(1, 10**12),
        currency=st.sampled_from(sorted(CURRENCIES)),
        weights=st.tuples(*[st.integers(0, 10_000)] * 3).filter(any),
    )
    def issue(self, agreement: UUID, minor: int, currency: str, weights: tuple[int, int, int]) -> Bill:
        invoice, total = uuid4(), Money(minor, currency)
        shares = dict(zip(("owner", "operator", "platform"), weights, strict=True))
        self.post(
            invoice_journal(
                invoice, agreement_id=agreement, buyer_id=BUYER, total=total, issued_at=AT, number="1"
            )
        )
        self.open[currency] = self.open.get(currency, 0) + minor
        return invoice, agreement, total, shares

    @rule(target=paid, bill=consumes(issued))
    def pay(self, bill: Bill) -> Bill:
        invoice, _, total, _ = bill
        into = chart.card(total.currency)
        self.post(
            payment_journal(invoice, buyer_id=BUYER, into=into, amount=total, received_at=AT, number="1"),
            self.split(bill),
        )
        self.open[total.currency] -= total.minor
        self.held[total.currency] = self.held.get(total.currency, 0) + total.minor
        return bill

    @rule(bill=consumes(paid))
    def refund(self, bill: Bill) -> None:
        _, agreement, total, _ = bill
        self.post(
            *refund_journals(
                self.split(bill),
                split_journal_id=uuid4(),
                refund_id=uuid4(),
                agreement_id=agreement,
                out_of=chart.card(total.currency),
                amount=total,
                completed_at=AT + timedelta(days=1),
            )
        )
        self.held[total.currency] -= total.minor

    def split(self, bill: Bill) -> JournalDraft:
        invoice, agreement, total, weights = bill
        shares = shares_of(weights, owner_id=OWNER, operator_id=OPERATOR)
        return split_journal(
            invoice, agreement_id=agreement, total=total, shares=shares, received_at=AT, number="1"
        )

    @invariant()
    def nothing_appears_or_vanishes(self) -> None:
        for currency in CURRENCIES:
            suffix = f":{currency}"
            assert sum(minor for code, minor in self.balances.items() if code.endswith(suffix)) == 0

    @invariant()
    def clearing_holds_exactly_what_is_open(self) -> None:
        for currency, minor in self.open.items():
            clearing = [self.balances.get(chart.clearing(item, currency).code, 0) for item in AGREEMENTS]
            assert -sum(clearing) == minor
            assert self.balances.get(chart.receivable(BUYER, currency).code, 0) == minor

    @invariant()
    def the_parties_have_exactly_what_is_held(self) -> None:
        for currency, minor in self.held.items():
            parties = (
                chart.payable(OWNER, currency),
                chart.payable(OPERATOR, currency),
                chart.commission(currency),
            )
            assert -sum(self.balances.get(party.code, 0) for party in parties) == minor


TestMoneyLife = MoneyLife.TestCase
TestMoneyLife.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
