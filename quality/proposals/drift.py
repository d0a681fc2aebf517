"""What earlier revisions say of the next: a band of rows, and how far the distribution of a column moves. Pure."""

from collections.abc import Iterator, Sequence
from decimal import ROUND_CEILING, Decimal
from fractions import Fraction

from infra.labels import Label
from quality.checks import Check, CheckType, Dimension
from quality.proposals.facts import NUMERIC, ColumnFacts, FileFacts, Meaning, Proposal

_DECILES = slice(0, 21, 2)
_LEAST_SAMPLED = 200
_LEAST_DISTANCE = Decimal("0.1")
_FACTOR = 2


def row_band(file: FileFacts, earlier: Sequence[FileFacts]) -> Proposal:
    """At least nine tenths of the fewest rows of a revision so far, and at most twice the most of several."""
    counts = sorted(one.rows for one in (file, *earlier))
    arguments = {"minimum": str(counts[0] * 9 // 10)}
    basis = Label(
        f"不少于首个版本行数的九成（{counts[0]:,} 行）", f"nine tenths of this revision's {counts[0]:,} rows"
    )
    if earlier:
        arguments["maximum"] = str(2 * counts[-1])
        basis = Label(
            f"{len(counts)} 个版本有 {counts[0]:,} 至 {counts[-1]:,} 行：不少于最少的九成，不多于最多的两倍",
            f"{len(counts)} revisions had {counts[0]:,} to {counts[-1]:,} rows: no fewer than nine tenths of the"
            " fewest, no more than twice the most",
        )
    check = Check(CheckType.ROW_COUNT, (), Dimension.COMPLETENESS, arguments, name="row_count:band")
    return Proposal(check, basis)


def distributions(
    file: FileFacts, earlier: Sequence[FileFacts], meanings: dict[str, Meaning]
) -> Iterator[Proposal]:
    """For each column that earlier revisions have too: no further from this one than twice what was seen."""
    for fact in file.columns:
        if meanings.get(fact.name, Meaning()).personal:
            continue
        before = [same for one in earlier for same in one.columns if _comparable(fact, same)]
        baseline = _baseline(fact)
        distances = [distance for same in before if (distance := distance_of(fact, same)) is not None]
        if baseline is None or not distances:
            continue
        seen = max(distances)
        limit = max(_LEAST_DISTANCE, _up(_FACTOR * seen))
        if limit >= 1:
            continue
        check = Check(
            CheckType.DISTRIBUTION,
            (fact.name,),
            Dimension.ACCURACY,
            {"baseline": baseline, "maximum": f"{limit.normalize():f}"},
        )
        yield Proposal(
            check,
            Label(
                f"与此前 {len(distances)} 个版本的最大差距为 {_up(seen)}，允许两倍，至少 {_LEAST_DISTANCE}",
                f"the largest distance from {_revisions(len(distances))} was {_up(seen)}; twice that, and at"
                f" least {_LEAST_DISTANCE}, is allowed",
            ),
        )


def distance_of(one: ColumnFacts, other: ColumnFacts) -> Fraction | None:
    """How far two distributions are apart, 0 to 1: total variation of shares, or of the ranks at the deciles."""
    if one.values and other.top_values:
        ours, theirs = one.shares, other.shares
        rests = [max(Fraction(0), 1 - sum(shares.values(), Fraction(0))) for shares in (ours, theirs)]
        apart = sum(
            (abs(ours.get(v, Fraction(0)) - theirs.get(v, Fraction(0))) for v in {*ours, *theirs}),
            abs(rests[0] - rests[1]),
        )
        return apart / 2
    if len(one.quantiles) != 21 or len(other.quantiles) != 21 or one.kind not in NUMERIC:
        return None
    points = [Decimal(text) for text in other.quantiles]
    steps = [Decimal(text) for text in one.quantiles]
    if not all(point.is_finite() for point in (*points, *steps)):
        return None
    return max(
        abs(Fraction(sum(point <= steps[place] for point in points), 21) - Fraction(place + 1, 21))
        for place in range(2, 19, 2)
    )


def _comparable(fact: ColumnFacts, same: ColumnFacts) -> bool:
    return (
        fact.name == same.name
        and (fact.kind == same.kind or {fact.kind, same.kind} <= NUMERIC)
        and min(fact.sampled, same.sampled) >= _LEAST_SAMPLED
    )


def _baseline(fact: ColumnFacts) -> dict[str, object] | None:
    """Shares are of all rows, since a missing value is one that the next revision should have no more of."""
    if fact.values and fact.top_values:
        return {
            "kind": "categories",
            "shares": {
                value: _exact(Fraction(count, fact.sampled)) for value, count in sorted(fact.top_values)
            },
        }
    if fact.kind in NUMERIC and len(fact.quantiles) == 21 and len(set(fact.quantiles[_DECILES])) > 5:
        missing = (
            {"missing": _exact(Fraction(fact.sampled_nulls, fact.sampled))} if fact.sampled_nulls else {}
        )
        return {"kind": "quantiles", "quantiles": list(fact.quantiles[_DECILES]), **missing}
    return None


def _exact(share: Fraction) -> str:
    """A share to six places, cut, so that the shares of a column add up to one at most."""
    return f"{Decimal(share.numerator * 1_000_000 // share.denominator).scaleb(-6).normalize():f}"


def _up(value: Fraction) -> Decimal:
    return (Decimal(value.numerator) / value.denominator).quantize(Decimal("0.01"), ROUND_CEILING)


def _revisions(count: int) -> str:
    return "the revision before" if count == 1 else f"{count} earlier revisions"
