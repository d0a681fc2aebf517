"""What a licence says of the data that it reads: the latest, or the revision that it is pinned to."""

from tests.support.bargain import Bargain
from tests.support.problems import slug

REASON = {"reason": "It holds identity numbers"}


async def test_a_licence_of_which_no_revision_can_be_read_says_so(bargain: Bargain) -> None:
    agreement, token = await bargain.licensed()
    licence = f"/v1/licences/{agreement['licence_id']}"
    revision = (await bargain.operator.get(f"/v1/products/{bargain.product_id}/revisions"))["items"][0]["id"]
    pinned_agreement, pinned = await bargain.licensed(revision=revision, quotas={"calls": 100})
    pinned_licence = f"/v1/licences/{pinned_agreement['licence_id']}"
    await bargain.regulator.post(f"/v1/revisions/{revision}/suspension", REASON, status=200)
    for path, which, status, kind in (
        (licence, token, 404, "revision-suspended"),
        (pinned_licence, pinned, 409, "revision-recalled"),
    ):
        refused = await bargain.read(which)
        assert (refused.status_code, slug(refused.json())) == (status, kind)
        assert REASON["reason"] in refused.json()["detail"]
        shown = await bargain.buyer.get(path)
        assert shown["live"] is False
        assert REASON["reason"] in shown["stopped"][0]
    # A suspension may be lifted: whoever is pinned need not order again.
    assert "as soon as it is back in service" in (await bargain.read(pinned)).json()["remedy"]
    await bargain.regulator.post(f"/v1/revisions/{revision}/reinstatement", REASON, status=200)
    for path, which in ((licence, token), (pinned_licence, pinned)):
        assert (await bargain.read(which)).status_code == 200
        assert (await bargain.buyer.get(path))["live"] is True
