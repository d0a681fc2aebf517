"""What an amendment makes of an authorisation: the text as amended, and how it comes into force."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from infra.auth import Actor
from infra.db import AsyncSession, now
from infra.rulebook.domain import Rules
from listings.authorisations import offers, repository
from listings.authorisations.domain import (
    Cell,
    CoveredResource,
    Scenario,
    Shares,
    cells,
    require_mode,
    require_shares,
    require_term,
)
from listings.authorisations.schemas import AuthorisationChanges
from listings.authorisations.tables import Authorisation, AuthorisationResource, AuthorisationVersion
from listings.authorisations.texts import text_of
from listings.resources import service as resources


class Amended(NamedTuple):
    """An authorisation as an amendment would have it.

    :ivar before: the text as it stands.
    """

    before: dict[str, Any]
    text: dict[str, Any]


async def draft(
    session: AsyncSession, actor: Actor, row: Authorisation, changes: AuthorisationChanges, rules: Rules
) -> Amended:
    """The text of an authorisation with some changes, which is as good as if it were offered so.

    :raises NotFound, NotListable, AuthorisationNotLive, RightMissing: of a resource, see `offers.offer`.
    :raises ModeRefused, TermRefused, SharesRefused, ScopeRefused: see there.
    """
    covered = (await repository.covered(session, [row.id]))[row.id]
    before = text_of(row, covered)
    text = before | {"version": row.version + 1} | _changed(changes)
    moment = await now(session)
    valid_until = datetime.fromisoformat(text["valid_until"])
    require_term(
        row.valid_from, valid_until, now=moment, max_years=rules.integer("authorisation.max_term_years")
    )
    require_shares(Shares(**text["shares"]))
    wanted = set(changes.resource_ids or [one.resource_id for one in covered])
    known = {one.resource_id for one in covered}
    found, held = await offers.lock_resources(
        session, actor, wanted, (row.valid_from, valid_until), rules, text["columns"], known=known
    )
    require_mode(row.mode, _scenarios(text), text["domains"], [one.domain for one in found])
    cells([(one.id, one.number or 0) for one in found], _scenarios(text), text["regions"])
    text["resources"] = [
        {"resource_id": str(one.resource_id), "owner_id": str(one.owner_id), "right_id": str(one.right_id)}
        for one in sorted(held, key=lambda one: one.resource_id)
    ]
    return Amended(before, text)


def _scenarios(text: dict[str, Any]) -> list[Scenario]:
    return [Scenario(code) for code in text["scenarios"]]


def _changed(changes: AuthorisationChanges) -> dict[str, Any]:
    """The members of the text that change; `columns` sent as null means all columns."""
    changed: dict[str, Any] = {}
    for name in ("scenarios", "regions", "purposes", "domains"):
        if (values := getattr(changes, name)) is not None:
            changed[name] = sorted({getattr(value, "value", value) for value in values})
    if "columns" in changes.model_fields_set:
        changed["columns"] = sorted(set(changes.columns)) if changes.columns is not None else None
    if changes.valid_until is not None:
        changed["valid_until"] = changes.valid_until.isoformat()
    if changes.shares is not None:
        changed["shares"] = changes.shares.model_dump()
    return changed


def covered_by(text: dict[str, Any]) -> list[CoveredResource]:
    """The resources of a text."""
    return [
        CoveredResource(UUID(one["resource_id"]), UUID(one["owner_id"]), UUID(one["right_id"]))
        for one in text["resources"]
    ]


async def prepare(session: AsyncSession, row: Authorisation, text: dict[str, Any]) -> None:
    """Free the cells of the version in force from now on, and occupy those of the text; record what it covers.

    :raises ExclusivityRefused: part of the scope was given to somebody else, and one of the two is exclusive.
    """
    moment = await now(session)
    held = covered_by(text)
    numbers = await resources.numbers_of(session, [one.resource_id for one in held])
    spread: list[Cell] = cells(
        [(one.resource_id, numbers[one.resource_id]) for one in held], _scenarios(text), text["regions"]
    )
    await repository.release(session, row.id, moment)
    start, end = max(row.valid_from, moment), datetime.fromisoformat(text["valid_until"])
    await repository.occupy(session, row, spread, start, end)
    await repository.add_resources(session, row.id, row.version + 1, held)


async def complete(
    session: AsyncSession, row: Authorisation, text: dict[str, Any], amendment_id: UUID
) -> None:
    """Keep the new version's text, and let the operator see exactly the resources that it covers."""
    await session.refresh(row)
    session.add(
        AuthorisationVersion(
            authorisation_id=row.id,
            number=row.version,
            text=text,
            amendment_id=amendment_id,
            made_at=await now(session),
        )
    )
    await resources.end_access(session, row.operator_id, basis_id=row.id)
    ids = {one.resource_id for one in covered_by(text)}
    await resources.allow_access(session, row.operator_id, ids, basis_id=row.id)


async def list_versions(session: AsyncSession, row: Authorisation) -> Sequence[AuthorisationVersion]:
    """Every version of an authorisation, oldest first."""
    return await repository.versions(session, row.id)


def sources_of(covered: Sequence[AuthorisationResource], text: dict[str, Any] | None = None) -> set[UUID]:
    """The source agencies of what is covered, and of what a text covers."""
    return {one.owner_id for one in covered} | {one.owner_id for one in (covered_by(text) if text else ())}
