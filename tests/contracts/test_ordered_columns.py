"""Any order that is taken can be used: the columns of the largest fit into a licence token."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import infra.keys
from contracts.agreements.domain import MAX_COLUMNS_BYTES, chosen_columns, require_fitting
from contracts.agreements.errors import OrderRefused
from contracts.licences import tokens
from infra.db import new_id
from infra.keys import KeyRing
from listings.authorisations.domain import Scenario
from pricing.regulated.purposes import PurposeClass
from tests.support.bargain import Bargain

NAMES = [f"空气质量指标{n:03}" for n in range(200)]


def test_columns_that_no_token_holds_are_refused_and_doing_as_advised_helps() -> None:
    for wanted in (None, NAMES):
        with pytest.raises(OrderRefused, match="200 columns") as caught:
            chosen_columns(wanted, NAMES)
        assert "fewer columns" in str(caught.value.remedy)
    assert chosen_columns(NAMES[:50], NAMES) == tuple(NAMES[:50])


def test_the_longest_columns_that_are_taken_fit_into_a_token(tmp_path: Path) -> None:
    ids = [new_id() for _ in range(6)]
    moment = datetime.now(UTC)
    columns = ["x" * (MAX_COLUMNS_BYTES - 4)]
    assert chosen_columns(None, columns) == tuple(columns)
    scenarios = [Scenario.CULTURE_AND_TOURISM]
    regions = [str(110101 + step) for step in range(37)]
    require_fitting(columns, scenarios, regions)
    with pytest.raises(OrderRefused, match="at most 4,860 fit"):
        require_fitting(columns, scenarios, [*regions, "310000"])
    claims = tokens.claims_of(
        issuer=f"https://{'long-name.' * 20}example",
        token_id=ids[0],
        client_id=str(ids[1]),
        licence_id=ids[2],
        agreement_id=ids[3],
        agreement_digest="f" * 64,
        product_id=ids[4],
        buyer_id=ids[5],
        columns=columns,
        purposes=list(PurposeClass),
        scenarios=list(scenarios),
        regions=regions,
        quotas=dict.fromkeys(("calls", "rows", "bytes"), 2**62),
        valid_from=moment,
        issued_at=moment,
        expires_at=moment + timedelta(hours=1),
    )
    assert KeyRing.load(tmp_path).sign(claims, tokens.TOKEN_TYPE)


async def test_an_agreement_of_before_whose_columns_no_token_holds_says_what_to_do(
    bargain: Bargain, monkeypatch: pytest.MonkeyPatch
) -> None:
    agreement, token = await bargain.licensed()
    # As if it had been signed with names of any length: such agreements cannot be made any more.
    monkeypatch.setattr(infra.keys, "MAX_TOKEN_LENGTH", len(token) - 1)
    path = f"/v1/licences/{agreement['licence_id']}/tokens"
    before = (await bargain.buyer.get(path))["items"]
    refused = await bargain.buyer.post(path, status=409)
    assert refused["type"].endswith("licence-columns-too-long")
    assert "fewer columns" in refused["remedy"]
    assert (await bargain.buyer.get(path))["items"] == before
