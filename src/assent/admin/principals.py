"""Principals: enrolled, changed and disabled by a person's signed word, each time with a receipt.

A principal has authority only by policy and by what was delegated to it; enrolling it
says who it is, who answers for it, and how it proves that. No two share a key.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from assent_verify.canonical import digest

from assent.admin import signed
from assent.approve.people import Members
from assent.errors import RequestError
from assent.identity import jwk, names
from assent.model.ids import PrincipalId
from assent.model.principal import AUTONOMY, Authenticator, Enrolled, Principal
from assent.ports import Reader, Signer, Transaction
from assent.record import epoch
from assent.record.closing import end
from assent.record.log import Log

_PROOF = re.compile(r"x509:[0-9a-f]{64}|spiffe:spiffe://[!-~]{1,255}|token:https://[!-~]{1,255} [!-~]{1,255}")
#: Characters of a model's name or version, and groups of one principal.
_LONGEST, _GROUPS = 128, 32
_WORDS = {"active": "enabled", "disabled": "disabled"}


def proof(told: str | bytes) -> Authenticator:
    """A way to prove who one is, nobody's yet: of a raw Ed25519 public key, or of an id that is written down.

    Raises:
        RequestError: `bad_proof`.
    """
    if isinstance(told, bytes):
        return Authenticator(jwk.authenticator(told), PrincipalId(""), jwk.jwk(told))
    if not _PROOF.fullmatch(told):
        text = f"`{ascii(told)[1:-1][:80]}` is no way to prove who one is"
        help = "write x509:HEX, spiffe:spiffe://DOMAIN/PATH or 'token:ISSUER SUBJECT'; give a key with --public"
        raise RequestError("bad_proof", text, help=help)
    return Authenticator(told, PrincipalId(""))


def add(
    log: Log, signer: Signer, now: int, wanted: Principal, members: Members, by: Authenticator | None = None
) -> Enrolled:
    """Enrol a principal; its row.

    Args:
        signer: the operator's unlocked key.
        members: the groups that policy knows.
        by: how it proves who it is; None for no way yet.

    Raises:
        RequestError: `principal_exists`, `looks_like_another`, `unknown_owner`, `unknown_group`,
            `bad_principal`, `key_taken`, or the signer's key is not the operator's.
        UnavailableError: it cannot be made durable.
    """

    def job(tx: Transaction) -> Enrolled:
        if tx.find(Enrolled, wanted.id) is not None:
            help = "see: assent principals show; change it with `set`"
            raise RequestError("principal_exists", f"`{wanted.id}` is enrolled already", help=help)
        if near := names.differs_in_case(tx, wanted.id):
            text = f"`{wanted.id}` differs from `{near}` in case alone"
            raise RequestError("looks_like_another", text, help="give it a name that nobody takes for the other")
        _know(tx, signer, now)
        names.claim(tx, wanted.id)
        row = Enrolled(wanted.id, wanted.owner or "", _checked(tx, wanted, members), now)
        tx.put(row)
        key = _prove_by(tx, wanted.id, by, now) if by else ""
        _record(tx, log.node, now, (row, "added", key), signer)
        return row

    return log.submit(job, durable=True).result()


def change(
    log: Log, signer: Signer, now: int, id: PrincipalId, members: Members, to: Callable[[Principal], Principal]
) -> Enrolled:
    """Change what is known of a principal, disable or enable it; its row. Every decision under way is made again.

    Args:
        to: what it is now → what it is to be; its id stays.

    Raises:
        RequestError: `unknown_principal`, `nothing_changed`, else as `add`.
        UnavailableError: it cannot be made durable.
    """

    def job(tx: Transaction) -> Enrolled:
        row = found(tx, id)
        after = to(row.principal)
        if after == row.principal:
            raise RequestError("nothing_changed", f"`{id}` is so already", help="see: assent principals show")
        _know(tx, signer, now)
        if after.status == "active":  # whom nobody answers for any more can still be disabled
            after = _checked(tx, after, members)
        word = "changed" if after.status == row.principal.status else _WORDS[after.status]
        row = replace(row, owner=after.owner or "", principal=after)
        tx.put(row)
        epoch.move(tx)
        _record(tx, log.node, now, (row, word, ""), signer)
        return row

    return log.submit(job, durable=True).result()


def rotate(
    log: Log, signer: Signer, now: int, id: PrincipalId, by: Authenticator, *, keep: bool = False
) -> Sequence[str]:
    """Let a principal prove itself in another way; ids of those that prove nothing from now on.

    Sessions that were opened with these end.

    Args:
        keep: those it has go on to prove who it is.

    Raises:
        RequestError: `unknown_principal`, `key_taken`, or the signer's key is not the operator's.
        UnavailableError: it cannot be made durable.
    """

    def job(tx: Transaction) -> Sequence[str]:
        row = found(tx, id)
        old = [] if keep else [one for one in keys_of(tx, id) if one.status == "active"]
        for one in old:
            tx.put(replace(one, status="disabled"))
            _record(tx, log.node, now, (row, "key_removed", one.id), signer)
            for session in tx.sessions(open_only=True):
                if session.key == one.id:  # what was opened with it ends with it
                    end(tx, session, log.node, now, "revoked")
        _record(tx, log.node, now, (row, "key_added", _prove_by(tx, id, by, now)), signer)
        epoch.move(tx)
        return [one.id for one in old]

    return log.submit(job, durable=True).result()


def found(reader: Reader, id: PrincipalId) -> Enrolled:
    """The row of a principal.

    Raises:
        RequestError: `unknown_principal`.
    """
    row = reader.find(Enrolled, id)
    if row is None:
        raise RequestError("unknown_principal", f"`{id}` is not enrolled", help="see: assent principals list")
    return row


def keys_of(reader: Reader, id: PrincipalId) -> Sequence[Authenticator]:
    """Every way in which it proves who it is, or once did."""
    return reader.find_all(Authenticator, "principal", id)


def _checked(tx: Transaction, wanted: Principal, members: Members) -> Principal:
    """A principal as it may be enrolled: owned by a person, in groups that exist, in words that can be printed."""
    names.parse(wanted.id)
    if wanted.kind == "User":
        wanted = replace(wanted, owner=None)
    elif wanted.owner is None or not _answers(tx, wanted.owner):
        text = f"`{wanted.owner or 'nobody'}` is no enrolled, active person"
        raise RequestError("unknown_owner", text, help="every principal but a User has an owner: enrol the User first")
    missing = [group for group in wanted.groups if members(group) is None]
    if missing or len(wanted.groups) > _GROUPS:
        text = f"there is no group `{missing[0]}`" if missing else f"expected at most {_GROUPS} groups"
        raise RequestError("unknown_group", text, help="groups are entities: policy/entities.json")
    words = (wanted.model, wanted.model_version)
    if any(len(word) > _LONGEST or not word.isascii() or not (word == "" or word.isprintable()) for word in words):
        text = f"a model's name and version have at most {_LONGEST} characters, ASCII alone"
        raise RequestError("bad_principal", text, help="write it as its maker does, as `claude-opus-4-5`")
    if wanted.autonomy not in AUTONOMY:
        raise RequestError("bad_principal", f"expected an autonomy of 0 to 4, got {wanted.autonomy}")
    return replace(wanted, groups=tuple(sorted(set(wanted.groups))))


def _know(tx: Transaction, signer: Signer, now: int) -> None:
    """Whoever signs was enrolled with a key, which is a receipt; here they get their row."""
    user = PrincipalId(tx.state(f"key:{digest(signer.public)}") or "")
    if not user:
        raise RequestError("not_enrolled", "this key is not enrolled", help="run: assent init")
    if tx.find(Enrolled, user) is None:
        names.claim(tx, user)
        tx.put(Enrolled(user, "", Principal("User", names.parse(user)[1], None), now))


def _answers(tx: Transaction, owner: PrincipalId) -> bool:
    """Is it a person who can answer for others?"""
    row = tx.find(Enrolled, owner)
    return row is not None and row.principal.kind == "User" and row.principal.status == "active"


def _prove_by(tx: Transaction, id: PrincipalId, by: Authenticator, now: int) -> str:
    """No two principals, and no person who answers, may share what proves them."""
    holder = tx.find(Authenticator, by.id)
    taken = tx.state(f"key:{digest(jwk.raw(by.public))}") if by.public else ""
    if holder is not None or taken:
        text = f"it is, or was, how `{taken or (holder.principal if holder else '')}` proves who it is"
        raise RequestError("key_taken", text, help="no two principals share a key: make a new one")
    tx.put(replace(by, principal=id, created=now))
    return by.id


def _record(tx: Transaction, node: str, now: int, said: tuple[Enrolled, str, str], signer: Signer) -> None:
    row, word, key = said
    subject = {"change": word, "key": digest(key.encode()) if key else "", "owner": row.owner, "principal": row.id}
    signed.append(tx, node, now, "principal", subject, signer)
