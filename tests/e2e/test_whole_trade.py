"""The README's promises, held: one command plays the whole trade, stops cleanly, and starts again with its data."""

import os
import shlex
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import httpx
import pytest

from market.demo.bank import Receipt, camt053_for
from market.demo.money_steps import PLATFORM_ACCOUNT
from market.demo.trade import STEPS
from pricing.money import Money
from tests.support.command import MarketCommand
from tests.support.running_market import RunningMarket

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared" / "data"
FILES = ("seattle-weather.csv", "airports.csv", "birdstrikes.csv", "flights-200k.arrow")
API_MEGABYTES = 280


def processes(market: RunningMarket) -> dict[int, str]:
    """Processes of this service, by number: those that carry its data folder in their environment."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environment = (folder / "environ").read_bytes()
            if f"MARKET_DATA_DIR={market.data_dir}".encode() in environment:
                found[int(folder.name)] = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
    return found


def test_every_step_of_the_trade_is_shown_with_its_proof(market: RunningMarket) -> None:
    said = market.said()
    assert said.count("✓") == len(STEPS)
    assert "all matched, no break, trial balance zero" in said
    assert "API reference" in said
    assert "curl -s" in said


def test_the_printed_curl_line_works_as_it_stands(market: RunningMarket) -> None:
    answer = httpx.get(
        shlex.split(market.facts()["curl"])[2],
        headers={
            "Authorization": f"Bearer {market.facts()['licence_token']}",
            "Data-Purpose": market.facts()["purpose"],
        },
    )
    assert answer.status_code == 200, answer.text
    assert answer.json()["items"]


def test_every_login_works(market: RunningMarket) -> None:
    people = market.facts()["people"]
    assert set(people) == {
        "admin",
        "officer",
        "owner",
        "authority",
        "operator",
        "buyer",
        "regulator",
        "finance",
    }
    for person in people.values():
        answer = httpx.post(f"{market.base_url}/v1/session", json=person)
        assert answer.status_code == 201, answer.text


def test_the_api_process_stays_small(market: RunningMarket) -> None:
    resident = {}
    for number, name in processes(market).items():
        if "serve" in name or "granian" in name:
            status = Path(f"/proc/{number}/status").read_text(encoding="utf-8")
            resident[name] = int(status.split("VmRSS:")[1].split()[0]) // 1024
    assert resident
    assert max(resident.values()) < API_MEGABYTES, resident


def test_the_api_never_imports_what_only_the_worker_needs() -> None:
    code = (
        "import sys; import market.app;"
        "print([name for name in ('great_expectations', 'pandas', 'pyarrow') if name in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert shown.stdout.strip() == "[]"


@pytest.mark.parametrize("name", FILES)
def test_the_trade_plays_on_a_file_of_ones_own(
    market_command: MarketCommand, market: RunningMarket, tmp_path: Path, name: str
) -> None:
    if not (SHARED / name).exists():
        pytest.skip(f"{name} is not here; put the public sample files into ../shared/data to run this")
    done = market_command.run(
        "demo", "--file", SHARED / name, "--json", tmp_path / "out.json", environment=market.environment
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("✓") == len(STEPS)
    assert (tmp_path / "out.json").stat().st_mode & 0o777 == 0o600


def test_the_trade_plays_again_beside_a_break_of_somebody_elses(
    market_command: MarketCommand, market: RunningMarket
) -> None:
    """Money that nobody can place is told in plain words, with what to do, and holds no later trade up."""
    with httpx.Client(base_url=market.base_url) as finance:
        session = finance.post("/v1/session", json=market.facts()["people"]["finance"]).json()
        last = finance.get("/v1/bank-statements?limit=1").json()["items"][0]["closing"]
        document = camt053_for(
            [Receipt(Money(123, "CNY"), "no reference", "Somebody", "IN-UNKNOWN")],
            statement_id="UNPLACED-1",
            account=PLATFORM_ACCOUNT,
            opening=Money.from_decimal(Decimal(last["amount"]), "CNY"),
            moment=datetime.now(UTC),
        )
        imported = finance.post(
            "/v1/bank-statements",
            content=document,
            headers={
                "Content-Type": "application/xml",
                "X-CSRF-Token": session["csrf_token"],
                "Idempotency-Key": "unplaced",
            },
        )
        assert imported.status_code == 201, imported.text
    for _ in range(2):
        done = market_command.run("demo", environment=market.environment)
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stdout.count("✓") == len(STEPS)
        assert "breaks that stood before this trade, and stand still: " in done.stdout
        assert "UNPLACED-1" in done.stdout
        assert "what to do: " in done.stdout
        assert '{"' not in done.stdout


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("picture.csv", b"\x89PNG\r\n\x1a\n" + bytes(2000), "table"),
        ("empty.csv", b"", "empty"),
        ("twice.csv", b"a,a\n1,2\n", "two columns"),
        ("ragged.csv", b"a,b\n1,2\n3\n", "line 3"),
    ],
)
def test_a_file_that_is_no_table_is_told_in_one_line(
    market_command: MarketCommand,
    market: RunningMarket,
    tmp_path: Path,
    name: str,
    content: bytes,
    words: str,
) -> None:
    (tmp_path / name).write_bytes(content)
    done = market_command.run("demo", "--file", tmp_path / name, environment=market.environment)
    assert done.returncode == 1
    assert done.stderr.startswith("market: the trade stopped: ")
    assert words in done.stderr.lower()
    assert done.stderr.count("\n") == 1


def test_a_second_start_on_the_same_folder_is_told_so(
    market_command: MarketCommand, market: RunningMarket
) -> None:
    done = market_command.run("up", "--port", str(market.port + 1), environment=market.environment)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("market: ")
    assert "is started again" not in market.said(), "the first one's PostgreSQL was left alone"
    assert httpx.get(f"{market.base_url}/health/ready").status_code == 200


def test_it_comes_back_after_a_kill_and_stops_cleanly(market: RunningMarket) -> None:
    before = market.facts()
    token = before["licence_token"]
    records = f"{market.base_url}/data/{before['product_id']}/records?limit=1"
    assert httpx.get(records, headers={"Authorization": f"Bearer {token}"}).status_code == 200
    os.killpg(market.process.pid, signal.SIGKILL)
    market.process.wait()
    market.start()
    assert "The trade was played before" in market.said()
    after = market.facts()
    assert after["product_id"] == before["product_id"]
    assert (
        httpx.get(records, headers={"Authorization": f"Bearer {after['licence_token']}"}).status_code == 200
    )
    assert market.stop() == 0
    deadline = time.monotonic() + 10
    while processes(market) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert processes(market) == {}
