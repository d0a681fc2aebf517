"""Encryption at rest: only the right key, for the right purpose, opens what was sealed."""

import base64
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy.engine.default import DefaultDialect

from infra import secrets
from infra.secrets import CannotDecrypt, EncryptedText, MasterKeyError, SecretBox

OLD, NEW = b"o" * 32, b"n" * 32


def text(key: bytes) -> str:
    return base64.b64encode(key).decode()


def test_the_key_file_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        boxes = list(pool.map(lambda _: SecretBox.load(tmp_path), range(8)))
    assert len({box.derive(b"x") for box in boxes}) == 1
    assert stat.S_IMODE((tmp_path / "master.key").stat().st_mode) == 0o600


def test_sealed_text_opens_after_a_restart_and_is_not_readable_before(tmp_path: Path) -> None:
    sealed = SecretBox.load(tmp_path).encrypt("91110000802100433B", "a.b")
    assert "9111" not in sealed
    assert SecretBox.load(tmp_path).decrypt(sealed, "a.b") == "91110000802100433B"


def test_the_same_text_is_sealed_differently_each_time() -> None:
    box = SecretBox([NEW])
    assert box.encrypt("x", "a.b") != box.encrypt("x", "a.b")


def test_another_purpose_another_key_and_a_changed_text_do_not_open() -> None:
    box = SecretBox([NEW])
    sealed = box.encrypt("x", "a.b")
    changed = sealed[:20] + ("A" if sealed[20] != "A" else "B") + sealed[21:]
    for opener, value, purpose in (
        (box, sealed, "a.c"),
        (SecretBox([OLD]), sealed, "a.b"),
        (box, changed, "a.b"),
    ):
        with pytest.raises(CannotDecrypt):
            opener.decrypt(value, purpose)


def test_after_a_change_of_key_old_text_opens_and_new_text_needs_the_new_key(tmp_path: Path) -> None:
    sealed = SecretBox([OLD]).encrypt("x", "a.b")
    both = SecretBox.load(tmp_path, f"{text(NEW)},{text(OLD)}")
    assert both.decrypt(sealed, "a.b") == "x"
    assert SecretBox([NEW]).decrypt(both.encrypt("y", "a.b"), "a.b") == "y"
    assert both.derive(b"x") == SecretBox([NEW]).derive(b"x")


def test_derived_keys_differ_by_label_and_from_the_master_key() -> None:
    box = SecretBox([NEW])
    assert len({box.derive(b"a"), box.derive(b"b"), NEW}) == 3


@pytest.mark.parametrize("setting", ["", ",", "not base64!", text(b"short"), f"{text(NEW)},{text(b'x')}"])
def test_a_setting_that_is_no_key_is_refused(tmp_path: Path, setting: str) -> None:
    with pytest.raises(MasterKeyError, match="MARKET_MASTER_KEY"):
        SecretBox.load(tmp_path, setting)


def test_a_key_file_open_to_everybody_is_refused(tmp_path: Path) -> None:
    SecretBox.load(tmp_path)
    (tmp_path / "master.key").chmod(0o644)
    with pytest.raises(MasterKeyError, match="chmod 600"):
        SecretBox.load(tmp_path)


def test_a_folder_that_cannot_be_used_is_reported(tmp_path: Path) -> None:
    with pytest.raises(MasterKeyError, match=r"master\.key"):
        SecretBox.load(tmp_path / "absent")


def test_encrypted_column_seals_and_opens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "_installed", None)
    column, dialect = EncryptedText("a.b"), DefaultDialect()
    with pytest.raises(RuntimeError, match="install"):
        column.process_bind_param("x", dialect)
    secrets.install(SecretBox([NEW]))
    sealed = column.process_bind_param("x", dialect)
    assert sealed is not None
    assert sealed != "x"
    assert column.process_result_value(sealed, dialect) == "x"
    assert column.process_bind_param(None, dialect) is None
    assert column.process_result_value(None, dialect) is None
