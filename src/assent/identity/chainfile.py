"""A chain of delegation in a file: the tokens, root first, and the public keys that they are checked with.

The keys need no trust: each link names the key of the next by its thumbprint, and whoever
reads the file brings the keys of the people whose word begins a chain.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from assent_verify.canonical import canonicalize, parse

from assent.errors import ProofError
from assent.identity import jwk
from assent.identity.grant import MOST
from assent.model.grant import MOST_LINKS

FORMAT = "assent-delegation-chain/1"
#: Most bytes of a file: every link as long as can be, with a key of its own.
LARGEST = MOST_LINKS * (MOST + 256)


@dataclass(frozen=True, slots=True)
class ChainFile:
    """What a file holds.

    Args:
        tokens: root first.
        keys: RFC 7638 thumbprint → raw public key.
    """

    tokens: Sequence[str]
    keys: Mapping[str, bytes]

    def __bytes__(self) -> bytes:
        keys = [json.loads(jwk.jwk(one)) for one in sorted(self.keys.values())]
        return canonicalize({"chain": list(self.tokens), "format": FORMAT, "keys": keys}) + b"\n"

    @classmethod
    def parse(cls, data: bytes) -> ChainFile:
        """A file, read strictly.

        Raises:
            ProofError: `delegation_file`: it is not of this format.
        """
        try:
            told = parse(data, max_bytes=LARGEST)
        except ProofError as error:
            raise _malformed(error.message) from error
        if not isinstance(told, dict) or told.keys() != {"chain", "format", "keys"} or told["format"] != FORMAT:
            raise _malformed(f"expected `{FORMAT}` with `chain` and `keys`")
        tokens, listed = told["chain"], told["keys"]
        if not isinstance(tokens, list) or not all(isinstance(one, str) for one in tokens):
            raise _malformed("`chain` is a list of tokens")
        if not isinstance(listed, list) or len(listed) > 2 * MOST_LINKS:
            raise _malformed("`keys` is a list of public keys")
        try:
            keys = [jwk.raw(canonicalize(one).decode()) for one in listed]
        except (ValueError, ProofError) as error:
            raise _malformed("a key is no public Ed25519 JWK") from error
        return cls(tuple(tokens), {jwk.thumbprint(one): one for one in keys})


def _malformed(why: str) -> ProofError:
    help = "give the file that `assent delegations issue --out` or `export` wrote"
    return ProofError("delegation_file", f"not a file of a delegation chain: {why}", help=help)
