"""Money is conserved whatever happens in whatever order: invoices, payments, refunds against a small model."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from market.settlement.ledger import chart, posting_rules
from market.settlement.ledger.domain import JournalDraft
from market.settlement.ledger.posting_rules import BilledInvoice
from market.settlement.splits.domain import shares_of
from pricing.money import CURRENCIES, Money

AT = datetime(2026, 11, 20, tzinfo=UTC)
AGREEMENTS = [uuid4() for _ in range(3)]
OWNER, OPERATOR, BUYER = uuid4(), uuid4(), uuid4()


class MoneyLife(RuleBasedStateMachine):
    """Posts the journals that the services post, and holds the balances against what must be."""

    issued: Bundle[BilledInvoice] = Bundle("issued")
    paid: Bundle[BilledInvoice] = Bundle("paid")

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
    def issue(
        self, agreement: UUID, minor: int, currency: str, weights: tuple[int, int, int]
    ) -> BilledInvoice:
        shares = dict(zip(("owner", "operator", "platform"), weights, strict=True))
        invoice = BilledInvoice(
            id=uuid4(),
            number="1",
            agreement_id=agreement,
            buyer_id=BUYER,
            total=Money(minor, currency),
            shares=shares_of(shares, owner_id=OWNER, operator_id=OPERATOR),
        )
        self.post(posting_rules.invoice_issued(invoice, AT))
        self.open[currency] = self.open.get(currency, 0) + minor
        return invoice

    @rule(target=paid, invoice=consumes(issued))
    def pay(self, invoice: BilledInvoice) -> BilledInvoice:
        total = invoice.total
        self.post(
            posting_rules.payment_received(invoice, chart.card(total.currency), AT),
            posting_rules.revenue_split(invoice, AT),
        )
        self.open[total.currency] -= total.minor
        self.held[total.currency] = self.held.get(total.currency, 0) + total.minor
        return invoice

    @rule(invoice=consumes(paid))
    def refund(self, invoice: BilledInvoice) -> None:
        total = invoice.total
        self.post(
            *posting_rules.refund_completed(
                invoice,
                refund_id=uuid4(),
                split_journal_id=uuid4(),
                out_of=chart.card(total.currency),
                completed_at=AT + timedelta(days=1),
            )
        )
        self.held[total.currency] -= total.minor

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
