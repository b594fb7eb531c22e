"""Names for identifiers that must not be swapped for one another.

Ids are opaque ASCII of at most 64 characters: a prefix and 26 characters of
lower-case base32 (128 random bits), for example `att_…`. Digests are `sha256:`
and 64 lower-case hex digits.
"""

from __future__ import annotations

import base64
from typing import NewType

PrincipalId = NewType("PrincipalId", str)  # Cedar uid text: Agent::"local/claude"
SessionId = NewType("SessionId", str)  # ses_…
AttemptId = NewType("AttemptId", str)  # att_…
PermitId = NewType("PermitId", str)  # prm_…
ApprovalId = NewType("ApprovalId", str)  # apr_…
DelegationId = NewType("DelegationId", str)  # dlg_…
PolicyId = NewType("PolicyId", str)  # the @id annotation
Digest = NewType("Digest", str)  # sha256:hex over canonical bytes
ActionDigest = NewType("ActionDigest", str)  # Digest of an action; never in a leaf bare
LeafIndex = NewType("LeafIndex", int)  # 0-based position in the log


def new_id(prefix: str, random: bytes) -> str:
    """An id from 16 random bytes, which the caller draws: the model draws nothing."""
    return f"{prefix}_{base64.b32encode(random).decode().rstrip('=').lower()}"
