"""A check that is one SQL query, which returns only what does not agree."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from infra.db import AsyncSession
from infra.messages import Message
from market.settlement.reconciliation import repository
from market.settlement.reconciliation.domain import Break, BreakKind


@dataclass(frozen=True, slots=True)
class QueryCheck:
    """A check by one query.

    :param subject_kind: what the subject of a break is: an account, an invoice, a bank entry, ….
    :param query: columns, in this order: subject (text); difference, in minor units or units of use (bigint, never
        zero); currency, null for units of use; since when (timestamptz); the organisation that has to explain it,
        null for the platform's finance; which of the texts explains it; what the text names (jsonb), amounts in minor
        units under names that end in ``_minor``, codes as ``{"$code": …, "of": enumeration}``.
    :param texts: explanations by the name that the query gives them.
    """

    kind: BreakKind
    subject_kind: str
    query: str
    texts: Mapping[str, Message]

    async def __call__(self, session: AsyncSession, moment: datetime) -> list[Break]:
        """The differences found, the oldest first."""
        return await repository.differences(session, self.kind, self.subject_kind, self.query, self.texts)
