"""An authenticator app of our own, after RFC 6238, so that the service's library is not tried against itself."""

import base64
import hmac
import struct
import time
from dataclasses import dataclass, field

import httpx
from litestar import Litestar

from tests.support.people import PASSWORD, browser, sign_in


def code_at(secret: str, step: int) -> str:
    """The code of a time step."""
    mac = hmac.digest(base64.b32decode(secret), struct.pack(">Q", step), "sha1")
    offset = mac[-1] & 15
    number = struct.unpack(">I", mac[offset : offset + 4])[0] & 0x7FFFFFFF
    return f"{number % 1_000_000:06}"


@dataclass
class Phone:
    """A person's phone, and the paper with the recovery codes.

    The service takes the code of the step before and of the one after, each once, so that a test may sign in three
    times at once: the phone goes on by a step for each code.

    :ivar secret: what the service showed.
    """

    secret: str
    recovery_codes: list[str] = field(default_factory=list)
    used: int = 0

    def now(self) -> int:
        """The time step of this moment."""
        return int(time.time()) // 30

    def code(self) -> str:
        """A code that was not shown before: the oldest that is still taken."""
        self.used = max(self.now() - 1, self.used + 1)
        assert self.used <= self.now() + 1, "no more codes are taken at this moment"
        return code_at(self.secret, self.used)


async def enrol(client: httpx.AsyncClient, *, password: str = PASSWORD, code: str | None = None) -> Phone:
    """Let a signed-in person enrol a phone."""
    path = "/v1/session/second-factor"
    body = {"current_password": password} | ({} if code is None else {"code": code})
    begun = await client.post(f"{path}/enrolment", json=body)
    assert begun.status_code == 200, begun.text
    phone = Phone(begun.json()["secret"])
    done = await client.post(f"{path}/confirmation", json={"code": phone.code()})
    assert done.status_code == 200, done.text
    phone.recovery_codes = done.json()["recovery_codes"]
    return phone


async def first_step(app: Litestar, email: str, password: str = PASSWORD) -> httpx.AsyncClient:
    """A browser in which the password was given, and the code is awaited."""
    return await sign_in(app, email, password)


async def second_step(client: httpx.AsyncClient, code: str) -> httpx.Response:
    """Send a code; the browser goes on with the new CSRF token where it was right."""
    answer = await client.post("/v1/session/second-factor", json={"code": code})
    if answer.status_code == 200:
        client.headers["X-CSRF-Token"] = answer.json()["csrf_token"]
    return answer


def stranger(app: Litestar, address: str) -> httpx.AsyncClient:
    """A browser somewhere else."""
    made = browser(app)
    made.headers["X-Forwarded-For"] = address
    return made
