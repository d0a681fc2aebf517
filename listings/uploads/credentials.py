"""Credentials that files are fetched with: kept encrypted, named by who has put them here, shown to nobody."""

from collections.abc import Sequence
from urllib.parse import urlsplit
from uuid import UUID

from infra.audit import service as audit
from infra.auth import Actor
from infra.db import AsyncSession, now
from infra.errors import NotFound
from infra.messages import Message
from infra.object_address import DEFAULT_REGION, S3Address
from listings.uploads import repository
from listings.uploads.errors import SourceUnusable
from listings.uploads.fetching import Call
from listings.uploads.schemas import SourceCredentialPut
from listings.uploads.states import CredentialKind
from listings.uploads.tables import SourceCredential

SIGNED_SECONDS = 3600
MAX_CREDENTIALS = 100


async def put(session: AsyncSession, actor: Actor, name: str, data: SourceCredentialPut) -> SourceCredential:
    """Keep credentials under a name of the organisation's, or replace those that are.

    :raises SourceUnusable: there are too many.
    """
    row = await repository.get_credential(session, actor.organisation_id, name, lock=True)
    moment = await now(session)
    if row is None:
        if len(await repository.list_credentials(session, actor.organisation_id)) >= MAX_CREDENTIALS:
            raise SourceUnusable(
                Message(
                    "Your organisation keeps {number} credentials, the most it may.", number=MAX_CREDENTIALS
                ),
                remedy=Message("Delete one that is not needed: DELETE /v1/source-credentials/{name}."),
            )
        row = SourceCredential(
            organisation_id=actor.organisation_id, name=name, created_at=moment, updated_at=moment
        )  # type: ignore[call-arg]
        session.add(row)
    row.kind, row.endpoint, row.region = data.kind, data.endpoint, data.region
    row.key_id, row.secret = data.key_id, data.secret.get_secret_value()
    row.updated_by, row.updated_at = actor.id, moment
    await session.flush()
    await _record(session, actor, row, "set")
    return row


async def list_all(session: AsyncSession, actor: Actor) -> Sequence[SourceCredential]:
    """Those of the organisation, by name."""
    return await repository.list_credentials(session, actor.organisation_id)


async def remove(session: AsyncSession, actor: Actor, name: str) -> None:
    """Forget credentials; what is fetched with them fails from now on.

    :raises NotFound: there are none of this name.
    """
    row = await find(session, actor.organisation_id, name)
    await _record(session, actor, row, "deleted")
    await session.delete(row)


async def find(session: AsyncSession, organisation_id: UUID, name: str) -> SourceCredential:
    """Credentials of an organisation.

    :raises NotFound: there are none of this name.
    """
    row = await repository.get_credential(session, organisation_id, name)
    if row is None:
        raise NotFound(
            Message("Your organisation keeps no credentials {name!r}.", name=name),
            remedy=Message("PUT /v1/source-credentials/{name} keeps them.", name=name),
        )
    return row


def make_call(url: str, credential: SourceCredential | None) -> Call:
    """What is sent to a source.

    :raises SourceUnusable: the credentials are for another place, or of another kind.
    """
    parts = urlsplit(url)
    if parts.scheme == "s3":
        return Call(_signed(url, credential), {})
    if credential is None:
        return Call(url, {})
    if credential.kind is CredentialKind.S3:
        raise SourceUnusable(
            Message("The credentials {name!r} are for s3:// addresses.", name=credential.name),
            remedy=Message("Name others, or write the address s3://bucket/key."),
        )
    # They go to the host that they were given for and nowhere else.
    if f"https://{parts.netloc}" != credential.endpoint and f"http://{parts.netloc}" != credential.endpoint:
        raise SourceUnusable(
            Message(
                "The credentials {name!r} are for {endpoint}.",
                name=credential.name,
                endpoint=credential.endpoint,
            ),
            remedy=Message("Name credentials of the source's host."),
        )
    return Call(url, {"Authorization": f"Bearer {credential.secret}"})


def _signed(url: str, credential: SourceCredential | None) -> str:
    # Loaded only where something is fetched from such a store.
    from infra.objects.s3 import S3Credentials, signed_url

    if credential is None or credential.kind is not CredentialKind.S3 or not credential.key_id:
        raise SourceUnusable(
            Message("An s3:// address is read with credentials of the kind s3."),
            remedy=Message(
                "Keep them by PUT /v1/source-credentials/{name}, and name them beside the address."
            ),
        )
    parts = urlsplit(url)
    address = S3Address(
        bucket=parts.netloc, endpoint=credential.endpoint, region=credential.region or DEFAULT_REGION
    )
    key = S3Credentials(credential.key_id, credential.secret)
    return signed_url(address, key, parts.path.lstrip("/"), seconds=SIGNED_SECONDS)


async def _record(session: AsyncSession, actor: Actor, row: SourceCredential, what: str) -> None:
    await audit.record(
        session,
        actor,
        action=f"source_credential.{what}",
        subject_kind="organisation",
        subject_id=row.organisation_id,
        detail={"name": row.name, "kind": row.kind.value, "endpoint": row.endpoint},
    )
