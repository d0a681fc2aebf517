"""Checking a password, counted against the limits on guessing."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from infra.audit import service as audit
from infra.auth import SYSTEM, Actor
from infra.db import AsyncSession, transaction
from infra.identity import credential_repository, repository
from infra.identity.attempts import Attempt, Origin
from infra.identity.domain import MAX_ACCOUNTS_TRIED
from infra.identity.errors import InvalidCredentials, NotAPerson
from infra.identity.runtime import Identity
from infra.identity.tables import Person
from infra.messages import Message

NOBODY = UUID(int=0)
"""Whom the audit log names when a password was refused for an address that nobody has."""


async def check_password(
    identity: Identity,
    origin: Origin,
    email: str,
    password: str,
    *,
    organisation_id: UUID | None = None,
    only: UUID | None = None,
) -> dict[UUID, datetime]:
    """Check a password, counted against the limits whatever becomes of the request.

    A hash that was made with weaker figures than today's is renewed.

    An address that nobody has takes the same statements and the same hash as one with an account.

    :param organisation_id: the account of its member is tried first.
    :param only: the one account in question, of those that the address has.
    :return: when the password was set, by the id of every account that it opens. Whoever locks the account afterwards
        finds another moment there if it was set anew meanwhile.
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
    renewed = {
        person_id: await identity.passwords.hash(password)
        for person_id, kept in opened.items()
        if identity.passwords.outdated(kept)
    }
    async with transaction(identity.sessions) as session:
        for person_id, fresh in renewed.items():
            await repository.renew_hash(session, person_id, opened[person_id], fresh)
        await identity.throttle.end(session, attempt, good=bool(opened))
        if not opened:
            # Told to the audit log together, in a while: strangers make as many of them as they like, and an entry
            # for the first alone would take longer for some addresses than for others.
            await credential_repository.count_refusal(session, next(iter(hashes), NOBODY))
    if not opened:
        raise wrong_credentials() if only is None else _wrong_password()
    return {person_id: changed[person_id] for person_id in opened}


async def _accounts(
    session: AsyncSession, email: str, organisation_id: UUID | None, only: UUID | None
) -> Sequence[Person]:
    if only is not None:
        person = await repository.person(session, only)
        return [person] if person is not None else []
    return await repository.accounts_of(
        session, email, organisation_id=organisation_id, limit=MAX_ACCOUNTS_TRIED
    )


async def record_refusals(session: AsyncSession, person_id: UUID, detail: dict[str, Any]) -> None:
    """Write refused passwords of an account, or of addresses that nobody has, into the audit log."""
    await audit.record(
        session,
        SYSTEM,
        action="session.refused",
        subject_kind="person",
        subject_id=person_id,
        detail=detail,
    )


def must_be_person(actor: Actor, remedy: Message) -> None:
    """Pass a person.

    :raises NotAPerson: it is a program.
    """
    if actor.kind != "person":
        raise NotAPerson(Message("A program has neither session nor password."), remedy=remedy)


def wrong_credentials() -> InvalidCredentials:
    """The refusal, which tells nobody what was wrong."""
    return InvalidCredentials(
        Message("The e-mail address or the password is wrong."),
        remedy=Message(
            "Members of several organisations may have a password for each: send the organisation_id. If it is lost,"
            " ask for a one-time link at POST /v1/password-resets."
        ),
    )


def _wrong_password() -> InvalidCredentials:
    return InvalidCredentials(
        Message("The present password is wrong."),
        remedy=Message("If it is lost, ask for a one-time link at POST /v1/password-resets."),
    )
