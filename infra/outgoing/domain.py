"""Which addresses and URLs may be called."""

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_network
from typing import Self

import httpx

from infra.messages import Message
from infra.networks import Network, parse_networks
from infra.outgoing.errors import AddressRefused

Address = IPv4Address | IPv6Address

MAX_URL_LENGTH = 2000
WEB_PORTS = frozenset({80, 443})
FIRST_UNPRIVILEGED_PORT = 1024

# IANA's special-purpose registries (RFC 6890 and its successors), besides multicast. Written out, because what
# `ipaddress` calls global differs between releases of Python.
SPECIAL_NETWORKS: tuple[Network, ...] = tuple(
    ip_network(network)
    for network in (
        "0.0.0.0/8",  # this network, unspecified
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # carrier-grade NAT
        "127.0.0.0/8",  # loopback
        "169.254.0.0/16",  # link-local; metadata services of clouds
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # AMT
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarking
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
        "::/96",  # unspecified, loopback, IPv4-compatible
        "::ffff:0:0/96",  # IPv4-mapped
        "::ffff:0:0:0/96",  # IPv4-translated
        "64:ff9b::/96",  # NAT64
        "64:ff9b:1::/48",  # NAT64, local use
        "100::/64",  # discard
        "100:0:0:1::/64",  # dummy
        "2001::/23",  # protocol assignments: Teredo, ORCHID, benchmarking
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4
        "2620:4f:8000::/48",  # AS112
        "3fff::/20",  # documentation
        "5f00::/16",  # segment routing
        "fc00::/7",  # unique local
        "fe80::/10",  # link-local
        "fec0::/10",  # site-local
        "ff00::/8",  # multicast
    )
)
_GLOBAL_UNICAST = ip_network("2000::/3")
"""Of IPv6 nothing else is given out, so nothing else is on the internet."""


@dataclass(frozen=True, slots=True)
class AllowedNetworks:
    """Networks that are not on the internet and may be called all the same, over http too: the platform lists them."""

    networks: tuple[Network, ...] = ()

    @classmethod
    def parse(cls, text: str | None) -> Self:
        """Read a list of CIDRs, parted by commas or blanks.

        :raises ValueError: one of them is no network.
        """
        return cls(parse_networks(text))

    def lists(self, address: Address) -> bool:
        """Whether the platform has listed the address."""
        return any(address in network for network in self.networks)


def is_public(address: Address) -> bool:
    """Whether the address is on the internet."""
    if isinstance(address, IPv6Address) and address not in _GLOBAL_UNICAST:
        return False
    return not any(address in network for network in SPECIAL_NETWORKS)


def check_url(url: str) -> httpx.URL:
    """Read a URL that is to be called.

    :raises AddressRefused: it is no absolute http or https URL, or it carries credentials.
    """
    try:
        found = httpx.URL(url)
    except httpx.InvalidURL:
        raise AddressRefused(Message("This is not a URL.")) from None
    if len(url) > MAX_URL_LENGTH:
        raise AddressRefused(Message("The URL is longer than {length} characters.", length=MAX_URL_LENGTH))
    if found.scheme not in ("http", "https") or not found.host:
        raise AddressRefused(
            Message("The URL must be absolute and of the scheme https."),
            remedy=Message("Write it like https://example.org/path."),
        )
    if found.userinfo:
        raise AddressRefused(Message("The URL must not carry a user name or a password."))
    return found


def check_addresses(
    scheme: str, host: str, port: int, addresses: Iterable[Address], allowed: AllowedNetworks
) -> None:
    """Judge every address that a host has: one that may not be called refuses the host.

    :raises AddressRefused: the host has an address that is neither public nor listed, or may not be called in this
        scheme or at this port.
    """
    for address in addresses:
        if allowed.lists(address):
            continue
        if not is_public(address):
            # Which address it is would tell a stranger about names within our network.
            raise AddressRefused(
                Message("The host {host} is not on the public internet.", host=host),
                remedy=Message("Name a public host, or ask the platform to list the network."),
            )
        if scheme != "https":
            raise AddressRefused(
                Message("The host {host} may be called over https only.", host=host),
                remedy=Message("Write the URL with https."),
            )
        if port not in WEB_PORTS and port < FIRST_UNPRIVILEGED_PORT:
            raise AddressRefused(
                Message("Port {port} is not one that web services are offered at.", port=port),
                remedy=Message("Use port 443, or one from 1024 on."),
            )
