"""System leaves that need a person's key: signed statement, one transaction, and who may say what."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping

from assent_verify.canonical import canonicalize, digest
from assent_verify.people import SECOND_LIFE, Key, lacking, second_fails
from assent_verify.receipt import System, milliseconds

from assent.admin import people
from assent.errors import RequestError
from assent.ports import Once, Signer, Transaction
from assent.record import leaves


def append(
    tx: Transaction, node: str, now: int, event: str, subject: Mapping[str, object], signer: Signer | None
) -> leaves.Appended:
    """Append a system leaf, signed if a signer is given.

    Args:
        now: milliseconds since the epoch.
        signer: a person's unlocked key, or the recovery key; None only while nothing has been put in force.

    Raises:
        RequestError: `operator_key_needed`: the home has begun, so an unsigned leaf is refused.
            `not_enrolled`: the signer's key is none that counts here, or none is enrolled yet;
            a key that nobody enrolled signs its own enrolment and nothing else.
            `role_exceeded`: such a key does not sign this. `second_person`: not alone.
    """
    if signer is None:
        if tx.state("bundle") or people.operators(tx):
            raise RequestError("operator_key_needed", f"`{event}` needs the operator's key", help="unlock it")
        return leaves.append(tx, leaves.system(node, now, event, subject), None)
    key = digest(signer.public)
    _may(tx, System(leaves.rfc3339(now).encode(), event, dict(subject), key, ""), signer)
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


def _may(tx: Transaction, leaf: System, signer: Signer) -> None:
    """May this key sign it, alone or with the second person who has signed it?"""
    known = people.known(tx)
    by = known.get(leaf.key)
    if by is None:
        if not known and leaf.event == "enrol" and tx.state(people.STATE) is None:
            return  # the first enrols itself
        help = "give a key that is enrolled, with --key; see: assent keys people"
        raise RequestError(
            "not_enrolled",
            "this key was removed" if tx.state(f"key:{leaf.key}") == "" else "this key is not enrolled here",
            help=help if known else "run `assent init` at a terminal",
        )
    by = Key(signer.public, by.user, role=by.role, since=by.since)
    about = known.get(str(leaf.subject.get("fingerprint", ""))) if leaf.event == "removal" else None
    lacks = lacking(leaf.event, leaf.subject, by, about, sealed=bool(tx.state(people.RECOVERY)))
    if lacks == "all":
        help = "an operator's key does; see docs/recovery.md"
        raise RequestError("role_exceeded", f"a {by.role}'s key does not sign `{leaf.event}`", help=help)
    if lacks:
        _together(tx, leaf, by, known)


def _together(tx: Transaction, leaf: System, by: Key, known: Mapping[str, Key]) -> None:
    genesis = next((data for _, data in tx.leaves(0, 1)), b"")
    if why := second_fails(leaf, by, known, origin_of(genesis)):
        help = "give --second, a file signed with `assent recover sign`, or --recovery"
        raise RequestError("second_person", f"`{leaf.event}` takes two people: {why}", help=help)
    word = f"second:{digest(canonicalize(leaf.subject['second']))}"
    if tx.find(Once, word):
        raise RequestError("second_person", "the word of the second person was used before", help="ask them anew")
    tx.put(Once(word, milliseconds(leaf.time) + SECOND_LIFE))


def origin_of(genesis: bytes) -> str:
    """The name of the log, as its first leaf says it."""
    return str(json.loads(genesis)["subject"]["origin"]) if genesis else ""
