"""Options that several commands share."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from infra.settings import Settings


def data_folder(text: str) -> Path:
    """The value of ``--data-dir``.

    :raises typer.BadParameter: it is empty, which would be the folder one stands in, or a file.
    """
    if not text.strip():
        raise typer.BadParameter("it is empty; name a folder.")
    folder = Path(text)
    if folder.exists() and not folder.is_dir():
        raise typer.BadParameter(f"{folder} is a file; name a folder.")
    return folder


DataDir = Annotated[
    Path | None,
    typer.Option(
        "--data-dir",
        parser=data_folder,
        metavar="FOLDER",
        help="Folder of the service's data: files, keys and the embedded database. [default: MARKET_DATA_DIR or ./var]",
        show_default=False,
    ),
]


def settings_of(data_dir: Path | None = None, port: int | None = None) -> "Settings":
    """Settings of the environment; options go before it, for the processes started from here too."""
    if data_dir is not None:
        os.environ["MARKET_DATA_DIR"] = str(data_dir.absolute())
    if port is not None:
        os.environ["MARKET_PORT"] = str(port)
    from infra.settings import Settings

    return Settings()
