"""The ``market keys`` commands: which keys sign, and the next one. All of them work while the service runs."""

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from market.operations.options import DataDir, settings_of

if TYPE_CHECKING:
    from infra.key_folder import KeyRecord

app = typer.Typer(
    name="keys",
    help="Signing keys: list them, go over to a new one, end a stolen one, destroy those that ran out.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command("list")
def list_keys(data_dir: DataDir = None) -> None:
    """List every key: its id, where it stands, since when it signs, and until when what it signed is accepted."""
    from infra import key_folder

    moment = time.time()
    records = key_folder.read(_folder(data_dir))
    status = key_folder.status_of(records, moment)
    for record in reversed(records):
        typer.echo(f"{record.kid}  {status[record.kid].value:9}  {_times(record)}")


@app.command()
def rotate(
    publish_minutes: Annotated[
        int,
        typer.Option(
            min=0,
            max=10_080,
            help="How long the new key is published before it signs, for those who keep the published keys.",
        ),
    ] = 10,
    data_dir: DataDir = None,
) -> None:
    """Make a new key. It is published now and signs after a while; every running process follows by itself.

    What the former key signed stays valid until its last token has expired, a week after it signed for the last time.
    """
    from infra import key_folder

    new = key_folder.rotate(_folder(data_dir), time.time(), publish_seconds=publish_minutes * 60)
    typer.echo(f"The key {new.kid} is published and signs from {_moment(new.signs_from)}.")


# One key id in 64 begins with a dash, and is no option.
@app.command(context_settings={"ignore_unknown_options": True})
def revoke(
    kid: Annotated[str, typer.Argument(help="The key that was stolen, as market keys list names it.")],
    data_dir: DataDir = None,
) -> None:
    """End a stolen key at once: within a second every running process refuses what it signed.

    Where it was the one that signs, another does from now on. Programs get new tokens at POST /oauth/token, buyers at
    POST /v1/licences/{licence_id}/tokens, with what they have.
    """
    from infra import key_folder

    signing = key_folder.revoke(_folder(data_dir), kid, time.time())
    typer.echo(f"What {kid} signed is refused. The key {signing.kid} signs.")


@app.command()
def retire(data_dir: DataDir = None) -> None:
    """Destroy the private halves of the keys whose last token has expired. A rotation does it too."""
    from infra import key_folder

    folder = _folder(data_dir)
    gone = key_folder.retire(folder, time.time())
    for kid in gone:
        typer.echo(f"Destroyed: {kid}")
    if not gone:
        typer.echo("No key has run out: market keys list says when one does.")


def _folder(data_dir: Path | None) -> Path:
    from infra import key_folder
    from market.operations.errors import CommandFailed

    settings = settings_of(data_dir)
    if not settings.keys_dir.is_dir():
        raise CommandFailed(
            f"There are no keys in {settings.keys_dir}: name the data folder with --data-dir, or start the service,"
            " which makes the first one."
        )
    key_folder.prepare(settings.keys_dir, time.time())
    return settings.keys_dir


def _times(record: "KeyRecord") -> str:
    if record.revoked_at is not None:
        return f"revoked {_moment(record.revoked_at)}"
    since = (
        f"signs from {_moment(record.signs_from)}" if record.signs_from > 1 else "signs from the first start"
    )
    return (
        since
        if record.accepted_until is None
        else f"{since}, accepted until {_moment(record.accepted_until)}"
    )


def _moment(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
