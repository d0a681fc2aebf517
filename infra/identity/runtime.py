"""What identity works with in one process, made once by the composition root."""

from dataclasses import dataclass, field

from litestar.datastructures import State

from infra.db import SessionMaker
from infra.identity.credentials import Passwords
from infra.keys import KeyRing
from infra.settings import Settings


@dataclass(frozen=True, slots=True)
class Identity:
    """Settings, keys, the password threads, and transactions apart from the request's own.

    The latter count wrong passwords: a refused request is rolled back, its count must not be.
    """

    settings: Settings
    sessions: SessionMaker
    keys: KeyRing
    passwords: Passwords = field(default_factory=Passwords)

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
