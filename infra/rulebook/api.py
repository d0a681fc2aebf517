"""The rulebook over HTTP."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from litestar import Controller, get, post
from litestar.params import Parameter

from infra.auth import Actor, Permission
from infra.db import AsyncSession
from infra.guards import requires
from infra.paging import PageRequest, paginate
from infra.rulebook import service
from infra.rulebook.schemas import (
    KEY_PATTERN,
    OfficerRead,
    ParameterList,
    ParameterRead,
    ProposalCreate,
    ProposalRead,
    RuleKindRead,
)
from infra.rulebook.service import Named
from infra.rulebook.states import ProposalStatus
from infra.rulebook.tables import RulebookParameter, RuleProposal
from infra.schema import Page, ReasonBody, moment_parameter, read_moment

Key = Annotated[
    str,
    Parameter(
        pattern=KEY_PATTERN,
        max_length=100,
        description="Key of the parameter, such as `authorisation.max_term_years`.",
    ),
]


class RulebookController(Controller):
    """The rules the market decides by: readable by every participant, changed by two persons."""

    path = "/v1/rulebook"
    tags = ["Rulebook"]

    @get(
        guards=[requires(Permission.RULEBOOK_READ)],
        summary="List the rules in force",
        operation_id="listRules",
    )
    async def list_rules(
        self,
        session: AsyncSession,
        at: Annotated[
            str | None, moment_parameter("The rules of this moment, such as a decision's; default: now")
        ] = None,
    ) -> ParameterList:
        """Every parameter in force, with its version, effective date and source, and what it may hold."""
        rows = await service.list_in_force(session, read_moment(at))
        return ParameterList(items=await _parameters(session, rows))

    @get(
        "/{key:str}",
        guards=[requires(Permission.RULEBOOK_READ)],
        summary="List the versions of a rule",
        operation_id="listRuleVersions",
    )
    async def list_rule_versions(self, session: AsyncSession, key: Key) -> ParameterList:
        """Every version of one parameter, newest first, each with who proposed and who approved it."""
        return ParameterList(items=await _parameters(session, await service.history(session, key)))

    @post(
        "/{key:str}/proposals",
        guards=[requires(Permission.RULEBOOK_MANAGE)],
        summary="Propose a version of a rule",
        operation_id="proposeRule",
    )
    async def propose_rule(
        self, session: AsyncSession, actor: Actor, key: Key, data: ProposalCreate
    ) -> ProposalRead:
        """Propose a version for another person to approve; what was decided before keeps the version it read."""
        return await _proposal(session, await service.propose(session, actor, key, data))

    @get(
        "/proposals",
        guards=[requires(Permission.RULEBOOK_MANAGE)],
        summary="List proposed rules",
        operation_id="listRuleProposals",
    )
    async def list_proposals(
        self,
        session: AsyncSession,
        page: PageRequest,
        status: Annotated[ProposalStatus | None, Parameter(description="Only with this status.")] = None,
    ) -> Page[ProposalRead]:
        """Proposals of every parameter, newest first."""
        rows, cursor = await paginate(session, service.proposals_listing(status), RuleProposal.id, page)
        names = await service.named(session, (), rows)
        return Page(items=[_proposal_read(row, names) for row in rows], next_cursor=cursor)

    @get(
        "/proposals/{proposal_id:uuid}",
        guards=[requires(Permission.RULEBOOK_MANAGE)],
        summary="Get a proposed rule",
        operation_id="getRuleProposal",
    )
    async def get_proposal(self, session: AsyncSession, proposal_id: UUID) -> ProposalRead:
        """A proposal with its decision."""
        return await _proposal(session, await service.get_proposal(session, proposal_id))

    @post(
        "/proposals/{proposal_id:uuid}/approval",
        status_code=200,
        guards=[requires(Permission.RULEBOOK_MANAGE)],
        summary="Approve a proposed rule",
        operation_id="approveRule",
    )
    async def approve_rule(
        self, session: AsyncSession, actor: Actor, proposal_id: UUID, data: ReasonBody
    ) -> ProposalRead:
        """By another person than who proposed it: the next version, effective as proposed, or from now on."""
        return await _proposal(session, await service.approve(session, actor, proposal_id, data.reason))

    @post(
        "/proposals/{proposal_id:uuid}/rejection",
        status_code=200,
        guards=[requires(Permission.RULEBOOK_MANAGE)],
        summary="Reject a proposed rule",
        operation_id="rejectRule",
    )
    async def reject_rule(
        self, session: AsyncSession, actor: Actor, proposal_id: UUID, data: ReasonBody
    ) -> ProposalRead:
        """By another person than who proposed it, with a reason; it may be proposed anew."""
        return await _proposal(session, await service.reject(session, actor, proposal_id, data.reason))

    @post(
        "/proposals/{proposal_id:uuid}/withdrawal",
        status_code=200,
        guards=[requires(Permission.RULEBOOK_MANAGE)],
        summary="Withdraw a proposed rule",
        operation_id="withdrawRule",
    )
    async def withdraw_rule(
        self, session: AsyncSession, actor: Actor, proposal_id: UUID, data: ReasonBody
    ) -> ProposalRead:
        """By who proposed it, as long as nobody has decided; it may be proposed anew."""
        return await _proposal(session, await service.withdraw(session, actor, proposal_id, data.reason))


async def _parameters(session: AsyncSession, rows: Sequence[RulebookParameter]) -> list[ParameterRead]:
    names = await service.named(session, rows)
    return [_parameter_read(row, names) for row in rows]


def _parameter_read(row: RulebookParameter, names: Named) -> ParameterRead:
    proposal = names.proposals.get(row.proposal_id) if row.proposal_id else None
    return ParameterRead(
        **row.model_dump(include={"key", "version", "value", "effective_from", "source", "recorded_at"}),
        source_status=row.source_status,
        kind=RuleKindRead.model_validate(names.kinds[row.key]),
        proposed_by=_officer(names, proposal.proposed_by, proposal.proposed_by_organisation)
        if proposal
        else None,
        approved_by=_officer(names, proposal.decided_by, proposal.decided_by_organisation)
        if proposal
        else None,
    )


async def _proposal(session: AsyncSession, row: RuleProposal) -> ProposalRead:
    return _proposal_read(row, await service.named(session, (), [row]))


def _proposal_read(row: RuleProposal, names: Named) -> ProposalRead:
    proposer = _officer(names, row.proposed_by, row.proposed_by_organisation)
    assert proposer is not None
    return ProposalRead(
        **row.model_dump(
            exclude={"proposed_by", "proposed_by_organisation", "decided_by", "decided_by_organisation"}
        ),
        proposed_by=proposer,
        decided_by=_officer(names, row.decided_by, row.decided_by_organisation),
    )


def _officer(names: Named, person_id: UUID | None, organisation_id: UUID | None) -> OfficerRead | None:
    if person_id is None or organisation_id is None:
        return None
    return OfficerRead(
        id=person_id,
        name=names.people.get(person_id),
        organisation_id=organisation_id,
        organisation_name=names.organisations.get(organisation_id),
    )
