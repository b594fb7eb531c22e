"""Upstream secrets that Assent holds: added, rotated and removed with a person's key, each a receipt.

A secret belongs to one server. It is sealed before it reaches the store, and whatever
changes moves the epoch, so that every process looks again before its next call.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from assent.admin import signed
from assent.catalog.detectors.held import SHORTEST
from assent.errors import RequestError
from assent.model.credential import Credential, Secret
from assent.ports import Custody, Reader, Signer, Transaction
from assent.record import epoch
from assent.record.log import Log

_NAME = re.compile(r"[a-z0-9-]{1,40}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,63}")
_URL = re.compile(r"https://[\x21-\x7e]{1,500}|http://(?:localhost|127\.0\.0\.1)(?::[0-9]{1,5})?/[\x21-\x7e]{0,400}")
#: Headers that say what a message is, or where one connection ends: not for a secret.
_TAKEN = re.compile(r"(?i)host|content-.*|accept.*|connection|transfer-encoding|upgrade|te|mcp-.*|last-event-id|expect")
MOST_BYTES = 16 * 1024


def parse_how(text: str) -> str:
    """Where a secret is put: `env:VARIABLE`, `file:VARIABLE`, `header:NAME` or `exchange:URL`.

    Raises:
        RequestError: `bad_place`.
    """
    kind, _, target = text.partition(":")
    good = {
        "env": _VARIABLE.fullmatch(target) and not target.upper().startswith("ASSENT_"),
        "file": _VARIABLE.fullmatch(target) and not target.upper().startswith("ASSENT_"),
        "header": _HEADER.fullmatch(target) and not _TAKEN.fullmatch(target),
        "exchange": _URL.fullmatch(target),
    }
    if not good.get(kind):
        help = "give one of --env VARIABLE, --file VARIABLE, --header NAME, --exchange https://HOST/TOKEN"
        raise RequestError("bad_place", f"a secret cannot be put into `{ascii(text)[1:-1][:80]}`", help=help)
    return text


def add(log: Log, signer: Signer, custody: Custody, now: int, wanted: tuple[Credential, Secret]) -> Credential:
    """Take a secret in.

    Args:
        wanted: the credential, not sealed yet, and its secret.

    Raises:
        RequestError: `bad_credential`, `bad_place`, `bad_secret`, `credential_exists`, or it is not the operator's key.
        UnavailableError: it cannot be made durable.
    """
    credential, secret = wanted
    for text in (credential.name, credential.server):
        if not _NAME.fullmatch(text):
            help = "letters a-z, digits and -, at most 40"
            raise RequestError("bad_credential", f"`{ascii(text)[1:-1][:60]}` is no name for it", help=help)
    _check(parse_how(credential.how), secret.text)
    fresh = custody.sealed(replace(credential, created=now), secret)

    def job(tx: Transaction) -> Credential:
        known = tx.find(Credential, fresh.name)
        if known is not None and known.status == "live":
            help = "assent credentials rotate puts another secret in its place"
            raise RequestError("credential_exists", f"there is a credential `{fresh.name}` already", help=help)
        return _put(tx, log.node, now, "added", (fresh, signer))

    return log.submit(job, durable=True).result()


def rotate(log: Log, signer: Signer, custody: Custody, now: int, new: tuple[str, str]) -> Credential:
    """Put another secret in place of one; whatever else was said of it stays.

    Args:
        new: name, and the new secret.

    Raises:
        RequestError: `unknown_credential`, `bad_secret`, or the key is not the operator's.
        UnavailableError: it cannot be made durable, or the old one does not open.
    """
    name, text = new

    def job(tx: Transaction) -> Credential:
        known = find(tx, name)
        _check(known.how, text)
        old = custody.opened(known)
        fresh = custody.sealed(replace(known, rotated=now), replace(old, text=text))
        return _put(tx, log.node, now, "rotated", (fresh, signer))

    return log.submit(job, durable=True).result()


def remove(log: Log, signer: Signer, now: int, name: str) -> Credential:
    """Forget a secret; its name and how it was used stay for the report.

    Raises:
        RequestError: `unknown_credential`, or the key is not the operator's.
        UnavailableError: it cannot be made durable.
    """

    def job(tx: Transaction) -> Credential:
        gone = replace(find(tx, name), status="removed", sealed=b"", rotated=now)
        return _put(tx, log.node, now, "removed", (gone, signer))

    return log.submit(job, durable=True).result()


def find(reader: Reader, name: str) -> Credential:
    """A credential that is held.

    Raises:
        RequestError: `unknown_credential`.
    """
    known = reader.find(Credential, name)
    if known is None or known.status != "live":
        shown = ascii(name)[1:-1][:60]
        raise RequestError(
            "unknown_credential", f"no credential `{shown}` is held", help="see: assent credentials list"
        )
    return known


def live(reader: Reader, server: str = "") -> Sequence[Credential]:
    """Every credential that is held, by name; of one server if one is named."""
    rows = reader.find_all(Credential, "server", server) if server else reader.find_all(Credential)
    return sorted((one for one in rows if one.status == "live"), key=lambda one: one.name)


def _put(tx: Transaction, node: str, now: int, change: str, new: tuple[Credential, Signer]) -> Credential:
    credential, signer = new
    subject = {"change": change, "credential": credential.name, "server": credential.server}
    signed.append(tx, node, now, "credential", subject, signer)
    tx.put(credential)
    epoch.move(tx)
    return credential


def _check(how: str, text: str) -> None:
    """Can this text be put there, and be found again in what comes back?

    Raises:
        RequestError: `bad_secret`; says what is wrong with it and nothing of it.
    """
    why = ""
    if len(text) < SHORTEST:
        why = f"has fewer than {SHORTEST} characters, so it cannot be told from other text"
    elif len(text.encode()) > MOST_BYTES:
        why = f"has more than {MOST_BYTES} bytes"
    elif "\0" in text:
        why = "has a NUL character"
    elif how.partition(":")[0] in ("header", "exchange") and not (text.isascii() and text.isprintable()):
        why = "has characters that a header cannot hold"
    if why:
        raise RequestError("bad_secret", f"the secret {why}", help="nothing was kept; give the whole secret as issued")
