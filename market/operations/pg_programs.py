"""PostgreSQL's own programs, ``pg_dump`` and ``pg_restore``: found in the right version, and run on a database."""

import os
import shutil
import subprocess
from pathlib import Path

import sqlalchemy as sa

from infra.postgres_host import packaged_programs
from market.operations.errors import CommandFailed

_LONGEST_SAID = 400


def program(name: str, server_major: int) -> Path:
    """``pg_dump`` that can read the server: the one that is carried, or a newer one on PATH for a newer server."""
    carried = packaged_programs() / name
    if server_major <= _major(carried):
        return carried
    found = shutil.which(name)
    if found is None or _major(Path(found)) < server_major:
        raise CommandFailed(
            f"The server is PostgreSQL {server_major} and no {name} of that version is on PATH: "
            f"install postgresql-client-{server_major}."
        )
    return Path(found)


def _major(program: Path) -> int:
    said = subprocess.run([str(program), "--version"], capture_output=True, text=True, check=True).stdout
    return int(said.split()[2].split(".")[0])


def run(program: Path, arguments: list[str], url: str) -> None:
    """Run a program on the database at an address.

    :raises CommandFailed: it failed; the text says what it said.
    """
    password = sa.make_url(url).password
    environment = os.environ | ({"PGPASSWORD": str(password)} if password else {})
    done = subprocess.run(
        [str(program), f"--dbname={_passwordless(url)}", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env=environment | {"LC_ALL": "C"},
        check=False,
    )
    if done.returncode != 0:
        said = " ".join(done.stderr.split())[:_LONGEST_SAID]
        raise CommandFailed(f"{program.name} failed: {said}")


def libpq(url: str) -> str:
    """An address as PostgreSQL's own library and asyncpg read it, with its password."""
    return sa.make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def _passwordless(url: str) -> str:
    # The password travels in the environment: command lines are for everybody to read.
    address = sa.make_url(url).set(drivername="postgresql")
    return sa.URL.create(
        "postgresql", address.username, None, address.host, address.port, address.database, address.query
    ).render_as_string()
