"""What the market's mails say, in the words of every language, and what follows from how they end."""

from collections.abc import Mapping
from uuid import UUID

from infra.auth import SYSTEM
from infra.db import AsyncSession
from infra.identity import invitations, notices, password_resets
from infra.identity import service as organisations
from infra.identity.tables import Organisation
from infra.mail import service as outbox
from infra.mail.domain import Content, MailStatus
from infra.mail.service import Composer
from infra.mail.tables import Mail
from infra.messages import Message
from infra.settings import Settings

INVITATION = "invitation"
RECOVERY_REQUESTED = "recovery.requested"
RECOVERY_APPROVED = "recovery.approved"
PASSWORD_RESET_LINK = "password_reset.link"  # noqa: S105 -- a kind of mail
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


async def _password_reset_link(session: AsyncSession, settings: Settings, mail: Mail) -> Content | None:
    asked = mail.detail["organisation_id"]
    places = await password_resets.accounts_of(
        session, mail.recipient, None if asked is None else UUID(asked)
    )
    if not places:
        return None
    tokens = [
        (
            _name(organisation),
            await password_resets.issue(
                session, SYSTEM, settings, membership.person_id, mailed=True, detail="mailed"
            ),
        )
        for membership, organisation in places
    ]
    return Content(
        Message("Data-asset market: a new password"),
        Message(
            "Somebody asked for a new password for your account on the data-asset market.\n\n"
            "Your token:\n{tokens}\n\n"
            "Set the password with it at {address}/v1/password-resets/acceptance within {minutes} minutes; it works"
            " once. Only the token of the newest message is valid, and none after you have signed in.\n\n"
            "If it was not you, do nothing: the password stays as it is.",
            tokens="\n".join(f"{name}: {token}" for name, token in tokens),
            address=settings.base_url,
            minutes=settings.password_reset_minutes,
        ),
    )


def _notice(subject: Message, body: Message) -> Composer:
    async def compose(session: AsyncSession, settings: Settings, mail: Mail) -> Content | None:
        return Content(subject, body)

    return compose


_NOTICES: Mapping[str, Composer] = {
    notices.PASSWORD_RESET: _notice(
        Message("Data-asset market: your password was reset"),
        Message(
            "Your password on the data-asset market was set anew by a one-time link, and every session ended.\n\n"
            "If it was not you, tell an administrator of your organisation at once, and ask for a link of your own."
        ),
    ),
    notices.FACTOR_ENROLLED: _notice(
        Message("Data-asset market: second factor enrolled"),
        Message(
            "From now on the code of an authenticator app is asked for when you sign in to the data-asset market.\n\n"
            "If it was not you, somebody knows your password: tell an administrator of your organisation at once."
        ),
    ),
    notices.FACTOR_GUESSED: _notice(
        Message("Data-asset market: somebody knows your password"),
        Message(
            "Several wrong codes of your second factor were sent to the data-asset market, after your right"
            " password.\n\nIf it was not you, somebody knows your password: change it."
        ),
    ),
    notices.FACTOR_REMOVED: _notice(
        Message("Data-asset market: second factor removed"),
        Message(
            "Your second factor on the data-asset market was removed, by you, an administrator or whoever runs the"
            " machine; enrol another one when you sign in.\n\n"
            "If you did not ask for it, tell another administrator of your organisation at once."
        ),
    ),
    notices.FACTOR_RESET_REQUESTED: _notice(
        Message("Data-asset market: reset of your second factor requested"),
        Message(
            "An administrator of the platform says that you have lost your second factor, and asked another one to"
            " remove it.\n\n"
            "If you have not lost it, sign in and cancel this: GET and POST"
            " /v1/organisations/<your organisation>/second-factor-resets."
        ),
    ),
    notices.RECOVERY_CODE_USED: _notice(
        Message("Data-asset market: a recovery code was used"),
        Message(
            "One of your recovery codes on the data-asset market was used in the place of your authenticator app.\n\n"
            "If it was not you, change your password and regenerate the codes."
        ),
    ),
}


COMPOSERS: Mapping[str, Composer] = {
    **_NOTICES,
    PASSWORD_RESET_LINK: _password_reset_link,
    INVITATION: _invitation,
    RECOVERY_REQUESTED: _recovery_requested,
    RECOVERY_APPROVED: _recovery_approved,
}
"""Who writes which kind of mail."""


async def note_end(session: AsyncSession, mail: Mail, status: MailStatus) -> None:
    """Note in an invitation how its mail ended; forget whom nobody knows."""
    if mail.kind == PASSWORD_RESET_LINK and status is MailStatus.DROPPED:
        await outbox.forget(session, mail.id)
        return
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
