"""Use cases of a lost second factor: another administrator of the organisation takes it away.

On the platform, whose people oversee everybody, it takes two: one requests, another approves. Neither is the member.
"""

from uuid import UUID

from sqlmodel.sql.expression import SelectOfScalar

from infra.audit import service as audit
from infra.auth import SYSTEM, Actor, OrganisationKind, Role
from infra.db import AsyncSession, now
from infra.errors import NotFound
from infra.identity import members, notices, officers, second_factors
from infra.identity import service as organisations
from infra.messages import Message
from infra.settings import Settings
from market.participants import repository
from market.participants.errors import FactorResetOpen, NoFactorToReset
from market.participants.roles import check_roles
from market.participants.service import SUBJECT, access_organisation, access_to_administer
from market.participants.states import FACTOR_RESET, FactorResetAction, FactorResetStatus
from market.participants.tables import FactorReset


async def request(
    session: AsyncSession,
    actor: Actor,
    settings: Settings,
    organisation_id: UUID,
    person_id: UUID,
    reason: str,
) -> FactorReset:
    """Take a member's second factor away; on the platform, ask another administrator to.

    :raises AnotherOfficer: the caller is a program, or the member himself.
    :raises NoFactorToReset: the member has none.
    :raises FactorResetOpen: one is requested already.
    :raises PlatformRoleProtected: the member administers the platform, and the caller does not.
    """
    organisation = await access_to_administer(session, actor, organisation_id)
    membership, _ = await members.member(session, organisation_id, person_id)
    held = [Role(role) for role in membership.roles]
    check_roles(actor, organisation, held, held)
    await _require_another(session, actor, organisation_id, person_id)
    if not await second_factors.is_enrolled(session, person_id):
        raise NoFactorToReset(
            Message("The member has no second factor."),
            remedy=Message("The member signs in with the password alone, and enrols one."),
        )
    if await repository.open_factor_reset(session, person_id) is not None:
        raise FactorResetOpen(
            Message("A reset of the member's second factor is requested already."),
            remedy=Message("Another administrator of the platform approves it; or cancel it."),
        )
    row = FactorReset(
        organisation_id=organisation_id,
        person_id=person_id,
        reason=reason,
        status=FactorResetStatus.REQUESTED,
        requested_by=actor.id,
        requested_at=await now(session),
    )
    session.add(row)
    await session.flush()
    await _record(session, actor, row, "second_factor_reset.requested", reason=reason)
    if organisation.kind is OrganisationKind.PLATFORM:
        await notices.notify(session, settings, person_id, notices.FACTOR_RESET_REQUESTED)
    else:
        await _complete(session, actor, settings, row)
    return row


async def approve(
    session: AsyncSession, actor: Actor, settings: Settings, organisation_id: UUID, reset_id: UUID
) -> FactorReset:
    """Approve what another administrator of the platform requested; the member's second factor is taken away.

    :raises AnotherOfficer: the caller requested it, is the member, or is a program.
    :raises FactorResetStatusForbids: it was completed or cancelled.
    :raises PlatformRoleProtected: the member administers the platform, and the caller does not.
    """
    organisation = await access_to_administer(session, actor, organisation_id)
    row = await _lock(session, organisation_id, reset_id)
    membership, _ = await members.member(session, organisation_id, row.person_id)
    held = [Role(role) for role in membership.roles]
    check_roles(actor, organisation, held, held)
    await _require_another(session, actor, organisation_id, row.person_id, row.requested_by)
    await _complete(session, actor, settings, row)
    return row


async def cancel(
    session: AsyncSession, actor: Actor, organisation_id: UUID, reset_id: UUID, reason: str
) -> FactorReset:
    """Object to a reset that waits for its approval: any member of the organisation.

    :raises NotFound: it is not the caller's organisation.
    :raises FactorResetStatusForbids: it was completed or cancelled.
    """
    if organisation_id != actor.organisation_id:
        raise NotFound(Message("There is no such organisation."))
    await organisations.lock_organisation(session, organisation_id)
    row = await _lock(session, organisation_id, reset_id)
    row.status = FACTOR_RESET.next_state(
        row.status,
        FactorResetAction.CANCEL,
        remedy=Message("If the second factor was removed, its owner enrols another one at the next sign-in."),
    )
    row.ended_by, row.ended_at = actor.id, await now(session)
    await session.flush()
    await _record(session, actor, row, "second_factor_reset.cancelled", reason=reason)
    return row


async def listing(session: AsyncSession, actor: Actor, organisation_id: UUID) -> SelectOfScalar[FactorReset]:
    """What the list of an organisation's resets pages through."""
    await access_organisation(session, actor, organisation_id)
    return repository.factor_resets_statement(organisation_id)


async def reset_by_command(
    session: AsyncSession, settings: Settings, platform_id: UUID, email: str
) -> bool | None:
    """Take the second factor of a member of the organisation that runs the market away, for whoever runs the machine.

    :param email: in lower case.
    :return: whether there was one; None where no member has the address.
    """
    await organisations.lock_organisation(session, platform_id)
    membership = await members.member_by_email(session, platform_id, email)
    if membership is None:
        return None
    return await drop(session, SYSTEM, settings, platform_id, membership.person_id)


async def drop(
    session: AsyncSession, actor: Actor, settings: Settings, organisation_id: UUID, person_id: UUID
) -> bool:
    """Take a member's second factor away, where it is settled already that this is to be; whether there was one."""
    if not await second_factors.drop(session, person_id):
        return False
    await audit.record(
        session,
        actor,
        action="second_factor.reset",
        subject_kind=SUBJECT,
        subject_id=organisation_id,
        detail={"person_id": str(person_id)},
    )
    await notices.notify(session, settings, person_id, notices.FACTOR_REMOVED)
    return True


async def _complete(session: AsyncSession, actor: Actor, settings: Settings, row: FactorReset) -> None:
    row.status = FACTOR_RESET.next_state(
        row.status,
        FactorResetAction.COMPLETE,
        remedy=Message(
            "If it is still needed, request it again: POST /v1/organisations/{organisation_id}/second-factor-resets.",
            organisation_id=row.organisation_id,
        ),
    )
    row.ended_by, row.ended_at = actor.id, await now(session)
    await session.flush()
    await drop(session, actor, settings, row.organisation_id, row.person_id)


async def _require_another(session: AsyncSession, actor: Actor, organisation_id: UUID, *others: UUID) -> None:
    await officers.require_another_person(
        session,
        actor,
        *others,
        detail=Message("A second factor is reset by another person than has lost it, and than requested it."),
        remedy=Message(
            "Ask another administrator of the organisation. Where there is none, the platform's recovery lets another"
            " one in: POST /v1/organisations/{organisation_id}/recoveries. On the platform, whoever runs the machine"
            " can do it: market admin reset-second-factor.",
            organisation_id=organisation_id,
        ),
    )


async def _lock(session: AsyncSession, organisation_id: UUID, reset_id: UUID) -> FactorReset:
    row = await repository.lock_factor_reset(session, organisation_id, reset_id)
    if row is None:
        raise NotFound(Message("The organisation has no such reset."))
    return row


async def _record(session: AsyncSession, actor: Actor, row: FactorReset, action: str, **detail: str) -> None:
    await audit.record(
        session,
        actor,
        action=action,
        subject_kind=SUBJECT,
        subject_id=row.organisation_id,
        detail={"reset_id": str(row.id), "person_id": str(row.person_id), **detail},
    )
