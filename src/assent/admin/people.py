"""People's keys: who may sign here, since when, and what one of them lacks to sign something alone.

The rules are those of `assent_verify.people`, so that nothing is written here that a verifier refuses.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import replace

from assent_verify.canonical import canonicalize, digest
from assent_verify.people import Key

from assent.errors import RequestError
from assent.identity import jwk
from assent.identity.grant import signer_of
from assent.identity.names import claim
from assent.model.grant import Grant
from assent.model.ids import PrincipalId
from assent.ports import Reader, Transaction
from assent.record import epoch

#: State keys: every key that counts, fingerprint → what is known of it; and those of operators, apart from each other.
STATE, OPERATORS = "people", "operator"
#: State key of the fingerprint of the sealed recovery key.
RECOVERY = "recovery"
#: State key of the time at which it was last tried.
REHEARSED = "rehearsed"


def known(reader: Reader) -> dict[str, Key]:
    """Every person's key that counts, and the sealed recovery key, by fingerprint."""
    kept = reader.state(STATE)
    if kept is None:  # a home from before there could be several
        return {one: Key(_public(reader, one), reader.state(f"key:{one}") or "") for one in operators(reader)}
    return {
        fingerprint: Key(base64.b64decode(one["key"]), one["user"], role=one["role"], since=one["since"])
        for fingerprint, one in json.loads(kept).items()
    }


def operators(reader: Reader) -> list[str]:
    """Fingerprints of the keys that activate, enrol and change this home; empty before `assent init`."""
    return (reader.state(OPERATORS) or "").split()


def _public(reader: Reader, fingerprint: str) -> bytes:
    """The key of an enrolment; empty if it lies in an archive."""
    for _, leaf in reader.leaves():
        if b'"event":"enrol"' in leaf and fingerprint.encode() in leaf:
            subject = json.loads(leaf)["subject"]
            if subject["fingerprint"] == fingerprint:
                return base64.b64decode(subject["key"])
    return b""


def _keep(tx: Transaction, people: Mapping[str, Key]) -> None:
    rows = {
        fingerprint: {
            "key": base64.b64encode(one.public).decode(),
            "role": one.role,
            "since": one.since,
            "user": one.user,
        }
        for fingerprint, one in people.items()
    }
    tx.put_state(STATE, canonicalize(rows).decode())
    tx.put_state(OPERATORS, " ".join(name for name, one in people.items() if one.role == "operator"))


def add(tx: Transaction, key: Key) -> None:
    """A key counts from now on.

    Raises:
        RequestError: `key_removed`: it did once; `key_known`: it does; `looks_like_another`: its person does.
    """
    fingerprint, people = digest(key.public), known(tx)
    if fingerprint in people:
        raise RequestError("key_known", f"the key `{fingerprint}` is enrolled already", help="see: assent keys people")
    if tx.state(f"key:{fingerprint}") is not None:
        text = f"the key `{fingerprint}` was removed, and a removed key never comes back"
        raise RequestError("key_removed", text, help="make a new one: assent keys new FILE")
    _keep(tx, {**people, fingerprint: key})
    tx.put_state(f"key:{fingerprint}", "" if key.role == "recovery" else key.user)
    if key.role == "recovery":
        tx.put_state(RECOVERY, fingerprint)
        tx.put_state(REHEARSED, "")
    else:
        claim(tx, PrincipalId(key.user))


def drop(tx: Transaction, fingerprint: str) -> None:
    """A key counts no more: nothing passes on what it answered or granted and was not used yet.

    Raises:
        RequestError: `no_such_key`, or `last_operator`.
    """
    people = known(tx)
    gone = people.pop(fingerprint, None)
    if gone is None:
        text = f"no key `{fingerprint}` is enrolled"
        raise RequestError("no_such_key", text, help="see: assent keys people")
    if gone.role == "operator" and not any(one.role == "operator" for one in people.values()):
        help = "enrol the new one first: assent recover operator does both"
        raise RequestError("last_operator", "without this key the home would have no operator", help=help)
    _keep(tx, people)
    tx.put_state(f"key:{fingerprint}", "")  # never None again: a removed key does not come back
    if gone.role == "recovery":
        tx.put_state(RECOVERY, "")
        return
    epoch.move(tx)
    mine = set()
    for asked in tx.approvals():
        if any(answer.key == fingerprint for answer in asked.answers):
            mine.add(asked.id)
            if asked.status in ("pending", "approved"):
                tx.put_approval(replace(asked, status="cancelled"))
    for granted in tx.delegations():
        if granted.approval in mine and granted.status == "live":
            tx.put_delegation(replace(granted, status="revoked"))
    thumbprint = jwk.thumbprint(gone.public) if gone.public else ""
    for link in tx.find_all(Grant, "issuer", gone.user):  # what a thief has signed looks like what the person did
        if link.token and not link.parent and signer_of(link.token) == thumbprint:
            tx.put(replace(link, status="revoked"))  # and with it whatever stands on it
