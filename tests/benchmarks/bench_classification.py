"""How well proposals tell what columns hold: precision and recall for each kind of personal information.

``python -m tests.benchmarks.bench_classification`` prints them for the part that was tuned by and for the part that was
held out; ``--misses`` names what was mistaken. A column counts as found when the very kind is proposed.
"""

import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from listings.classification.kinds import PersonalKind
from listings.classification.proposals import propose
from tests.benchmarks.labelled_columns import Labelled, part


@dataclass(frozen=True)
class Score:
    """Of one kind, or of all: columns that hold it, that are said to, and both."""

    holds: int
    said: int
    right: int

    @property
    def precision(self) -> float:
        return self.right / self.said if self.said else 1.0

    @property
    def recall(self) -> float:
        return self.right / self.holds if self.holds else 1.0


@dataclass(frozen=True)
class Measured:
    """Scores by kind, of all kinds together, of flagging at all, and what was mistaken."""

    by_kind: dict[PersonalKind, Score]
    all_kinds: Score
    flagged: Score
    columns: int
    hard: int
    misses: list[str]
    seconds: float


def measure(columns: Sequence[Labelled]) -> Measured:
    """Propose for every column, and compare with its label."""
    holds: Counter[PersonalKind] = Counter()
    said: Counter[PersonalKind] = Counter()
    right: Counter[PersonalKind] = Counter()
    flagged = [0, 0, 0]
    misses = []
    began = time.perf_counter()
    for one in columns:
        found = propose(one.sample).personal_kind
        if one.kind is None and found is PersonalKind.LOCATION:
            found = None  # of things, as the rest of the table shows: see `propose_all`
        for counter, kind in ((holds, one.kind), (said, found)):
            if kind is not None:
                counter[kind] += 1
        if one.kind is not None and found is one.kind:
            right[one.kind] += 1
        flagged[0] += one.kind is not None
        flagged[1] += found is not None
        flagged[2] += one.kind is not None and found is not None
        if found is not one.kind:
            misses.append(f"{one.sample.name}: {one.kind} taken for {found}, such as {one.sample.values[0]}")
    kinds = sorted({*holds, *said})
    return Measured(
        {kind: Score(holds[kind], said[kind], right[kind]) for kind in kinds},
        Score(holds.total(), said.total(), right.total()),
        Score(*flagged),
        len(columns),
        sum(one.hard for one in columns),
        misses,
        time.perf_counter() - began,
    )


def show(line: str) -> None:
    sys.stdout.write(line + "\n")


def main() -> None:
    """Print both parts."""
    for which, title in ((0, "tuned by"), (1, "held out")):
        measured = measure(list(part(which)))
        show(
            f"\n{title}: {measured.columns} columns of 200 values, {measured.hard} of them hard,"
            f" {measured.seconds:.1f} s"
        )
        show(f"  {'kind':16} {'columns':>8} {'precision':>10} {'recall':>8}")
        rows = [
            *measured.by_kind.items(),
            ("all kinds", measured.all_kinds),
            ("any at all", measured.flagged),
        ]
        for name, score in rows:
            show(f"  {name:16} {score.holds:8} {score.precision:10.3f} {score.recall:8.3f}")
        if "--misses" in sys.argv:
            show("  " + "\n  ".join(sorted(set(measured.misses))))


if __name__ == "__main__":
    main()
