"""Sessions of people over HTTP."""

from typing import Any

from litestar import Controller, Request, Response, delete, get, post, put
from litestar.datastructures import Cookie
from litestar.di import Provide

from infra.auth import SESSION_COOKIE, Actor, Permission, json_only, permissions_of, public, requires
from infra.db import AsyncSession
from infra.errors import QuotaExceeded, Unauthenticated
from infra.identity import sessions
from infra.identity.attempts import Origin
from infra.identity.credentials import csrf_token
from infra.identity.devices import DEVICE_COOKIE, DEVICE_DAYS, DEVICE_PATH
from infra.identity.runtime import Identity, provide_identity, provide_origin
from infra.identity.schemas import OrganisationBrief, PasswordChange, SessionCreate, SessionRead
from infra.identity.sessions import Profile, SignedIn


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
        guards=[requires(Permission.SESSION_OWN)],
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


def _with_cookie(identity: Identity, signed_in: SignedIn) -> Response[SessionRead]:
    return Response(
        _read(signed_in.profile, signed_in.token),
        headers={"Cache-Control": "no-store"},
        cookies=[
            _cookie(identity, signed_in.token, max_age=identity.settings.session_hours * 3600),
            Cookie(
                DEVICE_COOKIE,
                value=signed_in.device,
                max_age=DEVICE_DAYS * 86_400,
                path=DEVICE_PATH,
                httponly=True,
                samesite="strict",
                secure=identity.settings.secure_cookies,
            ),
        ],
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
        permissions=sorted(permissions_of(profile.roles, profile.organisation.status)),
        csrf_token=csrf_token(token) if token and profile.kind == "person" else None,
        expires_at=profile.expires_at,
    )
