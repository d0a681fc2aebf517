"""What is wrong with a check, and how a reader's complaint becomes that. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from infra.messages import Message
from quality.arguments.values import Reader, Unreadable
from quality.checks import Check
from quality.patterns import PatternRefused
from quality.statements.rules import StatementRefused


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a check.

    :param check: name of the check.
    :param member: where in the check, such as ``arguments.minimum``.
    :param what: what is wrong; ``remedy`` what to do about it.
    """

    check: str
    member: str
    what: Message
    remedy: Message

    def to_json(self) -> dict[str, Any]:
        """Members of a problem document; the texts can still be translated."""
        return {"check": self.check[:200], "member": self.member, "detail": self.what, "remedy": self.remedy}


def complaints(check: Check, where: str, reader: Reader, value: Any) -> Iterator[Problem]:
    """The problem with one value, if there is one, at a member of the check."""
    try:
        reader(value)
    except Unreadable as unreadable:
        yield Problem(check.name, where, Message("That is not what this argument takes."), unreadable.remedy)
    except (PatternRefused, StatementRefused) as refused:
        yield Problem(check.name, where, refused.what, refused.remedy)
