"""Networks as settings name them."""

from ipaddress import IPv4Network, IPv6Network, ip_network

Network = IPv4Network | IPv6Network


def parse_networks(text: str | None) -> tuple[Network, ...]:
    """Networks from their CIDRs, parted by commas or blanks.

    :raises ValueError: one of them is no network.
    """
    return tuple(ip_network(part) for part in (text or "").replace(",", " ").split())
