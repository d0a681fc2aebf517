"""Released migrations and ``.sql`` files do not change: their checksums are kept in ``frozen.sha256``.

A database that was made by an older version has run the older text and never runs it again, so whatever is edited
afterwards is true of new databases only. To change something, add: a further migration, or a further version of a
function (``admit_calls.v3.sql``) with a migration that installs it. Then record what was added::

    python -m infra.migrations.frozen

which refuses to record anything else. ``sha256sum --check infra/migrations/frozen.sha256`` reads the file too.
"""

import sys
from hashlib import sha256
from pathlib import Path

from infra.migrations.sql_files import ROOT

MANIFEST = Path(__file__).with_name("frozen.sha256")
FLOORS = ("contracts", "infra", "listings", "market", "pricing", "quality")

CHANGED = (
    "{path} was released and is frozen: databases that have run it will not run it again. Take the change back"
    " (git checkout), and add a further migration or a further version of the function instead."
)
MISSING = "{path} was released and is gone: databases are upgraded through it. Bring it back."
NEW = "{path} is not recorded yet. When it is as it should be released: python -m infra.migrations.frozen"


def released_files(root: Path = ROOT) -> dict[str, str]:
    """Path → SHA-256 of every migration and every ``.sql`` file there is."""
    found = [*(root / "infra/migrations/versions").glob("[0-9]*.py")]
    for floor in FLOORS:
        found.extend((root / floor).rglob("sql/*.sql"))
    return {
        path.relative_to(root).as_posix(): sha256(path.read_bytes()).hexdigest() for path in sorted(found)
    }


def recorded(manifest: Path = MANIFEST) -> dict[str, str]:
    """Path → SHA-256 as recorded."""
    lines = (line.split("  ", 1) for line in manifest.read_text(encoding="utf-8").splitlines())
    return {path: digest for digest, path in lines}


def problems(root: Path = ROOT, manifest: Path = MANIFEST) -> list[str]:
    """What is not as it was released, each with what to do about it; empty when all is."""
    kept, found = recorded(manifest), released_files(root)
    return [
        *(CHANGED.format(path=path) for path in kept if path in found and found[path] != kept[path]),
        *(MISSING.format(path=path) for path in kept if path not in found),
        *(NEW.format(path=path) for path in found if path not in kept),
    ]


def record(root: Path = ROOT, manifest: Path = MANIFEST) -> list[str]:
    """Record the files that are new; answers what stands in the way of it, and then nothing is recorded."""
    kept, found = recorded(manifest), released_files(root)
    wrong = [problem for problem in problems(root, manifest) if problem.split(" ", 1)[0] in kept]
    if not wrong:
        lines = [f"{digest}  {path}\n" for path, digest in found.items()]
        manifest.write_text("".join(lines), encoding="utf-8")
    return wrong


if __name__ == "__main__":
    sys.exit("\n".join(record()) or None)
