"""SQL of organisations, people, memberships and invitations."""

from collections.abc import Iterable, Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import SQLModel, col, select
from sqlmodel.sql.expression import SelectOfScalar

from infra.auth import OrganisationKind, Role
from infra.db import AsyncSession
from infra.identity.tables import Client, IdentityEvidence, Invitation, Membership, Organisation, Person
from infra.organisation_status import OrganisationStatus


async def organisation(session: AsyncSession, organisation_id: UUID) -> Organisation | None:
    """One organisation."""
    return await session.get(Organisation, organisation_id)


async def lock_organisation(session: AsyncSession, organisation_id: UUID) -> Organisation | None:
    """One organisation, as it stands now, and nobody else changes it until the transaction ends."""
    # FOR NO KEY UPDATE: rows that refer to the organisation may be added meanwhile.
    lock = {"key_share": True}
    return await session.get(Organisation, organisation_id, with_for_update=lock, populate_existing=True)


async def names(session: AsyncSession, ids: Iterable[UUID]) -> Sequence[tuple[UUID, str | None, str | None]]:
    """Id, Chinese and English name of several organisations, in no order."""
    statement = select(Organisation.id, Organisation.name_zh, Organisation.name_en)
    return (await session.exec(statement.where(col(Organisation.id).in_(list(ids))))).all()


async def person_names(session: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, str]:
    """The name of each of several people."""
    statement = select(Person.id, Person.name).where(col(Person.id).in_(list(ids)))
    return {row.id: row.name for row in await session.execute(statement)}


async def kinds(session: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, OrganisationKind]:
    """The kind of each of several organisations."""
    statement = select(Organisation.id, Organisation.kind).where(col(Organisation.id).in_(list(ids)))
    return {row.id: OrganisationKind(row.kind) for row in await session.execute(statement)}


async def organisations_named(
    session: AsyncSession, names: Sequence[str]
) -> Sequence[tuple[UUID, str | None, str | None]]:
    """Id and names of the organisations one of whose names is one of these, in lower case."""
    statement = select(Organisation.id, Organisation.name_zh, Organisation.name_en).where(
        sa.func.lower(Organisation.name_zh).in_(names) | sa.func.lower(Organisation.name_en).in_(names)
    )
    return (await session.exec(statement)).all()


def organisations_statement(only: UUID | None, kind: OrganisationKind | None) -> SelectOfScalar[Organisation]:
    """Organisations for a list; ``only`` narrows to a single one."""
    statement = select(Organisation)
    if only is not None:
        statement = statement.where(col(Organisation.id) == only)
    if kind is not None:
        statement = statement.where(col(Organisation.kind) == kind)
    return statement


def directory_statement(
    words: Iterable[str], kind: OrganisationKind | None, only: UUID | None, credit_code: str | None
) -> SelectOfScalar[Organisation]:
    """Verified organisations, one of whose names holds each of the words."""
    statement = organisations_statement(only, kind).where(
        col(Organisation.status) == OrganisationStatus.VERIFIED
    )
    if credit_code is not None:
        statement = statement.where(col(Organisation.credit_code) == credit_code)
    grams = SQLModel.metadata.tables["organisations"].c.search_grams
    for word in words:
        folded = sa.func.search_text(word)
        statement = statement.where(
            # By the index; what has all the pairs of characters need not have them in this order.
            grams.contains(sa.func.search_grams(word)),
            sa.or_(
                sa.func.strpos(sa.func.search_text(col(Organisation.name_zh)), folded) > 0,
                sa.func.strpos(sa.func.search_text(col(Organisation.name_en)), folded) > 0,
            ),
        )
    return statement


def is_verified(organisation_id: sa.SQLColumnExpression[UUID]) -> sa.ColumnElement[bool]:
    """SQL: whether the organisation is verified."""
    return sa.exists().where(
        col(Organisation.id) == organisation_id, col(Organisation.status) == OrganisationStatus.VERIFIED
    )


async def platform_exists(session: AsyncSession) -> bool:
    """Whether an organisation that runs the market exists; answers one caller at a time."""
    await session.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended("bootstrap", 2))))
    statement = select(Organisation.id).where(col(Organisation.kind) == OrganisationKind.PLATFORM).limit(1)
    return (await session.exec(statement)).first() is not None


async def person(session: AsyncSession, person_id: UUID) -> Person | None:
    """One person."""
    return await session.get(Person, person_id)


async def accounts_of(
    session: AsyncSession, email: str, *, organisation_id: UUID | None, limit: int
) -> Sequence[Person]:
    """Accounts with an address, up to ``limit``.

    :param email: in lower case.
    :param organisation_id: its member comes first; then whoever belongs somewhere, proved addresses before others.
    """
    places = sa.select(col(Membership.id)).where(col(Membership.person_id) == col(Person.id))
    there = places.where(col(Membership.organisation_id) == organisation_id).exists()
    statement = (
        select(Person)
        .where(col(Person.email) == email)
        .order_by(there.desc(), places.exists().desc(), col(Person.email_proved_at).is_(None), col(Person.id))
        .limit(limit)
    )
    return (await session.exec(statement)).all()


async def renew_hash(session: AsyncSession, person_id: UUID, former: str, fresh: str) -> None:
    """Keep another hash of the same password, unless it was renewed or set anew meanwhile."""
    statement = sa.update(Person).where(col(Person.id) == person_id, col(Person.password_hash) == former)
    await session.execute(statement.values(password_hash=fresh))


async def membership(session: AsyncSession, organisation_id: UUID, person_id: UUID) -> Membership | None:
    """A person's place in an organisation."""
    statement = select(Membership).where(
        col(Membership.organisation_id) == organisation_id, col(Membership.person_id) == person_id
    )
    return (await session.exec(statement)).one_or_none()


async def memberships_of(
    session: AsyncSession, person_ids: Iterable[UUID]
) -> Sequence[tuple[Membership, Organisation]]:
    """Every place that some accounts have, with its organisation, oldest first."""
    statement = (
        select(Membership, Organisation)
        .join(Organisation, col(Organisation.id) == col(Membership.organisation_id))
        .where(col(Membership.person_id).in_(list(person_ids)))
        .order_by(col(Membership.id))
        .limit(100)
    )
    return (await session.exec(statement)).all()


async def members(
    session: AsyncSession, organisation_id: UUID, *, limit: int, after: UUID | None
) -> Sequence[tuple[Membership, Person]]:
    """Members of an organisation with their persons, newest first, up to ``limit``."""
    statement = (
        select(Membership, Person)
        .join(Person, col(Person.id) == col(Membership.person_id))
        .where(col(Membership.organisation_id) == organisation_id)
        .order_by(col(Membership.id).desc())
        .limit(limit)
    )
    if after is not None:
        statement = statement.where(col(Membership.id) < after)
    return (await session.exec(statement)).all()


async def membership_by_email(session: AsyncSession, organisation_id: UUID, email: str) -> Membership | None:
    """The place of an address in an organisation."""
    statement = (
        select(Membership)
        .join(Person, col(Person.id) == col(Membership.person_id))
        .where(col(Membership.organisation_id) == organisation_id, col(Person.email) == email)
        .order_by(col(Membership.id))
        .limit(1)
    )
    return (await session.exec(statement)).one_or_none()


async def addresses(
    session: AsyncSession, organisation_id: UUID, first: Iterable[Role], limit: int
) -> Sequence[str]:
    """Addresses of members, those with one of the roles first, up to ``limit``."""
    roles = sa.cast([role.value for role in first], ARRAY(sa.String()))
    statement = (
        select(Person.email)
        .join(Membership, col(Person.id) == col(Membership.person_id))
        .where(col(Membership.organisation_id) == organisation_id)
        .order_by(col(Membership.roles).bool_op("&&")(roles).desc(), col(Membership.id))
        .limit(limit)
    )
    return (await session.exec(statement)).all()


async def is_member(session: AsyncSession, organisation_id: UUID, email: str) -> bool:
    """Whether somebody with the address belongs to the organisation."""
    statement = (
        select(Membership.id)
        .join(Person, col(Person.id) == col(Membership.person_id))
        .where(col(Membership.organisation_id) == organisation_id, col(Person.email) == email)
    )
    return (await session.exec(statement)).first() is not None


async def addresses_behind(session: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, set[str]]:
    """The address of each person, and of whoever made each program; ids of nobody are left out."""
    named = sa.func.unnest(sa.cast(list(ids), ARRAY(sa.Uuid()))).table_valued("id").render_derived()
    first = sa.select(named.c.id, named.c.id.label("actor_id"))
    behind = first.cte("behind", recursive=True)
    # A program may have been made by a program.
    behind = behind.union(
        sa.select(behind.c.id, col(Client.created_by)).join(Client, col(Client.id) == behind.c.actor_id)
    )
    statement = sa.select(behind.c.id, col(Person.email)).join(Person, col(Person.id) == behind.c.actor_id)
    found: dict[UUID, set[str]] = {}
    for actor_id, address in await session.execute(statement):
        found.setdefault(actor_id, set()).add(address)
    return found


async def maker_of(session: AsyncSession, client_id: UUID) -> UUID | None:
    """The person who made a program, or the program that made it; None where the service did."""
    start = sa.select(sa.literal(client_id, sa.Uuid()).label("actor_id"))
    behind = start.cte("behind", recursive=True)
    behind = behind.union(sa.select(col(Client.created_by)).join(behind, col(Client.id) == behind.c.actor_id))
    statement = select(Person.id).join(behind, col(Person.id) == behind.c.actor_id)
    return (await session.exec(statement)).first()


async def holders(session: AsyncSession, organisation_id: UUID, role: Role) -> set[UUID]:
    """Ids of the memberships that carry a role."""
    statement = select(Membership.id).where(
        col(Membership.organisation_id) == organisation_id,
        sa.literal(role.value) == sa.any_(col(Membership.roles)),
    )
    return set((await session.exec(statement)).all())


async def drop_membership(session: AsyncSession, membership_id: UUID) -> None:
    """End a membership; its sessions end with it."""
    await session.execute(sa.delete(Membership).where(col(Membership.id) == membership_id))


def invitations_statement(organisation_id: UUID) -> SelectOfScalar[Invitation]:
    """Invitations of an organisation."""
    return select(Invitation).where(col(Invitation.organisation_id) == organisation_id)


async def who_let_in(session: AsyncSession, organisation_id: UUID) -> frozenset[UUID]:
    """Who invited or handed a token over for an organisation."""
    rows = (await session.exec(invitations_statement(organisation_id))).all()
    return frozenset(
        actor_id for row in rows for actor_id in (row.invited_by, row.handed_over_by) if actor_id is not None
    )


async def open_invitation(session: AsyncSession, token_digest: bytes, *, lock: bool) -> Invitation | None:
    """The invitation a token opens now, if it does; locked, nobody else can use it meanwhile."""
    statement = select(Invitation).where(
        col(Invitation.token_digest) == token_digest,
        col(Invitation.accepted_at).is_(None),
        col(Invitation.revoked_at).is_(None),
        # Not now(), which is the transaction's start: whoever waited for the lock is measured by its end.
        col(Invitation.expires_at) > sa.func.clock_timestamp(),
    )
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    return (await session.exec(statement)).one_or_none()


async def revoke_foreign_invitations(session: AsyncSession, organisation_id: UUID) -> None:
    """Close the open invitations of an organisation that somebody else made for it."""
    statement = sa.update(Invitation).where(
        col(Invitation.organisation_id) == organisation_id,
        col(Invitation.invited_by_organisation) != organisation_id,
        col(Invitation.accepted_at).is_(None),
        col(Invitation.revoked_at).is_(None),
    )
    await session.execute(statement.values(revoked_at=sa.func.now()))


async def lock_invitation(
    session: AsyncSession, organisation_id: UUID, invitation_id: UUID
) -> Invitation | None:
    """One invitation of an organisation, locked."""
    statement = (
        select(Invitation)
        .where(col(Invitation.id) == invitation_id, col(Invitation.organisation_id) == organisation_id)
        .with_for_update()
    )
    return (await session.exec(statement)).one_or_none()


def evidence_statement(organisation_id: UUID) -> SelectOfScalar[IdentityEvidence]:
    """Evidence on file for an organisation."""
    return select(IdentityEvidence).where(col(IdentityEvidence.organisation_id) == organisation_id)


async def undecided_evidence(session: AsyncSession, organisation_id: UUID) -> Sequence[IdentityEvidence]:
    """Evidence that nobody has verified or rejected yet, locked."""
    statement = (
        evidence_statement(organisation_id)
        .where(col(IdentityEvidence.verified_at).is_(None), col(IdentityEvidence.rejected_at).is_(None))
        .order_by(col(IdentityEvidence.id))
        .with_for_update()
    )
    return (await session.exec(statement)).all()
