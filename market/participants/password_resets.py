"""Use cases of a lost password: a one-time link by mail, or by the hands of an administrator of the organisation."""

from datetime import timedelta
from uuid import UUID

from infra import jobs
from infra.audit import service as audit
from infra.auth import SYSTEM, Actor, Role
from infra.db import AsyncSession
from infra.identity import members, officers, password_resets
from infra.identity import service as organisations
from infra.identity.attempts import Origin
from infra.identity.runtime import Identity
from infra.mail import service as mail
from infra.messages import Message
from infra.settings import Settings
from market.participants.errors import ResetMailed, ResetNotMailed
from market.participants.mails import PASSWORD_RESET_LINK, SEND_JOB
from market.participants.roles import check_roles
from market.participants.service import SUBJECT, access_to_administer


async def request(
    session: AsyncSession, identity: Identity, origin: Origin, *, email: str, organisation_id: UUID | None
) -> None:
    """Mail one-time links to an address, one for each account it has.

    Nobody learns whether it has one: the same is done here for every address, and only the worker looks.

    :raises ResetNotMailed: there is no mail server.
    :raises SourceThrottled, TooManyResets: too many were asked for.
    """
    if identity.settings.smtp_host is None:
        raise ResetNotMailed(
            Message("The installation has no mail server."),
            remedy=Message(
                "Ask an administrator of your organisation, who hands you a one-time link. One who is alone asks the"
                " platform for a recovery; the platform's own runs: market admin reset-password."
            ),
        )
    await identity.throttle.begin_reset(origin, email)
    detail = {"organisation_id": None if organisation_id is None else str(organisation_id)}
    keep = timedelta(minutes=identity.settings.password_reset_minutes)
    await mail.post(session, PASSWORD_RESET_LINK, email, detail, keep=keep)
    await jobs.enqueue(session, SEND_JOB, {})


async def hand_over(
    session: AsyncSession,
    actor: Actor,
    settings: Settings,
    organisation_id: UUID,
    person_id: UUID,
    *,
    identification: str,
) -> str:
    """Take a one-time link, to bring it to a member of the own organisation; answers its token, once.

    For an installation without a mail server. The officer is named in the audit log with how the person was known. It
    is no way around the member's second factor.

    :raises ResetMailed: there is a mail server.
    :raises AnotherOfficer: the caller is a program, or the member himself.
    :raises PlatformRoleProtected: the member administers the platform, and the caller does not.
    """
    organisation = await access_to_administer(session, actor, organisation_id)
    membership, _ = await members.member(session, organisation_id, person_id)
    if settings.smtp_host is not None:
        raise ResetMailed(
            Message("Links for a new password go to the member's address by mail."),
            remedy=Message("The member asks for one at POST /v1/password-resets."),
        )
    held = [Role(role) for role in membership.roles]
    check_roles(actor, organisation, held, held)
    await officers.require_another_person(
        session,
        actor,
        person_id,
        detail=Message("A link for a new password is handed to somebody else."),
        remedy=Message("Change your own password at PUT /v1/session/password."),
    )
    token = await password_resets.issue(
        session, actor, settings, person_id, mailed=False, detail="handed_over"
    )
    await audit.record(
        session,
        actor,
        action="password_reset.handed_over",
        subject_kind=SUBJECT,
        subject_id=organisation_id,
        detail={"person_id": str(person_id), "identification": identification},
    )
    return token


async def issue_by_command(
    session: AsyncSession, settings: Settings, platform_id: UUID, email: str
) -> str | None:
    """A one-time link for a member of the organisation that runs the market, for whoever runs the machine.

    :param email: in lower case.
    :return: its token; None where no member has the address.
    """
    await organisations.lock_organisation(session, platform_id)
    membership = await members.member_by_email(session, platform_id, email)
    if membership is None:
        return None
    return await password_resets.issue(
        session, SYSTEM, settings, membership.person_id, mailed=False, detail="command"
    )
