"""Codes of authenticator apps: what RFC 6238 says, and what other implementations compute."""

import base64
import shutil
import subprocess

import pytest

from infra.identity import totp
from infra.identity.schemas import CodeBody
from tests.support.totp import code_at

RFC_SECRET = base64.b32encode(b"12345678901234567890").decode()


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_vectors_of_rfc_6238_appendix_b(seconds: int, code: str) -> None:
    # There with eight digits; six are the last six of them.
    assert totp.matching_step(RFC_SECRET, code[-6:], seconds) == seconds // 30
    assert code_at(RFC_SECRET, seconds // 30) == code[-6:]


@pytest.mark.parametrize(("drift", "taken"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_clock_may_be_off_by_one_step(drift: int, taken: bool) -> None:
    secret, step = totp.new_secret(), 57_000_000
    code = code_at(secret, step + drift)
    expected = step + drift if taken else None
    assert totp.matching_step(secret, code, step * 30 + 7) == expected


def test_a_secret_has_160_bits_and_codes_differ() -> None:
    assert len(base64.b32decode(totp.new_secret())) == 20
    codes = totp.new_recovery_codes()
    assert len(set(codes)) == len(codes) == 10
    assert all(len(totp.normalised_code(code)) == 16 for code in codes)
    assert not any(totp.is_totp(totp.normalised_code(code)) for code in codes)


def test_spaces_hyphens_and_case_do_not_matter() -> None:
    assert totp.normalised_code(" 492 039 ") == "492039"
    assert totp.normalised_code("ABCD-efgh ijkl-MNOP") == "abcdefghijklmnop"


def test_the_uri_is_what_apps_read() -> None:
    uri = totp.otpauth_uri("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", account="li@bureau.example", issuer="market")
    assert uri.startswith("otpauth://totp/market:li%40bureau.example?")
    assert "secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP" in uri
    assert "issuer=market" in uri


@pytest.mark.skipif(shutil.which("oathtool") is None, reason="needs oathtool: apt-get install oathtool")
def test_oathtool_computes_the_same() -> None:
    secret = totp.new_secret()
    shown = subprocess.run(
        ["oathtool", "--totp", "--base32", "--now", "@1767225600", secret],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    assert totp.matching_step(secret, shown, 1767225600) == 1767225600 // 30


@pytest.mark.parametrize(
    ("typed", "taken"),
    [
        ("４９２０３９", "492039"),
        (" 492\u3000039\n", "492 039"),
        ("jq7e–r2b4—dtc7‑56tu", "jq7e-r2b4-dtc7-56tu"),
        ("ｊｑ７ｅ－ｒ２ｂ４－ｄｔｃ７－５６ｔｕ", "jq7e-r2b4-dtc7-56tu"),
    ],
)
def test_a_code_may_be_typed_on_any_keyboard(typed: str, taken: str) -> None:
    assert CodeBody.model_validate({"code": typed}).code == taken
