"""Record decisions, and seal them."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

import structlog

from infra.audit import merkle, repository
from infra.audit.tables import AuditEntry, AuditHead
from infra.auth import Actor
from infra.db import AsyncSession, new_id, now
from infra.digest import canonical_json
from infra.paging import PageRequest

SEAL_BATCH = 5000
HEAD_TYPE = "audit-head+jwt"
HEAD_AUDIENCE = "audit"

log = structlog.get_logger()


class Signer(Protocol):
    """What signs tree heads: the key ring."""

    def sign(self, claims: Mapping[str, Any], typ: str) -> str:
        """A compact JWS over the claims with the current key."""


class Stamped(Protocol):
    """Rules that remember what was read of them."""

    def stamp(self) -> list[dict[str, Any]]:
        """Keys and versions of the parameters that were read."""


async def record(
    session: AsyncSession,
    actor: Actor,
    *,
    action: str,
    subject_kind: str,
    subject_id: UUID,
    detail: dict[str, Any] | None = None,
    rules: Stamped | None = None,
) -> AuditEntry:
    """Append one decision to the log, in the transaction that carries it out.

    :param action: what was done, as ``subject.past_participle``: ``product.published``.
    :param detail: JSON with what a reviewer needs; digests and ids rather than personal data, never secrets.
    :param rules: the rules the decision was taken under.
    """
    entry = AuditEntry(
        id=new_id(),
        recorded_at=await now(session),
        actor_kind=actor.kind,
        actor_id=actor.id,
        organisation_id=actor.organisation_id,
        action=action,
        subject_kind=subject_kind,
        subject_id=subject_id,
        detail=detail or {},
        rules=rules.stamp() if rules else [],
        leaf=b"",
    )
    entry.leaf = merkle.leaf_digest(content(entry))
    session.add(entry)
    await session.flush()
    log.info(
        "decision",
        action=action,
        subject_kind=subject_kind,
        subject_id=str(subject_id),
        actor_id=str(actor.id),
    )
    return entry


async def list_entries(
    session: AsyncSession, subject_id: UUID | None, page: PageRequest
) -> tuple[Sequence[AuditEntry], str | None]:
    """One page of the log, newest first, of everything or of one thing, and the cursor of the next page."""
    return await repository.entries(session, subject_id, page)


async def latest_head(session: AsyncSession) -> AuditHead | None:
    """The newest signed head; None while nothing is sealed."""
    return await repository.latest_head(session)


def content(entry: AuditEntry) -> bytes:
    """What the leaf of an entry is the digest of: its members as JSON with sorted keys and no white space."""
    return canonical_json(
        {
            "action": entry.action,
            "actor_id": str(entry.actor_id),
            "actor_kind": entry.actor_kind,
            "detail": entry.detail,
            "id": str(entry.id),
            "organisation_id": str(entry.organisation_id),
            "recorded_at": entry.recorded_at.isoformat(),
            "rules": entry.rules,
            "subject_id": str(entry.subject_id),
            "subject_kind": entry.subject_kind,
        }
    )


async def list_about(session: AsyncSession, subject_ids: Sequence[UUID], limit: int) -> Sequence[AuditEntry]:
    """The latest entries about any of the things, newest first, ``limit`` of them at most."""
    return await repository.about(session, subject_ids, limit)


async def seal(session: AsyncSession, signer: Signer, issuer: str, kept_until: datetime) -> AuditHead | None:
    """Give every entry without a place its place in the tree, and sign the new head.

    :param issuer: base address of the service, as in its tokens.
    :param kept_until: when the signature expires.
    :return: the new head, or None when there was nothing to seal.
    """
    await repository.lock_tree(session)
    entries = await repository.unsealed(session, SEAL_BATCH)
    if not entries:
        return None
    before = await repository.latest_head(session)
    start = before.size if before else 0
    known = await repository.nodes(session, merkle.edge(start))
    made = merkle.grow(start, known, (entry.leaf for entry in entries))
    await repository.append(session, start, entries, made)
    size = start + len(entries)
    root = merkle.root(size, {**known, **made})
    moment = await now(session)
    issued = int(moment.timestamp())
    claims = {
        "iss": issuer,
        "aud": HEAD_AUDIENCE,
        "iat": issued,
        "exp": int(kept_until.timestamp()),
        "size": size,
        "root": root.hex(),
        "algorithm": merkle.ALGORITHM,
    }
    head = AuditHead(
        size=size,
        root=root,
        algorithm=merkle.ALGORITHM,
        signed=signer.sign(claims, HEAD_TYPE),
        sealed_at=moment,
    )
    session.add(head)
    await session.flush()
    return head


async def altered(session: AsyncSession, *, since: datetime) -> AsyncIterator[UUID]:
    """The entries recorded since then that are not what their digest says, or not where the tree has them."""
    async for entry, in_tree in repository.recorded_since(session, since):
        if not in_tree or merkle.leaf_digest(content(entry)) != entry.leaf:
            yield entry.id


async def head_holds(session: AsyncSession) -> bool:
    """Whether the newest signed head has the root of the tree; so has none, where nothing is sealed."""
    head = await repository.latest_head(session)
    if head is None:
        return True
    known = await repository.nodes(session, merkle.edge(head.size))
    return set(merkle.edge(head.size)) <= known.keys() and merkle.root(head.size, known) == head.root
