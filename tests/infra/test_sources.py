"""Where a request comes from, as proxies tell it and as callers would like it to look."""

import pytest

from infra.networks import parse_networks
from infra.sources import UNKNOWN, source_of

OURS = parse_networks("10.0.0.0/8, 2001:db8:1::/48")


@pytest.mark.parametrize(
    ("peer", "forwarded", "source"),
    [
        # Nobody's word is taken but our proxies'.
        ("203.0.113.7", ["198.51.100.1"], "203.0.113.7"),
        ("10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        # What the caller wrote stands left of what the proxy added.
        ("10.0.0.1", ["1.1.1.1, 198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["1.1.1.1", "198.51.100.1"], "198.51.100.1"),
        # Through several of ours, to the first that is none.
        ("10.0.0.1", ["1.1.1.1, 198.51.100.1, 10.2.3.4"], "198.51.100.1"),
        ("10.0.0.1", ["10.9.9.9, 10.2.3.4"], "10.9.9.9"),
        ("10.0.0.1", [], "10.0.0.1"),
        # A caller that is no address, or an obfuscated one (RFC 7239, section 6.3): the proxy that says so.
        ("10.0.0.1", ["198.51.100.1, unknown"], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.1, _hidden, 10.2.3.4"], "10.2.3.4"),
        ("10.0.0.1", [""], "10.0.0.1"),
        ("10.0.0.1", [",,,"], "10.0.0.1"),
        # As proxies write addresses.
        ("10.0.0.1", ["198.51.100.1:443"], "198.51.100.1"),
        ("10.0.0.1", ['"[2001:db8:2::1]:443"'], "2001:db8:2::/64"),
        ("10.0.0.1", ["[2001:db8:2::1]"], "2001:db8:2::/64"),
        ("10.0.0.1", ["::ffff:198.51.100.1"], "198.51.100.1"),
        ("::ffff:10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("2001:db8:1::5", ["198.51.100.1"], "198.51.100.1"),
        # One site has 2^64 addresses and is one source.
        ("2001:db8:2:3:4:5:6:7", [], "2001:db8:2:3::/64"),
        ("2001:db8:2:3:ffff::1%eth0", [], "2001:db8:2:3::/64"),
        (None, ["198.51.100.1"], UNKNOWN),
        ("/run/socket", [], UNKNOWN),
    ],
)
def test_source(peer: str | None, forwarded: list[str], source: str) -> None:
    assert source_of(peer, forwarded, OURS) == source


def test_without_proxies_the_peer_counts() -> None:
    assert source_of("127.0.0.1", ["198.51.100.1"], ()) == "127.0.0.1"


def test_a_long_chain_is_not_walked_for_ever() -> None:
    assert source_of("10.0.0.1", ["10.0.0.2," * 100_000 + "10.0.0.3"], OURS) == "10.0.0.2"


def test_what_is_no_network_is_refused() -> None:
    with pytest.raises(ValueError, match="does not appear to be"):
        parse_networks("10.0.0.0/8, 10.0.0.300")
