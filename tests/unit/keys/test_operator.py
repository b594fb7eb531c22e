"""Rules of keys in files."""

from __future__ import annotations

import stat
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from assent.errors import ConfigError, RequestError, UnavailableError
from assent.keys import file, operator


def never_ask() -> str:
    raise AssertionError("asked for a passphrase that is not needed")


def test_a_created_key_opens_with_its_passphrase_alone(tmp_path: Path) -> None:
    """What `create` locks, only the same passphrase unlocks, and it is the same key."""
    made = operator.create(tmp_path / "operator.key", "a long sentence")
    opened = operator.unlock(tmp_path / "operator.key", lambda: "a long sentence")
    assert (opened.public, opened.assurance) == (made.public, "passphrase")
    Ed25519PublicKey.from_public_bytes(made.public).verify(opened.sign(b"text"), b"text")
    with pytest.raises(RequestError) as caught:
        operator.unlock(tmp_path / "operator.key", lambda: "another")
    assert caught.value.code == "wrong_passphrase"
    assert "another" not in str(caught.value)


def test_a_locked_key_is_costly_to_guess(tmp_path: Path) -> None:
    """The agent may read the file: the locking is scrypt with at least 128 MiB."""
    operator.create(tmp_path / "operator.key", "x")
    shown = subprocess.run(
        ["openssl", "asn1parse", "-in", str(tmp_path / "operator.key")], capture_output=True, text=True, check=True
    ).stdout
    assert ":id-scrypt" in shown or ":scrypt" in shown
    assert ":020000" in shown  # N = 2^17


def test_key_files_are_private_and_never_overwritten(tmp_path: Path) -> None:
    """A key file has mode 0600 from its first moment, and a second `create` changes nothing."""
    path = tmp_path / "log.key"
    file.create(path)
    before = path.read_bytes()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(ConfigError) as caught:
        file.create(path)
    assert caught.value.code == "key_exists"
    assert path.read_bytes() == before
    assert file.load(path).assurance == "same-user"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_key_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    """A key file that group or others can reach is refused, for both kinds of keys."""
    path = tmp_path / "key"
    file.create(path)
    path.chmod(mode)
    for use in (lambda: file.load(path), lambda: operator.unlock(path, never_ask)):
        with pytest.raises(ConfigError) as caught:
            use()
        assert caught.value.code == "key_exposed"


def test_an_unencrypted_key_says_what_it_is_worth(tmp_path: Path) -> None:
    """A key in the clear proves only the same user, and no passphrase is asked for."""
    path = tmp_path / "key"
    file.create(path)
    assert operator.unlock(path, never_ask).assurance == "same-user"


def test_openssh_and_other_pkcs8_keys_are_accepted(tmp_path: Path) -> None:
    """`--key` takes OpenSSH files and PKCS #8 as other programs write it."""
    key = Ed25519PrivateKey.generate()
    ssh, pem = tmp_path / "ssh", tmp_path / "pem"
    file.write_private(ssh, key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()))
    file.write_private(pem, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"p")))
    public = key.public_key().public_bytes_raw()
    assert operator.unlock(ssh, never_ask).public == public
    assert operator.unlock(pem, lambda: "p").public == public
    assert operator.fingerprint(public).startswith("sha256:")


def test_what_is_no_ed25519_key_is_refused_clearly(tmp_path: Path) -> None:
    """A missing file, garbage and another kind of key each say what they are."""
    with pytest.raises(UnavailableError) as missing:
        operator.unlock(tmp_path / "none", never_ask)
    assert missing.value.code == "key_missing"
    file.write_private(tmp_path / "garbage", b"-----BEGIN PRIVATE KEY-----\nno\n-----END PRIVATE KEY-----\n")
    other = generate_private_key(SECP256R1())
    file.write_private(tmp_path / "p256", other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    for name in ("garbage", "p256"):
        with pytest.raises(ConfigError) as caught:
            operator.unlock(tmp_path / name, never_ask)
        assert caught.value.code == "key_unreadable"
        with pytest.raises(ConfigError):
            file.load(tmp_path / name)


def test_a_signer_does_not_show_its_key(tmp_path: Path) -> None:
    """Nothing secret is printed by accident."""
    made = file.create(tmp_path / "log.key")
    assert repr(made) == "KeySigner(assurance='same-user')"


def test_an_empty_passphrase_is_refused(tmp_path: Path) -> None:
    """A key locked with nothing would claim an assurance it has not."""
    with pytest.raises(RequestError):
        operator.create(tmp_path / "operator.key", "")
    assert not (tmp_path / "operator.key").exists()
