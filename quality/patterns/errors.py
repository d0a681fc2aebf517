"""What is refused of a pattern."""

from infra.messages import Message


class PatternRefused(Exception):
    """The pattern is none that every engine takes.

    :param what: what is wrong; ``remedy`` what to write instead.
    """

    def __init__(self, what: Message, remedy: Message) -> None:
        super().__init__(what)
        self.what, self.remedy = what, remedy
