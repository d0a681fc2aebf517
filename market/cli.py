"""The ``market`` command.

Everything is imported where it is used: help comes at once, and each process loads only what it needs.
"""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from market.operations import admin_command, jobs_command, keys_command
from market.operations.options import DataDir, data_folder, settings_of

if TYPE_CHECKING:
    from rich.console import Console


app = typer.Typer(
    name="market",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

app.add_typer(admin_command.app)
app.add_typer(jobs_command.app)
app.add_typer(keys_command.app)

Port = Annotated[
    int | None,
    typer.Option(
        "--port",
        min=1,
        max=65535,
        help="Port to listen on. [default: MARKET_PORT or 8000]",
        show_default=False,
    ),
]


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"market {version('data-market')}")
        raise typer.Exit


@app.callback(epilog="Options of a command follow its name: market COMMAND --port 8080")
def begin(
    _: Annotated[
        bool,
        typer.Option(
            "--version", "-V", is_eager=True, callback=_show_version, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """A market in which public data becomes an asset that earns: list it, measure it, price it, license it, meter every
    call and settle the money.

    Start with: market up --demo
    """


@app.command()
def up(
    demo: Annotated[
        bool, typer.Option("--demo", help="Play one whole trade once the service is ready.")
    ] = False,
    data_dir: DataDir = None,
    port: Port = None,
) -> None:
    """Start everything on this machine and keep it running until Ctrl-C.

    Without DATABASE_URL an embedded PostgreSQL is started in the data folder; the schema is brought up to date, and the
    first start makes a platform administrator, whose password is shown once.
    """
    settings = settings_of(data_dir, port)
    from infra.telemetry import configure_logging, logs
    from market.operations.supervisor import Supervisor

    # A terminal that is stopped, or a file on a full volume, holds nothing up.
    logs.take_over_streams()
    console = _console()
    # What the processes log goes into files; the terminal is for what a person has to know.
    configure_logging(settings.model_copy(update={"log_level": "ERROR"}))

    async def after_ready(password: str | None) -> None:
        if demo:
            from market.demo import launch
            from market.operations.errors import CommandFailed

            try:
                await launch.play_after_start(settings, console, password)
            except CommandFailed as error:
                console.print(f"market: {error}", markup=False, highlight=False, soft_wrap=True)
        console.print("Running. Ctrl-C stops everything.")

    asyncio.run(Supervisor(settings, console).run(after_ready))


@app.command()
def serve(data_dir: DataDir = None, port: Port = None) -> None:
    """Run the API alone, for set-ups that start the worker themselves.

    The schema must be up to date: run market migrate first.
    """
    settings = settings_of(data_dir, port)
    from market.operations.serving import SUPERVISED
    from market.operations.serving import serve as serve_here

    if SUPERVISED in os.environ:
        # The supervisor has seen to the database; this process stays small, for it only minds the serving one.
        serve_here(settings)
        return
    from infra.addresses import service_url
    from infra.migrations import runner
    from market.operations.database import reachable

    with reachable(settings, start=False) as found:
        url = service_url(found)
        asyncio.run(runner.check(url, time_zone=found.time_zone))
        os.environ["DATABASE_SERVICE_URL"] = url
        serve_here(found)


@app.command()
def worker(data_dir: DataDir = None) -> None:
    """Run the worker alone: background jobs and schedules."""
    settings = settings_of(data_dir)
    from market.operations.serving import SUPERVISED, exit_with_supervisor, lower_priority

    exit_with_supervisor()
    lower_priority()
    from infra import telemetry
    from market.operations.database import reachable
    from market.operations.worker import run

    telemetry.logs.take_over_streams()
    telemetry.configure(settings, component="worker")
    try:
        if SUPERVISED in os.environ:
            # The supervisor has seen to the database; should it be away just now, the worker waits for it.
            asyncio.run(run(settings))
            return
        with reachable(settings, start=False) as found:
            asyncio.run(run(found))
    finally:
        telemetry.shutdown()


@app.command()
def migrate(
    administrator: Annotated[
        bool,
        typer.Option(
            "--administrator",
            help="Make the first platform administrator too, and show the password this once.",
        ),
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Bring the database's schema to what this version needs, and see to the service's login.

    Needs the owner's address in DATABASE_URL; without it the embedded PostgreSQL is used.
    """
    settings = settings_of(data_dir)
    from infra.migrations import runner
    from market.operations import database

    with database.reachable(settings, start=True) as found:
        asyncio.run(database.migrate(found))
        typer.echo(f"The schema is at {runner.head()}.")
        password = asyncio.run(database.first_administrator(found)) if administrator else None
    if password is not None:
        typer.echo(f"First administrator: {settings.admin_email}  password {password}  (shown this once)")


@app.command()
def restore_administrator(
    email: Annotated[str, typer.Argument(help="Sign-in name of the administrator.", show_default=False)],
    data_dir: DataDir = None,
) -> None:
    """Let a platform administrator in when none can sign in any more, and show the password this once.

    The address gets an account in the organisation that runs the market, or a new password for the one it has there,
    whose sessions end. The audit log says so. Works while the service runs.
    """
    settings = settings_of(data_dir)
    from market.operations import database

    database.require_data(settings)
    with database.reachable(settings, start=True) as found:
        password = asyncio.run(database.restore_administrator(found, email))
    typer.echo(f"Administrator: {email}  password {password}  (shown this once)")


@app.command()
def demo(
    file: Annotated[
        Path | None,
        typer.Option(
            "--file",
            help="Play it with this CSV, TSV, JSON Lines, Parquet or Arrow file instead of made-up city data.",
            show_default=False,
        ),
    ] = None,
    json_out: Annotated[
        Path | None,
        typer.Option(
            "--json", help="Write what was made (ids, logins, licence, curl line) here.", show_default=False
        ),
    ] = None,
    data_dir: DataDir = None,
    port: Port = None,
) -> None:
    """Play one whole trade against the running service, each step as its own person."""
    settings = settings_of(data_dir, port)
    from market.demo import launch

    launch.play(settings, _console(), file=file, json_out=json_out)


@app.command()
def openapi() -> None:
    """Print the OpenAPI document of the service. Needs no database."""
    from infra.settings import Settings
    from market.app import create_app

    application = create_app(Settings(_env_file=None), database_url="postgresql://nowhere/market")
    typer.echo(
        json.dumps(application.openapi_schema.to_schema(), indent=2, sort_keys=True, ensure_ascii=False)
    )


@app.command()
def backup(
    destination: Annotated[Path, typer.Argument(help="A new folder, or an empty one.")],
    keys: Annotated[
        Path | None,
        typer.Option("--keys", help="A new folder for the keys.", show_default="DESTINATION-keys"),
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Copy everything that matters into a folder, while the service runs, and its keys into another.

    The keys (signing keys, master key, the demo's passwords) are in the clear. Keep the two folders in different
    places: each alone opens nothing.
    """
    settings = settings_of(data_dir)
    from market.operations.backup import back_up
    from market.operations.database import reachable, require_data

    require_data(settings)
    with reachable(settings, start=True) as found:
        asyncio.run(back_up(found, destination, typer.echo, keys=keys))
    typer.echo(f"Backed up to {destination}")


@app.command()
def restore(
    source: Annotated[Path, typer.Argument(help="A folder that market backup made.")],
    data_dir: Annotated[
        Path,
        typer.Option(
            "--data-dir",
            parser=data_folder,
            metavar="FOLDER",
            help="A new data folder.",
            show_default=False,
        ),
    ],
    keys: Annotated[
        Path | None,
        typer.Option("--keys", help="The folder with the backup's keys.", show_default="SOURCE-keys"),
    ] = None,
    purges: Annotated[
        Path | None,
        typer.Option(
            "--purges", help="A folder that market purges wrote, or a later backup.", show_default=False
        ),
    ] = None,
    no_purges: Annotated[
        bool, typer.Option("--no-purges", help="Nothing was purged since the backup was made.")
    ] = False,
) -> None:
    """Bring a backup to life in a new data folder, with its own embedded PostgreSQL.

    Every file and key is checked against the manifest first, and every table afterwards. What was purged since is
    purged again: a backup that lies where it was made was marked with it, for any other say what was.
    """
    settings = settings_of(data_dir).model_copy(update={"database_url": None, "database_service_url": None})
    from market.operations.restore import restore as bring_back

    asyncio.run(bring_back(settings, source, typer.echo, keys=keys, purged=purges, nothing_purged=no_purges))
    typer.echo(f"Restored. Start it with: market up --data-dir {data_dir}")


@app.command()
def purges(
    destination: Annotated[
        Path | None, typer.Argument(help="A folder for the notes of purges.", show_default=False)
    ] = None,
    scrub: Annotated[
        bool,
        typer.Option(
            "--scrub", help="Rewrite the tables that held purged data; uploads and calls wait meanwhile."
        ),
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """List what was purged and which backups hold it, and write the notes that a restore of an old backup needs.

    The notes name revisions and orders, and hold nothing of the data.
    """
    settings = settings_of(data_dir)
    from market.operations import purged_again
    from market.operations.database import reachable, require_data

    require_data(settings)
    with reachable(settings, start=True) as found:
        asyncio.run(purged_again.report(found, destination, typer.echo))
        if scrub:
            asyncio.run(purged_again.scrub(found, typer.echo))


def main() -> None:
    """Run the command; what a person can fix is reported in one line, without a traceback."""
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        from market.operations.errors import one_line

        line = one_line(error)
        if line is None:
            raise
        typer.echo(f"market: {line}", err=True)
        sys.exit(1)
    finally:
        if (logs := sys.modules.get("infra.telemetry.logs")) is not None:
            logs.drain()


def _console() -> "Console":
    from rich.console import Console

    return Console()


if __name__ == "__main__":
    main()
