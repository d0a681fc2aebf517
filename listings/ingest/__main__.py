"""The child process: ``python -m listings.ingest SRC DST --name NAME``.

Prints one JSON document on standard output: ``{"result": …}`` with exit status 0, or ``{"problem": …}`` with
exit status 1. Any other ending (a signal, no output) means that the process was stopped or fell.
"""

import argparse
import json
import sys
from pathlib import Path

from listings.ingest.limits import Limits, confine
from listings.ingest.problems import Refusal, too_large


def main(arguments: list[str] | None = None) -> int:
    """Convert one file and print the outcome.

    :returns: the exit status, 0 for a revision and 1 for a refusal.
    """
    parser = argparse.ArgumentParser(
        prog="python -m listings.ingest", description="Convert a CSV, TSV, JSON Lines, Parquet or Arrow file."
    )
    parser.add_argument("source", type=Path, help="the file as it was uploaded")
    parser.add_argument("target", type=Path, help="where the Parquet file goes; appears whole or not at all")
    parser.add_argument("--name", default="", help="the file's original name, a hint to its format")
    parser.add_argument("--work", type=Path, help="folder for temporary files (default: beside the target)")
    parser.add_argument("--seconds", type=int, default=600, help="processor time allowed per thread")
    parser.add_argument("--limits", default="{}", help="a JSON object that changes single limits")
    parser.add_argument("--delimiter", help="of a CSV file; detected when not given")
    parser.add_argument("--header", choices=("yes", "no"), help="of a CSV file; detected when not given")
    parser.add_argument("--lenient", action="store_true", help="keep a mixed date column as text")
    given = parser.parse_args(arguments)
    limits = Limits(**json.loads(given.limits))
    confine(limits, given.seconds)
    from listings.ingest.pipeline import Wish, ingest  # after the limits: loads DuckDB

    header = None if given.header is None else given.header == "yes"
    wish = Wish(given.name or given.source.name, given.delimiter, header, strict=not given.lenient)
    try:
        answer = {"result": ingest(given.source, given.target, given.work, wish, limits).to_json()}
    except Refusal as refusal:
        answer = {"problem": refusal.to_json()}
    except MemoryError:
        answer = {"problem": too_large("it needs more memory than a conversion may use").to_json()}
    sys.stdout.write(json.dumps(answer) + "\n")
    return 0 if "result" in answer else 1


if __name__ == "__main__":
    sys.exit(main())
