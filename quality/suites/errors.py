"""What the suites slice refuses."""

from infra.errors import Conflict, Invalid
from infra.messages import Message


class SuiteRefused(Invalid):
    """A suite holds checks that can be carried out, each of its own name, and no more than fit."""

    slug = "quality-suite"
    title = Message("The quality suite cannot be used")


class SuiteChanged(Conflict):
    """A suite is written on the version that was read."""

    slug = "quality-suite-changed"
    title = Message("The quality suite was changed meanwhile")
