"""What quality refuses, and what it raises when a check cannot be carried out."""

from infra.errors import Conflict
from infra.messages import Message


class RunStateForbids(Conflict):
    """The action is not possible in the present state of the run."""

    slug = "quality-run-state"
    title = Message("The state of the quality run does not allow that")


class CheckingFailed(Exception):
    """The checks could not be carried out; says why, for a person.

    :param transient: whether trying again may help: the process crashed, rather than refused.
    """

    def __init__(self, reason: str, *, transient: bool) -> None:
        super().__init__(reason)
        self.transient = transient
