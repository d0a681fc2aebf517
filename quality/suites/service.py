"""Use cases of suites: a version is created, found, compared. Which one is in force, the floor above decides."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from infra.audit import service as audit
from infra.auth import Actor
from infra.db import AsyncSession, now
from infra.paging import PageRequest
from quality.arguments import require_suite
from quality.checks import Check, suite_to_json
from quality.classes import ProductClass
from quality.suites import repository
from quality.suites.domain import SuiteOrigin, suite_digest
from quality.suites.tables import QualitySuite as Suite

__all__ = [
    "Suite",
    "create_version",
    "find",
    "first_ids",
    "get",
    "get_many",
    "list_suggested",
    "list_versions",
]

SUBJECT = "quality_suite"


async def create_version(
    session: AsyncSession,
    actor: Actor,
    product_id: UUID,
    *,
    product_class: ProductClass,
    checks: Sequence[Check],
    origin: SuiteOrigin,
    kinds: Mapping[str, str] | None = None,
    bases: Mapping[str, Any] | None = None,
) -> Suite:
    """Keep a further version of a product's suite, for good.

    :param product_id: of a product that the caller holds locked.
    :param bases: by the name of a check that was proposed, what the proposal rests on.
    :param kinds: of the newest revision's columns, by name; None where there is none.
    :raises SuiteRefused: a check cannot be carried out; too many, or two of one name.
    """
    # Patterns and statements are read to the last letter, which may take a while: other requests go on meanwhile.
    await asyncio.to_thread(require_suite, checks, kinds)
    form = suite_to_json(checks)
    number = await repository.last_number(session, product_id) + 1
    names = {check.name for check in checks}
    row = Suite(
        product_id=product_id,
        number=number,
        product_class=product_class,
        checks=form,
        bases={name: basis for name, basis in (bases or {}).items() if name in names},
        digest=suite_digest(number, product_class, form),
        origin=origin,
        created_by=actor.id,
        created_at=await now(session),
    )
    session.add(row)
    await session.flush()
    await audit.record(
        session,
        actor,
        action=f"{SUBJECT}.created",
        subject_kind=SUBJECT,
        subject_id=row.id,
        detail={
            "product_id": str(product_id),
            "number": number,
            "origin": origin.value,
            "product_class": product_class.value,
            "checks": len(form),
            "digest": row.digest,
        },
    )
    return row


async def find(session: AsyncSession, suite_id: UUID | None) -> Suite | None:
    """A version, whoever asks; None where there is none."""
    return await repository.get(session, suite_id) if suite_id is not None else None


async def get(session: AsyncSession, suite_id: UUID) -> Suite:
    """A version that there is, whoever asks."""
    row = await repository.get(session, suite_id)
    assert row is not None, "a version that is named was never removed"
    return row


async def get_many(session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, Suite]:
    """Versions by their ids, whoever asks."""
    return await repository.get_many(session, ids)


async def first_ids(session: AsyncSession, product_ids: Collection[UUID]) -> dict[UUID, UUID]:
    """The id of the first version of each product that has one."""
    return await repository.first_ids(session, product_ids)


async def list_suggested(session: AsyncSession, product_id: UUID) -> Sequence[Suite]:
    """The first versions of a product that were suggested, oldest first."""
    return await repository.list_of_origin(session, product_id, SuiteOrigin.SUGGESTED, 20)


async def list_versions(
    session: AsyncSession, product_id: UUID, page: PageRequest, *, upto: int | None = None
) -> tuple[Sequence[Suite], str | None]:
    """One page of the versions of a product, newest first; the caller knows who may read them.

    :param upto: the highest number to list; None for all.
    """
    return await repository.list_versions(session, product_id, page, upto)


def checks_of(suite: Suite) -> list[Check]:
    """The checks of a version."""
    return [Check.from_json(check) for check in suite.checks]
