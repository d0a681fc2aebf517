"""Which proposals a suite takes: those that can be carried out, in their order, as many as there is room for. Pure."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from zlib import crc32

from quality.arguments import problems
from quality.checks import Check
from quality.limits import MAX_CHECKS, MAX_SUITE_BYTES, MAX_VALUE_CHARACTERS
from quality.proposals.facts import Proposal

_SEPARATOR_BYTES = 4


def admit(proposals: Sequence[Proposal], kinds: Mapping[str, str]) -> tuple[list[Proposal], list[Proposal]]:
    """Those that a suite takes, each with a name of its own that can be shown; and those that it does not.

    :param kinds: of the columns, by name.
    """
    kept: dict[str, Proposal] = {}
    left_out: list[Proposal] = []
    size = _SEPARATOR_BYTES
    for proposal in proposals:
        check = _named(proposal.check)
        if check.name in kept:
            continue  # proposed on two grounds: the more telling one counts
        needed = len(json.dumps(check.to_json(), ensure_ascii=False).encode()) + _SEPARATOR_BYTES
        if len(kept) == MAX_CHECKS or size + needed > MAX_SUITE_BYTES or problems(check, kinds):
            left_out.append(proposal)
            continue
        size += needed
        kept[check.name] = replace(proposal, check=check)
    return list(kept.values()), left_out


def _named(check: Check) -> Check:
    """With a name that can be shown: odd characters of column names replaced, a long one cut and marked."""
    name = "".join(character if character.isprintable() else "\ufffd" for character in check.name)
    if len(name) > MAX_VALUE_CHARACTERS or name != check.name:
        mark = f"…{crc32(check.name.encode(errors='replace')):08x}"
        name = name[: MAX_VALUE_CHARACTERS - len(mark)] + mark
    return check if name == check.name else replace(check, name=name)
