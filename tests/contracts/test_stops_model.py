"""Stops and lives in any order, by every party, also two at once: a model says what is admitted and what is refused."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from litestar import Litestar

from infra.auth import OrganisationKind, Role
from infra.db import SessionMaker, new_id
from tests.support.bargain import Bargain
from tests.support.parties import Party, PartyMaker, parties
from tests.support.people import make_organisation, make_person, sign_in
from tests.support.products import published

PLACERS = {
    "resource": ("owner", "regulator", "other_regulator"),
    "right": ("owner", "regulator", "other_regulator"),
    "product": ("operator", "regulator", "other_regulator"),
    "authorisation": ("owner", "regulator", "other_regulator"),
    "agreement": ("regulator", "other_regulator"),
    "licence": ("operator", "regulator", "other_regulator"),
    "owner": ("platform", "regulator", "other_regulator"),
    "operator": ("platform", "regulator", "other_regulator"),
    "buyer": ("platform", "regulator", "other_regulator"),
    "regulator": ("platform",),
}
"""Who can suspend what; a party is named by its part in the chain."""

ENDS = {"product": ("operator",), "authorisation": ("owner",), "agreement": ("buyer", "operator")}
"""Who withdraws, revokes and terminates."""

SURE, ANY = frozenset.intersection, frozenset.union
CHAIN = frozenset(PLACERS) - {"regulator"}
ORGANISATIONS = frozenset({"owner", "operator", "buyer", "regulator"})


@dataclass(frozen=True, slots=True)
class Act:
    """What somebody does to a link of the chain."""

    who: str
    what: str
    link: str


ACTS = [
    *(
        Act(who, what, link)
        for link, by in PLACERS.items()
        for who in by
        for what in ("suspend", "reinstate")
    ),
    *(Act(who, "end", link) for link, by in ENDS.items() for who in by),
]


@dataclass(frozen=True, slots=True)
class Model:
    """What stands: the active suspensions, as (placer, link), and the links whose life has ended."""

    stops: frozenset[tuple[str, str]] = field(default=frozenset())
    ended: frozenset[str] = field(default=frozenset())

    @property
    def admits(self) -> bool:
        """Whether a call gets through. A withdrawn product keeps what it promised; nothing else that ended does."""
        return not self.ended - {"product"} and not any(link in CHAIN for _, link in self.stops)

    def after(self, act: Act) -> tuple[bool, Self]:
        """Whether the act is possible, and what stands then."""
        if any(link == act.who for _, link in self.stops):
            return False, self
        stop = (act.who, act.link)
        if act.what == "reinstate":
            # A regulator is above the platform.
            above = act.link in ORGANISATIONS and act.who in ("regulator", "other_regulator")
            lifted = self.stops & ({stop, ("platform", act.link)} if above else {stop})
            return bool(lifted), replace(self, stops=self.stops - lifted)
        if act.what == "end":
            possible = act.link not in self.ended
            return possible, replace(self, ended=self.ended | {act.link})
        if act.link == "authorisation" and act.link in self.ended:
            return False, self
        if act.link in ORGANISATIONS and stop in self.stops:
            return False, self
        return True, replace(self, stops=self.stops | {stop})


class Chain:
    """One licensed product over HTTP, and everybody who can do something to it."""

    def __init__(self, bargain: Bargain, people: dict[str, Party], platform: httpx.AsyncClient) -> None:
        self.bargain = bargain
        self.http = {who: party.http for who, party in people.items()} | {"platform": platform}
        self.people = people

    async def prepare(self) -> Self:
        """Conclude an agreement on the product."""
        self.agreement, self.token = await self.bargain.licensed()
        self.paths = {
            "product": f"/v1/products/{self.bargain.product_id}",
            "authorisation": f"/v1/authorisations/{self.agreement['document']['authorisation_id']}",
            "agreement": f"/v1/contract-reviews/{self.agreement['id']}",
            "resource": f"/v1/resources/{self.agreement['document']['resource_id']}",
            "licence": f"/v1/licences/{self.agreement['licence_id']}",
        } | {who: f"/v1/organisations/{self.people[who].organisation_id}" for who in ORGANISATIONS}
        self.paths["right"] = f"{self.paths['resource']}/rights/{self.agreement['document']['right_id']}"
        return self

    async def do(self, act: Act) -> bool:
        """Try it; answers whether it was done. Whatever is not done is refused in words, and nothing crashes."""
        path, word = (
            self.paths[act.link],
            {"suspend": "suspension", "reinstate": "reinstatement"}.get(act.what),
        )
        if word is None:
            word = {"product": "withdrawal", "authorisation": "revocation", "agreement": "termination"}[
                act.link
            ]
            if act.link == "agreement":
                path = f"/v1/agreements/{self.agreement['id']}"
        answer = await self.http[act.who].post(f"{path}/{word}", json={"reason": f"{act.who} {act.what}"})
        assert answer.status_code in (200, 201, 401, 403, 409), (act, answer.status_code, answer.text)
        return answer.status_code < 300

    async def admits(self) -> bool:
        """Whether a call gets through; the buyer's tokens end with its suspension, and a new one is got afterwards."""
        answer = await self.bargain.read(self.token)
        if answer.status_code == 401:
            path = f"/v1/licences/{self.agreement['licence_id']}/tokens"
            issued = await self.bargain.buyer.http.post(path, headers={"Idempotency-Key": str(new_id())})
            assert issued.status_code in (201, 401, 403, 409), issued.text
            if issued.status_code != 201:
                return False
            self.token = issued.json()["access_token"]
            answer = await self.bargain.read(self.token)
        assert answer.status_code in (200, 403), answer.text
        return answer.status_code == 200


@pytest.fixture(scope="module")
async def make_party(app: Litestar, sessions: SessionMaker, conversions: None) -> AsyncIterator[PartyMaker]:
    async with parties(app, sessions) as make:
        yield make


@pytest.fixture(scope="module")
async def platform(app: Litestar, sessions: SessionMaker) -> AsyncIterator[httpx.AsyncClient]:
    organisation_id = await make_organisation(sessions, OrganisationKind.PLATFORM)
    person = await make_person(sessions, organisation_id, [Role.PLATFORM_ADMIN])
    signed_in = await sign_in(app, person.email)
    yield signed_in
    await signed_in.aclose()


async def chain(make_party: PartyMaker, platform: httpx.AsyncClient) -> Chain:
    kinds = {
        "owner": OrganisationKind.OWNER,
        "operator": OrganisationKind.OPERATOR,
        "buyer": OrganisationKind.BUYER,
        "regulator": OrganisationKind.REGULATOR,
        "other_regulator": OrganisationKind.REGULATOR,
    }
    people = {who: await make_party(kind) for who, kind in kinds.items()}
    owner, operator, buyer, regulator = (people[who] for who in ("owner", "operator", "buyer", "regulator"))
    product_id = await published(owner, operator, regulator)
    return await Chain(Bargain(owner, operator, buyer, regulator, product_id), people, platform).prepare()


@settings(
    max_examples=settings().max_examples // 10,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    steps=st.lists(st.lists(st.sampled_from(ACTS), min_size=1, max_size=2), min_size=5, max_size=30),
    order=st.randoms(use_true_random=False),
)
async def test_every_suspension_can_be_lifted_and_admission_is_as_the_lives_say(
    make_party: PartyMaker, platform: httpx.AsyncClient, steps: Sequence[Sequence[Act]], order: object
) -> None:
    real, models = await chain(make_party, platform), {Model()}
    assert await real.admits()
    for step in steps:
        done = list(await asyncio.gather(*(real.do(act) for act in step)))
        # Two at once end as one after the other would, in one of the two orders.
        orders = (range(len(step)), range(len(step))[::-1])
        possible = [played(model, step, turns) for model in models for turns in orders]
        after = {model for outcome, model in possible if outcome == done}
        assert after, (step, done, models)
        admitted = await real.admits()
        models = {model for model in after if model.admits == admitted}
        assert models, (step, admitted, after)
    # Whatever is left is lifted by whoever placed it: first those who must be able to act again.
    certain, uncertain = (frozenset(how(*(model.stops for model in models))) for how in (SURE, ANY))
    left = sorted(uncertain)
    order.shuffle(left)  # type: ignore[attr-defined]
    # The authorities first, who let the others act again; the platform before those who lift its stops too.
    order_of = {"platform": 0, "regulator": 1, "other_regulator": 1}
    for who, link in sorted(left, key=lambda stop: (order_of.get(stop[0], 2), stop[1] != "regulator")):
        lifted = await real.do(Act(who, "reinstate", link))
        assert lifted or (who, link) not in certain, (who, link, models)
    (ended,) = {model.ended for model in models}
    assert await real.admits() == (not ended - {"product"})


def played(model: Model, acts: Sequence[Act], turns: Sequence[int]) -> tuple[list[bool], Model]:
    """What becomes of the acts, done one after the other in the order of the turns."""
    done = [False] * len(acts)
    for turn in turns:
        done[turn], after = model.after(acts[turn])
        model = after if done[turn] else model
    return done, model
