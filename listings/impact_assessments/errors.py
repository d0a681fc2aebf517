"""What the slice of impact assessments refuses."""

from infra.errors import Invalid
from infra.messages import Message


class AssessmentRefused(Invalid):
    """An impact assessment that cannot be put on file so."""

    slug = "impact-assessment"
    title = Message("The impact assessment cannot be filed so")
