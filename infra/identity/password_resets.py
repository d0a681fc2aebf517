"""One-time links for a new password: kept as digests, the newest of an account alone, and ended by the first use.

A link ends with a sign-in and with any other change of the password, too. It sets the password and nothing else:
whoever has a second factor is asked for it at the sign-in that follows.
"""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from infra.audit import service as audit
from infra.auth import SYSTEM, Actor
from infra.db import AsyncSession, now, transaction
from infra.identity import credential_repository, credentials, factor_repository, notices, repository
from infra.identity.attempts import Origin
from infra.identity.domain import MAX_ACCOUNTS_TRIED
from infra.identity.errors import CHOOSE_A_PASSWORD, ResetNotOpen, WeakPassword
from infra.identity.runtime import Identity
from infra.identity.tables import Membership, Organisation, Person
from infra.messages import Message
from infra.settings import Settings


async def accounts_of(
    session: AsyncSession, email: str, organisation_id: UUID | None
) -> Sequence[tuple[Membership, Organisation]]:
    """The accounts of an address that belong somewhere, with their organisations; none where nobody has it.

    :param email: in lower case.
    :param organisation_id: only the account in it.
    """
    people = await repository.accounts_of(
        session, email, organisation_id=organisation_id, limit=MAX_ACCOUNTS_TRIED
    )
    places = await repository.memberships_of(session, [person.id for person in people])
    return [place for place in places if organisation_id in {None, place[1].id}]


async def issue(
    session: AsyncSession, actor: Actor, settings: Settings, person_id: UUID, *, mailed: bool, detail: str
) -> str:
    """A fresh link for an account; one before it opens nothing any more.

    :param mailed: it goes to the address, and by coming back proves it.
    :param detail: how it reaches the person, for the audit log.
    :return: its token, which is kept nowhere.
    """
    token = credentials.new_token()
    life = timedelta(minutes=settings.password_reset_minutes)
    await factor_repository.put_reset(session, person_id, credentials.digest(token), life=life, mailed=mailed)
    await audit.record(
        session,
        actor,
        action="password_reset.issued",
        subject_kind="person",
        subject_id=person_id,
        detail={"delivery": detail},
    )
    return token


async def accept(
    session: AsyncSession, identity: Identity, origin: Origin, *, token: str, password: str
) -> None:
    """Set a new password by a link. Every session and every licence token of the person ends.

    :raises ResetNotOpen: the token is unknown, used, expired, or was ended.
    :raises WeakPassword: the password is too easily guessed; the link stays open.
    :raises SourceThrottled: too many tokens were guessed from the same network.
    """
    await identity.throttle.check_guess(origin)
    token_digest = credentials.digest(token)
    # Apart from the request's transaction, so that no connection is held while the processor hashes.
    async with transaction(identity.sessions) as look:
        reset = await factor_repository.open_reset(look, token_digest, lock=False)
        person = await repository.person(look, reset.person_id) if reset else None
        places = await repository.memberships_of(look, [person.id]) if person else []
    if person is None:
        await identity.throttle.wrong_guess(origin)
        raise _not_open()
    names = [name for _, place in places for name in (place.name_zh, place.name_en)]
    weakness = await identity.passwords.weakness(password, person.email, person.name, *names)
    if weakness is not None:
        raise WeakPassword(weakness, remedy=CHOOSE_A_PASSWORD)
    password_hash = await identity.passwords.hash(password)
    # The person first, as whoever signs in or changes the password does; then see who was first.
    row = await session.get_one(Person, person.id, with_for_update=True, populate_existing=True)
    reset = await factor_repository.open_reset(session, token_digest, lock=True)
    if reset is None:
        raise _not_open()
    moment = await now(session)
    row.password_hash, row.password_changed_at = password_hash, moment
    if reset.mailed and row.email_proved_at is None:
        row.email_proved_at = moment
    await session.flush()
    await credential_repository.drop_sessions_of(session, row.id, keep=0)
    await factor_repository.drop_reset(session, row.id)
    await identity.throttle.forget_failures(session, origin, row.email)
    await audit.record(session, SYSTEM, action="password.reset", subject_kind="person", subject_id=row.id)
    await notices.notify(session, identity.settings, row.id, notices.PASSWORD_RESET)


def _not_open() -> ResetNotOpen:
    return ResetNotOpen(
        Message("The token is unknown, used or expired, or you have signed in since it was sent."),
        remedy=Message("Ask for another at POST /v1/password-resets."),
    )
