"""What an amendment makes of an authorisation: the text as amended, and how it comes into force."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from infra.auth import Actor
from infra.db import AsyncSession, now
from infra.rulebook.domain import Rules
from listings.authorisations import repository, requirements
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
from listings.authorisations.texts import scope_of, text_of
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

    What only takes away goes on resting on the rights it rests on, whatever weighs on them by now.

    :raises NotFound: of a resource, see `offers.offer`.
    :raises NotRegistered, NotListable, AuthorisationNotLive, RightMissing, RightEncumbered: of what is widened.
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
    known = {one.resource_id for one in covered}
    wanted = set(changes.resource_ids or known)
    found = await resources.lock_to_authorise(session, actor, wanted, known)
    require_mode(row.mode, _scenarios(text), text["domains"], [one.domain for one in found])
    cells([(one.id, one.number or 0) for one in found], _scenarios(text), text["regions"])
    held = [one.covered() for one in covered if one.resource_id in wanted]
    text["resources"] = _listed(held)
    if not wanted <= known or not scope_of(text).lies_within(scope_of(before)):
        term = (row.valid_from, valid_until)
        held = await requirements.require_authorisable(session, found, term, rules, text["columns"])
        text["resources"] = _listed(held)
    return Amended(before, text)


async def require_carried(
    session: AsyncSession, row: Authorisation, text: dict[str, Any], rules: Rules
) -> None:
    """Refuse to sign a text that gives more than the one in force where that could not be proposed any more.

    :raises NotRegistered, NotListable, AuthorisationNotLive, RightEncumbered, RightEnded: see there.
    """
    covered = (await repository.covered(session, [row.id]))[row.id]
    if not scope_of(text).lies_within(scope_of(text_of(row, covered))):
        await requirements.require_carried(session, covered_by(text), rules, text["columns"])


def _listed(held: Sequence[CoveredResource]) -> list[dict[str, str]]:
    return [
        {"resource_id": str(one.resource_id), "owner_id": str(one.owner_id), "right_id": str(one.right_id)}
        for one in sorted(held, key=lambda one: one.resource_id)
    ]


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
    found = await resources.lock_all(session, [one.resource_id for one in held])
    spread: list[Cell] = cells(
        [(one.id, one.number) for one in found if one.number is not None], _scenarios(text), text["regions"]
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
