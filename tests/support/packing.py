"""Files packed in the ways that uploads come in."""

import io
import tarfile
import zipfile

import pyarrow as pa


def zstd(content: bytes) -> bytes:
    """A Zstandard frame."""
    return bytes(pa.compress(content, codec="zstd", asbytes=True))


def archive(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A ZIP archive of these files by name."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as opened:
        for name, content in files.items():
            opened.writestr(name, content)
    return made.getvalue()


def tar(content: bytes) -> bytes:
    """A tar archive of one file."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as opened:
        info = tarfile.TarInfo("a.csv")
        info.size = len(content)
        opened.addfile(info, io.BytesIO(content))
    return made.getvalue()
