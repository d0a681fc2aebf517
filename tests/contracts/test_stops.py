"""Every suspension can be lifted by whoever placed it, whatever else has happened; an end stays an end."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from infra.auth import SYSTEM
from infra.db import SessionMaker, new_id, now, transaction
from infra.stops import service as stops
from tests.support.bargain import Bargain

REASON = {"reason": "Because of a complaint"}


async def test_a_stop_on_a_product_that_is_then_withdrawn_can_be_lifted(bargain: Bargain) -> None:
    _, token = await bargain.licensed()
    path = f"/v1/products/{bargain.product_id}"
    await bargain.regulator.post(f"{path}/suspension", REASON, status=200)
    withdrawn = await bargain.operator.post(f"{path}/withdrawal", REASON, status=200)
    assert (withdrawn["status"], withdrawn["stopped"]) == ("withdrawn", [REASON["reason"]])
    assert (await bargain.read(token)).status_code == 403
    lifted = await bargain.regulator.post(f"{path}/reinstatement", REASON, status=200)
    assert (lifted["status"], lifted["stopped"]) == ("withdrawn", [])
    assert (await bargain.read(token)).status_code == 200


async def test_a_withdrawn_product_whose_licences_run_on_can_be_suspended(bargain: Bargain) -> None:
    _, token = await bargain.licensed()
    path = f"/v1/products/{bargain.product_id}"
    await bargain.operator.post(f"{path}/withdrawal", REASON, status=200)
    assert (await bargain.read(token)).status_code == 200
    await bargain.regulator.post(f"{path}/suspension", REASON, status=200)
    assert (await bargain.read(token)).status_code == 403
    await bargain.regulator.post(f"{path}/reinstatement", REASON, status=200)
    assert (await bargain.read(token)).status_code == 200


async def test_a_stop_on_an_authorisation_that_is_then_revoked_can_be_lifted_and_the_end_stays(
    bargain: Bargain,
) -> None:
    agreement, token = await bargain.licensed()
    path = f"/v1/authorisations/{agreement['document']['authorisation_id']}"
    for supervisor in (bargain.regulator, bargain.owner):
        await supervisor.post(f"{path}/suspension", REASON, status=200)
    await bargain.owner.post(f"{path}/revocation", {"reason": "Breach"}, status=200)
    for supervisor in (bargain.regulator, bargain.owner):
        after = await supervisor.post(f"{path}/reinstatement", REASON, status=200)
        assert after["status"] == "revoked"
    assert after["stopped"] == ["Breach"]
    refused = await bargain.owner.post(f"{path}/reinstatement", REASON, status=409)
    assert refused["type"].endswith(":not-stopped")
    assert "Breach" in (await bargain.read(token)).text


async def test_the_termination_of_an_agreement_is_not_lifted_with_a_stop_of_the_same_organisation(
    bargain: Bargain, sessions: SessionMaker
) -> None:
    agreement, token = await bargain.licensed()
    await bargain.buyer.post(f"/v1/agreements/{agreement['id']}/termination", {"reason": "Done"})
    path = f"/v1/contract-reviews/{agreement['id']}"
    await bargain.regulator.post(f"{path}/suspension", REASON)
    assert len(await bargain.regulator.post(f"{path}/reinstatement", REASON)) == 1
    await bargain.regulator.post(f"{path}/reinstatement", REASON, status=409)
    async with transaction(sessions) as session:
        [end] = await stops.active(session, [UUID(agreement["id"])])
    assert (end.reason, end.final) == ("Done", True)
    assert "Done" in (await bargain.read(token)).text


async def test_what_was_not_suspended_by_hand_is_not_to_be_lifted_by_hand(
    bargain: Bargain, sessions: SessionMaker
) -> None:
    product = await bargain.operator.get(f"/v1/products/{bargain.product_id}")
    path = f"/v1/resources/{product['resource_id']}"
    async with transaction(sessions) as session:
        held = UUID((await bargain.owner.get(f"{path}/rights"))["items"][0]["id"])
        await stops.place(
            session, SYSTEM, subject_kind="right_encumbrance", subject_id=held, reason="A dispute is pending"
        )
    refused = await bargain.owner.post(f"{path}/rights/{held}/reinstatement", REASON, status=409)
    assert refused["detail"] == "It is not suspended, but stopped: A dispute is pending"
    assert "Settle what the reason says" in refused["remedy"]


async def test_a_stop_that_begins_within_the_term_is_shown_before_it_begins(
    bargain: Bargain, sessions: SessionMaker
) -> None:
    agreement, token = await bargain.licensed()
    licence = f"/v1/licences/{agreement['licence_id']}"
    resource = agreement["document"]["resource_id"]
    # The registration of its resource ends as well, years after its term.
    assert (await bargain.buyer.get(licence))["stops_ahead"] == []
    begins_at = datetime.now(UTC) + timedelta(days=30)
    async with transaction(sessions) as session:
        await stops.place(
            session,
            SYSTEM,
            subject_kind="resource",
            subject_id=UUID(resource),
            reason="The series ends",
            begins_at=begins_at,
        )
    shown = await bargain.buyer.get(licence)
    [ahead] = shown["stops_ahead"]
    assert ahead["subject_kind"] == "resource"
    assert ahead["subject_id"] == resource
    assert ahead["reason"] == "The series ends"
    assert datetime.fromisoformat(ahead["begins_at"]) == begins_at
    assert (shown["live"], shown["stopped"]) == (True, [])
    assert (await bargain.read(token)).status_code == 200


async def test_suspended_products_are_listed(bargain: Bargain) -> None:
    path = f"/v1/products/{bargain.product_id}"
    await bargain.regulator.post(f"{path}/suspension", REASON, status=200)

    async def listed(stopped: str) -> list[str]:
        page = await bargain.operator.get(f"/v1/products?status=published&stopped={stopped}")
        return [item["id"] for item in page["items"]]

    assert (await listed("true"), await listed("false")) == ([bargain.product_id], [])
    await bargain.regulator.post(f"{path}/reinstatement", REASON, status=200)
    assert (await listed("true"), await listed("false")) == ([], [bargain.product_id])


async def test_who_cannot_lift_a_stop_is_told_who_can_or_that_there_is_none(bargain: Bargain) -> None:
    agreement, _ = await bargain.licensed()
    path = f"/v1/licences/{agreement['licence_id']}"
    nothing = await bargain.operator.post(f"{path}/reinstatement", REASON, status=409)
    assert nothing["detail"] == "It is not suspended."
    await bargain.regulator.post(f"{path}/suspension", {"reason": "Under inquiry"}, status=200)
    refused = await bargain.operator.post(f"{path}/reinstatement", REASON, status=409)
    assert refused["detail"].endswith("Test regulator has suspended it: Under inquiry")
    assert "Test regulator" in refused["remedy"]
    await bargain.regulator.post(f"{path}/reinstatement", REASON, status=200)
    await bargain.buyer.post(f"/v1/agreements/{agreement['id']}/termination", {"reason": "Done with it"})
    ended = await bargain.regulator.post(
        f"/v1/contract-reviews/{agreement['id']}/reinstatement", REASON, status=409
    )
    assert ended["detail"] == "It has ended for good: Done with it"


async def test_whoever_waited_for_a_lock_sees_what_was_stopped_meanwhile(sessions: SessionMaker) -> None:
    async with transaction(sessions) as waiting:
        begun = await now(waiting)
        subject = new_id()
        async with transaction(sessions) as other:
            await stops.place(other, SYSTEM, subject_kind="test", subject_id=subject, reason="a complaint")
        [stop] = await stops.active(waiting, [subject])
        assert stop.begins_at > begun
