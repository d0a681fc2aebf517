"""Rules of the outbox: when a mail is tried again, and how one text is told in every language."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from infra.messages import LANGUAGES, Message, translate

FIRST_RETRY = timedelta(seconds=10)
LONGEST_RETRY = timedelta(minutes=15)
LEASE = timedelta(minutes=5)
"""A mail that a worker took and said nothing of for so long is taken by another."""
BATCH = 50
KEPT = timedelta(days=30)
"""So long it stays on record what became of a mail."""

_RULE = "\n\n" + "-" * 40 + "\n\n"


class MailStatus(StrEnum):
    """What became of a mail."""

    PENDING = "pending"
    SENT = "sent"
    REFUSED = "refused"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Content:
    """A mail as it is written: one line of subject, and paragraphs."""

    subject: Message
    body: Message


def next_try(attempts: int) -> timedelta:
    """How long after so many failed attempts the next one comes."""
    return min(FIRST_RETRY * (1 << min(attempts, 20)), LONGEST_RETRY)


def in_every_language(content: Content) -> tuple[str, str]:
    """Subject and body in all languages that the service speaks, Chinese first: nobody's is known before sign-in."""
    languages = sorted(LANGUAGES, reverse=True)
    subject = " / ".join(translate(content.subject, language) for language in languages)
    body = _RULE.join(translate(content.body, language) for language in languages)
    return subject, body + "\n"
