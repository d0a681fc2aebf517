"""``python -m tests.reference``: play everything against a fresh service, and keep the examples of the reference."""

import asyncio
import json
import sys
import tempfile
from pathlib import Path

from market.reference.examples import FILE
from tests.reference.play import recorded
from tests.support.network import free_port
from tests.support.running_market import RunningMarket

SETTINGS = {"MARKET_OUTGOING_NETWORKS": "127.0.0.0/8"}


def first_password(said: str) -> str:
    """The first administrator's password, as the start shows it."""
    return said.split("First login")[1].split("password")[1].split()[0]


def main() -> None:
    """Write the file."""
    with tempfile.TemporaryDirectory(prefix="market-reference-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        market = RunningMarket(folder / "var", free_port(), folder / "log", SETTINGS, demo=False)
        try:
            market.start()
            found = asyncio.run(
                recorded(market.base_url, first_password(market.said()), folder, patient=True)
            )
        finally:
            if market.child is not None:
                market.stop()
    FILE.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    sys.stdout.write(f"{len(found)} operations have an example in {FILE}\n")


if __name__ == "__main__":
    main()
