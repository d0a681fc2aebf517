"""What quality refuses of a suite."""

from infra.errors import Invalid
from infra.messages import Message


class SuiteRefused(Invalid):
    """Checks that cannot be carried out. ``problems`` lists them: ``check``, ``member``, ``detail`` and ``remedy``."""

    slug = "quality-suite-refused"
    title = Message("The checks cannot be carried out")
    usual_remedy = Message("Correct what is listed, and send the whole suite again.")
