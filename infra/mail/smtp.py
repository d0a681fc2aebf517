"""The mail server that the settings name."""

import ssl
from email.message import EmailMessage
from email.utils import format_datetime, localtime
from uuid import UUID

import aiosmtplib

from infra.settings import Settings

MAX_ERROR = 300


class MailServerAway(Exception):
    """The server did not take the mail for now: it was away, busy or refused the login. Trying again may help."""


class MailRefused(Exception):
    """The server will never take the mail: it does not know the recipient."""


async def deliver(settings: Settings, *, message_id: UUID, recipient: str, subject: str, body: str) -> None:
    """Hand one mail to the mail server.

    :raises MailRefused: it refuses the recipient for good.
    :raises MailServerAway: anything else went wrong.
    """
    assert settings.smtp_host is not None
    assert settings.smtp_sender is not None
    message = EmailMessage()
    message["From"] = settings.smtp_sender
    message["To"] = recipient
    message["Subject"] = subject
    message["Date"] = format_datetime(localtime())
    message["Message-ID"] = f"<{message_id}@{settings.smtp_sender.rpartition('@')[2]}>"
    # A machine's mail: no out-of-office note answers it (RFC 3834).
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(body)
    try:
        await aiosmtplib.send(
            message,
            hostname=settings.smtp_host,
            port=settings.smtp_port,
            username=settings.smtp_username,
            password=settings.smtp_secret,
            use_tls=settings.smtp_tls == "tls",
            start_tls=settings.smtp_tls == "starttls",
            tls_context=_tls(settings),
            timeout=settings.smtp_timeout_s,
        )
    except aiosmtplib.SMTPRecipientsRefused as error:
        [refused] = error.recipients
        raise (MailRefused if refused.code >= 500 else MailServerAway)(
            f"{refused.code} {refused.message}"[:MAX_ERROR]
        ) from error
    except (aiosmtplib.SMTPException, OSError) as error:
        raise MailServerAway(f"{type(error).__name__}: {error}"[:MAX_ERROR]) from error


def _tls(settings: Settings) -> ssl.SSLContext | None:
    if settings.smtp_tls == "none":
        return None
    return ssl.create_default_context(cafile=settings.smtp_ca_file)
