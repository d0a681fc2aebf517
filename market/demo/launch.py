"""Plays the demo trade from the command line, with a progress display, and says where to look next."""

import asyncio
import json
import os
import tempfile
from pathlib import Path
from time import monotonic
from typing import Any

import httpx
from rich.console import Console

from infra.settings import Settings
from market.demo.city_data import write_city_air_quality
from market.demo.desk import Connect, Desk, Login, StepFailed
from market.demo.state import Trade, curl_line
from market.demo.trade import STEPS
from market.demo.trade import play as play_steps
from market.operations.errors import CommandFailed

CITY_TITLES = ("城市环境空气质量小时监测", "Hourly urban air quality")


def kept_facts(settings: Settings) -> Path:
    """Where a demo keeps its logins and ids: a file that only its owner reads."""
    return settings.data_dir / "demo.json"


async def play_after_start(settings: Settings, console: Console, password: str | None) -> None:
    """Play the demo on a fresh service; on one that has played it before, only say where to look.

    :param password: of the first administrator, when this start made one.
    """
    known = _read(settings)
    if password is not None:
        facts = await _play(settings, console, Login("admin", settings.admin_email, password), file=None)
        _keep(settings, facts)
    elif known is not None:
        facts = {**known, "base_url": settings.base_url}
        try:
            facts["licence_token"] = await _fresh_token(settings, facts)
        except (StepFailed, httpx.TransportError) as error:
            raise CommandFailed(
                f"The trade was played before, and its buyer gets no licence token now: {error} "
                "Play another with: market demo"
            ) from error
        limit = int(known["curl"].split("limit=")[1].split("'")[0])
        facts["curl"] = curl_line(settings.base_url, facts["product_id"], facts["licence_token"], limit)
        _keep(settings, facts)
        console.print("The trade was played before; its data is still here.\n")
    else:
        console.print(
            "There is data of yours here already, so no demo is played. Play one with: market demo\n"
        )
        return
    _show(console, settings, facts)


def play(settings: Settings, console: Console, *, file: Path | None, json_out: Path | None) -> None:
    """Play one trade against the running service.

    :param file: data to trade; made-up city data without it.
    :param json_out: file to write what was made to.
    :raises CommandFailed: the service does not run, the administrator's password is not known, or a step failed.
    """
    if file is not None and not file.is_file():
        raise CommandFailed(f"{file} is no file; name a CSV, TSV, JSON Lines, Parquet or Arrow file.")
    if json_out is not None and not json_out.parent.is_dir():
        raise CommandFailed(
            f"There is no folder {json_out.parent} to write {json_out.name} into: make it first."
        )
    if json_out is not None and json_out.is_dir():
        raise CommandFailed(f"{json_out} is a folder; name a file in it.")
    facts = asyncio.run(_play(settings, console, _administrator(settings), file=file))
    if json_out is not None:
        _write_private(json_out, facts)
        console.print(f"\nWritten to {json_out}")
    _show(console, settings, facts)


def _administrator(settings: Settings) -> Login:
    password, code = os.environ.get("MARKET_ADMIN_PASSWORD"), os.environ.get("MARKET_ADMIN_CODE")
    known = _read(settings)
    if password is None and known is not None:
        admin = known["people"]["admin"]
        return Login("admin", admin["email"], admin["password"], code)
    if password is None:
        raise CommandFailed(
            "The platform administrator registers the parties: put the password that the first start showed into "
            "MARKET_ADMIN_PASSWORD."
        )
    return Login("admin", settings.admin_email, password, code)


async def _play(settings: Settings, console: Console, admin: Login, *, file: Path | None) -> dict[str, Any]:
    if settings.smtp_host is not None:
        raise CommandFailed(
            "The demo's people have no mailboxes, and this installation mails invitations (MARKET_SMTP_HOST): play it"
            " on one without, in a data folder and on a port of its own."
        )
    base_url = f"http://{settings.host}:{settings.port}"

    def connect() -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=base_url, timeout=60)

    with tempfile.TemporaryDirectory(prefix="market-demo-") as folder:
        titles = CITY_TITLES if file is None else (f"公共数据 {file.stem}", f"Public data: {file.stem}")
        if file is None:
            file = await asyncio.to_thread(write_city_air_quality, Path(folder) / "air-quality.csv")
        trade = Trade(connect, admin, file, titles)
        started = monotonic()
        try:
            await _recognise(connect, base_url)
            await _narrate(console, trade)
        except StepFailed as error:
            raise CommandFailed(f"the trade stopped: {error}") from error
        except httpx.ConnectError as error:
            raise CommandFailed(
                f"nothing answers at {base_url}: start the service with `market up`."
            ) from error
        except httpx.TransportError as error:
            raise CommandFailed(
                f"the trade stopped: the service at {base_url} went away or did not answer in time; see its log, "
                "and play the demo again."
            ) from error
        console.print(f"\nThe whole trade took {monotonic() - started:.1f} s.\n")
        return trade.facts(settings.base_url)


async def _recognise(connect: Connect, base_url: str) -> None:
    """Make sure that it is a market that answers, before it is sent a password.

    :raises CommandFailed: it is something else.
    """
    async with connect() as http:
        answer = await http.get("/", headers={"Accept": "application/json"})
    try:
        is_market = "catalogue" in answer.json()["links"]
    except (ValueError, KeyError, TypeError):
        is_market = False
    if not is_market:
        raise CommandFailed(
            f"Another service answers at {base_url}: name the market's port with --port or MARKET_PORT."
        )


async def _narrate(console: Console, trade: Trade) -> None:
    number = 0
    status = console.status("")
    async for step, proofs in play_steps(trade):
        if proofs is None:
            number += 1
            status.update(f"{number}/{len(STEPS)} {step.title} {step.chinese}")
            status.start()
            started = monotonic()
            continue
        status.stop()
        console.print(
            f"[green]✓[/] {number:2}. {step.title} {step.chinese} [dim]{monotonic() - started:.1f} s[/]"
        )
        for proof in proofs:
            console.print(f"       {proof}", highlight=False, markup=False, soft_wrap=True)
    status.stop()


async def _fresh_token(settings: Settings, facts: dict[str, Any]) -> str:
    base_url = f"http://{settings.host}:{settings.port}"
    buyer = facts["people"]["buyer"]
    desk = await Desk.sign_in(
        lambda: httpx.AsyncClient(base_url=base_url, timeout=60),
        Login("buyer", buyer["email"], buyer["password"]),
    )
    try:
        return str((await desk.post(f"/v1/licences/{facts['licence_id']}/tokens"))["access_token"])
    finally:
        await desk.leave()


def _show(console: Console, settings: Settings, facts: dict[str, Any]) -> None:
    console.print(f"API reference  {settings.base_url}/schema\n", highlight=False)
    rows = [("desk", "e-mail", "password", "authenticator's secret")]
    for desk, person in facts["people"].items():
        rows.append((desk, person["email"], person["password"], person.get("authenticator_secret", "")))
    if not any(row[-1] for row in rows[1:]):
        rows = [(*row[:-1], "") for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        # Whole on a narrow terminal too: these are to be copied.
        line = "   ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    console.print("\nOne metered call, with a working licence:\n")
    console.print(facts["curl"], highlight=False, markup=False, soft_wrap=True)
    console.print()


def _read(settings: Settings) -> dict[str, Any] | None:
    path = kept_facts(settings)
    if not path.exists():
        return None
    try:
        facts: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return facts if facts["people"]["admin"].keys() >= {"email", "password"} else None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CommandFailed(
            f"{path}, where the demo keeps its logins, is damaged: delete it, and put the administrator's password "
            "into MARKET_ADMIN_PASSWORD."
        ) from error


def _keep(settings: Settings, facts: dict[str, Any]) -> None:
    _write_private(kept_facts(settings), facts)


def _write_private(path: Path, facts: dict[str, Any]) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(facts, file, indent=2, ensure_ascii=False)
