"""How a call to an address that somebody named can fail."""

from infra.errors import Invalid
from infra.messages import Message


class AddressRefused(Invalid):
    """The service does not call this address, now or later."""

    slug = "address-refused"
    title = Message("The service does not call this address")


class CallFailed(Exception):
    """Nobody answered in time, or not as HTTP or TLS ask; the text says what happened."""
