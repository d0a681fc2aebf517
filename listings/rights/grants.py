"""Use cases of grants: one organisation proposes that a right be granted or transferred, the other one accepts."""

from collections.abc import Sequence
from uuid import UUID

from infra.auth import Actor
from infra.db import AsyncSession, now
from infra.errors import Forbidden, NotFound
from infra.events import service as events
from infra.events.kinds import EventKind
from infra.identity import officers
from infra.identity import service as identity
from infra.messages import Message
from infra.paging import PageRequest
from infra.rulebook import service as rulebook
from infra.rulebook.domain import Rules
from infra.rulebook.retention import kept_until
from listings import decisions
from listings.resources import service as resources
from listings.rights import freezing, repository
from listings.rights import service as rights
from listings.rights.domain import GrantForm, RightBasis, RightKind, require_grantable, require_term
from listings.rights.errors import RightInUse, RightMissing, RightNotGrantable
from listings.rights.schemas import GrantAcceptance, GrantCreate, GrantRequestCreate
from listings.rights.states import GRANT, GrantAction, GrantStatus
from listings.rights.tables import ResourceRight, RightGrant

SUBJECT = "right_grant"


async def offer(session: AsyncSession, actor: Actor, right_id: UUID, data: GrantCreate) -> RightGrant:
    """The holder of a right offers to grant it, or to transfer it, to another organisation.

    :raises NotFound: there is no right the actor can access.
    :raises Forbidden: the actor's organisation does not hold it.
    :raises RightNotGrantable, RightEncumbered, RightEnded, RightInUse: the right does not carry the grant.
    :raises OrganisationNotVerified: one of the two organisations may not trade yet.
    """
    right = await rights.access_right(session, actor, right_id)
    if right.holder_id != actor.organisation_id:
        raise Forbidden(
            Message("Your organisation does not hold this right."),
            remedy=Message("Ask its holder to grant it, named in holder_name."),
        )
    _require_other(actor, data.grantee_id)
    row = await _proposed(
        session, actor, data, right.resource_id, grantor_id=right.holder_id, grantee_id=data.grantee_id
    )
    row.right_id, row.form = right.id, data.form
    await freezing.lock(session, right.resource_id)
    await _require_carried(session, row, right)
    return await _propose(session, actor, row)


async def request(
    session: AsyncSession, actor: Actor, resource_id: UUID, data: GrantRequestCreate
) -> RightGrant:
    """The owner of a resource asks the source agency, whose data it is, to grant the right to it.

    :raises NotFound: the resource is not the actor's.
    :raises OrganisationNotVerified: one of the two organisations may not trade yet.
    """
    await resources.lock_own(session, actor, [resource_id])
    _require_other(actor, data.grantor_id)
    row = await _proposed(
        session, actor, data, resource_id, grantor_id=data.grantor_id, grantee_id=actor.organisation_id
    )
    return await _propose(session, actor, row)


def _require_other(actor: Actor, organisation_id: UUID) -> None:
    if organisation_id == actor.organisation_id:
        raise RightNotGrantable(
            Message("Grantor and grantee are the same organisation."),
            remedy=Message("Name another organisation, or record your own right to the resource."),
        )


async def _proposed(
    session: AsyncSession,
    actor: Actor,
    data: GrantCreate | GrantRequestCreate,
    resource_id: UUID,
    *,
    grantor_id: UUID,
    grantee_id: UUID,
) -> RightGrant:
    require_term(data.valid_from, data.valid_until)
    for organisation_id in (grantor_id, grantee_id):
        await identity.require_verified(session, organisation_id)
    rules = await rulebook.in_force(session)
    return RightGrant(
        **data.model_dump(exclude={"grantor_id", "grantee_id", "form"}),
        resource_id=resource_id,
        form=GrantForm.GRANT,
        grantor_id=grantor_id,
        grantee_id=grantee_id,
        status=GrantStatus.PROPOSED,
        proposed_by_organisation=actor.organisation_id,
        proposed_by=actor.id,
        proposed_at=await now(session),
        rules=rules.stamp(),
    )


async def _propose(session: AsyncSession, actor: Actor, row: RightGrant) -> RightGrant:
    session.add(row)
    await session.flush()
    await _record(session, actor, row, "proposed", None)
    await _publish_event(session, row, EventKind.RIGHT_GRANT_PROPOSED)
    return row


async def accept(session: AsyncSession, actor: Actor, grant_id: UUID, data: GrantAcceptance) -> RightGrant:
    """The other side accepts: the right is granted, or passes over, at once.

    :raises NotFound: there is no proposed grant the actor can access.
    :raises Forbidden: the actor's organisation proposed it itself.
    :raises BothSides: the actor proposed it under another account.
    :raises GrantStateForbids: it has been decided.
    :raises RightMissing: the source agency's own right is on record nowhere, and the acceptance does not state it.
    :raises RightNotGrantable, RightEncumbered, RightEnded, RightInUse: the right does not carry the grant any more.
    """
    row = await _locked(session, actor, grant_id)
    _require_decider(actor, row)
    await officers.require_other_side(session, actor, row.proposed_by)
    target = GRANT.next_state(row.status, GrantAction.ACCEPT)
    before = await freezing.lock(session, row.resource_id)
    for organisation_id in (row.grantor_id, row.grantee_id):
        await identity.require_verified(session, organisation_id)
    rules = await rulebook.in_force(session)
    parent = await _granted_from(session, actor, row, data, rules)
    await _require_carried(session, row, parent)
    row.right_id = parent.id
    await _decide(session, actor, row, target, data.reason)
    transferred = row.form is GrantForm.TRANSFER
    moment = await now(session)
    right = ResourceRight(
        resource_id=row.resource_id,
        holder_id=row.grantee_id,
        parent_id=parent.parent_id if transferred else parent.id,
        grant_id=row.id,
        may_grant=row.may_grant,
        kind=row.kind,
        basis=RightBasis.ENTRUSTED if row.kind is RightKind.HOLD else RightBasis.AGREEMENT,
        legal_basis=row.legal_basis,
        evidence_sha256=row.evidence_sha256,
        evidence_description=row.evidence_description,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        recorded_at=moment,
        recorded_by=actor.id,
        evidence_kept_until=kept_until(rules, moment),
        rules=rules.stamp(),
    )
    await rights.add(session, actor, right, rules)
    for organisation_id in (row.grantor_id, row.grantee_id):
        await resources.allow_access(session, organisation_id, [row.resource_id], basis_id=right.id)
    if transferred:
        await rights.end(session, actor, parent, "Transferred 已转让", before)
    return row


async def _granted_from(
    session: AsyncSession, actor: Actor, row: RightGrant, data: GrantAcceptance, rules: Rules
) -> ResourceRight:
    """The right that is granted from; the source agency's own is put on record where it is not yet."""
    if row.right_id is not None:
        return await rights.find_right(session, row.right_id)
    own = [
        one
        for one in await repository.list_of_resources(session, [row.resource_id])
        if one.holder_id == row.grantor_id
        and one.kind is RightKind.HOLD
        and rights.as_right(one).covers(row.valid_from, row.valid_until)
    ]
    if own:
        return own[-1]
    if data.source is None:
        raise RightMissing(
            Message("Your own right to the resource is not on record."),
            remedy=Message("State it in `source`: the law or decision that it rests on, and the evidence."),
        )
    moment = await now(session)
    source = ResourceRight(
        **data.source.model_dump(),
        kind=RightKind.HOLD,
        resource_id=row.resource_id,
        holder_id=row.grantor_id,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        recorded_at=moment,
        recorded_by=actor.id,
        evidence_kept_until=kept_until(rules, moment),
        rules=rules.stamp(),
    )
    return await rights.add(session, actor, source, rules)


async def _require_carried(session: AsyncSession, row: RightGrant, right: ResourceRight) -> None:
    chain = await rights.chain_above(session, right)
    await rights.require_not_ended(session, chain)
    require_grantable(
        rights.as_right(right), row.form, row.kind, row.valid_from, row.valid_until, depth=len(chain)
    )
    await rights.require_free(session, chain)
    if row.form is GrantForm.TRANSFER:
        owner_id = (await resources.get_resource(session, row.resource_id)).owner_id
        if right.parent_id is None or (right.kind is RightKind.HOLD and right.holder_id == owner_id):
            raise RightInUse(
                Message(
                    "The source agency's right, and that of the resource's owner to hold it, are not transferred."
                ),
                remedy=Message("Grant it instead; or the other agency registers the resource as its own."),
            )
        await rights.require_unused(session, right)


async def reject(session: AsyncSession, actor: Actor, grant_id: UUID, reason: str) -> RightGrant:
    """The other side does not accept.

    :raises Forbidden: the actor's organisation proposed it itself.
    :raises GrantStateForbids: it has been decided.
    """
    row = await _locked(session, actor, grant_id)
    _require_decider(actor, row)
    return await _decide(session, actor, row, GRANT.next_state(row.status, GrantAction.REJECT), reason)


async def withdraw(session: AsyncSession, actor: Actor, grant_id: UUID, reason: str) -> RightGrant:
    """Whoever proposed it takes it back.

    :raises Forbidden: the actor's organisation did not propose it.
    :raises GrantStateForbids: it has been decided.
    """
    row = await _locked(session, actor, grant_id)
    if row.proposed_by_organisation != actor.organisation_id:
        raise Forbidden(
            Message("Only whoever proposed the grant can withdraw it."),
            remedy=Message("Reject it with POST /v1/right-grants/{grant_id}/rejection.", grant_id=row.id),
        )
    return await _decide(session, actor, row, GRANT.next_state(row.status, GrantAction.WITHDRAW), reason)


async def list_grants(
    session: AsyncSession, actor: Actor, page: PageRequest
) -> tuple[Sequence[RightGrant], str | None]:
    """One page of the grants that the actor's organisation is a side of, or all for a regulator; newest first."""
    return await repository.list_grants(session, actor, page)


async def _locked(session: AsyncSession, actor: Actor, grant_id: UUID) -> RightGrant:
    row = await repository.get_grant(session, actor, grant_id, lock=True)
    if row is None:
        raise NotFound(
            Message("There is no such proposed grant."),
            remedy=Message("GET /v1/right-grants lists those of your organisation."),
        )
    return row


def _require_decider(actor: Actor, row: RightGrant) -> None:
    sides = {row.grantor_id, row.grantee_id} - {row.proposed_by_organisation}
    if actor.organisation_id not in sides:
        raise Forbidden(
            Message("This is for the other side of the grant to decide."),
            remedy=Message("Withdraw it with POST /v1/right-grants/{grant_id}/withdrawal.", grant_id=row.id),
        )


async def _decide(
    session: AsyncSession, actor: Actor, row: RightGrant, status: GrantStatus, reason: str | None
) -> RightGrant:
    row.status, row.decided_by, row.decided_at, row.decision_reason = (
        status,
        actor.id,
        await now(session),
        reason,
    )
    await session.flush()
    await _record(session, actor, row, status.value, reason)
    await _publish_event(session, row, EventKind.RIGHT_GRANT_DECIDED)
    return row


async def _record(
    session: AsyncSession, actor: Actor, row: RightGrant, what: str, reason: str | None
) -> None:
    await decisions.record(
        session,
        actor,
        action=f"right_grant.{what}",
        subject_kind=SUBJECT,
        subject_id=row.id,
        under="records.",
        reason=reason or row.legal_basis,
        resource_id=str(row.resource_id),
        right_id=str(row.right_id) if row.right_id else None,
        form=row.form.value,
        kind=row.kind.value,
        grantee_id=str(row.grantee_id),
        evidence_sha256=row.evidence_sha256,
    )


async def _publish_event(session: AsyncSession, row: RightGrant, kind: EventKind) -> None:
    await events.publish(
        session,
        kind,
        subject_id=row.id,
        organisations=(row.grantor_id, row.grantee_id),
        payload={"resource_id": str(row.resource_id), "status": row.status.value, "kind": row.kind.value},
    )
