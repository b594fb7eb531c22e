"""Delegations of this home: issued, taken in from elsewhere, listed. Each is a signed token, and a receipt names it."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace

from assent_verify.canonical import digest

from assent.errors import ProofError, RefusedError, RequestError
from assent.identity import grant as grants
from assent.identity import jwk
from assent.identity.chainfile import ChainFile
from assent.identity.limits import beyond
from assent.model.grant import MOST_LINKS, Grant, Limits
from assent.model.ids import DelegationId, Digest, PrincipalId, SessionId, new_id
from assent.model.principal import Authenticator, Enrolled
from assent.model.revocation import Revocation, RevokedKind
from assent.policy.limits import check
from assent.ports import Reader, Signer, Spent, Transaction
from assent.record import leaves
from assent.record.log import Log

_SIGNER = "signer:"  # state key: thumbprint of a key that signed a link → its JWK


@dataclass(frozen=True, slots=True)
class Terms:
    """What is to be delegated.

    Args:
        under: the delegation it stands on; empty for none.
        not_before, expires: milliseconds since the epoch, whole seconds.
        session, task: all it holds for; empty for any.
    """

    subject: PrincipalId
    limits: Limits
    not_before: int
    expires: int
    session: str = ""
    task: str = ""
    under: str = ""


def issue(log: Log, signer: Signer, now: int, terms: Terms, authority: frozenset[str] = frozenset()) -> Sequence[Grant]:
    """Sign a delegation and keep it; its chain, root first, itself last.

    Args:
        signer: an enrolled person for a first link, else the key that the link it stands on names.
        authority: thumbprints of keys that may have signed what it stands on.

    Raises:
        RequestError: `delegation_excess` with every excess, `bad_limits`, `bad_expiry`, `unknown_principal`,
            `unknown_delegation`, `delegation_over`, `not_enrolled` or `delegation_too_large`.
        ProofError: what it would stand on does not hold any more.
        UnavailableError: it cannot be made durable.
    """

    def job(tx: Transaction) -> Sequence[Grant]:
        above = tuple(chain(tx, terms.under)) if terms.under else ()
        issuer = above[-1].subject if above else _person(tx, signer)
        parent = above[-1] if above else None
        if parent and (why := standing(tx, above, now)) not in ("live", "early"):
            raise RequestError("delegation_over", f"what it would stand on is {why}", help="have that one issued anew")
        made = Grant(
            id=DelegationId(new_id("dlg", secrets.token_bytes(16))),
            parent=parent.id if parent else "",
            issuer=issuer,
            subject=terms.subject,
            limits=terms.limits,
            not_before=terms.not_before,
            expires=terms.expires,
            digest=Digest(""),
            key=_holder(tx, terms.subject),
            session=SessionId(terms.session),
            task=terms.task,
            created=now // 1000 * 1000,
        )
        _fits(made, above)
        token = grants.sign(made, parent, signer)
        made = replace(made, token=token, digest=grants.digest_of(token))
        file = exported(tx, above)
        keys = {**file.keys, jwk.thumbprint(signer.public): signer.public}
        return _keep(tx, log.node, now, ChainFile((*file.tokens, token), keys), authority)

    return log.submit(job, durable=True).result()


def add(log: Log, file: ChainFile, now: int, authority: frozenset[str] = frozenset()) -> Sequence[Grant]:
    """Take in a chain from elsewhere, every link of it verified; its links, root first.

    What is known already stays as it is, so this may be done again.

    Args:
        authority: thumbprints of keys that may sign any link.

    Raises:
        ProofError: a link does not hold.
        RefusedError: `revoked`: something in it was taken back.
        RequestError: `unknown_principal`: somebody in it is not enrolled.
        UnavailableError: it cannot be made durable.
    """
    return log.submit(lambda tx: _keep(tx, log.node, now, file, authority), durable=True).result()


def _keep(
    tx: Transaction, node: str, now: int, file: ChainFile, authority: frozenset[str] = frozenset()
) -> Sequence[Grant]:
    """Verify a chain as a whole, and keep what of it is new."""
    held = grants.verify(file.tokens, trust(tx, file, authority))
    for link in held:
        if now >= link.expires:  # one that does not hold yet may wait here
            raise ProofError("delegation_expired", f"`{link.id}` has expired", help="have a new one issued")
        _not_taken_back(tx, link)
        kept = tx.find(Grant, link.id)
        if kept is not None and kept.digest != link.digest:
            raise ProofError("delegation_chain", f"`{link.id}` is another delegation here")
        if kept is None:
            tx.put(link)
            record(tx, node, now, link)
    for public in file.keys.values():
        tx.put_state(_SIGNER + jwk.thumbprint(public), jwk.jwk(public))
    return held


def record(tx: Transaction, node: str, now: int, link: Grant) -> None:
    """The receipt of a delegation; the token is signed, so the leaf is not."""
    subject = {
        "delegation": link.id,
        "digest": link.digest,
        "expires": leaves.rfc3339(link.expires),
        "issuer": link.issuer,
        "parent": link.parent,
        "subject": link.subject,
    }
    leaves.append(tx, leaves.system(node, now, "grant", subject), None)


def trust(reader: Reader, file: ChainFile, authority: frozenset[str] = frozenset()) -> grants.Trust:
    """Whose word begins a chain on this home: of the keys in a file, those that a person is enrolled with."""
    people = {
        thumbprint: PrincipalId(user)
        for thumbprint, public in file.keys.items()
        if (user := reader.state(f"key:{digest(public)}"))
    }
    return grants.Trust(people, authority, file.keys)


def chain(reader: Reader, id: str) -> Sequence[Grant]:
    """A delegation with all it stands on, root first.

    Raises:
        RequestError: `unknown_delegation`: it, or one it stands on, is not here.
    """
    found: list[Grant] = []
    while id and len(found) <= MOST_LINKS:
        link = reader.find(Grant, id)
        if link is None:
            help = "see: assent delegations list; take one in with: assent delegations add FILE"
            raise RequestError("unknown_delegation", f"there is no delegation `{ascii(id)[1:-1][:64]}`", help=help)
        found.insert(0, link)
        id = link.parent
    return found


def exported(reader: Reader, links: Sequence[Grant]) -> ChainFile:
    """A chain as a file, with every public key that its links were signed with."""
    known = [reader.state(_SIGNER + grants.signer_of(link.token)) for link in links]
    return ChainFile(tuple(link.token for link in links), {jwk.thumbprint(one): one for one in map(_raw, known) if one})


def standing(reader: Reader, links: Sequence[Grant], now: int) -> str:
    """`live`, `early`, `expired`, `revoked` or `used_up`: what a chain is now, by its weakest link."""
    if any(_taken_back(reader, link) for link in links):
        return "revoked"
    if any(now >= link.expires for link in links):
        return "expired"
    if any(link.limits.calls is not None and used(reader, link) >= link.limits.calls for link in links):
        return "used_up"
    return "early" if any(now < link.not_before for link in links) else "live"


def used(reader: Reader, link: Grant) -> int:
    """How many calls have passed on a delegation and on what stands on it."""
    spent = reader.find(Spent, link.id, "calls")
    return spent.used if spent else 0


def _raw(text: str | None) -> bytes:
    return jwk.raw(text) if text else b""


def _person(tx: Transaction, signer: Signer) -> PrincipalId:
    user = tx.state(f"key:{digest(signer.public)}")
    if not user:
        help = "give an enrolled person's key, or name with --under what the delegation stands on"
        raise RequestError("not_enrolled", "no person is enrolled with this key", help=help)
    return PrincipalId(user)


def _holder(tx: Transaction, subject: PrincipalId) -> str:
    """Thumbprint of the key with which a principal proves who it is, the newest; empty if it has none."""
    row = tx.find(Enrolled, subject)
    if row is None or row.principal.status != "active":
        why = "disabled" if row else "not enrolled"
        raise RequestError("unknown_principal", f"`{subject}` is {why}", help="see: assent principals")
    keys = [one for one in tx.find_all(Authenticator, "principal", subject) if one.status == "active" and one.public]
    newest = max(keys, key=lambda one: (one.created, one.id), default=None)
    return newest.id.removeprefix("key:") if newest else ""


def _fits(made: Grant, above: tuple[Grant, ...]) -> None:
    check(made.limits)
    if not 0 < made.expires - made.not_before <= grants.LONGEST * 1000 or made.expires <= made.created:
        days = grants.LONGEST // 86_400
        raise RequestError("bad_expiry", f"a delegation holds for at most {days} days, and ends after it begins")
    found = list(beyond(made, above))
    if found:
        text = "; ".join(f"{one.dimension}: {one.words}" for one in found)
        raise RequestError("delegation_excess", f"it goes beyond what it stands on: {text}", help="ask for less")


def _not_taken_back(tx: Transaction, link: Grant) -> None:
    """Who and what a chain names is enrolled, active, and was not taken back.

    Raises:
        RefusedError: `revoked`.
        RequestError: `unknown_principal`.
    """
    row = tx.find(Enrolled, link.subject)
    if row is None:
        help = "enrol it first: assent principals add"
        raise RequestError("unknown_principal", f"`{link.subject}` is not enrolled here", help=help)
    kept = tx.find(Grant, link.id)
    if _taken_back(tx, kept or link) or row.principal.status != "active":
        raise RefusedError("revoked", f"`{link.id}`, or whom it names, was taken back")
    if link.key:
        own = tx.find(Authenticator, f"key:{link.key}")
        if own is None or own.principal != link.subject or own.status != "active":
            raise RefusedError("revoked", f"the key that `{link.id}` names is not one of `{link.subject}` here")


def _taken_back(reader: Reader, link: Grant) -> bool:
    named: tuple[tuple[RevokedKind, str], ...] = (
        ("delegation", link.id),
        ("principal", link.issuer),
        ("principal", link.subject),
        ("key", f"key:{link.key}"),
    )
    return link.status != "live" or any(reader.find(Revocation, kind, id) is not None for kind, id in named)
