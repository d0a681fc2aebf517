"""Use cases of samples: drawn by a party, approved by a second person, shown while the classes stay as they were."""

import asyncio
import secrets
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from infra.audit import service as audit
from infra.auth import SYSTEM, Actor, OrganisationKind
from infra.child_process import ChildFailed, ChildProcess
from infra.db import AsyncSession, SessionMaker, now, transaction
from infra.errors import NotFound
from infra.identity import officers
from infra.memory_budget import MemoryBudget
from infra.messages import Message
from infra.objects import ObjectMissing, ObjectStore
from infra.rulebook import service as rulebook
from listings.ingest.limits import MEBIBYTE, Limits
from listings.products import service as products
from listings.products.dictionary import guarded_columns
from listings.products.masking import MaskMethod, MaskRule, remask
from listings.products.tables import DataProduct
from listings.revisions import service as revisions
from listings.revisions.disclosure import Disclosure, first_rows, get_disclosure, stored_rules
from listings.revisions.domain import RevisionFacts
from listings.revisions.tables import ProductRevision
from listings.samples import repository
from listings.samples.domain import DrawMethod, DrawSpec, classes_of, require_drawable, require_no_forbidden
from listings.samples.errors import DrawFailed, DrawRefused, SampleStateForbids
from listings.samples.tables import ProductSample, SampleDecision

SECONDS = 60
"""How long one draw may take."""

FIRST_ROWS = 20
"""Rows that the service draws by itself."""

_LIMITS = Limits(memory_bytes=512 * MEBIBYTE)


@dataclass(frozen=True, slots=True)
class DrawContext:
    """What a draw needs of its process: it takes longer than a transaction should."""

    sessions: SessionMaker
    store: ObjectStore
    budget: MemoryBudget


@dataclass(frozen=True, slots=True)
class _Prepared:
    facts: RevisionFacts
    spec: DrawSpec
    rules: dict[str, MaskRule | None]
    guarded: set[str]
    classes: dict[str, list[Any]]
    key: str
    least: int


async def draw(context: DrawContext, actor: Actor, revision_id: UUID, spec: DrawSpec) -> UUID:
    """A party draws a sample of a revision, masked by the rules of now; it is shown once it is approved.

    :return: its id.
    :raises NotFound: there is no such revision, or the actor is no party to its product.
    :raises DrawRefused: the draw does not say what it draws, or chooses rows by what is hidden.
    :raises DrawFailed: the file could not be read in time.
    """
    async with transaction(context.sessions) as session:
        row, _ = await revisions.access_revision(session, actor, revision_id)
        product = await products.lock_party(session, actor, row.product_id)
        prepared = await _prepare(session, product, row, spec)
    rows = await _drawn(context, prepared)
    if not rows and spec.method in (DrawMethod.ROWS, DrawMethod.FILTER):
        raise DrawRefused(
            Message("The data has no row that the draw asks for."),
            remedy=Message(
                "Name rows from 1 to the number of rows of the revision, or conditions that some meet."
            ),
        )
    async with transaction(context.sessions) as session:
        return (await _store(session, actor, prepared, rows)).id


async def decide(
    session: AsyncSession, actor: Actor, sample_id: UUID, *, approved: bool, reason: str | None
) -> tuple[ProductSample, SampleDecision]:
    """A second person approves or rejects a sample: of the parties or of a regulator, and not who drew it.

    :raises NotFound: there is no such sample the actor can access.
    :raises AnotherOfficer: the actor drew it, or is a program of the organisation that did.
    :raises SampleStateForbids: it is decided already, or the classes of its columns have changed since.
    """
    row = await _access(session, actor, sample_id)
    product = await products.lock_visible(session, actor, row.product_id)
    if not actor.oversees(OrganisationKind.REGULATOR):
        await products.lock_party(session, actor, row.product_id)
    if actor.organisation_id == row.drawn_by_organisation:
        await officers.require_another_person(
            session,
            actor,
            row.drawn_by,
            detail=Message("A sample is approved by somebody else than who drew it."),
            remedy=Message("Ask a colleague, the other party or a regulator to look at it."),
        )
    if await repository.get_decision(session, row.id) is not None:
        raise SampleStateForbids(
            Message("The sample has been decided about already."), remedy=Message("Draw another sample.")
        )
    revision = await revisions.find_row(session, row.revision_id)
    if approved and classes_of((await get_disclosure(session, product, revision)).dictionary) != row.classes:
        raise SampleStateForbids(
            Message("The classes of its columns have changed since it was drawn."),
            remedy=Message(
                "Draw it anew: POST /v1/revisions/{revision_id}/samples.", revision_id=row.revision_id
            ),
        )
    decision = SampleDecision(
        sample_id=row.id,
        approved=approved,
        reason=reason,
        decided_by=actor.id,
        decided_by_organisation=actor.organisation_id,
        decided_at=await now(session),
    )
    session.add(decision)
    await session.flush()
    await audit.record(
        session,
        actor,
        action="sample.approved" if approved else "sample.rejected",
        subject_kind="product",
        subject_id=product.id,
        detail={"sample_id": str(row.id), "revision_id": str(row.revision_id), "reason": reason},
    )
    return row, decision


async def list_of_revision(
    session: AsyncSession, actor: Actor, revision_id: UUID
) -> Sequence[tuple[ProductSample, SampleDecision | None]]:
    """The samples of a revision the actor can access, newest first.

    :raises NotFound: there is none the actor can access.
    """
    row, _ = await revisions.access_revision(session, actor, revision_id)
    return await repository.list_of_revision(session, row.id)


async def get_sample(
    session: AsyncSession, actor: Actor, sample_id: UUID
) -> tuple[ProductSample, SampleDecision | None]:
    """A sample of a product the actor can access.

    :raises NotFound: there is none the actor can access.
    """
    row = await _access(session, actor, sample_id)
    return row, await repository.get_decision(session, row.id)


async def get_shown(
    session: AsyncSession, product: DataProduct, row: ProductRevision, disclosure: Disclosure
) -> list[dict[str, Any]]:
    """The rows of a revision that everybody sees.

    Those of the sample that was approved last, or of its draw repeated on this revision, while every column has the
    class that it had then; nothing where a class has changed, or the draw has not been repeated yet. Of a product
    without an approved sample, the first rows by the usual rules, which a regulator saw at the review.
    """
    approved = await repository.newest_approved(session, product.id)
    if approved is None:
        drawn = await repository.newest_of_service(session, row.id)
        if drawn is None:
            return first_rows(row, disclosure)
        classes = classes_of(disclosure.dictionary)
        unchanged = {
            name: rule
            for name, rule in _rules_of(drawn).items()
            if drawn.classes.get(name) == classes.get(name)
        }
        return remask(drawn.rows, unchanged, disclosure.rules)
    if approved.classes != classes_of(disclosure.dictionary):
        return []
    here = (
        approved
        if approved.revision_id == row.id
        else await repository.newest_carried(session, row.id, approved.id)
    )
    return remask(here.rows, _rules_of(here), disclosure.rules) if here is not None else []


async def refresh(context: DrawContext, revision_id: UUID) -> None:
    """Repeat the approved draw on a revision, or draw its first rows anew where rules have become milder."""
    async with transaction(context.sessions) as session:
        row = await revisions.find_row(session, revision_id)
        product = await products.find_product(session, row.product_id)
        assert product is not None, "a revision has a product"
        disclosure = await get_disclosure(session, product, row)
        approved = await repository.newest_approved(session, product.id)
        if approved is not None:
            if approved.revision_id == row.id or approved.classes != classes_of(disclosure.dictionary):
                return
            if await repository.newest_carried(session, row.id, approved.id) is not None:
                return
            spec = DrawSpec.from_json(approved.spec)
        else:
            drawn = await repository.newest_of_service(session, row.id)
            if _is_as_ruled(row, drawn, disclosure):
                return
            spec = DrawSpec(DrawMethod.FIRST, FIRST_ROWS)
        prepared = await _prepare(session, product, row, spec)
    rows = await _drawn(context, prepared)
    async with transaction(context.sessions) as session:
        await _store(session, SYSTEM, prepared, rows, approved.id if approved else None)


def _is_as_ruled(row: ProductRevision, drawn: ProductSample | None, disclosure: Disclosure) -> bool:
    """Whether the first rows that are stored of a revision are masked just as the rules of now ask for."""
    if drawn is None:
        return stored_rules(row) == disclosure.rules == disclosure.uncounted_rules
    return _rules_of(drawn) == disclosure.rules and drawn.classes == classes_of(disclosure.dictionary)


def _rules_of(row: ProductSample) -> dict[str, MaskRule | None]:
    return {name: rule and MaskRule.from_json(rule) for name, rule in row.mask_rules.items()}


async def _access(session: AsyncSession, actor: Actor, sample_id: UUID) -> ProductSample:
    row = await repository.get(session, sample_id)
    if row is None or await products.find_visible(session, actor, row.product_id) is None:
        raise NotFound(
            Message("There is no such sample."),
            remedy=Message("GET /v1/revisions/{revision_id}/samples lists those of a revision."),
        )
    return row


async def _prepare(
    session: AsyncSession, product: DataProduct, row: ProductRevision, spec: DrawSpec
) -> _Prepared:
    disclosure = await get_disclosure(session, product, row)
    rules = await rulebook.in_force(session)
    columns = [entry.name for entry in disclosure.dictionary]
    require_drawable(spec, columns, rules.integer("sample.max_rows"))
    masks = disclosure.rules
    require_no_forbidden(
        spec, [name for name, rule in masks.items() if rule is None or rule.method is not MaskMethod.SHOW]
    )
    return _Prepared(
        revisions.facts_of(row),
        spec,
        masks,
        guarded_columns(disclosure.dictionary),
        classes_of(disclosure.dictionary),
        await repository.secret_of(session, product.id, secrets.token_hex(32)),
        rules.integer("sample.least_sharing"),
    )


async def _drawn(context: DrawContext, prepared: _Prepared) -> list[dict[str, Any]]:
    try:
        async with context.store.reading(prepared.facts.object_key) as path:
            answer = await _ask(context, path, prepared)
    except (ObjectMissing, ChildFailed) as failure:
        raise DrawFailed(
            Message("The file of the revision could not be read."), remedy=Message("Try again later.")
        ) from failure
    if "refused" in answer:
        raise DrawRefused(
            Message("A condition does not fit its column: {reason}", reason=answer["refused"]),
            remedy=Message("Write the value as the column holds it."),
        )
    rows: list[dict[str, Any]] = answer["rows"]
    return rows


async def _ask(context: DrawContext, path: Path, prepared: _Prepared) -> dict[str, Any]:
    async with context.budget.claim(_LIMITS.memory_bytes // MEBIBYTE) as claim:
        home = await asyncio.to_thread(
            tempfile.TemporaryDirectory, prefix="sample-", ignore_cleanup_errors=True
        )
        try:
            child = await ChildProcess.start(
                "listings.samples",
                limits=_LIMITS.process_limits(SECONDS),
                home=Path(home.name),
                claim=claim,
                environment={"MALLOC_ARENA_MAX": "2"},
            )
            try:
                return await child.ask(_request(path, home.name, prepared), timeout_s=SECONDS)
            finally:
                await child.kill()
        finally:
            await asyncio.to_thread(home.cleanup)


def _request(path: Path, folder: str, prepared: _Prepared) -> dict[str, Any]:
    return {
        "path": str(path),
        "folder": folder,
        "columns": [asdict(column) for column in prepared.facts.columns],
        "spec": prepared.spec.to_json(),
        "rules": {name: rule and rule.to_json() for name, rule in prepared.rules.items()},
        "guarded": sorted(prepared.guarded),
        "key": prepared.key,
        "least": prepared.least,
    }


async def _store(
    session: AsyncSession,
    actor: Actor,
    prepared: _Prepared,
    rows: list[dict[str, Any]],
    carried_from_id: UUID | None = None,
) -> ProductSample:
    row = ProductSample(
        product_id=prepared.facts.product_id,
        revision_id=prepared.facts.id,
        carried_from_id=carried_from_id,
        spec=prepared.spec.to_json(),
        mask_rules={name: rule and rule.to_json() for name, rule in prepared.rules.items()},
        classes=prepared.classes,
        rows=rows,
        drawn_by=actor.id,
        drawn_by_organisation=actor.organisation_id,
        drawn_at=await now(session),
    )
    session.add(row)
    await session.flush()
    await audit.record(
        session,
        actor,
        action="sample.drawn",
        subject_kind="product",
        subject_id=row.product_id,
        detail={"sample_id": str(row.id), "revision_id": str(row.revision_id), "spec": row.spec},
    )
    return row
