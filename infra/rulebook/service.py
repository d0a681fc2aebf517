"""Use cases of the rulebook: read by every rule, changed by two persons."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlmodel.sql.expression import SelectOfScalar

from infra.audit import service as audit
from infra.auth import Actor
from infra.db import AsyncSession, now
from infra.errors import NotFound
from infra.events import service as events
from infra.events.kinds import EventKind
from infra.identity import members, officers, persons
from infra.identity import service as identity
from infra.identity.schemas import PartyNames
from infra.messages import Message
from infra.rulebook import repository
from infra.rulebook.domain import Kind, Parameter, Rules
from infra.rulebook.errors import NotTheProposer, ProposalOpen, ProposalOverdue, RuleBackdated
from infra.rulebook.schemas import ProposalCreate
from infra.rulebook.states import PROPOSAL, ProposalAction, ProposalStatus
from infra.rulebook.tables import RulebookKind, RulebookParameter, RuleProposal

SUBJECT = "rule_proposal"
_TOLD = {
    ProposalStatus.APPROVED: EventKind.RULE_PROPOSAL_APPROVED,
    ProposalStatus.PROPOSED: EventKind.RULE_PROPOSAL_PROPOSED,
    ProposalStatus.REJECTED: EventKind.RULE_PROPOSAL_REJECTED,
    ProposalStatus.WITHDRAWN: EventKind.RULE_PROPOSAL_WITHDRAWN,
}


@dataclass(frozen=True, slots=True)
class Named:
    """What an answer about rules shows beside the rows: kinds by key, proposals, people and organisations by id."""

    kinds: dict[str, RulebookKind]
    proposals: dict[UUID, RuleProposal]
    people: dict[UUID, str]
    organisations: PartyNames


async def in_force(session: AsyncSession, at: datetime | None = None) -> Rules:
    """The rules at a moment (default: the database's present)."""
    rows = await repository.in_force(session, at)
    return Rules({row.key: Parameter(row.key, row.version, row.value) for row in rows})


async def list_in_force(session: AsyncSession, at: datetime | None = None) -> Sequence[RulebookParameter]:
    """The versions in force at a moment (default: now), by key."""
    return await repository.in_force(session, at)


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


async def named(
    session: AsyncSession, parameters: Iterable[RulebookParameter], proposals: Iterable[RuleProposal] = ()
) -> Named:
    """What is shown beside versions and proposals, in one query for each."""
    versions, given = list(parameters), list(proposals)
    found = await repository.proposals(session, {row.proposal_id for row in versions if row.proposal_id})
    known = [*found.values(), *given]
    people = {person for row in known for person in (row.proposed_by, row.decided_by) if person}
    organisations = {
        organisation
        for row in known
        for organisation in (row.proposed_by_organisation, row.decided_by_organisation)
        if organisation
    }
    return Named(
        kinds=await repository.kinds(session, {row.key for row in versions}),
        proposals=found,
        people=await members.person_names(session, people),
        organisations=await identity.party_names(session, organisations),
    )


async def propose(session: AsyncSession, actor: Actor, key: str, data: ProposalCreate) -> RuleProposal:
    """Propose a version of a parameter; it takes effect once another person has approved it.

    :raises NotFound: there is no such parameter; rules are made with the code that reads them.
    :raises AnotherOfficer: the actor is a program.
    :raises RuleShapeChanged, RuleOutOfRange: the parameter may not hold the value.
    :raises RuleBackdated: it would take effect in the past.
    :raises ProposalOpen: one is open already.
    """
    officers.require_person(actor, remedy=Message("Sign in as a person to propose it."))
    await repository.lock(session, key)
    await history(session, key)
    await _require_value(session, key, data.value)
    moment = await now(session)
    if data.effective_from is not None and data.effective_from < moment:
        raise RuleBackdated(
            Message(
                "{effective_from} is before {moment}.",
                effective_from=data.effective_from.isoformat(),
                moment=moment.isoformat(),
            ),
            remedy=Message("Give a date to come, or none: it then takes effect when it is approved."),
        )
    before = await repository.open_proposal(session, key)
    if before is not None:
        raise ProposalOpen(
            Message("Proposal {proposal_id} of {key} is open.", proposal_id=before.id, key=key),
            remedy=Message(
                "Have it decided, or withdraw it: POST /v1/rulebook/proposals/{proposal_id}/withdrawal.",
                proposal_id=before.id,
            ),
            proposal_id=str(before.id),
        )
    row = RuleProposal(
        key=key,
        value=data.value,
        effective_from=data.effective_from,
        source=data.source,
        source_status=data.source_status,
        status=ProposalStatus.PROPOSED,
        proposed_by=actor.id,
        proposed_by_organisation=actor.organisation_id,
        proposed_at=moment,
    )
    session.add(row)
    await session.flush()
    await _record(session, actor, row, "proposed", value=row.value, source=row.source)
    await _publish_event(session, row)
    return row


async def get_proposal(session: AsyncSession, proposal_id: UUID) -> RuleProposal:
    """A proposal.

    :raises NotFound: there is none.
    """
    return _found(await repository.proposal(session, proposal_id))


def proposals_listing(status: ProposalStatus | None) -> SelectOfScalar[RuleProposal]:
    """What the list of proposals pages through."""
    return repository.proposals_statement(status)


async def approve(session: AsyncSession, actor: Actor, proposal_id: UUID, reason: str) -> RuleProposal:
    """Approve another person's proposal: it is the next version, effective as proposed, or from now on.

    :raises AnotherOfficer: the actor proposed it, under whatever account or role, or is a program.
    :raises ProposalDecided: it was decided or withdrawn before.
    :raises ProposalOverdue: it was to be effective from a moment that has passed.
    :raises RuleShapeChanged, RuleOutOfRange: a release since has changed what the parameter may hold.
    """
    row = await _decide(session, actor, proposal_id, ProposalAction.APPROVE, reason)
    await _require_value(session, row.key, row.value)
    moment = await now(session)
    if row.effective_from is not None and row.effective_from < moment:
        raise ProposalOverdue(
            Message(
                "It was to be effective from {effective_from}, which has passed.",
                effective_from=row.effective_from.isoformat(),
            ),
            remedy=Message("Reject it, and have it proposed again with a date to come, or with none."),
        )
    newest = (await history(session, row.key))[0]
    version = RulebookParameter(
        key=row.key,
        version=newest.version + 1,
        value=row.value,
        effective_from=row.effective_from or moment,
        source=row.source,
        source_status=row.source_status,
        proposal_id=row.id,
        proposed_by=row.proposed_by,
        approved_by=actor.id,
        recorded_at=moment,
    )
    session.add(version)
    await session.flush()
    await audit.record(
        session,
        actor,
        action="rulebook.parameter_set",
        subject_kind="rulebook_parameter",
        subject_id=version.id,
        detail={
            "key": row.key,
            "version": version.version,
            "value": row.value,
            "source": row.source,
            "proposal_id": str(row.id),
            "proposed_by": str(row.proposed_by),
        },
    )
    await _publish_event(
        session, row, version=version.version, effective_from=version.effective_from.isoformat()
    )
    return row


async def reject(session: AsyncSession, actor: Actor, proposal_id: UUID, reason: str) -> RuleProposal:
    """Reject another person's proposal; the parameter may be proposed anew.

    :raises AnotherOfficer: the actor proposed it, who withdraws it instead, or is a program.
    :raises ProposalDecided: it was decided or withdrawn before.
    """
    row = await _decide(session, actor, proposal_id, ProposalAction.REJECT, reason)
    await _publish_event(session, row)
    return row


async def withdraw(session: AsyncSession, actor: Actor, proposal_id: UUID, reason: str) -> RuleProposal:
    """Take back one's own proposal, under whatever account; the parameter may be proposed anew.

    :raises NotTheProposer: another person proposed it.
    :raises ProposalDecided: it was decided or withdrawn before.
    """
    row = await _locked(session, proposal_id)
    is_open = PROPOSAL.allows(row.status, ProposalAction.WITHDRAW)
    if is_open and not await persons.same_person(session, actor, [row.proposed_by]):
        raise NotTheProposer(
            Message("Another person proposed it."),
            remedy=Message(
                "Reject it instead: POST /v1/rulebook/proposals/{proposal_id}/rejection.", proposal_id=row.id
            ),
        )
    await _close(session, actor, row, ProposalAction.WITHDRAW, reason)
    await _publish_event(session, row)
    return row


async def _decide(
    session: AsyncSession, actor: Actor, proposal_id: UUID, action: ProposalAction, reason: str
) -> RuleProposal:
    row = await _locked(session, proposal_id)
    await officers.require_another_person(
        session,
        actor,
        row.proposed_by,
        detail=Message("A rule is proposed by one person and decided by another."),
        remedy=Message(
            "Ask another administrator of the platform or officer of the regulator; who proposed it can withdraw it."
        ),
    )
    return await _close(session, actor, row, action, reason)


async def _close(
    session: AsyncSession, actor: Actor, row: RuleProposal, action: ProposalAction, reason: str
) -> RuleProposal:
    moment = await now(session)
    row.status = PROPOSAL.next_state(
        row.status, action, remedy=Message("Propose it anew if it is still wanted.")
    )
    row.decided_by, row.decided_by_organisation = actor.id, actor.organisation_id
    row.decided_at, row.decision_reason = moment, reason
    await session.flush()
    await _record(session, actor, row, row.status.value, reason=reason)
    return row


async def _locked(session: AsyncSession, proposal_id: UUID) -> RuleProposal:
    row = await get_proposal(session, proposal_id)
    await repository.lock(session, row.key)
    return _found(await repository.proposal(session, proposal_id, lock=True))


def _found(row: RuleProposal | None) -> RuleProposal:
    if row is None:
        raise NotFound(
            Message("There is no such proposal."), remedy=Message("GET /v1/rulebook/proposals lists them.")
        )
    return row


async def _require_value(session: AsyncSession, key: str, value: object) -> None:
    row = (await repository.kinds(session, [key]))[key]
    Kind(
        key,
        row.type,
        minimum=None if row.minimum is None else Decimal(row.minimum),
        maximum=None if row.maximum is None else Decimal(row.maximum),
        choices=row.choices or (),
    ).require(value)


async def _record(
    session: AsyncSession, actor: Actor, row: RuleProposal, what: str, **detail: object
) -> None:
    await audit.record(
        session,
        actor,
        action=f"rulebook.{what}",
        subject_kind=SUBJECT,
        subject_id=row.id,
        detail={"key": row.key, **detail},
    )


async def _publish_event(session: AsyncSession, row: RuleProposal, **detail: object) -> None:
    await events.publish(
        session,
        _TOLD[row.status],
        subject_id=row.id,
        organisations=(row.proposed_by_organisation,),
        payload={"key": row.key, "status": row.status.value, **detail},
    )
