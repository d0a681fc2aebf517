"""Signing in and out, and passwords."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from infra.audit import service as audit
from infra.auth import SYSTEM, Actor, OrganisationKind, Role
from infra.db import AsyncSession, now, transaction
from infra.identity import credential_repository, credentials, repository
from infra.identity.attempts import Attempt, Origin
from infra.identity.domain import MAX_ACCOUNTS_TRIED, MAX_SESSIONS_PER_PERSON
from infra.identity.errors import (
    CHOOSE_A_PASSWORD,
    ChooseOrganisation,
    InvalidCredentials,
    NoMembership,
    NotAPerson,
    SessionEnded,
    WeakPassword,
)
from infra.identity.runtime import Identity
from infra.identity.tables import Client, Membership, Organisation, Person, SignInSession
from infra.messages import Message

_NOBODY = UUID(int=0)
"""Whom the audit log names when a password was refused for an address that nobody has."""


@dataclass(frozen=True, slots=True)
class Profile:
    """Who is signed in, and for whom.

    :param email: None for a program.
    :param expires_at: when the session ends in any case; None for a program.
    """

    kind: str
    id: UUID
    name: str
    email: str | None
    roles: tuple[Role, ...]
    organisation: Organisation
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A new session: the cookie's value, which is kept nowhere, and who it stands for.

    :param device: the value of the cookie by which the device is known from now on.
    """

    token: str
    profile: Profile
    device: str


async def sign_in(
    session: AsyncSession,
    identity: Identity,
    *,
    origin: Origin,
    email: str,
    password: str,
    organisation_id: UUID | None,
    previous_token: str | None,
) -> SignedIn:
    """Open a session for a person. It always gets a token of its own; one sent along ends.

    :param origin: where the request comes from.
    :param email: in lower case.
    :param organisation_id: for whom; may be left out by members of a single organisation.
    :raises InvalidCredentials: the e-mail address or the password is wrong.
    :raises TooManyAttempts, SourceThrottled: the address, or the network, is to wait for a while.
    :raises ChooseOrganisation, NoMembership: there is nobody to act for.
    """
    accounts = await check_password(identity, origin, email, password, organisation_id=organisation_id)
    membership, organisation = await _choose(session, accounts, organisation_id)
    password_hash = accounts[membership.person_id]
    person = await session.get(Person, membership.person_id, with_for_update={"read": True})
    if person is None or person.password_hash != password_hash:
        raise _wrong()  # it was changed in the meantime
    if previous_token is not None:
        await credential_repository.drop_session(session, credentials.digest(previous_token))
    if identity.passwords.outdated(password_hash):
        person.password_hash = await identity.passwords.hash(password)
    signed_in = await _open_session(session, identity, origin, person, membership, organisation)
    await audit.record(
        session,
        _actor(person, organisation, membership),
        action="session.opened",
        subject_kind="person",
        subject_id=person.id,
    )
    return signed_in


async def check_password(
    identity: Identity,
    origin: Origin,
    email: str,
    password: str,
    *,
    organisation_id: UUID | None = None,
    only: UUID | None = None,
) -> dict[UUID, str]:
    """Check a password, counted against the limits whatever becomes of the request.

    An address that nobody has takes the same statements and the same hash as one with an account.


    :param organisation_id: the account of its member is tried first.
    :param only: the one account in question, of those that the address has.
    :return: the hash the password was checked against, by the id of every account that it opens.
    :raises InvalidCredentials: the e-mail address or the password is wrong.
    :raises TooManyAttempts: the address is locked for a while, for where the request comes from.
    :raises SourceThrottled: the network has made too many attempts.
    :raises Unavailable: too many passwords wait to be checked.
    """
    await identity.throttle.check(origin)
    identity.passwords.check_room(known=origin.device is not None)
    async with transaction(identity.sessions) as session:
        accounts = await _accounts(session, email, organisation_id, only)
        changed = {person.id: person.password_changed_at for person in accounts}
        attempt = await identity.throttle.begin(session, origin, email, changed)
    if not isinstance(attempt, Attempt):
        raise attempt
    # No connection is held while the processor works. Where there is no account, a password is compared all the same.
    hashes = {person.id: person.password_hash for person in accounts}
    checks = [
        identity.passwords.check(kept, password, known=attempt.known) for kept in hashes.values() or [None]
    ]
    opened = {
        person_id: kept
        for (person_id, kept), good in zip(hashes.items(), await asyncio.gather(*checks), strict=False)
        if good
    }
    async with transaction(identity.sessions) as session:
        await identity.throttle.end(session, attempt, good=bool(opened))
        if not opened:
            await audit.record(
                session,
                SYSTEM,
                action="session.refused",
                subject_kind="person",
                subject_id=next(iter(hashes), _NOBODY),
            )
    if not opened:
        raise _wrong()
    return opened


async def _accounts(
    session: AsyncSession, email: str, organisation_id: UUID | None, only: UUID | None
) -> Sequence[Person]:
    if only is not None:
        person = await repository.person(session, only)
        return [person] if person is not None else []
    return await repository.accounts_of(
        session, email, organisation_id=organisation_id, limit=MAX_ACCOUNTS_TRIED
    )


async def get_session(session: AsyncSession, actor: Actor, identity: Identity, token: str | None) -> Profile:
    """Who is signed in: a person by a session, or a program by its access token."""
    organisation = await session.get(Organisation, actor.organisation_id)
    assert organisation is not None
    roles = tuple(sorted(actor.roles))
    if actor.kind == "program":
        client = await session.get(Client, actor.id)
        assert client is not None
        return Profile("program", actor.id, client.name, None, roles, organisation, None)
    person = await session.get(Person, actor.id)
    assert person is not None
    holder = await credential_repository.session_holder(
        session, credentials.digest(token or ""), identity.settings.session_idle_minutes
    )
    if holder is None:
        raise SessionEnded(
            Message("The session has expired."), remedy=Message("Sign in again at POST /v1/session.")
        )
    return Profile("person", actor.id, person.name, person.email, roles, organisation, holder.expires_at)


async def sign_out(session: AsyncSession, actor: Actor, token: str | None) -> None:
    """End the session.

    :raises NotAPerson: a program has none.
    """
    _must_be_person(actor, Message("Revoke the access token at POST /oauth/revoke."))
    await credential_repository.drop_session(session, credentials.digest(token or ""))
    await audit.record(session, actor, action="session.closed", subject_kind="person", subject_id=actor.id)


async def change_password(
    session: AsyncSession,
    actor: Actor,
    identity: Identity,
    origin: Origin,
    *,
    current_password: str,
    new_password: str,
) -> SignedIn:
    """Set another password; every session of the person ends and a new one opens. No device is known but this one.

    :raises NotAPerson: a program has no password.
    :raises InvalidCredentials: the current password is wrong.
    :raises WeakPassword: the new one is too easily guessed, or the same.
    """
    _must_be_person(
        actor,
        Message(
            "Rotate its secret at POST /v1/organisations/{organisation_id}/clients/{client_id}/secret-rotations.",
        ),
    )
    async with transaction(identity.sessions) as look:
        known = await repository.person(look, actor.id)
        theirs = await look.get(Organisation, actor.organisation_id)
    assert known is not None
    names = (theirs.name_zh, theirs.name_en) if theirs is not None else ()
    # All this before the request's own transaction begins: no connection is held while the processor hashes.
    opened = await check_password(identity, origin, known.email, current_password, only=actor.id)
    old_hash = opened[actor.id]
    if new_password == current_password:
        raise WeakPassword(Message("The password is the one you have."), remedy=CHOOSE_A_PASSWORD)
    weakness = await identity.passwords.weakness(new_password, known.email, known.name, *names)
    if weakness is not None:
        raise WeakPassword(weakness, remedy=CHOOSE_A_PASSWORD)
    new_hash = await identity.passwords.hash(new_password)
    person = await session.get(Person, actor.id, with_for_update=True, populate_existing=True)
    if person is None or person.password_hash != old_hash:
        raise _wrong()
    person.password_hash, person.password_changed_at = new_hash, await now(session)
    membership, organisation = await _choose(session, [actor.id], actor.organisation_id)
    await credential_repository.drop_sessions_of(session, actor.id, keep=0)
    signed_in = await _open_session(session, identity, origin, person, membership, organisation)
    await audit.record(session, actor, action="password.changed", subject_kind="person", subject_id=actor.id)
    return signed_in


async def _choose(
    session: AsyncSession, person_ids: Iterable[UUID], organisation_id: UUID | None
) -> tuple[Membership, Organisation]:
    places = await repository.memberships_of(session, person_ids)
    if organisation_id is not None:
        places = [place for place in places if place[1].id == organisation_id]
    if not places:
        raise NoMembership(
            Message("You belong to no organisation here."),
            remedy=Message("Ask its administrator for an invitation."),
        )
    if len(places) > 1:
        raise ChooseOrganisation(
            Message("You belong to several organisations."),
            remedy=Message("Send the organisation_id of one of them."),
            organisations=[
                {"id": str(organisation.id), "name_zh": organisation.name_zh, "name_en": organisation.name_en}
                for _, organisation in places
            ],
        )
    return places[0]


async def _open_session(
    session: AsyncSession,
    identity: Identity,
    origin: Origin,
    person: Person,
    membership: Membership,
    organisation: Organisation,
) -> SignedIn:
    token = credentials.new_token()
    moment = await now(session)
    expires_at = moment + timedelta(hours=identity.settings.session_hours)
    session.add(
        SignInSession(
            token_digest=credentials.digest(token),
            membership_id=membership.id,
            created_at=moment,
            last_used_at=moment,
            expires_at=expires_at,
        )
    )
    await session.flush()
    await credential_repository.drop_sessions_of(session, person.id, keep=MAX_SESSIONS_PER_PERSON)
    roles = tuple(sorted(Role(role) for role in membership.roles))
    return SignedIn(
        token,
        Profile("person", person.id, person.name, person.email, roles, organisation, expires_at),
        identity.devices.make(person.id, moment, origin.device),
    )


def _actor(person: Person, organisation: Organisation, membership: Membership) -> Actor:
    return Actor(
        kind="person",
        id=person.id,
        organisation_id=organisation.id,
        organisation_kind=OrganisationKind(organisation.kind),
        roles=frozenset(Role(role) for role in membership.roles),
        organisation_status=organisation.status,
    )


def _must_be_person(actor: Actor, remedy: Message) -> None:
    if actor.kind != "person":
        raise NotAPerson(Message("A program has neither session nor password."), remedy=remedy)


def _wrong() -> InvalidCredentials:
    return InvalidCredentials(
        Message("The e-mail address or the password is wrong."),
        remedy=Message(
            "Members of several organisations may have a password for each: send the organisation_id."
        ),
    )
