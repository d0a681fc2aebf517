"""What the gradings slice refuses."""

from infra.errors import Conflict
from infra.messages import Message


class ColumnClassRefused(Conflict):
    """A column cannot be described with a class below its own."""

    slug = "column-class"
    title = Message("The class of a column does not allow that")


class GradingStateForbids(Conflict):
    """A class was asked for or decided in a state that does not allow it."""

    slug = "column-grading-state"
    title = Message("The class of the column cannot be changed so")
