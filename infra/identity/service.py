"""Organisations: look up, register, add evidence, change status; and the market's first administrator."""

from collections.abc import Collection, Iterable, Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlmodel.sql.expression import SelectOfScalar

from infra.audit import service as audit
from infra.auth import SYSTEM, Actor, OrganisationKind
from infra.db import AsyncSession, now
from infra.errors import NotFound
from infra.identity import credentials, repository
from infra.identity.domain import EvidenceKind, normalised_email
from infra.identity.errors import CreditCodeTaken
from infra.identity.members import ADMINISTRATOR_ROLES
from infra.identity.schemas import PartyName, PartyNames
from infra.identity.states import OrganisationAction, next_state
from infra.identity.tables import IdentityEvidence, Membership, Organisation, Person
from infra.messages import Message
from infra.organisation_status import OrganisationStatus, not_verified


async def organisation(session: AsyncSession, organisation_id: UUID) -> Organisation:
    """One organisation.

    :raises NotFound: there is none with that id.
    """
    return _found(await repository.organisation(session, organisation_id))


async def lock_organisation(session: AsyncSession, organisation_id: UUID) -> Organisation:
    """One organisation, which nobody else changes until the transaction ends.

    :raises NotFound: there is none with that id.
    """
    return _found(await repository.lock_organisation(session, organisation_id))


async def party_names(session: AsyncSession, ids: Iterable[UUID]) -> PartyNames:
    """What several organisations are called, by id, in one query; ids of no organisation are left out.

    Call it once for an answer or a page, with the ids of every party in it.
    """
    wanted = set(ids)
    if not wanted:
        return {}
    return {id_: PartyName(zh=zh, en=en) for id_, zh, en in await repository.names(session, wanted)}


async def kinds(session: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, OrganisationKind]:
    """What several organisations are to the market, by id, in one query; ids of no organisation are left out."""
    return await repository.kinds(session, set(ids))


async def organisations_named(session: AsyncSession, names: Collection[str]) -> Sequence[tuple[str, UUID]]:
    """Organisations that are called so in Chinese or in English, whatever the case, by the name that was asked for."""
    wanted: dict[str, list[str]] = {}
    for name in names:
        wanted.setdefault(name.strip().lower(), []).append(name)
    wanted.pop("", None)
    found = await repository.organisations_named(session, list(wanted)) if wanted else []
    return [
        (name, organisation_id)
        for organisation_id, *called in found
        for text in dict.fromkeys(called)
        for name in wanted.get((text or "").strip().lower(), [])
    ]


def listing(only: UUID | None, kind: OrganisationKind | None) -> SelectOfScalar[Organisation]:
    """What a list of organisations pages through; ``only`` narrows it to a single one."""
    return repository.organisations_statement(only, kind)


def directory(
    text: str, kind: OrganisationKind | None, only: UUID | None, credit_code: str | None
) -> SelectOfScalar[Organisation]:
    """What a search among verified organisations pages through.

    :param text: words, each of which is part of the Chinese or of the English name; case does not matter.
    """
    return repository.directory_statement(text.split(), kind, only, credit_code)


async def require_verified(session: AsyncSession, organisation_id: UUID) -> Organisation:
    """The organisation, when it is verified (数据安全法, article 33: both parties' identities are verified).

    :raises OrganisationNotVerified: it is not verified, or suspended.
    """
    found = await organisation(session, organisation_id)
    if found.status is not OrganisationStatus.VERIFIED:
        raise not_verified(found.status, found.id)
    return found


def is_verified(organisation_id: sa.SQLColumnExpression[UUID]) -> sa.ColumnElement[bool]:
    """A condition for statements of other slices: the organisation in this column is verified."""
    return repository.is_verified(organisation_id)


async def register(
    session: AsyncSession,
    actor: Actor,
    *,
    kind: OrganisationKind,
    name_zh: str | None,
    name_en: str | None,
    credit_code: str | None,
) -> Organisation:
    """Register an organisation; nobody belongs to it yet and it is not verified.

    :param credit_code: unified social credit code, already checked; None for parties outside China.
    :raises CreditCodeTaken: another organisation has the code.
    """
    row = Organisation(
        kind=kind,
        name_zh=name_zh,
        name_en=name_en,
        credit_code=credit_code,
        status=OrganisationStatus.REGISTERED,
        registered_by=actor.id,
        registered_at=await now(session),
    )
    try:
        async with session.begin_nested():
            session.add(row)
            await session.flush()
    except IntegrityError as error:
        raise CreditCodeTaken(
            Message(
                "The code {credit_code} belongs to an organisation that is registered already.",
                credit_code=credit_code,
            ),
            remedy=Message("Look it up in GET /v1/organisations."),
        ) from error
    return row


async def add_evidence(
    session: AsyncSession,
    actor: Actor,
    organisation_id: UUID,
    *,
    kind: EvidenceKind,
    number: str,
    document_sha256: str,
) -> IdentityEvidence:
    """Put a document on file; its number is stored encrypted."""
    row = IdentityEvidence(
        organisation_id=organisation_id,
        kind=kind,
        number=number,
        document_sha256=document_sha256,
        submitted_by=actor.id,
        submitted_at=await now(session),
    )
    session.add(row)
    await session.flush()
    return row


def evidence_listing(organisation_id: UUID) -> SelectOfScalar[IdentityEvidence]:
    """What a list of an organisation's evidence pages through."""
    return repository.evidence_statement(organisation_id)


async def undecided_evidence(session: AsyncSession, organisation_id: UUID) -> Sequence[IdentityEvidence]:
    """The evidence on file that nobody has decided on yet, locked."""
    return await repository.undecided_evidence(session, organisation_id)


async def accept_evidence(session: AsyncSession, actor: Actor, rows: Sequence[IdentityEvidence]) -> None:
    """Mark evidence as verified."""
    moment = await now(session)
    for row in rows:
        row.verified_by, row.verified_at = actor.id, moment
    await session.flush()


async def reject_evidence(session: AsyncSession, actor: Actor, rows: Sequence[IdentityEvidence]) -> None:
    """Mark evidence as rejected."""
    moment = await now(session)
    for row in rows:
        row.rejected_by, row.rejected_at = actor.id, moment
    await session.flush()


def require_action(row: Organisation, action: OrganisationAction) -> None:
    """Pass when the organisation's status allows the action.

    :raises StatusForbids: it does not.
    """
    _next_status(row, action)


def _next_status(row: Organisation, action: OrganisationAction) -> OrganisationStatus:
    return next_state(
        row.status,
        action,
        remedy=Message(
            "GET /v1/organisations/{organisation_id} shows where it stands. What is registered is verified or rejected,"
            " what is rejected can be verified on new evidence, and only what is suspended is reinstated.",
            organisation_id=row.id,
        ),
    )


async def change_status(
    session: AsyncSession, actor: Actor, row: Organisation, action: OrganisationAction, reason: str | None
) -> None:
    """Apply an action to a locked organisation.

    :raises StatusForbids: its status does not allow the action.
    """
    row.status, row.status_reason = _next_status(row, action), reason
    if row.status is OrganisationStatus.VERIFIED and row.verified_at is None:
        row.verified_by, row.verified_at = actor.id, await now(session)
    await session.flush()


async def bootstrap_administrator(session: AsyncSession, email: str) -> str | None:
    """Make the organisation that runs the market and its first administrator, once.

    :param email: sign-in name of the administrator.
    :return: the generated password, which is kept nowhere else; None when there is a platform already.
    :raises ValueError: the address is none.
    """
    email = normalised_email(email)
    if await repository.platform_exists(session):
        return None
    moment = await now(session)
    platform = Organisation(
        kind=OrganisationKind.PLATFORM,
        name_zh="数据资产市场平台",
        name_en="Data-asset market platform",
        status=OrganisationStatus.VERIFIED,
        status_reason="Runs the market",
        registered_by=SYSTEM.id,
        registered_at=moment,
        verified_by=SYSTEM.id,
        verified_at=moment,
    )
    password = credentials.new_token()[:24]
    person = Person(
        email=email,
        name="Platform administrator",
        password_hash=credentials.hash_password(password),
        created_at=moment,
        password_changed_at=moment,
    )
    session.add_all([platform, person])
    await session.flush()
    roles = [role.value for role in ADMINISTRATOR_ROLES]
    session.add(Membership(person_id=person.id, organisation_id=platform.id, roles=roles, created_at=moment))
    await session.flush()
    await audit.record(
        session,
        SYSTEM,
        action="administrator.bootstrapped",
        subject_kind="organisation",
        subject_id=platform.id,
        detail={"person_id": str(person.id), "roles": roles},
    )
    return password


def _found(row: Organisation | None) -> Organisation:
    if row is None:
        raise NotFound(Message("There is no such organisation."))
    return row
