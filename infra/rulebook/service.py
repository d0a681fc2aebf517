"""Use cases of the rulebook."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from infra.audit import service as audit
from infra.auth import Actor
from infra.db import AsyncSession, now
from infra.errors import NotFound
from infra.messages import Message
from infra.rulebook import repository
from infra.rulebook.domain import Parameter, Rules
from infra.rulebook.errors import RuleBackdated, RuleShapeChanged
from infra.rulebook.schemas import ParameterSet
from infra.rulebook.tables import RulebookParameter


async def in_force(session: AsyncSession, at: datetime | None = None) -> Rules:
    """The rules at a moment (default: the database's present)."""
    rows = await repository.in_force(session, at)
    return Rules({row.key: Parameter(row.key, row.version, row.value) for row in rows})


async def list_in_force(session: AsyncSession) -> Sequence[RulebookParameter]:
    """The versions in force now, by key."""
    return await repository.in_force(session, None)


async def history(session: AsyncSession, key: str) -> Sequence[RulebookParameter]:
    """Every version of one parameter, newest first.

    :raises NotFound: there is no such parameter.
    """
    rows = await repository.history(session, key)
    if not rows:
        raise NotFound(
            Message("The rulebook has no parameter {key!r}.", key=key),
            remedy=Message("GET /v1/rulebook lists them."),
        )
    return rows


async def set_parameter(
    session: AsyncSession, actor: Actor, key: str, change: ParameterSet
) -> RulebookParameter:
    """Add a version to a parameter, effective from now or later.

    :raises NotFound: there is no such parameter; rules are made with the code that reads them.
    :raises Invalid: the value is of another JSON kind, or would take effect in the past.
    """
    await repository.lock(session, key)
    newest = (await history(session, key))[0]
    moment = await now(session)
    if _kind(change.value) != _kind(newest.value):
        raise RuleShapeChanged(
            Message(
                "{key} has held {newest} so far; {change} was sent.",
                key=key,
                newest=_kind(newest.value),
                change=_kind(change.value),
            )
        )
    if change.effective_from < moment:
        raise RuleBackdated(
            Message(
                "{effective_from} is before {moment}.",
                effective_from=change.effective_from.isoformat(),
                moment=moment.isoformat(),
            )
        )
    row = RulebookParameter(
        key=key,
        version=newest.version + 1,
        value=change.value,
        effective_from=change.effective_from,
        source=change.source,
        source_status=change.source_status,
        approved_by=actor.id,
        recorded_at=moment,
    )
    session.add(row)
    await session.flush()
    await audit.record(
        session,
        actor,
        action="rulebook.parameter_set",
        subject_kind="rulebook_parameter",
        subject_id=row.id,
        detail={"key": key, "version": row.version, "value": change.value, "source": change.source},
    )
    return row


def _kind(value: Any) -> str:
    return {bool: "a truth value", int: "a whole number", float: "a number", str: "text", list: "a list"}.get(
        type(value), "an object"
    )
