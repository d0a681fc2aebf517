"""A proposed suite from what is known of a product. Pure.

See the package for what proposals may rest on.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from infra.labels import Label
from quality.checks import Check, CheckType, Dimension, Severity, Tolerance
from quality.limits import MAX_CHECKS, MAX_SUITE_BYTES
from quality.proposals.admission import admit
from quality.proposals.budgets import budget, percent, wider, within_budget
from quality.proposals.columns import about_column, is_optional, words_of
from quality.proposals.drift import distributions, row_band
from quality.proposals.facts import (
    DATED,
    NUMERIC,
    ColumnFacts,
    FileFacts,
    KeyFacts,
    Meaning,
    Proposal,
    Reference,
)
from quality.proposals.vocabulary import CODE_NAMES, FUTURE, KEY_NAMES, PAIRS

MIN_KEY_ROWS = 20
MIN_BAND_ROWS = 20
NAMED_KEY_PERCENT = 80
"""Percent of the rows that differ in a column whose name says that it identifies: fewer, and it is a reference."""

KEY_PERCENT = 99
_KEY_TOLERANCE = "1"
_MAX_REFERENCES = 20

_ORDER = (
    CheckType.ROW_COUNT,
    CheckType.NO_REPEATED_ROWS,
    CheckType.UNIQUE,
    CheckType.UNIQUE_TOGETHER,
    CheckType.REFERENCES,
    CheckType.IN_SET,
    CheckType.MATCHES,
    CheckType.NOT_LESS,
    CheckType.BETWEEN,
    CheckType.RECENT,
    CheckType.NOT_AFTER_ARRIVAL,
    CheckType.NOT_NULL,
    CheckType.INCREASING,
    CheckType.CONTAINS_ALL,
    CheckType.WELL_FORMED,
    CheckType.DISTRIBUTION,
)
"""Most telling first: what does not fit is left out from the end."""


@dataclass(frozen=True, slots=True)
class ProposedSuite:
    """Proposals, the most telling first.

    :param left_out: what a suite had no room for, in words; None when nothing was left out.
    """

    proposals: tuple[Proposal, ...]
    left_out: Label | None = None


def propose(
    file: FileFacts,
    *,
    meanings: Mapping[str, Meaning] | None = None,
    earlier: Sequence[FileFacts] = (),
    within: str | None = None,
    references: Sequence[Reference] = (),
) -> list[Proposal]:
    """Checks for a product whose newest revision is this, the most telling first; at most ``MAX_CHECKS``.

    :param meanings: what the dictionary says, by column; one that is absent is known by its name only.
    :param earlier: what is known of earlier revisions, in any order.
    :param within: how old the newest value may be on arrival, by what the product promises: an ISO 8601 duration.
    :param references: columns of other products that the operator may read.
    """
    return list(
        propose_suite(
            file, meanings=meanings, earlier=earlier, within=within, references=references
        ).proposals
    )


def propose_suite(
    file: FileFacts,
    *,
    meanings: Mapping[str, Meaning] | None = None,
    earlier: Sequence[FileFacts] = (),
    within: str | None = None,
    references: Sequence[Reference] = (),
) -> ProposedSuite:
    """As :func:`propose`, and tells what was left out."""
    known = {fact.name: (meanings or {}).get(fact.name, Meaning()) for fact in file.columns}
    found = [*_table(file), *_band(file, earlier), *_keys(file, known), *_references(file, references)]
    found += _pairs(file, known)
    for fact in file.columns:
        found += about_column(fact, known[fact.name], file.rows)
    if within is not None:
        found += _recent(file, known, within)
    found += distributions(file, earlier, known)
    found.sort(key=_rank)
    kept, left_out = admit(found, {fact.name: fact.kind for fact in file.columns})
    return ProposedSuite(tuple(kept), _left_out(left_out))


def _rank(proposal: Proposal) -> tuple[int, bool]:
    check = proposal.check
    return _ORDER.index(check.type), check.name.startswith("fence:")


def _table(file: FileFacts) -> Iterator[Proposal]:
    arguments = {"minimum": "1"}
    basis = Label("空文件没有可卖之物", "an empty file holds nothing to sell")
    if file.rows:
        arguments["expected"] = str(file.rows)
        basis = Label(
            f"本版本有 {file.rows:,} 行；行数更少的版本，缺少的行计入完整性",
            f"this revision has {file.rows:,} {'row' if file.rows == 1 else 'rows'}; rows that a later one lacks"
            " count against completeness",
        )
    yield Proposal(
        Check(CheckType.ROW_COUNT, (), Dimension.COMPLETENESS, arguments, severity=Severity.BLOCKING), basis
    )
    yield Proposal(
        Check(CheckType.NO_REPEATED_ROWS, (), Dimension.ACCURACY),
        Label("每个文件都查重复行", "every file is checked for rows that repeat"),
    )


def _band(file: FileFacts, earlier: Sequence[FileFacts]) -> list[Proposal]:
    return [row_band(file, earlier)] if file.rows >= MIN_BAND_ROWS else []


def _keys(file: FileFacts, known: Mapping[str, Meaning]) -> Iterator[Proposal]:
    """Columns that a name says identify a row, or that hardly repeat; else pairs or triples that do so together."""
    if file.rows < MIN_KEY_ROWS:
        return
    named = [fact for fact in file.columns if _is_named_key(fact, known[fact.name], file.rows)]
    for fact in named:
        check = Check(
            CheckType.UNIQUE,
            (fact.name,),
            Dimension.ACCURACY,
            severity=Severity.BLOCKING,
            tolerance=Tolerance(_KEY_TOLERANCE),
        )
        told = _differ(fact, file.rows)
        yield Proposal(
            check,
            Label(f"名称表明它标识一行，{told.zh}", f"its name says that it identifies a row, and {told.en}"),
        )
    others = [fact for fact in file.columns if fact not in named and _hardly_repeats(fact, file.rows)]
    if named:
        return
    for fact in others:
        yield Proposal(Check(CheckType.UNIQUE, (fact.name,), Dimension.ACCURACY), _differ(fact, file.rows))
    if others:
        return
    by_name = {fact.name: fact for fact in file.columns}
    together = [_key_together(key, by_name, known) for key in file.keys]
    certain = [proposal for proposal in together if proposal.check.severity is Severity.BLOCKING]
    yield from certain or together


def _key_together(
    key: KeyFacts, by_name: Mapping[str, ColumnFacts], known: Mapping[str, Meaning]
) -> Proposal:
    facts = [by_name[name] for name in key.columns]
    certain = any(fact.kind in DATED for fact in facts) and any(
        CODE_NAMES.search(words_of(fact, known[fact.name])) for fact in facts
    )
    check = Check(
        CheckType.UNIQUE_TOGETHER,
        key.columns,
        Dimension.ACCURACY,
        severity=Severity.BLOCKING if certain else Severity.WARNING,
        tolerance=Tolerance(_KEY_TOLERANCE) if certain else Tolerance(),
    )
    repeats = key.sampled - key.distinct
    return Proposal(
        check,
        Label(
            f"看过的 {key.sampled:,} 行中有 {repeats:,} 行重复此组合",
            f"of {key.sampled:,} rows looked at {repeats:,} {'repeats' if repeats == 1 else 'repeat'} the combination",
        ),
    )


def _is_named_key(fact: ColumnFacts, meaning: Meaning, rows: int) -> bool:
    present = rows - fact.nulls
    return (
        fact.kind in {"text", "integer"}
        and within_budget(fact.nulls, rows)
        and 100 * fact.distinct >= NAMED_KEY_PERCENT * present
        and KEY_NAMES.search(words_of(fact, meaning)) is not None
    )


def _hardly_repeats(fact: ColumnFacts, rows: int) -> bool:
    if fact.nulls or 100 * fact.distinct < KEY_PERCENT * rows:
        return False
    if fact.kind == "integer":
        return fact.distinct == rows or not fact.distinct_exact
    return fact.kind in DATED or (fact.kind == "text" and (fact.shape is not None or fact.distinct == rows))


def _differ(fact: ColumnFacts, rows: int) -> Label:
    share = percent(min(fact.distinct, rows), rows)
    about = Label("", "") if fact.distinct_exact else Label("约 ", "about ")
    return Label(f"{about.zh}{share}% 的行各不相同", f"{about.en}{share}% of the rows differ in it")


def _references(file: FileFacts, references: Sequence[Reference]) -> Iterator[Proposal]:
    kinds = {fact.name: fact for fact in file.columns}
    offered = [
        reference
        for reference in references
        if reference.column in kinds
        and kinds[reference.column].kind == reference.kind
        and reference.kind in {"text", "integer"}
    ]
    named: Counter[str] = Counter()
    for reference in offered[:_MAX_REFERENCES]:
        named[reference.column] += 1
        fact = kinds[reference.column]
        check = Check(
            CheckType.REFERENCES,
            (fact.name,),
            Dimension.CONSISTENCY,
            {"product_id": reference.product_id, "column": reference.column},
            tolerance=budget(fact.nulls, file.rows),
            # Everybody reads the names of checks; which product it is they need not know.
            name=f"references:{fact.name}:{named[fact.name]}",
        )
        yield Proposal(
            check,
            Label(
                f"产品“{reference.title.zh}”有同名的列",
                f"the product {reference.title.en!r} has a column so called",
            ),
        )


def _pairs(file: FileFacts, known: Mapping[str, Meaning]) -> Iterator[Proposal]:
    by_name = {fact.name.lower(): fact for fact in file.columns}
    told: set[tuple[str, str]] = set()
    for name, greater in by_name.items():
        for pattern, template in PAIRS:
            if not re.fullmatch(pattern, name):
                continue
            lesser = by_name.get(re.sub(f"^{pattern}$", template, name))
            if lesser is None or lesser is greater or (greater.name, lesser.name) in told:
                continue
            if not _same_kind(greater, lesser):
                continue
            told.add((greater.name, lesser.name))
            if is_optional(greater, known[greater.name]) or is_optional(lesser, known[lesser.name]):
                continue
            limit = wider(budget(greater.nulls + lesser.nulls, file.rows))
            yield Proposal(
                Check(
                    CheckType.NOT_LESS, (greater.name, lesser.name), Dimension.CONSISTENCY, tolerance=limit
                ),
                Label(
                    f"按名称，{greater.name} 不应小于 {lesser.name}",
                    f"by their names {greater.name} is not less than {lesser.name}",
                ),
            )


def _same_kind(one: ColumnFacts, other: ColumnFacts) -> bool:
    return {one.kind, other.kind} <= NUMERIC or (one.kind == other.kind and one.kind in DATED)


def _recent(file: FileFacts, known: Mapping[str, Meaning], within: str) -> Iterator[Proposal]:
    """Of the columns of times that have happened, the one of the most values."""
    times = [
        fact
        for fact in file.columns
        if fact.kind in DATED
        and fact.nulls < file.rows
        and not FUTURE.search(words_of(fact, known[fact.name]))
        and not is_optional(fact, known[fact.name])
    ]
    if times:
        newest = max(times, key=lambda fact: fact.distinct)
        yield Proposal(
            Check(CheckType.RECENT, (newest.name,), Dimension.TIMELINESS, {"within": within}),
            Label("产品承诺的更新频率", "the update frequency that the product promises"),
        )


def _left_out(proposals: Sequence[Proposal]) -> Label | None:
    if not proposals:
        return None
    counts = Counter(proposal.check.type.value for proposal in proposals)
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in counts.items())
    room = f"{MAX_SUITE_BYTES // 1024:,} KiB"
    return Label(
        f"一个检查套件至多有 {MAX_CHECKS:,} 项检查、{room}，另有 {len(proposals):,} 项未列入：{kinds}",
        f"A suite takes {MAX_CHECKS:,} checks in {room}; {len(proposals):,} more were left out: {kinds}",
    )
