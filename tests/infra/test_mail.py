"""Mail goes out through a real mail server, encrypted and logged in where the settings say so."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import ValidationError

from infra.mail.domain import LONGEST_RETRY, next_try
from infra.mail.smtp import MailRefused, MailServerAway, deliver
from infra.settings import Settings
from tests.support.mail import mail_server
from tests.support.network import free_port

SENDER = "market@market.example"


def settings(port: int, **more: object) -> Settings:
    return Settings.model_validate(
        {
            "smtp_host": "localhost",
            "smtp_port": port,
            "smtp_sender": SENDER,
            "smtp_timeout_s": 2,
            "smtp_tls": "none",
            **more,
        }
    )


async def send(settings: Settings, message_id: UUID | None = None) -> None:
    await deliver(
        settings,
        message_id=message_id or uuid4(),
        recipient="li@bureau.example",
        subject="邀请 / Invitation",
        body="您好\n\nGood day\n",
    )


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for localhost with its key, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("certificate") / "mail.pem"
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return path


def offered(certificate: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    return context


async def test_a_mail_arrives_as_it_was_written() -> None:
    message_id = uuid4()
    async with mail_server() as server:
        await send(settings(server.port), message_id)
        [mail] = server.of("li@bureau.example")
    assert (mail["From"], mail["Subject"]) == (SENDER, "邀请 / Invitation")
    assert mail["Message-ID"] == f"<{message_id}@market.example>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail.get_content().splitlines() == ["您好", "", "Good day"]


async def test_encrypted_and_logged_in_with_the_password_of_a_file(certificate: Path, tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text("a mail password\n")
    async with mail_server(tls=offered(certificate), login=("market", "a mail password")) as server:
        secure = settings(
            server.port,
            smtp_tls="starttls",
            smtp_ca_file=certificate,
            smtp_username="market",
            smtp_password_file=password,
        )
        await send(secure)
        assert len(server.received) == 1
        password.write_text("another one\n")
        with pytest.raises(MailServerAway, match="Authentication"):
            await send(secure)


async def test_a_server_whose_certificate_is_not_known_gets_no_mail(certificate: Path) -> None:
    async with mail_server(tls=offered(certificate), login=("market", "secret")) as server:
        unknown = settings(server.port, smtp_tls="starttls", smtp_username="market", smtp_password="secret")
        with pytest.raises(MailServerAway):
            await send(unknown)
        assert (server.received, server.logins) == ([], [])


async def test_a_server_without_encryption_gets_neither_login_nor_mail() -> None:
    async with mail_server() as server:
        demanding = settings(server.port, smtp_tls="starttls", smtp_username="market", smtp_password="secret")
        with pytest.raises(MailServerAway):
            await send(demanding)
        assert (server.received, server.logins) == ([], [])


async def test_a_recipient_refused_for_good_and_one_refused_for_now() -> None:
    async with mail_server() as server:
        server.refuses = "550 no such mailbox"
        with pytest.raises(MailRefused, match="no such mailbox"):
            await send(settings(server.port))
        server.refuses = "451 come back later"
        with pytest.raises(MailServerAway, match="later"):
            await send(settings(server.port))


async def test_nobody_listens() -> None:
    with pytest.raises(MailServerAway):
        await send(settings(free_port()))


def test_a_mail_server_needs_a_sender() -> None:
    with pytest.raises(ValidationError, match="MARKET_SMTP_SENDER"):
        settings(25, smtp_sender=None)


def test_tries_grow_apart_and_never_end_by_themselves() -> None:
    delays = [next_try(attempts) for attempts in range(2000)]
    assert delays[0] < delays[1] < delays[3]
    assert delays == sorted(delays)
    assert delays[-1] == LONGEST_RETRY
