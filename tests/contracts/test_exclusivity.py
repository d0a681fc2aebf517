"""Exclusive operation under many hands at once, and calls under way while what they rest on is narrowed."""

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from itertools import combinations
from time import monotonic
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from litestar import Litestar
from sqlmodel import col, select

from infra.auth import OrganisationKind
from infra.db import SessionMaker, new_id, transaction
from listings.authorisations import jobs, repository
from listings.authorisations.domain import Scenario, scenario_range
from listings.authorisations.regions import region_range
from listings.authorisations.states import ON_OFFER, AuthorisationStatus
from listings.authorisations.tables import Authorisation, AuthorisationCell
from market.metering.tables import UsageRecord
from tests.contracts.test_amendments import GROUND, authorisation_of, proposed, signed
from tests.support.application import job_context
from tests.support.bargain import Bargain
from tests.support.parties import Party, PartyMaker
from tests.support.problems import slug
from tests.support.products import STEP, authorisation_body, held_resource

PATH = "/v1/authorisations"
SCENARIOS = ["commerce", "insurance", "education"]
REGIONS = ["310000", "310100", "310115", "320000"]
EXPECTED = {
    "authorisation-exclusivity",
    "authorisation-not-live",
    "authorisation-state",
    "amendment-open",
    "amendment-preview",
    "amendment-state",
    "conflict",
    "nothing-amended",
}


def overlap(one: Sequence[tuple[int, int]], other: Sequence[tuple[int, int]]) -> bool:
    return any(low < end and start < high for low, high in one for start, end in other)


async def holdings(sessions: SessionMaker, resource_id: str) -> list[Authorisation]:
    """Authorisations of the resource that are on offer or in force, each with the cells it should have."""
    async with transaction(sessions) as session:
        rows = await repository.list_of_resource(session, UUID(resource_id))
        live = [row for row in rows if row.status in ON_OFFER | {AuthorisationStatus.ACTIVE}]
        for row in live:
            statement = select(AuthorisationCell).where(
                col(AuthorisationCell.authorisation_id) == row.id,
                AuthorisationCell.__table__.c.term.op("@>")(sa.func.now()),  # type: ignore[attr-defined]
            )
            cells = (await session.exec(statement)).all()
            wanted = {
                (scenario_range(Scenario(code)), region_range(region))
                for code in row.scenarios
                for region in row.regions
            }
            found = {
                ((cell.scenario.lower, cell.scenario.upper), (cell.region.lower, cell.region.upper))
                for cell in cells
            }
            assert (found, len(cells)) == (wanted, len(wanted)), row.status
        return live


def require_exclusive(rows: Sequence[Authorisation]) -> None:
    """Of two that overlap none is exclusive: by what was signed, and not by the cells that hold it."""
    for one, other in combinations(rows, 2):
        scenarios, regions = (
            [[scale(code) for code in getattr(row, name)] for row in (one, other)]
            for name, scale in (
                ("scenarios", lambda code: scenario_range(Scenario(code))),
                ("regions", region_range),
            )
        )
        if overlap(*scenarios) and overlap(*regions):
            assert not one.exclusive
            assert not other.exclusive


class Hand:
    """One operator's business with the resource, step by step at random; every refusal has its reason."""

    def __init__(self, owner: Party, operator: Party, resource_id: str, seed: int) -> None:
        self.owner, self.operator, self.resource_id = owner, operator, resource_id
        self.random = random.Random(seed)
        self.answers: Counter[str] = Counter()
        self.held: str | None = None

    async def send(self, who: Party | None, path: str, body: dict[str, Any]) -> dict[str, Any] | None:
        """What was sent; None where it was refused."""
        assert who is not None
        answer = await who.http.post(path, json=body, headers={"Idempotency-Key": str(new_id())})
        if answer.status_code < 300:
            self.answers["done"] += 1
            return answer.json()  # type: ignore[no-any-return]
        problem = answer.json()
        assert answer.status_code in (409, 422), answer.text
        assert slug(problem) in EXPECTED, answer.text
        assert problem["remedy"]
        self.answers[slug(problem)] += 1
        return None

    def scope(self) -> dict[str, Any]:
        """Scenarios, and one region or two that do not contain one another."""
        regions = self.random.choice([["310000"], ["310100"], ["310115"], ["320000"], ["310100", "320000"]])
        return {"scenarios": self.random.sample(SCENARIOS, self.random.randint(1, 2)), "regions": regions}

    async def step(self) -> None:
        """Have something authorised where nothing is, otherwise amend or end it."""
        body = self.operator.authorising_body
        if self.held is None:
            exclusive = self.random.random() < 0.7
            sent = authorisation_body(self.operator, self.resource_id, exclusive=exclusive, **self.scope())
            if offered := await self.send(self.owner, PATH, sent):
                path = f"{PATH}/{offered['id']}"
                if self.random.random() < 0.2:
                    await self.send(self.operator, f"{path}/refusal", {"reason": "Not so"})
                elif await self.send(body, f"{path}/grant", STEP) and await self.send(
                    self.operator, f"{path}/acceptance", STEP
                ):
                    self.held = path
        elif self.random.random() < 0.25:
            await self.send(self.owner, f"{self.held}/revocation", {"reason": "Ended"})
            self.held = None
        else:
            changes = self.scope()
            if shown := await self.send(self.owner, f"{self.held}/amendment-previews", changes):
                sent = changes | GROUND | {"preview_digest": shown["digest"]}
                if made := await self.send(self.owner, f"{self.held}/amendments", sent):
                    path = f"{self.held}/amendments/{made['id']}"
                    for who in (self.owner, body, self.operator):
                        if not await self.send(who, f"{path}/signature", STEP):
                            await self.send(who, f"{path}/refusal", {"reason": "Not so"})
                            break


@pytest.mark.parametrize("seed", [1, 2])
async def test_no_two_exclusive_ones_overlap_whatever_many_hands_do_at_once(
    owner: Party, party: PartyMaker, app: Litestar, sessions: SessionMaker, seed: int
) -> None:
    resource_id = await held_resource(owner)
    hands = [
        Hand(owner, await party(OrganisationKind.OPERATOR), resource_id, seed * 10 + number)
        for number in range(4)
    ]
    for _ in range(5):
        await asyncio.gather(
            *(hand.step() for hand in hands), jobs.lapse_overdue(job_context(app, sessions), {})
        )
        require_exclusive(await holdings(sessions, resource_id))
    answers = sum((hand.answers for hand in hands), Counter[str]())
    assert answers["done"] > 20
    assert answers["authorisation-exclusivity"] > 0


async def test_nothing_goes_out_once_the_narrowing_is_answered(
    bargain: Bargain, sessions: SessionMaker
) -> None:
    """Eight readers read on while the last side signs: whatever is asked for after its answer is refused."""
    body = bargain.operator.authorising_body
    outside, outer = await bargain.licensed(regions=["310200"])
    _, inner = await bargain.licensed(regions=["310100"])
    cursor = (await bargain.read(outer)).json()["next_cursor"]
    amendment = await proposed(bargain.owner, await authorisation_of(bargain), regions=["310100"])
    await signed(amendment, bargain.owner, body)
    calls: list[tuple[float, int]] = []
    answered = asyncio.Event()

    async def read_on() -> None:
        after = 0
        while after < 3:
            begun = monotonic()
            query = "limit=1" if len(calls) % 2 else f"limit=1&cursor={cursor}"
            calls.append((begun, (await bargain.read(outer, query)).status_code))
            after += answered.is_set()

    async def sign() -> None:
        await asyncio.sleep(0.1)
        await signed(amendment, bargain.operator)
        moments.append(monotonic())
        answered.set()

    moments: list[float] = []
    await asyncio.gather(*(read_on() for _ in range(8)), sign())
    (moment,) = moments
    before = Counter(status for begun, status in calls if begun < moment)
    after = Counter(status for begun, status in calls if begun >= moment)
    assert before[200] > 8
    assert set(before) <= {200, 403}
    assert set(after) == {403}
    assert (await bargain.read(inner)).status_code == 200
    # What was answered was counted, and nothing more.
    async with transaction(sessions) as session:
        statement = select(sa.func.count()).where(col(UsageRecord.licence_id) == UUID(outside["licence_id"]))
        counted = (await session.exec(statement)).one()
    assert counted == before[200] + 1
