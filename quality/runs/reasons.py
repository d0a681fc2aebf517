"""Why a run could not be carried out: kept in English with the run, and told in the reader's language. Pure.

What a checking process says comes as text, and what is kept is text: `message_of` finds the message it was made of.
"""

import re

from infra.messages import Message

CANCELLED = Message("The quality check was cancelled.")
FILE_MISSING = Message("The revision's file is not in the object store.")
NEVER_ENDED = Message(
    "The quality check was begun {count} times and never ended: each time its worker or the database went away."
    " Request it again; if it ends so again, tell the operator of the service."
)
FAULT_OF_SERVICE = Message(
    "The quality check failed {count} times for a fault of the service, which its operator finds in the logs."
    " Request it again later."
)
CHILD_ENDED = Message("The checking process ended without an answer ({ending}).")
TOO_LONG = Message("The checks took longer than {seconds} seconds.")
TOO_MUCH_MEMORY = Message(
    "The check needs more memory than it may use; upload the data in smaller files or with fewer columns."
)
SPARK_MISSING = Message("Spark cannot be used: {lacking}.")
SPARK_MEMORY = Message("Spark needs a quality_memory_mb of {least} at least.")
SPARK_DOES_NOT_START = Message("Spark does not start: {reason}")
TOO_MUCH_TO_CHECK = Message("{rows} rows of {columns} columns are more than can be checked.")
CANNOT_BE_CHECKED = Message("The revision cannot be checked: {reason}")
TOOK_TOO_LONG = Message("it took too long.")
NEEDS_MEMORY = Message("it needs more memory than there is.")
ENDED_THE_PROCESS = Message("it ended the process ({ending}).")

CANNOT_BE_SERVED = Message("The revision cannot be served: {reason}")
NO_REVISION = Message("There is no such revision.")
NO_FILE = Message("its file is not in the object store.")
PAGES_TOO_SLOW = Message("its pages were not made within {seconds} seconds.")
PAGES_TOO_LARGE = Message("its pages need more memory than there is for them.")
PAGES_ENDED = Message("the process that makes its pages ended ({ending}).")

_ALL = (
    *(CANCELLED, FILE_MISSING, NEVER_ENDED, FAULT_OF_SERVICE, CHILD_ENDED, TOO_LONG, TOO_MUCH_MEMORY),
    *(SPARK_MISSING, SPARK_MEMORY, SPARK_DOES_NOT_START, TOO_MUCH_TO_CHECK),
    *(CANNOT_BE_CHECKED, TOOK_TOO_LONG, NEEDS_MEMORY, ENDED_THE_PROCESS),
    *(CANNOT_BE_SERVED, NO_REVISION, NO_FILE, PAGES_TOO_SLOW, PAGES_TOO_LARGE, PAGES_ENDED),
)


def _pattern(template: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", template)
    return re.compile(
        "".join(f"(?P<{part}>.+)" if place % 2 else re.escape(part) for place, part in enumerate(parts)),
        re.DOTALL,
    )


_PATTERNS = [(_pattern(message), message) for message in _ALL]


def message_of(text: str) -> str:
    """A reason that was kept, or that a process said, as the message that it was made of.

    What a library says in its own words stays as it is.
    """
    for pattern, message in _PATTERNS:
        if found := pattern.fullmatch(text):
            values = found.groupdict()
            return message.of(
                **values | {name: message_of(values[name]) for name in values if name == "reason"}
            )
    return text
