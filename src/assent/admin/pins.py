"""Accepting a tool that its server describes differently than when it was pinned."""

from __future__ import annotations

from dataclasses import replace

from assent_verify.canonical import canonicalize, digest

from assent.admin import signed
from assent.errors import RequestError
from assent.ports import Pin, Signer, Transaction
from assent.record.log import Log


def accept(log: Log, wanted: Pin, signer: Signer, now: int) -> Pin:
    """Pin what the operator has been shown; the new pin.

    Args:
        wanted: the pin as it was shown; if the server has offered yet another
            definition meanwhile, nothing is accepted.

    Raises:
        RequestError: `unknown_tool`, `not_changed`, `changed_again`, or the key is not the operator's.
        UnavailableError: it cannot be made durable.
    """

    def job(tx: Transaction) -> Pin:
        pin = tx.pin(wanted.server, wanted.tool)
        if pin is None:
            raise RequestError("unknown_tool", f"`{wanted.server}` has no such tool")
        if pin.digest == pin.offered:
            raise RequestError("not_changed", "the tool is offered as it is pinned")
        if pin != wanted:
            raise RequestError("changed_again", "the definition has changed again", help="look at it once more")
        subject = {
            "definition": pin.offered,
            "previous": pin.digest,
            "server": pin.server,
            "tool": digest(canonicalize(pin.tool)),
        }
        signed.append(tx, log.node, now, "accept", subject, signer)
        accepted = replace(pin, digest=pin.offered, definition=pin.offered_definition)
        tx.put_pin(accepted)
        tx.put_state("pins", str(int(tx.state("pins") or "0") + 1))
        return accepted

    return log.submit(job, durable=True).result()
