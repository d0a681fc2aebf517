"""How a decision of this floor enters the audit log: who answers for it, under which rules it was taken, and why."""

from uuid import UUID

from infra.audit import service as audit
from infra.auth import Actor
from infra.db import AsyncSession
from infra.identity import persons
from infra.rulebook import service as rulebook
from infra.rulebook.domain import Rules


async def record(
    session: AsyncSession,
    actor: Actor,
    *,
    action: str,
    subject_kind: str,
    subject_id: UUID,
    under: str,
    reason: str | None,
    rules: Rules | None = None,
    **detail: object,
) -> None:
    """Put a decision into the audit log, in the transaction that carries it out.

    :param action: what was done, as ``subject.past_participle``.
    :param under: what the parameters of the rulebook begin with that govern such decisions: "authorisation.".
    :param reason: why, in the words of whoever decided or of the law that they named.
    :param rules: those that were read for it already.
    :param detail: JSON with what else a reviewer needs.
    """
    responsible = await persons.answering_for(session, actor)
    governing = rules or await rulebook.in_force(session)
    governing.read_all(under)
    await audit.record(
        session,
        actor,
        action=action,
        subject_kind=subject_kind,
        subject_id=subject_id,
        detail={**detail, "reason": reason, "responsible": str(responsible) if responsible else None},
        rules=governing,
    )
