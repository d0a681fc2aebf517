"""Second factors: an authenticator app, and recovery codes for the day on which it is lost.

The secret is encrypted with a key that is not in the database, recovery codes are kept as digests. A code is taken
once, also when two processes are shown it at the same moment: whoever takes it holds the factor's row.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from infra.audit import service as audit
from infra.auth import Actor, OrganisationKind, Role
from infra.db import AsyncSession, now, transaction
from infra.identity import (
    credential_repository,
    credentials,
    domain,
    factor_repository,
    notices,
    repository,
    totp,
)
from infra.identity.attempts import Attempt, Origin
from infra.identity.errors import (
    AlreadyEnrolled,
    NothingToConfirm,
    SecondFactorMandatory,
    SecondFactorMissing,
    WrongCode,
)
from infra.identity.password_check import check_password, must_be_person
from infra.identity.runtime import Identity
from infra.identity.tables import Person, TotpFactor
from infra.messages import Message
from infra.second_factor import SecondFactorStatus

_SUBJECT = "person"


@dataclass(frozen=True, slots=True)
class FactorDetails:
    """What a person has.

    :param mandatory: one of the roles needs a second factor.
    """

    enrolled_at: datetime | None
    recovery_codes_left: int
    mandatory: bool


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What an authenticator app is told, once."""

    secret: str
    otpauth_uri: str


async def get_details(session: AsyncSession, actor: Actor, identity: Identity) -> FactorDetails:
    """What the caller has.

    :raises NotAPerson: a program has none.
    """
    _must_be_person(actor)
    return FactorDetails(
        await factor_repository.enrolled_since(session, actor.id),
        await factor_repository.recovery_codes_left(session, actor.id),
        is_mandatory(identity, actor.roles, actor.organisation_kind),
    )


def is_mandatory(identity: Identity, roles: frozenset[Role], kind: OrganisationKind) -> bool:
    """Whether somebody with these roles may do nothing without a second factor."""
    needing = {Role(role) for role in identity.settings.roles_with_second_factor}
    return domain.needs_second_factor(roles, kind, needing)


def status_of(
    identity: Identity,
    roles: frozenset[Role],
    kind: OrganisationKind,
    *,
    awaits_code: bool,
    enrolled: bool,
) -> SecondFactorStatus:
    """How far a person has signed in.

    :param awaits_code: the session was opened by the password alone.
    :param enrolled: the person has a second factor.
    """
    if awaits_code:
        return SecondFactorStatus.CODE_REQUIRED
    if enrolled:
        return SecondFactorStatus.PASSED
    if is_mandatory(identity, roles, kind):
        return SecondFactorStatus.ENROLMENT_REQUIRED
    return SecondFactorStatus.NOT_ENROLLED


async def begin_enrolment(
    session: AsyncSession,
    actor: Actor,
    identity: Identity,
    origin: Origin,
    *,
    current_password: str,
    code: str | None,
) -> Enrolment:
    """Make a secret for an authenticator app; it counts once :func:`confirm` has seen its first code.

    :param code: of the factor that the person has, if there is one: a session that was left open replaces none.
    :raises InvalidCredentials: the password is wrong.
    :raises AlreadyEnrolled: the person has a factor, and no code of it came.
    :raises WrongCode, TooManyCodes: the code is wrong.
    """
    _must_be_person(actor)
    async with transaction(identity.sessions) as look:
        person = await repository.person(look, actor.id)
        enrolled = await factor_repository.enrolled_since(look, actor.id)
    assert person is not None
    if enrolled is not None and code is None:
        raise AlreadyEnrolled(
            Message("You have a second factor already."),
            remedy=Message(
                "Send a code of it, or a recovery code, with the request to put another in its place."
            ),
        )
    await check_password(identity, origin, person.email, current_password, only=actor.id)
    if enrolled is not None and code is not None:
        await take_code(identity, origin, actor, code)
    secret = totp.new_secret()
    await factor_repository.drop_factors(session, actor.id, confirmed=False)
    session.add(TotpFactor(person_id=actor.id, secret=secret, created_at=await now(session)))
    await session.flush()
    uri = totp.otpauth_uri(secret, account=person.email, issuer=identity.settings.base_url.split("//")[-1])
    return Enrolment(secret, uri)


async def confirm(
    session: AsyncSession, actor: Actor, identity: Identity, *, token: str, code: str
) -> list[str]:
    """Take the first code of a new authenticator app: from now on it is asked for. Other sessions of the person end.

    :param token: of the session that goes on.
    :return: recovery codes, which are shown this once; those of before end.
    :raises NothingToConfirm: no enrolment was begun, or it is too long ago.
    :raises WrongCode: it is not the code of the new app now.
    """
    _must_be_person(actor)
    await session.get_one(Person, actor.id, with_for_update=True)
    factor = await factor_repository.lock_factor(session, actor.id, confirmed=False)
    if factor is None:
        raise NothingToConfirm(
            Message("No second factor waits to be confirmed."),
            remedy=Message("Begin at POST /v1/session/second-factor/enrolment."),
        )
    moment = await now(session)
    step = totp.matching_step(factor.secret, totp.normalised_code(code), int(moment.timestamp()))
    if step is None:
        raise WrongCode(
            Message("That is not the code which the new app shows now."),
            remedy=Message("Check that the clocks of phone and computer are right, and send the next code."),
        )
    await factor_repository.drop_factors(session, actor.id, confirmed=True)
    factor.confirmed_at, factor.last_step = moment, step
    await session.flush()
    codes = await _new_codes(session, actor.id)
    await credential_repository.drop_other_sessions(session, actor.id, credentials.digest(token))
    await _record(session, actor, "second_factor.enrolled")
    await notices.notify(session, identity.settings, actor.id, notices.FACTOR_ENROLLED)
    return codes


async def regenerate_codes(
    session: AsyncSession, actor: Actor, identity: Identity, origin: Origin, code: str
) -> list[str]:
    """New recovery codes, shown this once; those of before end.

    :raises SecondFactorMissing: there is no factor that they would stand in for.
    :raises WrongCode, TooManyCodes: the code is wrong.
    """
    await _take_own(actor, identity, origin, code)
    codes = await _new_codes(session, actor.id)
    await _record(session, actor, "recovery_codes.regenerated")
    return codes


async def remove(session: AsyncSession, actor: Actor, identity: Identity, origin: Origin, code: str) -> None:
    """Do without a second factor.

    :raises SecondFactorMandatory: one of the roles needs one.
    :raises SecondFactorMissing: there is none.
    :raises WrongCode, TooManyCodes: the code is wrong.
    """
    _must_be_person(actor)
    if is_mandatory(identity, actor.roles, actor.organisation_kind):
        raise SecondFactorMandatory(
            Message("Your role needs a second factor."),
            remedy=Message("Put another app in its place at POST /v1/session/second-factor/enrolment."),
        )
    await _take_own(actor, identity, origin, code)
    await drop(session, actor.id)
    await _record(session, actor, "second_factor.removed")
    await notices.notify(session, identity.settings, actor.id, notices.FACTOR_REMOVED)


async def drop(session: AsyncSession, person_id: UUID) -> bool:
    """Take a person's factor and recovery codes away, and end the sessions that wait for a code.

    :return: whether there was a factor.
    """
    had = await factor_repository.drop_factors(session, person_id, confirmed=True)
    await factor_repository.drop_factors(session, person_id)
    await factor_repository.replace_recovery_codes(session, person_id, ())
    await credential_repository.drop_sessions_of(session, person_id, keep=0, unfinished=True)
    return had > 0


async def is_enrolled(session: AsyncSession, person_id: UUID) -> bool:
    """Whether a person has a second factor."""
    return await factor_repository.enrolled_since(session, person_id) is not None


async def take_code(identity: Identity, origin: Origin, actor: Actor, code: str) -> str:
    """Take a code of the caller's app, or a recovery code: each is taken once, and wrong ones are counted.

    In transactions of its own, so that what was counted and used stays so, whatever becomes of the request.

    :return: ``totp`` or ``recovery_code``.
    :raises TooManyCodes: too many wrong ones; counted apart for devices on which the person has signed in.
    :raises WrongCode: it is wrong, too old, or was taken before.
    """
    code = totp.normalised_code(code)
    used: str | None = None
    async with transaction(identity.sessions) as session:
        person = await repository.person(session, actor.id)
        assert person is not None
        attempt = await identity.throttle.begin_code(session, origin, actor.id, person.password_changed_at)
        if isinstance(attempt, Attempt):
            used = await _use(session, actor.id, code)
            if used is not None:
                await identity.throttle.end_code(session, attempt)
                if used != "totp":
                    await notices.notify(session, identity.settings, actor.id, notices.RECOVERY_CODE_USED)
            else:
                await _record(session, actor, "second_factor.refused")
                if attempt.failures == domain.FREE_FAILURES:
                    await notices.notify(session, identity.settings, actor.id, notices.FACTOR_GUESSED)
    if not isinstance(attempt, Attempt):
        raise attempt
    if used is None:
        raise WrongCode(
            Message("The code is wrong, too old, or was used before."),
            remedy=Message(
                "Wait for the app's next code, or send a recovery code. If every code is refused, set the phone's clock"
                " to automatic time. If you have lost both, ask another administrator of your organisation to reset"
                " your second factor."
            ),
        )
    return used


async def _use(session: AsyncSession, person_id: UUID, code: str) -> str | None:
    if not totp.is_totp(code):
        found = await factor_repository.use_recovery_code(session, person_id, credentials.digest(code))
        return "recovery_code" if found else None
    factor = await factor_repository.lock_factor(session, person_id, confirmed=True)
    if factor is None:
        return None
    # After the lock: not the transaction's start, which may be a step ago.
    moment = await credential_repository.clock(session)
    step = totp.matching_step(factor.secret, code, int(moment.timestamp()))
    if step is None or (factor.last_step is not None and step <= factor.last_step):
        return None
    factor.last_step = step
    await session.flush()
    return "totp"


async def _take_own(actor: Actor, identity: Identity, origin: Origin, code: str) -> None:
    _must_be_person(actor)
    async with transaction(identity.sessions) as look:
        enrolled = await is_enrolled(look, actor.id)
    if not enrolled:
        raise SecondFactorMissing(
            Message("You have no second factor."),
            remedy=Message("Enrol one at POST /v1/session/second-factor/enrolment."),
        )
    await take_code(identity, origin, actor, code)


async def _new_codes(session: AsyncSession, person_id: UUID) -> list[str]:
    codes = totp.new_recovery_codes()
    digests = [credentials.digest(totp.normalised_code(code)) for code in codes]
    await factor_repository.replace_recovery_codes(session, person_id, digests)
    return codes


async def _record(session: AsyncSession, actor: Actor, action: str) -> None:
    await audit.record(session, actor, action=action, subject_kind=_SUBJECT, subject_id=actor.id)


def _must_be_person(actor: Actor) -> None:
    must_be_person(actor, Message("Programs sign in with their secret alone: POST /oauth/token."))
