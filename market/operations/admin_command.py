"""The ``market admin`` commands: a way back for the platform's own people, in the hands of whoever runs the machine.

That person could read the keys and the database anyway; the audit log says what was done. Both work while the service
runs.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from market.operations.options import DataDir, settings_of

if TYPE_CHECKING:
    from infra.settings import Settings

ResultT = TypeVar("ResultT")

app = typer.Typer(
    name="admin",
    help="A way back for those who run the market: a new password, a lost second factor.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
Email = Annotated[str, typer.Argument(help="Sign-in name of the person.", show_default=False)]


@app.command()
def reset_password(email: Email, data_dir: DataDir = None) -> None:
    """Make a one-time link for a new password of somebody who runs the market. The second factor stays.

    It ends when it is used, after half an hour (MARKET_PASSWORD_RESET_MINUTES), or when the person signs in.
    """
    from market.operations import database

    settings, token = _run(data_dir, lambda found: database.issue_password_reset(found, email))
    typer.echo(f"Token: {token}  (shown this once, good for {settings.password_reset_minutes} minutes)")
    typer.echo(
        f"Set the password: curl {settings.base_url}/v1/password-resets/acceptance"
        f' --json \'{{"token": "{token}", "new_password": "..."}}\''
    )


@app.command()
def reset_second_factor(email: Email, data_dir: DataDir = None) -> None:
    """Remove the second factor of somebody who runs the market, who enrols another one at the next sign-in."""
    from market.operations import database

    _, had = _run(data_dir, lambda found: database.reset_second_factor(found, email))
    typer.echo(f"The second factor of {email} is removed." if had else f"{email} has no second factor.")


def _run(
    data_dir: Path | None, work: "Callable[[Settings], Awaitable[ResultT]]"
) -> "tuple[Settings, ResultT]":
    from market.operations import database

    settings = settings_of(data_dir)
    database.require_data(settings)
    with database.reachable(settings, start=True) as found:

        async def do() -> ResultT:
            return await work(found)

        return settings, asyncio.run(do())
