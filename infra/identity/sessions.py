"""Signing in and out, and passwords."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from infra.audit import service as audit
from infra.auth import Actor, OrganisationKind, Role
from infra.db import AsyncSession, now, transaction
from infra.identity import credential_repository, credentials, factor_repository, repository, second_factors
from infra.identity.attempts import Origin
from infra.identity.domain import (
    MAX_SESSIONS_PER_PERSON,
    MAX_UNFINISHED_SESSIONS,
    UNFINISHED_SESSION_MINUTES,
)
from infra.identity.errors import (
    CHOOSE_A_PASSWORD,
    ChooseOrganisation,
    NoCodeAwaited,
    NoMembership,
    SessionEnded,
    WeakPassword,
)
from infra.identity.password_check import check_password, must_be_person, wrong_credentials
from infra.identity.runtime import Identity
from infra.identity.tables import Client, Membership, Organisation, Person, SignInSession
from infra.messages import Message
from infra.second_factor import SecondFactorStatus


@dataclass(frozen=True, slots=True)
class Profile:
    """Who is signed in, and for whom.

    :param email: None for a program.
    :param expires_at: when the session ends in any case; None for a program.
    :param second_factor: how far the person has signed in.
    """

    kind: str
    id: UUID
    name: str
    email: str | None
    roles: tuple[Role, ...]
    organisation: Organisation
    expires_at: datetime | None
    second_factor: SecondFactorStatus


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A new session: the cookie's value, which is kept nowhere, and who it stands for.

    :param device: the value of the cookie by which the device is known from now on; None before the second factor.
    """

    token: str
    profile: Profile
    device: str | None


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

    Where the person has a second factor, the session does nothing before :func:`present_code`.

    :param origin: where the request comes from.
    :param email: in lower case.
    :param organisation_id: for whom; may be left out by members of a single organisation.
    :raises InvalidCredentials: the e-mail address or the password is wrong.
    :raises TooManyAttempts, SourceThrottled: the address, or the network, is to wait for a while.
    :raises ChooseOrganisation, NoMembership: there is nobody to act for.
    """
    accounts = await check_password(identity, origin, email, password, organisation_id=organisation_id)
    membership, organisation = await _choose(session, accounts, organisation_id)
    person = await session.get(Person, membership.person_id, with_for_update={"read": True})
    if person is None or person.password_changed_at != accounts[person.id]:
        raise wrong_credentials()  # it was changed in the meantime
    if previous_token is not None:
        await credential_repository.drop_session(session, credentials.digest(previous_token))
    awaits_code = await second_factors.is_enrolled(session, person.id)
    signed_in = await _open_session(
        session, identity, origin, person, membership, organisation, awaits_code=awaits_code
    )
    await audit.record(
        session,
        _actor(person, organisation, membership),
        action="session.code_awaited" if awaits_code else "session.opened",
        subject_kind="person",
        subject_id=person.id,
    )
    return signed_in


async def present_code(
    session: AsyncSession, actor: Actor, identity: Identity, origin: Origin, *, token: str | None, code: str
) -> SignedIn:
    """The second step of a sign-in: the session that waits for the code ends, and one with all rights opens.

    :param token: of the session that waits.
    :raises NoCodeAwaited: the session does not wait for one.
    :raises WrongCode, TooManyCodes: the code is wrong.
    :raises SessionEnded: it took too long.
    """
    if actor.second_factor is not SecondFactorStatus.CODE_REQUIRED:
        raise NoCodeAwaited(
            Message("This session waits for no code."),
            remedy=Message("GET /v1/session says who is signed in."),
        )
    used = await second_factors.take_code(identity, origin, actor, code)
    person = await session.get(Person, actor.id, with_for_update={"read": True})
    ended = await factor_repository.end_unfinished_session(session, credentials.digest(token or ""))
    if person is None or not ended:
        raise _session_ended()
    membership, organisation = await _choose(session, [actor.id], actor.organisation_id)
    signed_in = await _open_session(
        session, identity, origin, person, membership, organisation, enrolled=True
    )
    await audit.record(
        session,
        _actor(person, organisation, membership),
        action="session.opened",
        subject_kind="person",
        subject_id=person.id,
        detail={"second_factor": used},
    )
    return signed_in


async def get_session(session: AsyncSession, actor: Actor, identity: Identity, token: str | None) -> Profile:
    """Who is signed in: a person by a session, or a program by its access token."""
    organisation = await session.get(Organisation, actor.organisation_id)
    assert organisation is not None
    roles = tuple(sorted(actor.roles))
    if actor.kind == "program":
        client = await session.get(Client, actor.id)
        assert client is not None
        return Profile("program", actor.id, client.name, None, roles, organisation, None, actor.second_factor)
    person = await session.get(Person, actor.id)
    assert person is not None
    holder = await credential_repository.session_holder(
        session, credentials.digest(token or ""), identity.settings.session_idle_minutes
    )
    if holder is None:
        raise _session_ended()
    return Profile(
        "person",
        actor.id,
        person.name,
        person.email,
        roles,
        organisation,
        holder.expires_at,
        actor.second_factor,
    )


async def sign_out(session: AsyncSession, actor: Actor, token: str | None) -> None:
    """End the session.

    :raises NotAPerson: a program has none.
    """
    must_be_person(actor, Message("Revoke the access token at POST /oauth/revoke."))
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
    must_be_person(
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
    if new_password == current_password:
        raise WeakPassword(Message("The password is the one you have."), remedy=CHOOSE_A_PASSWORD)
    weakness = await identity.passwords.weakness(new_password, known.email, known.name, *names)
    if weakness is not None:
        raise WeakPassword(weakness, remedy=CHOOSE_A_PASSWORD)
    new_hash = await identity.passwords.hash(new_password)
    person = await session.get(Person, actor.id, with_for_update=True, populate_existing=True)
    if person is None or person.password_changed_at != opened[actor.id]:
        raise wrong_credentials()
    person.password_hash, person.password_changed_at = new_hash, await now(session)
    membership, organisation = await _choose(session, [actor.id], actor.organisation_id)
    await credential_repository.drop_sessions_of(session, actor.id, keep=0)
    signed_in = await _open_session(
        session,
        identity,
        origin,
        person,
        membership,
        organisation,
        enrolled=actor.second_factor is SecondFactorStatus.PASSED,
    )
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
    *,
    awaits_code: bool = False,
    enrolled: bool = False,
) -> SignedIn:
    """A new session.

    :param awaits_code: it does nothing before the code of the second factor.
    :param enrolled: the person has a second factor, which has been passed.
    """
    token = credentials.new_token()
    moment = await now(session)
    life = (
        timedelta(minutes=UNFINISHED_SESSION_MINUTES)
        if awaits_code
        else timedelta(hours=identity.settings.session_hours)
    )
    session.add(
        SignInSession(
            token_digest=credentials.digest(token),
            membership_id=membership.id,
            created_at=moment,
            last_used_at=moment,
            expires_at=moment + life,
            awaits_code=awaits_code,
        )
    )
    await session.flush()
    # Whoever knows the password alone pushes nobody out who has passed the second factor.
    keep = MAX_UNFINISHED_SESSIONS if awaits_code else MAX_SESSIONS_PER_PERSON
    await credential_repository.drop_sessions_of(session, person.id, keep=keep, unfinished=awaits_code)
    if not awaits_code:
        # Who can sign in needs no link to a new password, and one that somebody else asked for ends.
        await factor_repository.drop_reset(session, person.id)
    roles = tuple(sorted(Role(role) for role in membership.roles))
    status = second_factors.status_of(
        identity, frozenset(roles), organisation.kind, awaits_code=awaits_code, enrolled=enrolled
    )
    return SignedIn(
        token,
        Profile("person", person.id, person.name, person.email, roles, organisation, moment + life, status),
        None if awaits_code else identity.devices.make(person.id, moment, origin.device),
    )


def _session_ended() -> SessionEnded:
    return SessionEnded(
        Message("The session has expired."), remedy=Message("Sign in again at POST /v1/session.")
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
