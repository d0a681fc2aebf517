"""What identity works with in one process, made once by the composition root."""

from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

from litestar import Request
from litestar.datastructures import State

from infra.auth import Actor
from infra.db import AsyncSession, SessionMaker
from infra.identity.attempts import Origin, Throttle
from infra.identity.credentials import Passwords
from infra.identity.devices import DeviceCookies
from infra.keys import KeyRing
from infra.networks import parse_networks
from infra.secrets import SecretBox
from infra.settings import Settings


class TokenKind(Protocol):
    """Tokens that another slice issues and that programs may introspect and revoke like access tokens."""

    def read(self, token: str) -> dict[str, Any]:
        """The claims of a valid token, with `client_id` and `jti`; revocation is not checked here.

        :raises TokenRefused: it is invalid, or of another kind.
        """

    async def organisation_of(self, session: AsyncSession, token_id: UUID) -> UUID | None:
        """Whose an active token is; None for one that was ended."""

    async def revoke(self, session: AsyncSession, actor: Actor, token_id: UUID) -> None:
        """End a token; one that was ended stays as it is."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Settings, keys, the password threads, the limits on guessing, and transactions apart from the request's own.

    The latter count wrong passwords: a refused request is rolled back, its count must not be.

    :ivar token_kinds: the other tokens that OAuth's routes know of, by composition.
    """

    settings: Settings
    sessions: SessionMaker
    keys: KeyRing
    devices: DeviceCookies
    throttle: Throttle
    passwords: Passwords = field(default_factory=Passwords)
    token_kinds: tuple[TokenKind, ...] = ()

    @classmethod
    def of(
        cls,
        settings: Settings,
        sessions: SessionMaker,
        keys: KeyRing,
        box: SecretBox,
        token_kinds: tuple[TokenKind, ...] = (),
    ) -> "Identity":
        """Identity as the settings have it.

        :param box: the installation's, which the key of the device cookies is derived from.
        """
        devices = DeviceCookies(box.derive(b"device cookie"))
        throttle = Throttle(
            sessions,
            devices,
            per_minute=settings.sign_ins_per_minute,
            proxies=parse_networks(settings.trusted_proxies),
        )
        return cls(settings, sessions, keys, devices, throttle, token_kinds=token_kinds)

    @property
    def issuer(self) -> str:
        """``iss`` of every token."""
        return self.settings.base_url

    @property
    def audience(self) -> str:
        """``aud`` of access tokens: the interface programs call. Licences have another."""
        return f"{self.settings.base_url}/v1"


def provide_identity(state: State) -> Identity:
    """Dependency ``identity``: what the composition root left in ``app.state.identity``."""
    identity = state.identity
    assert isinstance(identity, Identity)
    return identity


def provide_throttle(state: State) -> Throttle:
    """Dependency ``throttle``: the limits on what anybody may ask."""
    return provide_identity(state).throttle


def provide_origin(request: Request[Any, Any, Any], identity: Identity) -> Origin:
    """Dependency ``origin``: where the request comes from."""
    return identity.throttle.origin(request)
