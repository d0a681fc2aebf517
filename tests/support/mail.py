"""A real mail server on this machine, whose mailboxes a test can open, and which can be away or refuse."""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


@dataclass(slots=True)
class Mailboxes:
    """What arrived, and how the server behaves.

    :ivar refuses: answered to a recipient instead of taking the mail.
    """

    port: int = 0
    received: list[EmailMessage] = field(default_factory=list)
    refuses: str | None = None
    logins: list[tuple[bytes, bytes]] = field(default_factory=list)

    def of(self, address: str) -> list[EmailMessage]:
        """Mails to an address, oldest first."""
        return [mail for mail in self.received if mail["To"] == address]

    def token(self, address: str) -> str:
        """The token in the newest mail to an address: the same in each language."""
        token: str
        [token] = set(re.findall(r"[A-Za-z0-9_-]{43}", self.of(address)[-1].get_content()))
        return token

    async def handle_RCPT(  # noqa: N802 -- aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take a recipient."""
        if self.refuses is not None:
            return self.refuses
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep a mail."""
        assert isinstance(envelope.content, bytes)
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        assert envelope.rcpt_tos == [mail["To"]]
        self.received.append(mail)
        return "250 OK"


@asynccontextmanager
async def mail_server(
    *, port: int = 0, tls: ssl.SSLContext | None = None, login: tuple[str, str] | None = None
) -> AsyncIterator[Mailboxes]:
    """A mail server on the loopback address.

    :param tls: what STARTTLS is offered with; then it is also demanded.
    :param login: the one user and password that are let in; nobody else is.
    """
    mailboxes = Mailboxes()

    def authenticate(
        server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        mailboxes.logins.append((data.login, data.password))
        assert login is not None
        return AuthResult(success=(data.login.decode(), data.password.decode()) == login, handled=False)

    factory: Callable[[], SMTP] = lambda: SMTP(  # noqa: E731
        mailboxes,
        hostname="mail.test",
        tls_context=tls,
        require_starttls=tls is not None,
        authenticator=authenticate if login else None,
        auth_required=login is not None,
        loop=asyncio.get_running_loop(),
    )
    server = await asyncio.get_running_loop().create_server(factory, "127.0.0.1", port)
    mailboxes.port = server.sockets[0].getsockname()[1]
    try:
        yield mailboxes
    finally:
        server.close()
