"""What a stolen key signed is refused by the data plane at once, though a verified token is kept."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from contracts.licences import tokens
from contracts.licences.errors import InvalidLicenceToken
from infra import key_folder
from infra.db import new_id
from infra.keys import REREAD_SECONDS, KeyRing


def test_a_token_that_was_verified_a_moment_ago_is_refused_after_a_revocation(tmp_path: Path) -> None:
    KeyRing.load(tmp_path)
    ticks, moment = [0.0], datetime.now(UTC)
    keys = KeyRing(tmp_path, monotonic=lambda: ticks[0])
    verifier = tokens.LicenceVerifier(keys, "http://market.test")

    def token() -> str:
        claims = tokens.claims_of(
            issuer="http://market.test",
            token_id=new_id(),
            client_id=str(new_id()),
            licence_id=new_id(),
            agreement_id=new_id(),
            agreement_digest="f" * 64,
            product_id=new_id(),
            buyer_id=new_id(),
            columns=["a"],
            purposes=["industry"],
            scenarios=["all"],
            regions=["100000"],
            quotas={},
            valid_from=moment,
            issued_at=moment,
            expires_at=moment + timedelta(hours=1),
        )
        return keys.sign(claims, tokens.TOKEN_TYPE)

    before = token()
    verifier.verify(before)
    stolen = str(keys.jwks()["keys"][0]["kid"])
    key_folder.revoke(tmp_path, stolen, time.time())
    ticks[0] += REREAD_SECONDS
    with pytest.raises(InvalidLicenceToken, match="unknown-key") as refused:
        verifier.verify(before)
    assert "/tokens" in str(refused.value.remedy)
    verifier.verify(token())
