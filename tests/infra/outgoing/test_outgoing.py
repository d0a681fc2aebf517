"""The guarded client against real servers, names that change their address, and every class of address."""

from collections.abc import Sequence
from ipaddress import ip_address
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from infra.outgoing.backend import GuardedTransport, Resolver
from infra.outgoing.client import OutgoingClient
from infra.outgoing.domain import Address, AllowedNetworks, is_public
from infra.outgoing.errors import AddressRefused, CallFailed
from infra.settings import Settings
from tests.support.network import free_port
from tests.support.receiver import Received, Reply, certificate, receiver

LOOPBACK = AllowedNetworks.parse("127.0.0.0/8")
NOTHING = AllowedNetworks()

REFUSED = (
    *("0.0.0.0", "10.1.2.3", "100.64.0.1", "100.127.255.254", "127.0.0.1", "127.255.0.9", "169.254.169.254"),
    *("172.16.0.1", "172.31.255.255", "192.0.0.8", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1"),
    *("198.51.100.1", "203.0.113.1", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255"),
    *("::", "::1", "::8.8.8.8", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "64:ff9b::7f00:1", "64:ff9b::808:808"),
    *("64:ff9b:1::1", "100::1", "2001::1", "2001:db8::1", "2002:7f00:1::1", "2002:808:808::1", "3fff::1"),
    *("5f00::1", "fc00::1", "fd12:3456::1", "fe80::1", "fe80::1%1", "fec0::1", "ff02::1", "4000::1"),
)
PUBLIC = ("1.1.1.1", "8.8.8.8", "100.63.255.255", "100.128.0.1", "172.32.0.1", "223.5.5.5", "2606:4700::1111")


@pytest.mark.parametrize("address", REFUSED)
async def test_addresses_off_the_internet_are_refused(address: str) -> None:
    host = f"[{address}]" if ":" in address else address
    assert not is_public(ip_address(address))
    async with OutgoingClient(NOTHING, resolver=answers([address])) as client:
        for call in (client.check("https://some.example/"), get(client, "https://some.example/")):
            with pytest.raises(AddressRefused, match="not on the public internet"):
                await call
    if "%" not in address:
        async with OutgoingClient(NOTHING) as client:
            with pytest.raises(AddressRefused, match="not on the public internet"):
                await get(client, f"https://{host}/")


@pytest.mark.parametrize("address", PUBLIC)
async def test_addresses_on_the_internet_are_not(address: str) -> None:
    async with OutgoingClient(NOTHING, resolver=answers([address])) as client:
        await client.check("https://some.example/")
        with pytest.raises(AddressRefused, match="https only"):
            await client.check("http://some.example/")
        with pytest.raises(AddressRefused, match="Port 25 "):
            await client.check("https://some.example:25/")


@given(st.ip_addresses())
def test_nothing_that_python_knows_to_be_special_counts_as_public(address: Address) -> None:
    if is_public(address):
        assert address.is_global
        assert not address.is_multicast


@pytest.mark.parametrize(
    "url", ["http://2130706433/", "https://0x7f.1/", "https://localhost/", "https://127.1/"]
)
async def test_other_ways_to_write_loopback_are_refused(url: str) -> None:
    async with OutgoingClient(NOTHING) as client:
        with pytest.raises(AddressRefused):
            await get(client, url)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("ftp://some.example/", "absolute"),
        ("file:///etc/passwd", "absolute"),
        ("/path", "absolute"),
        ("https://", "absolute"),
        ("https://user:secret@some.example/", "user name"),
        ("https://some.example/" + "x" * 2000, "longer"),
        ("https://[::1", "not a URL"),
    ],
)
async def test_urls_that_are_refused_as_such(url: str, said: str) -> None:
    async with OutgoingClient(LOOPBACK) as client:
        with pytest.raises(AddressRefused, match=said):
            await client.check(url)
        with pytest.raises(AddressRefused, match=said):
            await get(client, url)


async def get(
    client: OutgoingClient, url: str, *, seconds: float = 5, max_bytes: int = 100
) -> tuple[int, bytes]:
    answer = await client.request("GET", url, seconds=seconds, max_bytes=max_bytes)
    return answer.status, answer.body


def answers(*turns: Sequence[str]) -> Resolver:
    """A name server that answers each question with the next of these, and then always with the last."""
    left = [[ip_address(address) for address in turn] for turn in turns]

    async def resolver(_: str, __: int) -> Sequence[Address]:
        return left.pop(0) if len(left) > 1 else left[0]

    return resolver


async def test_a_listed_network_is_called_over_http() -> None:
    async with receiver() as server, OutgoingClient(LOOPBACK) as client:
        answer = await client.request(
            "POST", server.url + "/hook", content=b"{}", headers={"x-it": "1"}, seconds=5, max_bytes=100
        )
        assert (answer.status, answer.body, answer.truncated) == (200, b"ok", False)
        assert (server.requests[0].method, server.requests[0].path) == ("POST", "/hook")
        assert server.requests[0].headers["x-it"] == "1"
        assert server.requests[0].headers["accept-encoding"] == "identity"


async def test_an_unlisted_one_hears_nothing() -> None:
    async with receiver() as server, OutgoingClient(NOTHING) as client:
        with pytest.raises(AddressRefused):
            await get(client, server.url)
        assert server.requests == []


async def test_a_name_that_changes_its_address_after_the_check_is_refused_at_the_connection() -> None:
    async with receiver() as server:
        url = f"https://rebinding.example:{server.port}/"
        async with OutgoingClient(NOTHING, resolver=answers(["8.8.8.8"], ["127.0.0.1"])) as client:
            await client.check(url)
            with pytest.raises(AddressRefused):
                await get(client, url)
        assert server.requests == []


async def test_a_name_is_resolved_once_for_a_connection_and_that_address_is_called() -> None:
    async with receiver() as server:
        asked: list[str] = []

        async def resolver(host: str, _: int) -> Sequence[Address]:
            asked.append(host)
            return [ip_address("127.0.0.1" if len(asked) == 1 else "127.9.9.9")]

        async with OutgoingClient(LOOPBACK, resolver=resolver) as client:
            assert await get(client, f"http://once.example:{server.port}/") == (200, b"ok")
        assert asked == ["once.example"]
        assert server.requests[0].headers["host"] == f"once.example:{server.port}"


async def test_one_address_that_is_refused_refuses_the_host() -> None:
    async with (
        receiver() as server,
        OutgoingClient(LOOPBACK, resolver=answers(["127.0.0.1", "10.0.0.1"])) as client,
    ):
        with pytest.raises(AddressRefused):
            await get(client, f"http://both.example:{server.port}/")
        assert server.requests == []


async def test_another_address_of_the_host_is_tried_when_one_does_not_answer() -> None:
    async with (
        receiver() as server,
        OutgoingClient(LOOPBACK, resolver=answers(["127.0.0.2", "127.0.0.1"])) as client,
    ):
        assert await get(client, f"http://two.example:{server.port}/") == (200, b"ok")


async def test_redirects_are_not_followed() -> None:
    async with receiver() as inside, receiver() as server, OutgoingClient(LOOPBACK) as client:
        server.reply = lambda _: Reply(302, b"over there", {"Location": inside.url})
        assert await get(client, server.url) == (302, b"over there")
        assert inside.requests == []


async def test_a_long_answer_is_cut_and_a_slow_one_given_up() -> None:
    async with receiver() as server, OutgoingClient(LOOPBACK) as client:
        server.reply = lambda _: Reply(200, b"x" * 5_000_000)
        answer = await client.request("GET", server.url, seconds=5, max_bytes=1000)
        assert (len(answer.body), answer.truncated) == (1000, True)
        server.reply = lambda _: Reply(delay=5)
        with pytest.raises(CallFailed, match=r"no answer within 0\.3 seconds"):
            await get(client, server.url, seconds=0.3)
        with pytest.raises(CallFailed, match="ConnectError"):
            await get(client, f"http://127.0.0.1:{free_port()}/")


async def test_nothing_that_was_compressed_is_unfolded() -> None:
    async with receiver() as server, OutgoingClient(LOOPBACK) as client:
        server.reply = lambda _: Reply(200, b"not gzip at all", {"Content-Encoding": "gzip"})
        assert await get(client, server.url) == (200, b"not gzip at all")


async def test_proxies_and_passwords_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async with receiver() as proxy, receiver() as server, OutgoingClient(LOOPBACK) as client:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        async with OutgoingClient(LOOPBACK) as fresh:
            for each in (client, fresh):
                assert await get(each, server.url) == (200, b"ok")
        assert proxy.requests == []


async def test_certificates_are_checked_against_the_name_and_the_name_is_sent(tmp_path: Path) -> None:
    server_tls, trusted = certificate(tmp_path, "hooks.example")
    async with receiver(server_tls) as server:
        resolver = answers(["127.0.0.1"])
        async with OutgoingClient(LOOPBACK, resolver=resolver, tls=trusted) as client:
            assert await get(client, f"https://hooks.example:{server.port}/") == (200, b"ok")
            assert server.server_names == ["hooks.example"]
            with pytest.raises(CallFailed, match=r"hostname|Hostname"):
                await get(client, f"https://other.example:{server.port}/")
        async with OutgoingClient(LOOPBACK, resolver=resolver) as suspicious:
            with pytest.raises(CallFailed, match="certificate"):
                await get(suspicious, f"https://hooks.example:{server.port}/")
        assert len(server.requests) == 1


async def test_any_httpx_client_may_use_the_transport() -> None:
    async with (
        receiver() as server,
        httpx.AsyncClient(transport=GuardedTransport(LOOPBACK)) as client,
        httpx.AsyncClient(transport=GuardedTransport(NOTHING)) as guarded,
    ):

        def reply(request: Received) -> Reply:
            return Reply(200, request.body[::-1])

        server.reply = reply
        assert (await client.post(server.url, content=b"abc")).content == b"cba"
        with pytest.raises(httpx.ConnectError):
            await client.get(f"http://127.0.0.1:{free_port()}/")
        with pytest.raises(AddressRefused):
            await guarded.get(server.url)


def test_the_setting_lists_networks() -> None:
    settings = Settings(_env_file=None, outgoing_networks="127.0.0.0/8, fd00::/8")
    listed = AllowedNetworks.parse(settings.outgoing_networks)
    assert listed.lists(ip_address("127.0.0.1"))
    assert listed.lists(ip_address("fd00::1"))
    assert not listed.lists(ip_address("10.0.0.1"))
    with pytest.raises(ValidationError):
        Settings(_env_file=None, outgoing_networks="not-a-network")
