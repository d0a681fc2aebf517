"""The quality run of a revision over HTTP: its place in the queue, cancelled, requested again."""

from tests.support.parties import Party
from tests.support.products import draft, settle_quality, upload


async def test_the_operator_sees_a_run_cancels_it_and_requests_it_again(
    owner: Party, operator: Party, regulator: Party, buyer: Party
) -> None:
    product = await draft(owner, operator)
    revision = await upload(operator, product["id"])
    path = f"/v1/revisions/{revision['id']}/quality-run"
    run = await operator.get(path)
    assert (run["status"], run["revision_id"], run["error"]) == ("queued", revision["id"], None)
    assert run["position"] >= 1
    assert run["progress"]["done"] == 0
    assert run["progress"]["of"] > 0
    assert (await owner.get(path))["id"] == run["id"]
    await buyer.get(path, status=404)
    for who in (owner, regulator):
        for action in ("cancellation", "retry"):
            answer = await who.http.post(f"{path}/{action}")
            assert answer.status_code in {403, 404}, answer.text

    cancelled = await operator.post(f"{path}/cancellation", status=200)
    assert (cancelled["status"], cancelled["position"]) == ("cancelled", None)
    assert cancelled["error"] == "The quality check was cancelled."
    assert (await operator.get(f"/v1/revisions/{revision['id']}"))["quality"] == "error"
    problem = await operator.post(f"{path}/cancellation", status=409)
    assert problem["type"].endswith("quality-run-state")

    again = await operator.post(f"{path}/retry", status=200)
    assert (again["id"], again["status"], again["error"]) == (run["id"], "queued", None)
    await operator.post(f"{path}/retry", status=409)
    await settle_quality(operator, revision["id"])
    done = await operator.get(path)
    assert (done["status"], done["progress"]["done"]) == ("done", done["progress"]["of"])
    await operator.post(f"{path}/cancellation", status=409)
    await operator.post(f"{path}/retry", status=409)
