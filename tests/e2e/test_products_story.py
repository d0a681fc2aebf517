"""The life of a product while its buyer calls all the time: what the buyer sees at each step, on every process.

A product of two API processes goes through three editions, a breaking revision with notice and pins, a recall, a mended
revision and a narrowed authorisation. Programs of its buyer call throughout, on both processes at once. Each call is
held against what its licence promises at that moment: none fails that should not, none is answered that should not be,
and what was answered is what was metered and billed.
"""

import asyncio
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Collection, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest

from infra.addresses import service_url
from infra.settings import Settings
from market.demo.desk import Desk, StepFailed
from market.demo.state import Trade
from market.operations.database import reachable
from tests.support import traded
from tests.support.database import TestDatabase
from tests.support.problems import slug
from tests.support.running_market import RunningMarket
from tests.support.served import served
from tests.support.steady_calls import Call, SteadyCalls

pytestmark = pytest.mark.long

HEADER = "station_id,observed_at,pm25,note"
SHORTER = HEADER.rpartition(",")[0]
COLUMNS, SHORT = frozenset(HEADER.split(",")), frozenset(SHORTER.split(","))
ROWS = [
    f"S{n % 7:03d},2026-01-{n % 28 + 1:02d}T{n % 24:02d}:00:00+08:00,{n % 90}.5,seen {n}" for n in range(240)
]
NOTICE_SECONDS = 3.0
REASON = {"reason": "For the story 演示"}
OK = 200


@dataclass(slots=True)
class Story:
    """The product, its people and the calls, and what was seen so far.

    :ivar revisions: what each revision is called, by its id.
    :ivar promised: what each licence is answered with now: status, and revision or problem.
    """

    trade: Trade
    calls: SteadyCalls
    database_url: str
    revisions: dict[str, str] = field(default_factory=dict)
    promised: dict[str, tuple[int, str]] = field(default_factory=dict)
    bought: dict[str, traded.Bought] = field(default_factory=dict)
    seen: list[str] = field(default_factory=list)

    @property
    def product(self) -> str:
        return f"/v1/products/{self.trade.made['product_id']}"

    def desk(self, name: str) -> Desk:
        return self.trade.desks[name]

    def answer(self, call: Call) -> tuple[int, str]:
        """What a call was answered with, in the words of ``promised``."""
        found = self.revisions.get(call.revision or "", "?") if call.status == OK else call.problem
        return call.status, str(found)

    async def buy(self, name: str, **changes: Any) -> None:
        """Another licence, whose calls begin at once."""
        self.bought[name] = await traded.buy(self.trade, **changes)
        self.calls.tokens[name] = self.bought[name].token

    @asynccontextmanager
    async def step(
        self, title: str, *, at: float | None = None, gradual: Collection[str] = (), **now: tuple[int, str]
    ) -> AsyncIterator[None]:
        """One step; what begins after it was confirmed is answered as ``now`` says, and of other licences as before.

        :param at: the moment, where it is another.
        :param gradual: licences whose answers change within a second rather than at once.
        """
        before, began = dict(self.promised), time.time()
        yield
        moment = at or time.time()
        self.promised |= now
        if gradual:
            await self._until(gradual)
            settled = time.time()
        else:
            settled = moment
        since = self.calls.after(max(moment, settled))
        for call in since:
            assert self.answer(call) == self.promised[call.licence], (title, call)
        meanwhile = [call for call in list(self.calls.made) if began <= call.began < settled]
        for call in meanwhile:
            allowed = {before.get(call.licence, self.promised[call.licence]), self.promised[call.licence]}
            assert self.answer(call) in allowed, (title, call)
        self.seen.append(await self._view(title, [*meanwhile, *since]))

    async def _until(self, names: Collection[str]) -> None:
        ends = time.monotonic() + 10
        while True:
            newest = {(call.licence, call.process): self.answer(call) for call in list(self.calls.made)}
            if all(found == self.promised[name] for (name, _), found in newest.items() if name in names):
                return
            assert time.monotonic() < ends, newest
            await asyncio.sleep(0.02)

    async def _view(self, title: str, calls: list[Call]) -> str:
        """A line of the table: what the catalogue says, and what each licence is answered."""
        pages = await self._pages()
        edition = (await self.editions())[0]
        counted = Counter(self.answer(call) for call in calls)
        answered = sum(count for (status, _), count in counted.items() if status == OK)
        notice = pages[0]["notice"]
        told = f"; change announced for {notice['effective_at'][:10]}" if notice else ""
        prices = {name: f" at ¥{await self.price(name)}" for name in self.promised}
        licences = "; ".join(
            f"{name}: {status} {found}" + (prices[name] if status == OK else "")
            for name, (status, found) in self.promised.items()
        )
        return (
            f"| {title} | edition {edition['number']}, “{pages[0]['title_en']}”{told} | {licences} "
            f"| {answered} answered, {len(calls) - answered} refused |"
        )

    async def _pages(self) -> list[Any]:
        """The page as each process shows it, once both show the same: a worker may draw a sample in between."""
        ends = time.monotonic() + 10
        while True:
            pages = [await self.page(n) for n in range(len(self.calls.addresses))]
            if pages[0] == pages[1]:
                return pages
            assert time.monotonic() < ends, pages

    async def page(self, process: int = 0) -> Any:
        """The product's page in the catalogue."""
        address = self.calls.addresses[process].partition("/data/")[0]
        async with httpx.AsyncClient(base_url=address) as anybody:
            return (await anybody.get(f"/v1/catalogue/{self.trade.made['product_id']}")).json()

    async def editions(self) -> list[dict[str, Any]]:
        """The editions as buyers see them, newest first."""
        path = f"/v1/catalogue/{self.trade.made['product_id']}/editions"
        return list((await self.desk("buyer").get(path))["items"])

    async def price(self, name: str) -> str:
        """What a call costs under a licence, by the edition that it was ordered on."""
        number = self.bought[name].agreement["edition"]["number"]
        path = f"/v1/catalogue/{self.trade.made['product_id']}/editions/{number}"
        charges = (await self.desk("buyer").get(path))["price_plan"]["charges"]
        return next(str(charge["unit_price"]) for charge in charges if charge["metric"] == "calls")

    async def edition(self, *, dictionary: Any = None, **changes: Any) -> None:
        """A further edition, which takes effect with the approval of what was submitted."""
        operator, regulator = self.desk("operator"), self.desk("regulator")
        before = await self.page()
        path = f"/v1/editions/{(await operator.post(f'{self.product}/editions'))['id']}"
        if changes:
            await operator.patch(path, changes)
        if dictionary is not None:
            await operator.put(f"{path}/dictionary", {"columns": dictionary})
        digest = (await operator.post(f"{path}/submission"))["digest"]
        assert (await self.page())["title_en"] == before["title_en"], "the one in force goes on being shown"
        await regulator.post(f"{path}/approval", {"digest": digest})

    async def upload(self, name: str, rows: list[str], header: str, *, waived: bool = False) -> str:
        """A further revision that has passed its check; its id.

        :param waived: it fails for the column that it lacks, which a regulator waives.
        """
        made = await self.desk("owner").send(
            f"{self.product}/revisions",
            "\n".join([header, *rows, ""]).encode(),
            media_type="application/octet-stream",
            filename=f"{name}.csv",
        )
        self.revisions[made["id"]] = name
        while (shown := await self.desk("operator").get(f"/v1/revisions/{made['id']}"))[
            "quality"
        ] == "checking":
            await asyncio.sleep(0.1)
        if waived:
            assert shown["quality"] == "failed", shown
            until = (datetime.now(UTC) + timedelta(days=30)).isoformat()
            path = f"/v1/revisions/{made['id']}"
            await self.desk("regulator").post(f"{path}/quality-waivers", REASON | {"expires_at": until})
            shown = await self.desk("operator").get(path)
        assert shown["quality"] == "passed", shown
        return str(made["id"])

    async def end_notice(self, revision_id: str) -> float:
        """Let the notice of a change end in a moment, as only the clock does; that moment."""
        connection = await asyncpg.connect(self.database_url)
        try:
            moment: datetime = await connection.fetchval(
                "UPDATE schema_changes SET effective_at = clock_timestamp() + make_interval(secs => $2)"
                " WHERE revision_id = $1 RETURNING effective_at",
                UUID(revision_id),
                NOTICE_SECONDS,
            )
        finally:
            await connection.close()
        return moment.timestamp()

    async def narrow(self, name: str, **changes: Any) -> None:
        """Narrow the authorisation, which ends one licence; shown first, then signed by all three sides."""
        path = f"/v1/authorisations/{self.trade.made['authorisation_id']}"
        owner = self.desk("owner")
        shown = await owner.post(f"{path}/amendment-previews", changes)
        assert shown["stops"]["named_licences"] == [self.bought[name].licence_id]
        assert (shown["stops"]["licences"], shown["stops"]["products"]) == (1, 0)
        ground = {"legal_basis": "Revised plan 修订后的实施方案"}
        proposed = await owner.post(
            f"{path}/amendments", changes | REASON | ground | {"preview_digest": shown["digest"]}
        )
        for side in ("owner", "authority", "operator"):
            signed = await self.desk(side).post(
                f"{path}/amendments/{proposed['id']}/signature",
                ground | {"document_sha256": sha256(b"minutes").hexdigest()},
            )
        assert signed["status"] == "effective"


@pytest.fixture(scope="module")
def second_process(plain_market: RunningMarket) -> Iterator[tuple[str, str]]:
    """Another API process beside the service: its address, and that of their database."""
    settings = Settings(_env_file=None, data_dir=plain_market.data_dir, port=plain_market.port)
    with reachable(settings, start=False) as found:
        url = service_url(found)
    public = {"MARKET_PUBLIC_BASE_URL": plain_market.base_url}
    with served(TestDatabase(url, url), plain_market.data_dir, **public) as port:
        yield f"http://127.0.0.1:{port}", url


@pytest.fixture
async def story(
    plain_market: RunningMarket, second_process: tuple[str, str], tmp_path: Path
) -> AsyncIterator[Story]:
    """The product as it was first published, which nobody calls yet."""
    other, database_url = second_process
    file = tmp_path / "stations.csv"
    file.write_text("\n".join([HEADER, *ROWS, ""]), encoding="utf-8")
    async with traded.desks(plain_market) as people:
        trade = await traded.listed(plain_market, people, file)
        addresses = [
            f"{base}/data/{trade.made['product_id']}/records" for base in (plain_market.base_url, other)
        ]
        with SteadyCalls(addresses) as calls:
            yield Story(trade, calls, database_url, {trade.made["revision_id"]: "r1"})


async def test_a_buyer_calls_while_the_product_changes(
    story: Story, capsys: pytest.CaptureFixture[str]
) -> None:
    await editions(story)
    await breaking_revision(story)
    await recall(story)
    await narrowed(story)
    with capsys.disabled():
        sys.stdout.write("\n| step | the catalogue | the licences | calls |\n|---|---|---|---|\n")
        sys.stdout.write("\n".join(story.seen) + "\n\n")
        for line in await metered_and_billed(story):
            sys.stdout.write(line + "\n")


async def editions(story: Story) -> None:
    """Text, dictionary and purposes, price plan: each holds for orders that come after it."""
    buyer, operator = story.desk("buyer"), story.desk("operator")
    async with story.step("published; A buys edition 1", A=(OK, "r1")):
        await story.buy("A", purposes=["industry", "public_welfare"])
    first = story.bought["A"].agreement
    async with story.step("edition 2: another title"):
        await story.edition(title_en="Air of the city, hourly")
    assert (await story.page())["title_en"] == "Air of the city, hourly"
    agreement = await buyer.get(f"/v1/agreements/{first['id']}")
    assert (agreement["edition"]["number"], agreement["document"]["title_en"]) == (
        1,
        first["document"]["title_en"],
    )
    assert agreement["edition"]["superseded_at"] is not None
    async with story.step("edition 3: a unit in the dictionary, for industry alone"):
        pm25 = {"name": "pm25", "title_zh": "细颗粒物", "title_en": "Fine particles", "unit": "µg/m³"}
        await story.edition(dictionary=[pm25], purposes=["industry"])
    with pytest.raises(StepFailed, match="purpose"):
        await buyer.post("/v1/agreements", traded.order_body(story.trade, purposes=["public_welfare"]))
    with httpx.Client() as http:
        kept = story.calls.call(http, "A", Data_Purpose="public_welfare")
    assert kept is not None
    assert kept.status_code == OK, "what was signed goes on"
    async with story.step("edition 4: ¥0.80 a call; B buys it", B=(OK, "r1")):
        plan = await operator.post(
            "/v1/price-plans",
            {
                "name_zh": "按次计费",
                "name_en": "Per call",
                "currency": "CNY",
                "charges": [{"model": "per_unit", "metric": "calls", "unit_price": "0.80"}],
            },
        )
        await story.edition(plan_id=plan["id"])
        await story.buy("B")
    assert [item["number"] for item in await story.editions()] == [4, 3, 2, 1]
    assert [story.bought[name].agreement["edition"]["number"] for name in "AB"] == [1, 4]
    assert (await story.price("A"), await story.price("B")) == ("0.50", "0.80")


async def breaking_revision(story: Story) -> None:
    """A column goes: nobody sees it until it is announced, both can be pinned, and the clock changes what is latest."""
    operator = story.desk("operator")
    history = f"/v1/catalogue/{story.trade.made['product_id']}/revisions"
    async with story.step("r2 comes without a column: proposed, not announced"):
        shorter = [row.rpartition(",")[0] for row in ROWS]
        second = await story.upload("r2", shorter, SHORTER, waived=True)
    assert [item["number"] for item in (await story.desk("buyer").get(history))["items"]] == [1]
    async with story.step("r2 announced; C pins r1, D pins r2", C=(OK, "r1"), D=(OK, "r2")):
        await operator.post(f"/v1/revisions/{second}/announcement", REASON)
        await story.buy("C", revision=story.trade.made["revision_id"])
        await story.buy("D", revision=second)
    notice = (await story.page())["notice"]
    assert [one["name"] for one in notice["breaking"]] == ["note"]
    newest = {call.licence: call for call in story.calls.made}
    assert newest["A"].sunset, "calls tell of it"
    assert (newest["A"].columns, newest["D"].columns) == (COLUMNS, SHORT)
    moment = await story.end_notice(second)
    async with story.step("the notice ends: r2 is the latest", at=moment, A=(OK, "r2"), B=(OK, "r2")):
        await asyncio.sleep(moment - time.time())
    for call in story.calls.made:
        if call.licence in "AB":
            assert not (call.ended < moment and story.answer(call) == (OK, "r2")), call
            assert not (call.began > moment and story.answer(call) == (OK, "r1")), call
    newest = {call.licence: call for call in story.calls.made}
    assert (newest["A"].sunset, newest["A"].columns) == (False, SHORT)
    assert (newest["C"].columns, newest["D"].columns) == (COLUMNS, SHORT)


async def recall(story: Story) -> None:
    """A bad revision is read by nobody from the answer on: not by pins, cursors or remembered keys."""
    buyer, operator = story.desk("buyer"), story.desk("operator")
    second = next(number for number, name in story.revisions.items() if name == "r2")
    key = {"Idempotency-Key": "before-the-recall"}
    with httpx.Client() as http:
        page = story.calls.call(http, "A", 0, "limit=7", **key)
        again = story.calls.call(http, "A", 1, "limit=7", **key)
        assert page is not None
        assert again is not None
        assert (page.json(), again.headers["usage-repeated"]) == (again.json(), "true")
        cursor = page.json()["next_cursor"]
        async with story.step("r2 recalled", A=(OK, "r1"), B=(OK, "r1"), D=(409, "revision-recalled")):
            await operator.post(
                f"/v1/revisions/{second}/recall", {"reason": "Stations were mixed up 站点混淆"}
            )
        for process in range(2):
            gone_on = story.calls.call(http, "A", process, f"limit=7&cursor={cursor}")
            repeated = story.calls.call(http, "A", process, "limit=7", **key)
            for late, told in ((gone_on, "cursor-outdated"), (repeated, "revision-recalled")):
                assert late is not None
                assert (late.status_code, slug(late.json())) == (409, told)
    shown = await buyer.get(f"/v1/licences/{story.bought['D'].licence_id}")
    assert "Stations were mixed up" in str(shown), shown
    newest = {call.licence: call for call in story.calls.made}
    assert newest["B"].columns == COLUMNS
    async with story.step("r3: mended, with every column", gradual="AB", A=(OK, "r3"), B=(OK, "r3")):
        await story.upload("r3", ROWS[::-1], HEADER)


async def narrowed(story: Story) -> None:
    """A scenario goes: the licence for it ends with the last signature, and no other."""
    async with story.step("E buys another scenario", E=(OK, "r3")):
        await story.buy("E", scenarios=["urban_governance"])
    async with story.step("the authorisation is narrowed to one scenario", E=(403, "licence-stopped")):
        await story.narrow("E", scenarios=["environmental_services"])
    shown = await story.desk("buyer").get(f"/v1/licences/{story.bought['E'].licence_id}")
    assert not shown["live"]
    with pytest.raises(StepFailed, match="scenario"):
        await story.desk("buyer").post(
            "/v1/agreements", traded.order_body(story.trade, scenarios=["urban_governance"])
        )


async def metered_and_billed(story: Story) -> list[str]:
    """What was answered is what was metered, and what was metered is what is billed, at the price that was signed."""
    story.calls.stop()
    buyer, finance = story.desk("buyer"), story.desk("finance")
    assert not [call for call in story.calls.made if call.status == 0 or call.status >= 500]
    lines = ["| licence | calls answered, repeats aside | metered | billed |", "|---|---|---|---|"]
    for name, bought in story.bought.items():
        answered = [call for call in story.calls.made if call.licence == name and call.units]
        used = (await buyer.get(f"/v1/licences/{bought.licence_id}"))["used"]
        for unit in ("calls", "rows", "bytes"):
            assert used[unit] == sum(call.units.get(unit, 0) for call in answered), (name, unit)
        path = f"/v1/agreements/{bought.agreement['id']}"
        await buyer.post(f"{path}/termination", REASON)
        closed = await finance.post(
            f"{path}/period-closes", {"reason": "termination", "note": "The story ends"}
        )
        invoice = await buyer.get(f"/v1/invoices/{closed['invoice']['id']}")
        charged = [line for line in invoice["lines"] if line["metric"] == "calls"]
        free = 1 if name == "A" else 0  # for public welfare
        quantities = {Decimal(line["unit_price"]): line["quantity"] for line in charged}
        assert quantities == {Decimal(await story.price(name)): used["calls"] - free} | (
            {Decimal(0): 1} if free else {}
        )
        lines.append(
            f"| {name} | {len(answered)} | {used['calls']} calls, {used['rows']:,} rows | "
            + "; ".join(
                f"{line['quantity']} at ¥{line['unit_price']}: ¥{line['amount']['amount']}"
                for line in charged
            )
            + " |"
        )
    return lines
