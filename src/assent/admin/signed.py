"""System leaves that need the operator's key: signed statement, one transaction."""

from __future__ import annotations

import base64
from collections.abc import Mapping

from assent_verify.canonical import digest

from assent.errors import RequestError
from assent.ports import Signer, Transaction
from assent.record import leaves


def append(
    tx: Transaction, node: str, now: int, event: str, subject: Mapping[str, object], signer: Signer | None
) -> leaves.Appended:
    """Append a system leaf, signed if a signer is given.

    Args:
        now: milliseconds since the epoch.
        signer: the operator's unlocked key; None only while no key is enrolled.

    Raises:
        RequestError: `operator_key_needed`: a key is enrolled, so an unsigned leaf is refused.
            `not_enrolled`: the signer's key is not the operator's.
    """
    enrolled = tx.state("operator") or ""
    if signer is None:
        if enrolled:
            raise RequestError("operator_key_needed", f"`{event}` needs the operator's key", help="unlock it")
        return leaves.append(tx, leaves.system(node, now, event, subject), None)
    key = digest(signer.public)
    if enrolled and key != enrolled:
        help = "give the key that `assent init` enrolled, with --key"
        raise RequestError("not_enrolled", "this key is not the operator's", help=help)
    signature = base64.b64encode(signer.sign(leaves.system_statement(event, subject, now))).decode()
    signed = leaves.Signature(key, signer.assurance, signature)
    return leaves.append(tx, leaves.system(node, now, event, subject, signed), None)
