"""What the market's mails say, in the words of every language, and what follows from how they end."""

from collections.abc import Mapping
from uuid import UUID

from infra.db import AsyncSession
from infra.identity import invitations
from infra.identity import service as organisations
from infra.identity.tables import Organisation
from infra.mail.domain import Content, MailStatus
from infra.mail.service import Composer
from infra.mail.tables import Mail
from infra.messages import Message
from infra.settings import Settings

INVITATION = "invitation"
RECOVERY_REQUESTED = "recovery.requested"
RECOVERY_APPROVED = "recovery.approved"
SEND_JOB = "participants.send_mails"


async def _invitation(session: AsyncSession, settings: Settings, mail: Mail) -> Content | None:
    organisation_id = await invitations.organisation_of(session, UUID(mail.detail["invitation_id"]))
    if organisation_id is None:
        return None
    organisation = await organisations.lock_organisation(session, organisation_id)
    row = await invitations.lock(session, organisation_id, UUID(mail.detail["invitation_id"]))
    if not await invitations.is_open(session, row):
        return None
    return Content(
        Message("Data-asset market: your invitation"),
        Message(
            "You are invited to act for {organisation} on the data-asset market.\n\n"
            "Your token: {token}\n\n"
            "Accept with it at {address}/v1/invitations/acceptance, choosing your name and a password,"
            " before {expires}. Only the token of the newest message is valid.\n\n"
            "If you did not expect this, do nothing.",
            organisation=_name(organisation),
            token=await invitations.issue_token(session, row),
            address=settings.base_url,
            expires=f"{row.expires_at:%Y-%m-%d %H:%M} UTC",
        ),
    )


async def _recovery_requested(session: AsyncSession, settings: Settings, mail: Mail) -> Content | None:
    organisation = await organisations.organisation(session, UUID(mail.detail["organisation_id"]))
    return Content(
        Message("Data-asset market: recovery of your organisation's administrator requested"),
        Message(
            "The platform was asked to let {email} administer {organisation}, because its administrator is said to be"
            " lost: {reason}\n\n"
            "If that is wrong, cancel it, as any member of the organisation can:"
            " POST {address}/v1/organisations/{organisation_id}/recoveries/{recovery_id}/cancellation",
            **_recovery(settings, organisation, mail),
        ),
    )


async def _recovery_approved(session: AsyncSession, settings: Settings, mail: Mail) -> Content | None:
    organisation = await organisations.organisation(session, UUID(mail.detail["organisation_id"]))
    return Content(
        Message("Data-asset market: recovery of your organisation's administrator approved"),
        Message(
            "From {effective} on, {email} will be let in to administer {organisation}.\n\n"
            "If that is wrong, cancel it before, as any member of the organisation can:"
            " POST {address}/v1/organisations/{organisation_id}/recoveries/{recovery_id}/cancellation",
            effective=mail.detail["effective_at"],
            **_recovery(settings, organisation, mail),
        ),
    )


COMPOSERS: Mapping[str, Composer] = {
    INVITATION: _invitation,
    RECOVERY_REQUESTED: _recovery_requested,
    RECOVERY_APPROVED: _recovery_approved,
}
"""Who writes which kind of mail."""


async def note_end(session: AsyncSession, mail: Mail, status: MailStatus) -> None:
    """Note in an invitation how its mail ended."""
    if mail.kind != INVITATION or status is MailStatus.DROPPED:
        return
    invitation_id = UUID(mail.detail["invitation_id"])
    organisation_id = await invitations.organisation_of(session, invitation_id)
    assert organisation_id is not None
    row = await invitations.lock(session, organisation_id, invitation_id)
    if status is MailStatus.SENT:
        await invitations.note_mailed(session, row)
    else:
        await invitations.note_undeliverable(session, row)


def _recovery(settings: Settings, organisation: Organisation, mail: Mail) -> dict[str, object]:
    return {
        "organisation": _name(organisation),
        "organisation_id": organisation.id,
        "recovery_id": mail.detail["recovery_id"],
        "email": mail.detail["email"],
        "reason": mail.detail["reason"],
        "address": settings.base_url,
    }


def _name(organisation: Organisation) -> str:
    return " / ".join(name for name in (organisation.name_zh, organisation.name_en) if name)
