"""A receipt as a SCITT transparent statement: a signed statement with a COSE receipt.

Signed statement: RFC 9943, a COSE_Sign1 (RFC 9052 §4.2) whose payload is the leaf.
Receipt: RFC 9942, inclusion in an RFC 9162 SHA-256 tree, signed over its root. The
entry whose inclusion is proved is the statement's payload: the leaf as it is stored.
"""

from __future__ import annotations

from collections.abc import Callable

from cbor2 import CBORTag, dumps

from assent.evidence.exports.form import Placed, leaf_digest

# RFC 9052 §3.1, RFC 9597, RFC 9942 §2, RFC 9864
ALG, CONTENT_TYPE, KID, CWT_CLAIMS, RECEIPTS, VDS, VDP = 1, 3, 4, 15, 394, 395, 396
ISSUER, SUBJECT = 1, 2
EDDSA, ML_DSA_44 = -8, -48
RFC9162_SHA256, INCLUSION = 1, -1
_SIGN1 = 18


def transparent(
    placed: Placed, origin: str, kid: bytes, sign: Callable[[bytes], bytes], algorithm: int = EDDSA
) -> bytes:
    """One transparent statement, CBOR in its deterministic encoding (RFC 8949 §4.2).

    Args:
        kid: how a reader finds the log's key.
        sign: raw signature of the log key over a message.
        algorithm: what `sign` makes, as COSE names it.
    """
    return dumps(CBORTag(_SIGN1, [*_statement(placed, origin, kid, sign, algorithm)]), canonical=True)


def _statement(
    placed: Placed, origin: str, kid: bytes, sign: Callable[[bytes], bytes], algorithm: int
) -> tuple[bytes, dict[int, object], bytes, bytes]:
    protected = dumps(
        {
            ALG: algorithm,
            CONTENT_TYPE: "application/json",
            KID: kid,
            CWT_CLAIMS: {ISSUER: origin, SUBJECT: leaf_digest(placed.data)},
        },
        canonical=True,
    )
    signature = sign(_to_be_signed(protected, placed.data))
    return protected, {RECEIPTS: [receipt(placed, kid, sign, algorithm)]}, placed.data, signature


def receipt(placed: Placed, kid: bytes, sign: Callable[[bytes], bytes], algorithm: int = EDDSA) -> bytes:
    """The COSE receipt of one leaf; its payload, the root, is detached (RFC 9942 §5.2)."""
    protected = dumps({ALG: algorithm, KID: kid, VDS: RFC9162_SHA256}, canonical=True)
    proof = dumps([placed.size, placed.index, list(placed.path)], canonical=True)
    signature = sign(_to_be_signed(protected, placed.root))
    return dumps(CBORTag(_SIGN1, [protected, {VDP: {INCLUSION: [proof]}}, None, signature]), canonical=True)


def _to_be_signed(protected: bytes, payload: bytes) -> bytes:
    """Sig_structure (RFC 9052 §4.4); its first bytes are no text, so no checkpoint can be meant."""
    return dumps(["Signature1", protected, b"", payload], canonical=True)
