"""The ``market jobs`` commands."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from market.operations.options import DataDir, settings_of

if TYPE_CHECKING:
    from infra.settings import Settings

ResultT = TypeVar("ResultT")

app = typer.Typer(
    name="jobs",
    help="Events and jobs that failed for the last time: list, show, retry or drop them.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
HeldId = Annotated[str, typer.Argument(metavar="ID", help="The first word of a line of market jobs list.")]


@app.command("list")
def list_held(data_dir: DataDir = None) -> None:
    """List what is held: events (by UUID, with their subscriber) and jobs (by number), the newest first of each."""
    from market.operations import held

    lines = _run(data_dir, held.list_held)
    typer.echo("\n".join(lines) if lines else "Nothing is held.")


@app.command()
def show(held_id: HeldId, data_dir: DataDir = None) -> None:
    """Print everything about one as JSON: what it is about, its attempts, its last error."""
    from market.operations import held

    found = _run(data_dir, lambda settings: held.show(settings, held_id))
    typer.echo(json.dumps(found, indent=2, ensure_ascii=False))


@app.command()
def retry(held_id: HeldId, data_dir: DataDir = None) -> None:
    """Try one again, with all its attempts. What waits behind an event follows it."""
    from market.operations import held

    _run(data_dir, lambda settings: held.retry(settings, held_id))
    typer.echo(f"{held_id} is tried again.")


@app.command()
def drop(
    held_id: HeldId,
    reason: Annotated[str, typer.Option("--reason", help="Why; kept in the audit log.", show_default=False)],
    data_dir: DataDir = None,
) -> None:
    """Give one up, for good. What waits behind an event is delivered."""
    from market.operations import held

    _run(data_dir, lambda settings: held.drop(settings, held_id, reason))
    typer.echo(f"{held_id} is dropped.")


def _run(data_dir: Path | None, work: "Callable[[Settings], Awaitable[ResultT]]") -> ResultT:
    from infra.telemetry import configure_logging
    from market.operations.database import reachable, require_data

    settings = settings_of(data_dir)
    require_data(settings)
    configure_logging(settings.model_copy(update={"log_level": "ERROR"}))

    async def run(found: "Settings") -> ResultT:
        return await work(found)

    with reachable(settings, start=False) as found:
        return asyncio.run(run(found))
