"""What the suites slice refuses."""

from infra.errors import Conflict
from infra.messages import Message


class SuiteChanged(Conflict):
    """A suite is written on the version that was read."""

    slug = "quality-suite-changed"
    title = Message("The quality suite was changed meanwhile")
