"""Locking a private key: PKCS #8 under PBES2 with scrypt (RFC 5958, RFC 8018 §6.2, RFC 7914 §7).

The agent may run under the same user and read the file, so that guessing the
passphrase is all that stands between it and the key. What `cryptography` writes
by itself is 2,048 rounds of PBKDF2, under a millisecond a guess; this is a few
tenths of a second and 128 MiB (more than the `openssl` command allows itself).
"""

from __future__ import annotations

import base64
import secrets
import textwrap

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from cryptography.hazmat.primitives.padding import PKCS7
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

_COST, _BLOCK, _PARALLEL = 2**17, 8, 1
# Object identifiers, DER
_PBES2 = bytes.fromhex("06092a864886f70d01050d")  # RFC 8018 A.4
_SCRYPT = bytes.fromhex("06092b06010401da47040b")  # RFC 7914 §7
_AES_256_CBC = bytes.fromhex("060960864801650304012a")  # RFC 3565 §4.1
_SEQUENCE, _OCTETS, _INTEGER = 0x30, 0x04, 0x02


def lock(key: Ed25519PrivateKey, passphrase: bytes) -> bytes:
    """The key as `ENCRYPTED PRIVATE KEY` PEM."""
    salt, iv = secrets.token_bytes(16), secrets.token_bytes(16)
    derived = Scrypt(salt=salt, length=32, n=_COST, r=_BLOCK, p=_PARALLEL).derive(passphrase)
    padder = PKCS7(128).padder()
    plain = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    encryptor = Cipher(algorithms.AES(derived), modes.CBC(iv)).encryptor()
    sealed = encryptor.update(padder.update(plain) + padder.finalize()) + encryptor.finalize()
    cost = b"".join(_integer(value) for value in (_COST, _BLOCK, _PARALLEL))
    derivation = _der(_SEQUENCE, _SCRYPT + _der(_SEQUENCE, _der(_OCTETS, salt) + cost))
    cipher = _der(_SEQUENCE, _AES_256_CBC + _der(_OCTETS, iv))
    algorithm = _der(_SEQUENCE, _PBES2 + _der(_SEQUENCE, derivation + cipher))
    body = base64.b64encode(_der(_SEQUENCE, algorithm + _der(_OCTETS, sealed))).decode("ascii")
    name = "ENCRYPTED PRIVATE KEY"  # RFC 7468 §11
    return "\n".join([f"-----BEGIN {name}-----", *textwrap.wrap(body, 64), f"-----END {name}-----", ""]).encode()


def _integer(value: int) -> bytes:
    return _der(_INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def _der(tag: int, content: bytes) -> bytes:
    """One DER element (X.690 §8.1); what is written here is shorter than 64 KiB."""
    size = len(content)
    length = bytes([size]) if size < 128 else bytes([0x81, size]) if size < 256 else b"\x82" + size.to_bytes(2, "big")
    return bytes([tag]) + length + content
