"""One person at the market's HTTP interface: signed in, with a cookie and its CSRF token, like a browser."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from infra.db import new_id

Connect = Callable[[], httpx.AsyncClient]
"""Opens a client of the service, with cookies of its own."""


class StepFailed(Exception):
    """The service answered something else than the trade needs; the text quotes its problem document."""


@dataclass(frozen=True, slots=True)
class Login:
    """Who signs in, and for which desk."""

    desk: str
    email: str
    password: str


@dataclass(slots=True)
class Desk:
    """A signed-in person.

    :ivar organisation_id: for whom the person acts.
    """

    login: Login
    http: httpx.AsyncClient
    organisation_id: str
    _csrf: str = field(repr=False)

    @classmethod
    async def sign_in(cls, connect: Connect, login: Login) -> "Desk":
        """Open a session.

        :raises StepFailed: e-mail or password are wrong.
        """
        http = connect()
        answer = await http.post("/v1/session", json={"email": login.email, "password": login.password})
        body = expect(answer)
        return cls(login, http, body["organisation"]["id"], body["csrf_token"])

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
