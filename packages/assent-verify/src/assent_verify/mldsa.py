"""ML-DSA-44 signatures on checkpoints (c2sp.org/tlog-cosignature, signature type 0x06; FIPS 204).

What is signed is the first three lines of a checkpoint: origin, size and root. Its
extension lines are not covered.
"""

from __future__ import annotations

import base64
import binascii
import struct
from collections.abc import Callable

from assent_verify.errors import ProofError

TYPE = 6
PUBLIC_SIZE, SIGNATURE_SIZE = 1312, 2420
_STAMP = 8  # bytes of time before the signature; zero says nothing about time
_LABEL = b"subtree/v1\n\0"


def verifies(name: str, public: bytes, text: bytes, stamped: bytes) -> bool:
    """Is this the signature of the key called `name` over the checkpoint `text`?

    Args:
        stamped: eight bytes of time, then the signature.

    Raises:
        ProofError: `algorithm_missing` where `cryptography` cannot tell.
    """
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

    if len(stamped) != _STAMP + SIGNATURE_SIZE:
        return False
    try:
        from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

        signed = message(name, text, stamped[:_STAMP])
        MLDSA44PublicKey.from_public_bytes(public).verify(stamped[_STAMP:], signed)
    except (ImportError, UnsupportedAlgorithm) as error:
        raise missing() from error
    except (InvalidSignature, ValueError):
        return False
    return True


def signature(name: str, text: bytes, signer: Callable[[bytes], bytes]) -> bytes:
    """What stands on the signature line after the key id.

    Args:
        signer: raw ML-DSA-44 signature over a message.

    Raises:
        ValueError: `text` is no checkpoint.
    """
    stamp = bytes(_STAMP)
    return stamp + signer(message(name, text, stamp))


def message(name: str, text: bytes, stamp: bytes) -> bytes:
    """The `cosigned_message` of a checkpoint.

    Raises:
        ValueError: `text` is no checkpoint, or a name has more than 255 bytes.
    """
    origin, size, root, *_ = [*text.split(b"\n"), b"", b""]
    try:
        hash = base64.b64decode(root, validate=True)
    except binascii.Error as error:
        raise ValueError("no root hash") from error
    called = name.encode()
    if not (size.isdigit() and len(size) < 20) or len(hash) != 32 or not origin or max(len(called), len(origin)) > 255:
        raise ValueError("not a checkpoint that can be signed with ML-DSA-44")
    names = bytes([len(called)]) + called + stamp + bytes([len(origin)]) + origin
    return _LABEL + names + struct.pack(">QQ", 0, int(size)) + hash


def missing() -> ProofError:
    """This `cryptography`, or the OpenSSL below it, has no ML-DSA."""
    return ProofError(
        "algorithm_missing",
        "the installed `cryptography` has no ML-DSA-44",
        help="install a newer one, with OpenSSL 3.5 or later; nothing was proved",
    )
