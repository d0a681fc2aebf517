"""Sessions of people over HTTP."""

from typing import Any, TypeVar

from litestar import Controller, Request, Response, delete, get, post, put
from litestar.datastructures import Cookie
from litestar.di import Provide

from infra.auth import Actor, Permission, permissions_of
from infra.db import AsyncSession
from infra.errors import QuotaExceeded, Unauthenticated
from infra.guards import SESSION_COOKIE, json_only, public, requires
from infra.identity import second_factors, sessions
from infra.identity.attempts import Origin
from infra.identity.credentials import csrf_token
from infra.identity.devices import DEVICE_COOKIE, DEVICE_DAYS, DEVICE_PATH
from infra.identity.domain import UNFINISHED_SESSION_MINUTES
from infra.identity.errors import NotAPerson
from infra.identity.runtime import Identity, provide_identity, provide_origin
from infra.identity.schemas import (
    CodeBody,
    EnrolmentCreate,
    EnrolmentRead,
    OrganisationBrief,
    PasswordChange,
    RecoveryCodesRead,
    SecondFactorRead,
    SessionCreate,
    SessionRead,
)
from infra.identity.sessions import Profile, SignedIn
from infra.schema import Output
from infra.second_factor import SecondFactorStatus

AnswerT = TypeVar("AnswerT", bound=Output)


class SessionController(Controller):
    """Signing in and out."""

    path = "/v1/session"
    tags = ["Session"]
    dependencies = {
        "identity": Provide(provide_identity, sync_to_thread=False),
        "origin": Provide(provide_origin, sync_to_thread=False),
    }

    @post(
        opt={**public("nobody is signed in before"), "problems": [Unauthenticated, QuotaExceeded]},
        guards=[json_only],
        summary="Sign in",
        operation_id="signIn",
    )
    async def sign_in(
        self,
        session: AsyncSession,
        identity: Identity,
        origin: Origin,
        request: Request[Any, Any, Any],
        data: SessionCreate,
    ) -> Response[SessionRead]:
        """Open a session: sets the cookie and returns its CSRF token; a second cookie makes the device known.

        With a second factor this is the first of two steps: the session does nothing (`second_factor` is
        `code_required`) before the code at `POST /v1/session/second-factor`, within ten minutes.

        After ten wrong passwords in a row from one network, the address waits there, up to fifteen minutes (429 with
        Retry-After). On a device on which the address has signed in before, only that device's attempts count.
        """
        signed_in = await sessions.sign_in(
            session,
            identity,
            origin=origin,
            email=data.email,
            password=data.password,
            organisation_id=data.organisation_id,
            previous_token=request.cookies.get(SESSION_COOKIE),
        )
        return _with_cookie(identity, signed_in)

    @get(
        guards=[requires(Permission.SESSION_OWN)],
        summary="Get the current session",
        operation_id="getSession",
    )
    async def get_session(
        self, session: AsyncSession, actor: Actor, identity: Identity, request: Request[Any, Any, Any]
    ) -> Response[SessionRead]:
        """Who the caller is, for whom, and what the roles allow; also for a program by its access token."""
        token = request.cookies.get(SESSION_COOKIE)
        profile = await sessions.get_session(session, actor, identity, token)
        return Response(_read(profile, token), headers={"Cache-Control": "no-store"})

    @delete(guards=[requires(Permission.SESSION_OWN)], summary="Sign out", operation_id="signOut")
    async def sign_out(
        self, session: AsyncSession, actor: Actor, identity: Identity, request: Request[Any, Any, Any]
    ) -> Response[None]:
        """End the session and clear the cookie."""
        await sessions.sign_out(session, actor, request.cookies.get(SESSION_COOKIE))
        return Response(None, cookies=[_cookie(identity, "", max_age=0)])

    @put(
        "/password",
        guards=[requires(Permission.PASSWORD_CHANGE)],
        opt={"problems": [QuotaExceeded]},
        summary="Change the password",
        operation_id="changePassword",
    )
    async def change_password(
        self, session: AsyncSession, actor: Actor, identity: Identity, origin: Origin, data: PasswordChange
    ) -> Response[SessionRead]:
        """Set another password. Every session of the person ends; this one goes on with a new cookie.

        Devices that were known are not any more, but this one.
        """
        signed_in = await sessions.change_password(
            session,
            actor,
            identity,
            origin,
            current_password=data.current_password,
            new_password=data.new_password,
        )
        return _with_cookie(identity, signed_in)


class SecondFactorController(Controller):
    """The caller's own second factor."""

    path = "/v1/session/second-factor"
    tags = ["Session"]
    dependencies = {
        "identity": Provide(provide_identity, sync_to_thread=False),
        "origin": Provide(provide_origin, sync_to_thread=False),
    }

    @post(
        guards=[requires(Permission.SESSION_OWN)],
        opt={"problems": [QuotaExceeded]},
        status_code=200,
        summary="Send the second factor's code",
        operation_id="sendSecondFactorCode",
    )
    async def send_code(
        self,
        session: AsyncSession,
        actor: Actor,
        identity: Identity,
        origin: Origin,
        request: Request[Any, Any, Any],
        data: CodeBody,
    ) -> Response[SessionRead]:
        """The second step of a sign-in: a new cookie, and a new CSRF token, with all rights.

        A code is taken once; after ten wrong ones the account waits, for unknown devices together and for each known
        device apart.
        """
        signed_in = await sessions.present_code(
            session, actor, identity, origin, token=request.cookies.get(SESSION_COOKIE), code=data.code
        )
        return _with_cookie(identity, signed_in)

    @get(
        guards=[requires(Permission.SECOND_FACTOR_MANAGE)],
        opt={"problems": [NotAPerson]},
        summary="Get the second factor",
        operation_id="getSecondFactor",
    )
    async def get_factor(self, session: AsyncSession, actor: Actor, identity: Identity) -> SecondFactorRead:
        """Whether the caller has one, and how many recovery codes are left."""
        return SecondFactorRead.model_validate(await second_factors.get_details(session, actor, identity))

    @post(
        "/enrolment",
        guards=[requires(Permission.SECOND_FACTOR_MANAGE)],
        opt={"problems": [QuotaExceeded]},
        status_code=200,
        summary="Enrol an authenticator app",
        operation_id="enrolSecondFactor",
    )
    async def enrol(
        self, session: AsyncSession, actor: Actor, identity: Identity, origin: Origin, data: EnrolmentCreate
    ) -> Response[EnrolmentRead]:
        """Get a secret for an app (RFC 6238: SHA-1, six digits, thirty seconds); nothing changes before its first code.

        Another app in the place of the present one takes a code of that one.
        """
        enrolment = await second_factors.begin_enrolment(
            session, actor, identity, origin, current_password=data.current_password, code=data.code
        )
        return _once(EnrolmentRead(secret=enrolment.secret, otpauth_uri=enrolment.otpauth_uri))

    @post(
        "/confirmation",
        guards=[requires(Permission.SECOND_FACTOR_MANAGE)],
        status_code=200,
        summary="Confirm an authenticator app",
        operation_id="confirmSecondFactor",
    )
    async def confirm(
        self,
        session: AsyncSession,
        actor: Actor,
        identity: Identity,
        request: Request[Any, Any, Any],
        data: CodeBody,
    ) -> Response[RecoveryCodesRead]:
        """Send the app's first code: it is asked for from now on, and the person's other sessions end.

        Keep the recovery codes where the phone is not.
        """
        codes = await second_factors.confirm(
            session, actor, identity, token=request.cookies.get(SESSION_COOKIE, ""), code=data.code
        )
        return _once(RecoveryCodesRead(recovery_codes=codes))

    @post(
        "/recovery-codes",
        guards=[requires(Permission.SECOND_FACTOR_MANAGE)],
        opt={"problems": [QuotaExceeded]},
        status_code=200,
        summary="Regenerate recovery codes",
        operation_id="regenerateRecoveryCodes",
    )
    async def regenerate(
        self, session: AsyncSession, actor: Actor, identity: Identity, origin: Origin, data: CodeBody
    ) -> Response[RecoveryCodesRead]:
        """New recovery codes, for a code of the app or one of the old; those of before end."""
        codes = await second_factors.regenerate_codes(session, actor, identity, origin, data.code)
        return _once(RecoveryCodesRead(recovery_codes=codes))

    @post(
        "/removal",
        guards=[requires(Permission.SECOND_FACTOR_MANAGE)],
        opt={"problems": [QuotaExceeded]},
        status_code=204,
        summary="Remove the second factor",
        operation_id="removeSecondFactor",
    )
    async def remove(
        self, session: AsyncSession, actor: Actor, identity: Identity, origin: Origin, data: CodeBody
    ) -> None:
        """Do without a second factor again, where no role needs one. Takes a code of it."""
        await second_factors.remove(session, actor, identity, origin, data.code)


def _once(body: AnswerT) -> Response[AnswerT]:
    return Response(body, headers={"Cache-Control": "no-store"})


def _with_cookie(identity: Identity, signed_in: SignedIn) -> Response[SessionRead]:
    unfinished = signed_in.profile.second_factor is SecondFactorStatus.CODE_REQUIRED
    life = UNFINISHED_SESSION_MINUTES * 60 if unfinished else identity.settings.session_hours * 3600
    cookies = [_cookie(identity, signed_in.token, max_age=life)]
    if signed_in.device is not None:
        cookies.append(
            Cookie(
                DEVICE_COOKIE,
                value=signed_in.device,
                max_age=DEVICE_DAYS * 86_400,
                path=DEVICE_PATH,
                httponly=True,
                samesite="strict",
                secure=identity.settings.secure_cookies,
            )
        )
    return Response(
        _read(signed_in.profile, signed_in.token), headers={"Cache-Control": "no-store"}, cookies=cookies
    )


def _cookie(identity: Identity, value: str, *, max_age: int) -> Cookie:
    return Cookie(
        SESSION_COOKIE,
        value=value,
        max_age=max_age,
        path="/",
        httponly=True,
        samesite="lax",
        secure=identity.settings.secure_cookies,
    )


def _read(profile: Profile, token: str | None) -> SessionRead:
    return SessionRead(
        kind=profile.kind,
        id=profile.id,
        name=profile.name,
        email=profile.email,
        organisation=OrganisationBrief.model_validate(profile.organisation),
        roles=list(profile.roles),
        permissions=sorted(permissions_of(profile.roles, profile.organisation.status, profile.second_factor)),
        second_factor=profile.second_factor,
        csrf_token=csrf_token(token) if token and profile.kind == "person" else None,
        expires_at=profile.expires_at,
    )
