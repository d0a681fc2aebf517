"""The walkthrough is a trade: every command in it is run, in order, against a service that nobody has used yet."""

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from tests.reference.__main__ import first_password
from tests.support.network import free_port
from tests.support.running_market import RunningMarket

WALKTHROUGH = Path(__file__).parents[2] / "docs" / "walkthrough.md"


def commands() -> str:
    """All of its shell blocks."""
    return "\n".join(re.findall(r"```bash\n(.*?)```", WALKTHROUGH.read_text(encoding="utf-8"), re.DOTALL))


def test_the_walkthrough_plays_from_first_to_last(tmp_path: Path) -> None:
    if shutil.which("jq") is None or shutil.which("curl") is None:
        pytest.skip("needs curl and jq: apt-get install curl jq")
    folder = Path(tempfile.mkdtemp(prefix="market-walkthrough-"))
    folder.chmod(0o711)
    market = RunningMarket(folder / "var", free_port(), folder / "log", demo=False)
    try:
        market.start()
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", commands()],
            cwd=tmp_path,
            env={
                "PATH": market.environment["PATH"],
                "MARKET_URL": market.base_url,
                "ADMIN_PASSWORD": first_password(market.said()),
            },
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
    finally:
        if market.child is not None:
            market.stop()
        shutil.rmtree(folder, ignore_errors=True)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    # What each slip was told.
    for words in ("did you mean filename", "403 ", "400 ", "409 "):
        assert words in done.stdout, f"{words!r} was not told:\n{done.stdout}"
    assert done.stdout.count("true\n") == 3
    # The quality of a file that got worse, and the suite by which it was judged.
    for words in ('["between:pm25","1000","800"]', '"changes":[]', "station_id", '"status":"passed"'):
        assert words in done.stdout, f"{words!r} was not told:\n{done.stdout}"
    assert "failed\n" in done.stdout
