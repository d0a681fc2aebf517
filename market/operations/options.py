"""Options that several commands share."""

from pathlib import Path

import typer


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
