"""Signing keys and tokens: what is signed verifies, also for strangers, and what was forged does not."""

import base64
import hmac
import json
import stat
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jwt as joserfc_jwt
from joserfc.jwk import KeySet, OKPKey

from infra import key_folder, private_files
from infra.key_folder import (
    GRACE_SECONDS,
    MAX_TOKEN_SECONDS,
    PUBLISH_SECONDS,
    KeyFolderError,
    KeyStatus,
    thumbprint,
)
from infra.keys import MAX_TOKEN_LENGTH, REREAD_SECONDS, KeyRing, TokenRefused

ISSUER, AUDIENCE, TYP = "https://market.test", "https://market.test/api", "at+jwt"
DAY = 86_400
"""Longer than a run of the tests takes from their collection to their end."""


def claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    return {"iss": ISSUER, "aud": AUDIENCE, "sub": "client-1", "iat": now, "exp": now + 900, **changes}


def signing_kid(ring: KeyRing) -> str:
    """The id of the key that signs now, which is published first."""
    return str(ring.jwks()["keys"][0]["kid"])


def rotate_now(ring: KeyRing) -> str:
    """Let a new key sign at once."""
    new = key_folder.rotate(ring._folder, time.time(), publish_seconds=0)
    ring._reread()
    return new.kid


def encode(part: dict[str, Any] | bytes) -> str:
    content = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


@pytest.fixture
def ring(tmp_path: Path) -> KeyRing:
    return KeyRing.load(tmp_path / "keys")


@pytest.fixture
def refused(ring: KeyRing) -> Callable[[str], str]:
    """Why the ring refuses a token; fails when it does not."""

    def reason(token: str) -> str:
        with pytest.raises(TokenRefused) as caught:
            ring.verify(token, typ=TYP, issuer=ISSUER, audience=AUDIENCE)
        return caught.value.reason

    return reason


def private_key(folder: Path, kid: str) -> Ed25519PrivateKey:
    key = jwt.algorithms.OKPAlgorithm().prepare_key((folder / "keys" / f"{kid}.pem").read_bytes())
    assert isinstance(key, Ed25519PrivateKey)
    return key


class TestFolder:
    def test_first_load_makes_one_key_that_only_its_owner_reads(self, tmp_path: Path) -> None:
        kid = signing_kid(KeyRing.load(tmp_path / "keys"))
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "keys").iterdir()}
        assert modes == {f"{kid}.pem": 0o600, "ring.json": 0o600, ".lock": 0o600}
        assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700

    def test_second_load_finds_the_same_key(self, tmp_path: Path) -> None:
        assert signing_kid(KeyRing.load(tmp_path / "keys")) == signing_kid(KeyRing.load(tmp_path / "keys"))

    def test_processes_that_start_together_agree_on_one_key(self, tmp_path: Path) -> None:
        with ThreadPoolExecutor(8) as pool:
            kids = set(pool.map(lambda _: signing_kid(KeyRing.load(tmp_path / "keys")), range(8)))
        assert len(kids) == 1
        assert len(list((tmp_path / "keys").glob("*.pem"))) == 1

    def test_a_crash_before_the_key_was_named_is_survived(self, tmp_path: Path) -> None:
        KeyRing.load(tmp_path / "keys")
        (tmp_path / "keys" / "ring.json").unlink()
        ring = KeyRing.load(tmp_path / "keys")
        assert len(ring.jwks()["keys"]) == 1

    def test_a_folder_of_the_first_form_keeps_its_keys(self, tmp_path: Path) -> None:
        ring = KeyRing.load(tmp_path / "keys")
        old = ring.sign(claims(), TYP)
        key_folder.rotate(tmp_path / "keys", time.time(), publish_seconds=0)
        current = signing_kid(KeyRing.load(tmp_path / "keys"))
        (tmp_path / "keys" / "ring.json").unlink()
        (tmp_path / "keys" / "current").write_text(f"{current}\n")
        ring = KeyRing.load(tmp_path / "keys")
        assert signing_kid(ring) == current
        ring.verify(old, typ=TYP, issuer=ISSUER, audience=AUDIENCE)
        assert not (tmp_path / "keys" / "current").exists()

    def test_a_key_open_to_everybody_is_refused(self, ring: KeyRing, tmp_path: Path) -> None:
        path = tmp_path / "keys" / f"{signing_kid(ring)}.pem"
        path.chmod(0o644)
        with pytest.raises(KeyFolderError, match="chmod 600"):
            KeyRing.load(tmp_path / "keys")

    def test_a_folder_open_to_everybody_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "keys").mkdir(mode=0o755)
        with pytest.raises(KeyFolderError, match="chmod 700"):
            KeyRing.load(tmp_path / "keys")

    def test_a_damaged_key_is_reported_by_name(self, ring: KeyRing, tmp_path: Path) -> None:
        path = tmp_path / "keys" / f"{signing_kid(ring)}.pem"
        path.write_text("cut in half")
        with pytest.raises(KeyFolderError, match=signing_kid(ring)):
            KeyRing.load(tmp_path / "keys")

    def test_a_key_under_another_name_is_refused(self, ring: KeyRing, tmp_path: Path) -> None:
        other = Ed25519PrivateKey.generate()
        path = tmp_path / "keys" / f"{signing_kid(ring)}.pem"
        path.write_bytes(other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        with pytest.raises(KeyFolderError, match="named after"):
            KeyRing.load(tmp_path / "keys")

    def test_a_path_that_cannot_be_made_is_reported(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(KeyFolderError):
            KeyRing.load(tmp_path / "file" / "keys")


class TestThumbprint:
    def test_example_of_rfc_8037_appendix_a3(self) -> None:
        x = base64.urlsafe_b64decode("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo=")
        assert (
            thumbprint(Ed25519PublicKey.from_public_bytes(x)) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
        )


class TestGoodTokens:
    def test_round_trip(self, ring: KeyRing) -> None:
        given_claims = claims()
        token = ring.sign(given_claims, TYP)
        assert ring.verify(token, typ=TYP, issuer=ISSUER, audience=AUDIENCE) == given_claims

    # RFC 9864 would rather see "Ed25519"; "EdDSA" is what verifiers in the field know.
    @pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
    def test_an_independent_library_verifies_it_from_the_published_keys(self, ring: KeyRing) -> None:
        given_claims = claims()
        published = KeySet.import_key_set(json.loads(json.dumps(ring.jwks())))
        decoded = joserfc_jwt.decode(ring.sign(given_claims, TYP), published, algorithms=["EdDSA"])
        assert decoded.claims == given_claims
        assert decoded.header == {"alg": "EdDSA", "typ": TYP, "kid": signing_kid(ring)}

    def test_the_published_kid_is_the_thumbprint_an_independent_library_computes(self, ring: KeyRing) -> None:
        [published] = ring.jwks()["keys"]
        assert OKPKey.import_key(published).thumbprint() == published["kid"]  # type: ignore[arg-type]
        assert "d" not in published

    def test_after_a_rotation_old_and_new_tokens_verify_and_the_new_key_signs(self, ring: KeyRing) -> None:
        before = ring.sign(claims(), TYP)
        kid = rotate_now(ring)
        after = ring.sign(claims(), TYP)
        assert jwt.get_unverified_header(after)["kid"] == kid != jwt.get_unverified_header(before)["kid"]
        for token in (before, after):
            ring.verify(token, typ=TYP, issuer=ISSUER, audience=AUDIENCE)
        assert ring.jwks()["keys"][0]["kid"] == kid

    def test_another_process_verifies_a_token_of_a_key_made_a_moment_ago(
        self, ring: KeyRing, tmp_path: Path
    ) -> None:
        other = KeyRing.load(tmp_path / "keys")
        rotate_now(ring)
        token = ring.sign(claims(), TYP)
        assert other.verify(token, typ=TYP, issuer=ISSUER, audience=AUDIENCE)["sub"] == claims()["sub"]

    def test_a_deleted_key_stops_verifying_in_every_process(self, tmp_path: Path) -> None:
        clock = [0.0]
        KeyRing.load(tmp_path / "keys")
        ring = KeyRing(tmp_path / "keys", monotonic=lambda: clock[0])
        old_kid, token = signing_kid(ring), ring.sign(claims(), TYP)
        rotate_now(ring)
        (tmp_path / "keys" / f"{old_kid}.pem").unlink()
        clock[0] += REREAD_SECONDS
        with pytest.raises(TokenRefused, match="unknown-key"):
            ring.verify(token, typ=TYP, issuer=ISSUER, audience=AUDIENCE)

    @pytest.mark.parametrize("name", ["iss", "aud", "iat", "exp"])
    def test_nothing_is_signed_without_its_required_claims(self, ring: KeyRing, name: str) -> None:
        lacking = claims()
        del lacking[name]
        with pytest.raises(ValueError, match=name):
            ring.sign(lacking, TYP)

    def test_nothing_is_signed_that_would_be_too_long_to_verify(self, ring: KeyRing) -> None:
        with pytest.raises(ValueError, match="8192"):
            ring.sign(claims(note="x" * MAX_TOKEN_LENGTH), TYP)


class TestLife:
    """A key is published, signs, is accepted until its last token has expired, and is gone: by the clock alone."""

    @pytest.fixture
    def moment(self) -> list[float]:
        return [time.time()]

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        KeyRing.load(tmp_path / "keys")
        return tmp_path / "keys"

    def running(self, folder: Path, moment: list[float]) -> KeyRing:
        return KeyRing(folder, monotonic=lambda: moment[0], clock=lambda: moment[0])

    def test_published_before_it_signs_accepted_until_the_last_token_expired(
        self, folder: Path, moment: list[float]
    ) -> None:
        one, other = self.running(folder, moment), self.running(folder, moment)
        old = signing_kid(one)
        new = key_folder.rotate(folder, moment[0]).kid
        moment[0] += REREAD_SECONDS
        for ring in (one, other):
            assert [key["kid"] for key in ring.jwks()["keys"]] == [old, new]
        moment[0] += PUBLISH_SECONDS
        # No command and no restart in between.
        for ring in (one, other):
            assert [key["kid"] for key in ring.jwks()["keys"]] == [new, old]
            assert jwt.get_unverified_header(ring.sign(claims(), TYP))["kid"] == new
        assert key_folder.retire(folder, moment[0]) == []
        moment[0] += MAX_TOKEN_SECONDS + GRACE_SECONDS
        for ring in (one, other):
            assert [key["kid"] for key in ring.jwks()["keys"]] == [new]
            assert [key["kid"] for key in ring.historical_jwks()["keys"]] == [old]
        assert (folder / f"{old}.pem").exists()
        assert key_folder.retire(folder, moment[0]) == [old]
        assert not (folder / f"{old}.pem").exists()
        moment[0] += REREAD_SECONDS
        assert [key["kid"] for key in one.historical_jwks()["keys"]] == [old]

    @pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
    def test_what_a_retired_key_signed_for_the_log_still_verifies(
        self, folder: Path, moment: list[float]
    ) -> None:
        ring = self.running(folder, moment)
        head = ring.sign(claims(exp=int(moment[0]) + 30 * 366 * 86_400), "audit-head+jwt")
        forged = ring.sign(claims(exp=int(moment[0]) + 30 * 366 * 86_400), TYP)
        key_folder.rotate(folder, moment[0])
        moment[0] += PUBLISH_SECONDS + MAX_TOKEN_SECONDS + GRACE_SECONDS
        historical = KeySet.import_key_set(ring.historical_jwks())  # type: ignore[arg-type]
        assert joserfc_jwt.decode(head, historical, algorithms=["EdDSA"]).claims["iss"] == ISSUER
        with pytest.raises(TokenRefused, match="unknown-key"):
            ring.verify(forged, typ=TYP, issuer=ISSUER, audience=AUDIENCE)

    @pytest.mark.parametrize("waiting", [False, True])
    def test_a_stolen_key_ends_at_once_and_another_signs(
        self, folder: Path, moment: list[float], waiting: bool
    ) -> None:
        ring, other = self.running(folder, moment), self.running(folder, moment)
        stolen, token = signing_kid(ring), ring.sign(claims(), TYP)
        revision = other.revision()
        if waiting:
            key_folder.rotate(folder, moment[0])
        signing = key_folder.revoke(folder, stolen, moment[0])
        assert not (folder / f"{stolen}.pem").exists()
        moment[0] += REREAD_SECONDS
        for each in (ring, other):
            with pytest.raises(TokenRefused, match="unknown-key"):
                each.verify(token, typ=TYP, issuer=ISSUER, audience=AUDIENCE)
            fresh = each.sign(claims(), TYP)
            assert jwt.get_unverified_header(fresh)["kid"] == signing.kid
            assert each.verify(fresh, typ=TYP, issuer=ISSUER, audience=AUDIENCE)
        assert other.revision() > revision
        [historical] = ring.historical_jwks()["keys"]
        assert historical["revoked"] == {"revoked_at": historical["exp"]}

    def test_a_stolen_key_that_has_not_signed_yet_takes_the_turn_from_nobody(
        self, folder: Path, moment: list[float]
    ) -> None:
        ring = self.running(folder, moment)
        old = signing_kid(ring)
        new = key_folder.rotate(folder, moment[0]).kid
        assert key_folder.revoke(folder, new, moment[0]).kid == old
        moment[0] += PUBLISH_SECONDS + MAX_TOKEN_SECONDS * 2
        assert [key["kid"] for key in ring.jwks()["keys"]] == [old]
        assert ring.historical_jwks()["keys"] == []

    def test_a_former_key_that_was_stolen_leaves_the_signing_one_alone(
        self, folder: Path, moment: list[float]
    ) -> None:
        old = signing_kid(self.running(folder, moment))
        new = key_folder.rotate(folder, moment[0], publish_seconds=0).kid
        later = key_folder.rotate(folder, moment[0] + 1).kid
        assert key_folder.revoke(folder, old, moment[0] + 2).kid == new
        ring = self.running(folder, moment)
        assert {key["kid"] for key in ring.jwks()["keys"]} == {new, later}
        assert signing_kid(ring) == new

    @pytest.mark.parametrize("act", ["rotate", "revoke"])
    @pytest.mark.parametrize("step", [0, 1, 2])
    def test_a_crash_on_the_way_leaves_a_folder_that_works(
        self, folder: Path, moment: list[float], monkeypatch: pytest.MonkeyPatch, act: str, step: int
    ) -> None:
        ring = self.running(folder, moment)
        old, token = signing_kid(ring), ring.sign(claims(), TYP)
        steps = iter(range(3))

        def crash(original: Callable[..., None]) -> Callable[..., None]:
            def work(*arguments: Any, **options: Any) -> None:
                if next(steps) == step:
                    raise KeyboardInterrupt
                original(*arguments, **options)

            return work

        with monkeypatch.context() as patch:
            patch.setattr(key_folder, "write_private", crash(private_files.write_private))
            patch.setattr(Path, "unlink", crash(Path.unlink))
            try:
                if act == "rotate":
                    key_folder.rotate(folder, moment[0], publish_seconds=0)
                else:
                    key_folder.revoke(folder, old, moment[0])
            except KeyboardInterrupt:
                ended = False
            else:
                ended = True
        again = KeyRing.load(folder)
        assert again.verify(again.sign(claims(), TYP), typ=TYP, issuer=ISSUER, audience=AUDIENCE)
        if act == "rotate":
            assert again.verify(token, typ=TYP, issuer=ISSUER, audience=AUDIENCE)
            # It may be done again.
            if not ended:
                new = key_folder.rotate(folder, moment[0] + 1, publish_seconds=0).kid
                assert signing_kid(self.running(folder, [moment[0] + 2])) == new
        elif step == 2:  # it was decided, only the file was left
            status = key_folder.status_of(key_folder.read(folder), moment[0])
            assert status[old] is KeyStatus.REVOKED
            assert key_folder.retire(folder, moment[0]) == [old]

    def test_a_deleted_file_of_the_signing_key_is_reported(self, folder: Path, moment: list[float]) -> None:
        (folder / f"{signing_kid(self.running(folder, moment))}.pem").unlink()
        with pytest.raises(KeyFolderError, match="market keys revoke"):
            KeyRing.load(folder)


class TestAttacks:
    def test_alg_none(self, ring: KeyRing, refused: Callable[[str], str]) -> None:
        header = {"alg": "none", "typ": TYP, "kid": signing_kid(ring)}
        assert refused(f"{encode(header)}.{encode(claims())}.") == "malformed"
        assert refused(f"{encode(header)}.{encode(claims())}.AAAA") == "malformed"

    def test_hmac_with_the_public_key_as_secret(
        self, ring: KeyRing, tmp_path: Path, refused: Callable[[str], str]
    ) -> None:
        public = private_key(tmp_path, signing_kid(ring)).public_key()
        header = {"alg": "HS256", "typ": TYP, "kid": signing_kid(ring)}
        for secret in (
            public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
            public.public_bytes(Encoding.Raw, PublicFormat.Raw),
        ):
            signed = f"{encode(header)}.{encode(claims())}"
            signature = hmac.digest(secret, signed.encode(), "sha256")
            assert refused(f"{signed}.{encode(signature)}") == "malformed"

    @pytest.mark.parametrize(
        "kid", ["../../etc/passwd", "..%2f", "/dev/null", "", "a\u0000b", "current", ".lock"]
    )
    def test_kid_as_a_path(self, kid: str, refused: Callable[[str], str]) -> None:
        token = jwt.encode(claims(), Ed25519PrivateKey.generate(), "EdDSA", headers={"typ": TYP, "kid": kid})
        assert refused(token) == "unknown-key"

    @pytest.mark.parametrize("kid", [None, 1, ["a"], {"a": 1}])
    def test_kid_of_another_type(self, kid: object, refused: Callable[[str], str]) -> None:
        header = {"alg": "EdDSA", "typ": TYP, "kid": kid}
        assert refused(f"{encode(header)}.{encode(claims())}.AAAA") == "malformed"

    @pytest.mark.parametrize("name", ["jwk", "jku", "x5u", "x5c", "crit", "b64", "zip", "anything"])
    def test_further_header_members(
        self, ring: KeyRing, tmp_path: Path, name: str, refused: Callable[[str], str]
    ) -> None:
        attacker = Ed25519PrivateKey.generate()
        x = attacker.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        values: dict[str, Any] = {
            "jwk": {"kty": "OKP", "crv": "Ed25519", "x": encode(x)},
            "jku": "http://127.0.0.1:1/keys",
            "x5u": "http://127.0.0.1:1/cert",
            "crit": ["anything"],
            "b64": True,
        }
        header = {"alg": "EdDSA", "typ": TYP, "kid": signing_kid(ring), name: values.get(name, "x")}
        signed = f"{encode(header)}.{encode(claims())}"
        for key in (attacker, private_key(tmp_path, signing_kid(ring))):
            assert refused(f"{signed}.{encode(key.sign(signed.encode()))}") == "malformed"

    def test_a_key_of_somebody_else_under_our_kid(self, ring: KeyRing, refused: Callable[[str], str]) -> None:
        headers = {"typ": TYP, "kid": signing_kid(ring)}
        assert (
            refused(jwt.encode(claims(), Ed25519PrivateKey.generate(), "EdDSA", headers=headers))
            == "bad-signature"
        )

    @pytest.mark.parametrize(
        ("change", "reason"),
        [
            ({"iss": "https://other.test"}, "wrong-issuer"),
            ({"iss": ISSUER + "/"}, "wrong-issuer"),
            ({"aud": "https://market.test/data"}, "wrong-audience"),
            ({"aud": [AUDIENCE, "https://other.test"]}, "wrong-audience"),
            ({"exp": int(time.time()) - 60}, "expired"),
            ({"exp": "soon"}, "malformed"),
            ({"nbf": int(time.time()) + DAY}, "not-yet-valid"),
            ({"iat": int(time.time()) + DAY}, "not-yet-valid"),
        ],
    )
    def test_claims_that_do_not_fit(
        self, ring: KeyRing, change: dict[str, Any], reason: str, refused: Callable[[str], str]
    ) -> None:
        assert refused(ring.sign(claims(**change), TYP)) == reason

    @pytest.mark.parametrize("typ", ["JWT", "licence+jwt", "AT+JWT", "application/at+jwt", ""])
    def test_a_token_of_another_kind(
        self, ring: KeyRing, tmp_path: Path, typ: str, refused: Callable[[str], str]
    ) -> None:
        header = {"alg": "EdDSA", "typ": typ, "kid": signing_kid(ring)}
        signed = f"{encode(header)}.{encode(claims())}"
        key = private_key(tmp_path, signing_kid(ring))
        assert refused(f"{signed}.{encode(key.sign(signed.encode()))}") == "wrong-type"

    def test_every_changed_character_is_noticed(self, ring: KeyRing, refused: Callable[[str], str]) -> None:
        token = ring.sign(claims(), TYP)
        for place in range(len(token)):
            refused(token[:place] + ("B" if token[place] == "A" else "A") + token[place + 1 :])

    @pytest.mark.parametrize("ending", ["=", "==", "\n", " ", ".", "\u0000"])
    def test_one_token_has_one_spelling(
        self, ring: KeyRing, ending: str, refused: Callable[[str], str]
    ) -> None:
        assert refused(ring.sign(claims(), TYP) + ending) == "malformed"

    def test_a_token_of_one_mebibyte_is_refused_unread(
        self, ring: KeyRing, refused: Callable[[str], str]
    ) -> None:
        started = time.perf_counter()
        assert refused(ring.sign(claims(), TYP) + "A" * 2**20) == "too-long"
        assert time.perf_counter() - started < 0.1

    def test_a_deeply_nested_header(self, refused: Callable[[str], str]) -> None:
        assert refused(f"{encode(b'[' * 3000)}.{encode(claims())}.AAAA") == "malformed"

    def test_made_up_kids_do_not_make_the_ring_reread_its_files(
        self, ring: KeyRing, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        reads: list[Path] = []
        original = Path.read_bytes

        def counted(path: Path) -> bytes:
            reads.append(path)
            return original(path)

        monkeypatch.setattr(Path, "read_bytes", counted)
        foreign = Ed25519PrivateKey.generate()
        started = time.monotonic()
        for number in range(200):
            token = jwt.encode(claims(), foreign, "EdDSA", headers={"typ": TYP, "kid": f"made-up-{number}"})
            with pytest.raises(TokenRefused, match="unknown-key"):
                ring.verify(token, typ=TYP, issuer=ISSUER, audience=AUDIENCE)
        assert len(reads) <= (time.monotonic() - started) / REREAD_SECONDS + 1

    @settings(max_examples=100, deadline=None)
    @given(
        token=st.text(max_size=300) | st.from_regex(r"[\w-]{0,80}\.[\w-]{0,80}\.[\w-]{0,80}", fullmatch=True)
    )
    def test_noise_is_refused_and_never_breaks(self, token: str) -> None:
        with pytest.raises(TokenRefused):
            SHARED.verify(token, typ=TYP, issuer=ISSUER, audience=AUDIENCE)


@pytest.fixture(scope="module", autouse=True)
def shared_ring(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A ring for the property test, which may not use a fixture made anew for each test."""
    global SHARED
    SHARED = KeyRing.load(tmp_path_factory.mktemp("shared") / "keys")


SHARED: KeyRing
