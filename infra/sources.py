"""Where a request comes from, as far as it can be known: the network that limits are counted by.

A proxy adds the address it was called from at the right end of ``X-Forwarded-For``. So the list is read from the right,
through as many proxies as are known to be ours, and the first address that is none of them is the caller's; what stands
left of it is whatever the caller wrote. ``Forwarded`` (RFC 7239) is not read: a proxy that adds to one of the two
headers lets the other pass as the caller wrote it, so that only one may count.
"""

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from infra.networks import Network

UNKNOWN = "unknown"
"""The source of a request whose connection has no address, such as a local socket."""

_IPV6_SITE = 64
"""Bits of an IPv6 address that name a site: whoever has one address has all of its 2^64."""

_LONGEST_WALK = 32


def source_of(peer: str | None, forwarded_for: Iterable[str], proxies: Sequence[Network]) -> str:
    """The network a request comes from: an IPv4 address, or an IPv6 site (/64).

    :param peer: address of the other end of the connection.
    :param forwarded_for: the values of every ``X-Forwarded-For``, in order.
    :param proxies: whose word is taken.
    """
    nearest = _address(peer or "")
    if nearest is None:
        return UNKNOWN
    named = [part for value in forwarded_for for part in value.split(",")]
    for part in reversed(named[-_LONGEST_WALK:]):
        if not any(nearest in network for network in proxies):
            break
        before = _address(part)
        if before is None:
            break  # not an address: the proxy that wrote it is as far as can be known
        nearest = before
    if isinstance(nearest, IPv6Address):
        return str(ip_network((int(nearest), _IPV6_SITE), strict=False))
    return str(nearest)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """An address as proxies write it: bare, with a port, or in brackets; an IPv4 address in IPv6 is the former."""
    bare = text.strip().strip('"')
    if bare.startswith("["):
        bare = bare[1:].partition("]")[0]
    elif bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        address = ip_address(bare.partition("%")[0])
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address
