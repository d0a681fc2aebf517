"""Shares and the split: pure."""

from uuid import uuid4

from hypothesis import given
from hypothesis import strategies as st

from market.settlement.splits import domain
from market.settlement.splits.domain import Share, SplitRole
from pricing.money import CURRENCIES, Money

shares = st.lists(
    st.builds(
        Share,
        role=st.sampled_from(SplitRole),
        organisation_id=st.one_of(st.none(), st.uuids()),
        share=st.decimals(min_value=0, max_value=10_000, places=4),
    ),
    min_size=1,
    max_size=8,
).filter(lambda items: any(item.share for item in items))


@given(minor=st.integers(0, 10**15), currency=st.sampled_from(sorted(CURRENCIES)), parties=shares)
def test_every_split_sums_to_the_whole(minor: int, currency: str, parties: list[Share]) -> None:
    parts = domain.split_revenue(Money(minor, currency), parties)
    assert sum(part.minor for _, part in parts) == minor
    assert all(part.minor > 0 for _, part in parts)
    assert domain.read_shares([share.document() for share in parties]) == tuple(parties)


def test_a_tie_goes_to_the_owner() -> None:
    owner, operator = uuid4(), uuid4()
    thirds = domain.shares_of(
        {"owner": 1, "operator": 1, "platform": 1}, owner_id=owner, operator_id=operator
    )
    assert [(share.role, part.minor) for share, part in domain.split_revenue(Money(100, "CNY"), thirds)] == [
        (SplitRole.OWNER, 34),
        (SplitRole.OPERATOR, 33),
        (SplitRole.PLATFORM, 33),
    ]
