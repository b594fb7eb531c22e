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
        signer: the operator's unlocked key; None only while nothing has been put in force.

    Raises:
        RequestError: `operator_key_needed`: the home has begun, so an unsigned leaf is refused.
            `not_enrolled`: the signer's key is not the operator's, or none is enrolled yet;
            a key that nobody enrolled signs its own enrolment and nothing else.
    """
    if signer is None:
        if tx.state("bundle") or tx.state("operator"):
            raise RequestError("operator_key_needed", f"`{event}` needs the operator's key", help="unlock it")
        return leaves.append(tx, leaves.system(node, now, event, subject), None)
    enrolled, key = tx.state("operator") or "", digest(signer.public)
    if key != enrolled and (enrolled or event != "enrol"):
        help = "give the key that `assent init` enrolled, with --key" if enrolled else "run `assent init` at a terminal"
        raise RequestError("not_enrolled", "this key is not the operator's", help=help)
    return _sign(tx, node, now, (event, subject), signer)


def by_person(
    tx: Transaction, node: str, now: int, said: tuple[str, Mapping[str, object]], signer: Signer | None
) -> leaves.Appended:
    """Append a system leaf that any enrolled person may sign, for it only takes authority away.

    Args:
        now: milliseconds since the epoch.
        said: event and subject.
        signer: the person's unlocked key; None only while nobody is enrolled.

    Raises:
        RequestError: `operator_key_needed`: somebody is enrolled; `not_enrolled`: this key is not.
    """
    if signer is None:
        if tx.state("operator"):
            raise RequestError("operator_key_needed", f"`{said[0]}` needs an enrolled person's key", help="unlock it")
        return leaves.append(tx, leaves.system(node, now, *said), None)
    if not tx.state(f"key:{digest(signer.public)}"):
        raise RequestError("not_enrolled", "this key is not enrolled", help="run: assent init")
    return _sign(tx, node, now, said, signer)


def _sign(
    tx: Transaction, node: str, now: int, said: tuple[str, Mapping[str, object]], signer: Signer
) -> leaves.Appended:
    event, subject = said
    signature = base64.b64encode(signer.sign(leaves.system_statement(event, subject, now))).decode()
    signed = leaves.Signature(digest(signer.public), signer.assurance, signature)
    return leaves.append(tx, leaves.system(node, now, event, subject, signed), None)
