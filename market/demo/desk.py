"""One person at the market's HTTP interface: signed in, with a cookie and its CSRF token, like a browser."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import httpx

from infra.db import new_id
from infra.identity import totp

Connect = Callable[[], httpx.AsyncClient]
"""Opens a client of the service, with cookies of its own."""


class StepFailed(Exception):
    """The service answered something else than the trade needs; the text quotes its problem document."""


@dataclass(frozen=True, slots=True)
class Login:
    """Who signs in, and for which desk.

    :ivar code: of the second factor, or a recovery code: taken once.
    :ivar secret: of the authenticator app that was enrolled for the person.
    """

    desk: str
    email: str
    password: str
    code: str | None = None
    secret: str | None = None


@dataclass(slots=True)
class Desk:
    """A signed-in person.

    :ivar organisation_id: for whom the person acts.
    :ivar second_factor: how far the person has signed in.
    """

    login: Login
    http: httpx.AsyncClient
    organisation_id: str
    _csrf: str = field(repr=False)
    second_factor: str

    @classmethod
    async def sign_in(cls, connect: Connect, login: Login) -> "Desk":
        """Open a session, with the code of the second factor where there is one.

        :raises StepFailed: e-mail, password or code are wrong, or there is no code.
        """
        http = connect()
        answer = await http.post("/v1/session", json={"email": login.email, "password": login.password})
        body = expect(answer)
        desk = cls(login, http, body["organisation"]["id"], body["csrf_token"], body["second_factor"])
        if desk.second_factor == "code_required":
            if login.code is None:
                raise StepFailed(
                    f"{login.email} has a second factor: put a code of the authenticator app, or a recovery code, into"
                    " MARKET_ADMIN_CODE."
                )
            signed_in = await desk.post("/v1/session/second-factor", {"code": login.code})
            desk._csrf, desk.second_factor = signed_in["csrf_token"], signed_in["second_factor"]
        return desk

    async def enrol(self) -> None:
        """Enrol an authenticator app of the demo's own where the person's role needs one; its secret is in `login`."""
        if self.second_factor != "enrolment_required":
            return
        path = "/v1/session/second-factor"
        app = await self.post(f"{path}/enrolment", {"current_password": self.login.password})
        await self.post(f"{path}/confirmation", {"code": totp.code_at(app["secret"], int(time.time()))})
        self.login = replace(self.login, secret=app["secret"])

    async def leave(self) -> None:
        """Close the connection; the session stays open until it runs out."""
        await self.http.aclose()

    async def get(self, path: str, **parameters: Any) -> Any:
        """The body of a GET."""
        return expect(await self.http.get(path, params=parameters))

    async def post(self, path: str, body: Any = None, **options: Any) -> Any:
        """The body of a POST; always with an idempotency key of its own, which routes that need none ignore."""
        return expect(await self.http.post(path, json=body, headers=self._headers(), **options))

    async def put(self, path: str, body: Any) -> Any:
        """The body of a PUT."""
        return expect(await self.http.put(path, json=body, headers=self._headers()))

    async def patch(self, path: str, body: Any) -> Any:
        """The body of a PATCH."""
        return expect(await self.http.patch(path, json=body, headers=self._headers()))

    async def send(self, path: str, content: Any, *, media_type: str, **parameters: Any) -> Any:
        """The body of a POST whose own body is a document or a stream."""
        headers = {**self._headers(), "Content-Type": media_type}
        return expect(
            await self.http.post(path, content=content, headers=headers, params=parameters, timeout=600)
        )

    def _headers(self) -> dict[str, str]:
        return {"X-CSRF-Token": self._csrf, "Idempotency-Key": str(new_id())}


def expect(answer: httpx.Response) -> Any:
    """The body of an answer; None without one.

    :raises StepFailed: it is no success.
    """
    if answer.is_success:
        return answer.json() if answer.content else None
    raise StepFailed(f"{answer.request.method} {answer.request.url.path} answered {_problem(answer)}")


def _problem(answer: httpx.Response) -> str:
    try:
        problem = answer.json()
        words = [
            str(answer.status_code),
            problem["title"] + ":",
            problem["detail"],
            problem.get("remedy") or "",
        ]
        return " ".join(word for word in words if word)
    except (ValueError, KeyError):
        return f"{answer.status_code} {answer.text[:300]}"
