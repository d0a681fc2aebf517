"""What the suites of products refuse."""

from infra.errors import Conflict
from infra.messages import Message


class SuiteUntried(Conflict):
    """What buyers read passes a suite before it is put in force."""

    slug = "quality-suite-untried"
    title = Message("The quality suite has not passed its trial")
