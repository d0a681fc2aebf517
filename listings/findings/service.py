"""Use cases of findings: recorded with a revision, contested by a party, accepted or rejected by a regulator.

Who may do so the callers have decided: they know the product.
"""

from collections.abc import Collection, Iterable, Sequence
from uuid import UUID

from infra.audit import service as audit
from infra.auth import Actor
from infra.db import AsyncSession, now
from infra.messages import Message
from infra.paging import PageRequest
from listings.findings import repository
from listings.findings.domain import Finding, FindingStatus, findings_of, require_next
from listings.findings.errors import NoSuchFinding
from listings.findings.tables import ContentDecision, PersonalColumn, RevisionContents
from listings.ingest.personal import ContentKind, Detected


async def record_contents(
    session: AsyncSession, product_id: UUID, revision_id: UUID, detected: Iterable[Detected]
) -> None:
    """Record what was detected in a revision, with its registration."""
    session.add(
        RevisionContents(
            revision_id=revision_id, product_id=product_id, detected=[one.to_json() for one in detected]
        )
    )
    await session.flush()


async def get_detected(session: AsyncSession, revision_ids: Collection[UUID]) -> dict[UUID, list[Detected]]:
    """What was detected in each of these revisions; one from before there was a search is left out."""
    found = await repository.detected(session, revision_ids)
    return {
        revision_id: [Detected.from_json(item) for item in detected]
        for revision_id, detected in found.items()
    }


async def get_findings(
    session: AsyncSession, product_id: UUID, detected: Sequence[Detected]
) -> list[Finding]:
    """What was detected in a revision of a product, each with the newest decision about it."""
    if not detected:
        return []
    return findings_of(detected, await repository.newest_decisions(session, product_id))


async def get_personal_columns(session: AsyncSession, product_id: UUID) -> set[str]:
    """The columns of a product declared as personal besides its dictionary."""
    return await repository.personal_columns(session, product_id)


async def mark_personal(
    session: AsyncSession, actor: Actor, product_id: UUID, columns: Iterable[str]
) -> set[str]:
    """Declare columns of a product, which the caller has locked, as personal. Nothing is unmarked.

    :return: all that are declared so.
    """
    marked = await repository.personal_columns(session, product_id)
    added, moment = sorted(set(columns) - marked), await now(session)
    for name in added:
        session.add(
            PersonalColumn(product_id=product_id, column_name=name, marked_by=actor.id, marked_at=moment)
        )
    await session.flush()
    if added:
        await audit.record(
            session,
            actor,
            action="product.columns_marked_personal",
            subject_kind="product",
            subject_id=product_id,
            detail={"columns": added},
        )
    return marked | set(added)


async def list_contested(
    session: AsyncSession, page: PageRequest
) -> tuple[Sequence[ContentDecision], str | None]:
    """One page of the findings that wait for a regulator, newest first."""
    return await repository.list_contested(session, page)


async def decide(
    session: AsyncSession,
    actor: Actor,
    product_id: UUID,
    column: str,
    kind: ContentKind,
    status: FindingStatus,
    reason: str,
) -> None:
    """Record a decision about a finding of a product, which the caller has locked.

    :raises NoSuchFinding: nothing of the kind was detected in the column.
    :raises FindingStateForbids: it does not follow from the decision before.
    """
    everything = await repository.detected_of_product(session, product_id)
    if not any(item["column"] == column and item["kind"] == kind for found in everything for item in found):
        raise NoSuchFinding(
            Message("Nothing of the kind {kind} was detected in column {column}.", kind=kind, column=column),
            remedy=Message("GET /v1/products/{product_id}/content-findings lists what was detected."),
        )
    decisions = await repository.newest_decisions(session, product_id)
    before, _ = decisions.get((column, kind), (FindingStatus.OPEN, ""))
    require_next(before, status)
    session.add(
        ContentDecision(
            product_id=product_id,
            column_name=column,
            kind=kind,
            status=status,
            reason=reason,
            decided_by=actor.id,
            decided_at=await now(session),
        )
    )
    await session.flush()
    await audit.record(
        session,
        actor,
        action=f"content_finding.{status}",
        subject_kind="product",
        subject_id=product_id,
        detail={"column": column, "kind": kind.value, "reason": reason},
    )
