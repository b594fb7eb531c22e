"""Token exchange (RFC 8693): somebody's proven authority becomes a narrower one for an agent, as one more link.

Who asks has proven a key, a certificate or a secret; whose authority it is, a token says.
What comes of it is a delegation in the home, signed by the authority key, with a receipt,
and an access token that names it. It can never hold more than what it stands on.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from assent.admin import delegations
from assent.errors import RefusedError, RequestError
from assent.identity import access, dpop, grant, idjag, limits, names, tokens
from assent.identity.access import Access
from assent.identity.dpop import Proof
from assent.identity.tokens import Token
from assent.model.grant import Grant, Limits
from assent.model.ids import DelegationId, Digest, PrincipalId, SessionId, new_id
from assent.model.principal import Authenticator, Principal
from assent.policy import condition
from assent.policy import limits as bounds
from assent.ports import Once, Reader, Signer, Transaction
from assent.record.log import Log

#: Milliseconds that an exchanged delegation holds at most.
LONGEST = 8 * 3600 * 1000
_LISTS, _MEMBERS = ("actions", "servers"), {"targets", "condition", "calls", "depth", "session", "task"}
_FORMS = {
    "delegation": re.compile(r"dlg_[a-z2-7]{25}[aeimquy4]|"),
    "session": re.compile(r"ses_[a-z2-7]{25}[aeimquy4]|"),
    "task": re.compile(r"sha256:[0-9a-f]{64}|"),
}
_ANY = re.compile(r"[ -~]{0,1024}")
_WANTED = frozenset({"type", "actor", "delegation", "expires_in", *_LISTS, *_MEMBERS})


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for (RFC 9396 §2, type `assent_delegation`).

    Args:
        limits: what the new link restricts.
        actor: the principal it is for, if no token says so.
        delegation: which of several delegations of the subject it is to stand on; empty for its only one.
        life: seconds that the delegation is to hold; 0 for as long as the token.
    """

    limits: Limits = field(default_factory=Limits)
    actor: str = ""
    delegation: str = ""
    life: int = 0
    session: str = ""
    task: str = ""
    narrows: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, with everything in it proven that can be without the store.

    Args:
        subject: whose authority it is.
        actor: who is to have it; None if the request itself or `wanted` says so.
        asker: how whoever asks is known: ids of authenticators, or a principal of the settings.
        certificate: thumbprint of the connection's certificate; empty if it has none.
        proof: of the key that the request was signed with; None if with none.
        audience: whom the new token is for.
        bearer: whether a token may be issued that is bound to no key.
    """

    subject: Token | Access
    actor: Token | Access | None
    asker: tuple[str, ...]
    proof: Proof | None
    audience: tuple[str, ...]
    wanted: Wanted
    certificate: str = ""
    bearer: bool = False


@dataclass(frozen=True, slots=True)
class Exchanged:
    """What comes of it."""

    token: str = field(repr=False)
    expires: int
    chain: tuple[Grant, ...]
    bound: bool


@dataclass(frozen=True, slots=True)
class Exchange:
    """Exchanges tokens for one home.

    Args:
        issuer: address of the home.
        life: seconds that a token lives.
    """

    log: Log
    signer: Signer
    issuer: str
    life: int

    def __call__(self, asked: Asked, now: int) -> Exchanged:
        """Make the delegation and the token, in one durable transaction.

        Raises:
            RefusedError: `exchange_actor`, `exchange_authority`, `exchange_key`, `outside_delegation`,
                `delegation_void`, `token_subject`, `token_holder`, `token_revoked`, `dpop_replayed`, `assertion_used`.
            RequestError: `bad_limits` or `bad_condition`.
            UnavailableError: it cannot be made durable.
        """
        return self.log.submit(lambda tx: self._exchange(tx, asked, now), durable=True).result()

    def _exchange(self, tx: Transaction, asked: Asked, now: int) -> Exchanged:
        chain, subject = _authority(tx, asked, now)
        actor, jkt = _actor(tx, asked, subject, now)
        if actor.id != subject:
            _may_delegate(asked, chain, subject, actor)
        if not jkt and not (asked.bearer and actor.id in asked.asker):
            help = "send a DPoP proof, or enrol a key of the agent: assent principals rotate"
            raise RefusedError("exchange_key", "a token is bound to a key, and none is known of the agent", help=help)
        _spend(tx, asked, now)
        if actor.id != subject:
            chain = (*chain, self._delegate(tx, (chain, subject, actor), asked.wanted, jkt, now))
        elif asked.wanted.narrows or not chain:
            raise RefusedError("exchange_actor", "nobody delegates to themselves", help="name the agent it is for")
        expires = min(now + self.life * 1000, *(one.expires for one in chain))
        id = new_id("tok", secrets.token_bytes(16))
        wanted = access.Issue(self.issuer, id, asked.audience, now, expires, jkt)
        return Exchanged(access.issue(wanted, chain, self.signer), expires, chain, bool(jkt))

    def _delegate(
        self,
        tx: Transaction,
        between: tuple[tuple[Grant, ...], PrincipalId, Principal],
        wanted: Wanted,
        jkt: str,
        now: int,
    ) -> Grant:
        """One more link: stored, with its receipt."""
        chain, issuer, actor = between
        parent = chain[-1] if chain else None
        now = now // 1000 * 1000  # the token knows whole seconds
        ends = now + min(LONGEST, (wanted.life or self.life) * 1000)
        made = Grant(
            id=DelegationId(new_id("dlg", secrets.token_bytes(16))),
            parent=parent.id if parent else "",
            issuer=issuer,
            subject=actor.id,
            limits=wanted.limits,
            not_before=now,
            expires=min([ends, *(one.expires for one in chain)]),
            digest=Digest(""),
            key=jkt,
            session=SessionId(wanted.session or (parent.session if parent else "")),
            task=wanted.task or (parent.task if parent else ""),
            created=now,
        )
        if excess := next(limits.beyond(made, chain), None):
            text = f"`{excess.dimension}` goes beyond what it stands on: {excess.words}"
            raise RefusedError("outside_delegation", text)
        token = grant.sign(made, parent, self.signer)
        made = replace(made, token=token, digest=grant.digest_of(token))
        tx.put(made)
        delegations.record(tx, self.log.node, now, made)
        return made


def wanted(told: Sequence[Mapping[str, object]], scope: str) -> Wanted:
    """Read what is asked for.

    Args:
        told: `authorization_details`; at most one element.
        scope: actions and groups of actions, separated by spaces; empty if it is not given.

    Raises:
        RequestError: `bad_details`, `bad_limits` or `bad_condition`.
    """
    if len(told) > 1 or any(one.get("type") != access.DETAILS or one.keys() - _WANTED for one in told):
        help = "see docs/tokens.md#what-is-asked-for"
        raise RequestError("bad_details", f"expected one element of type `{access.DETAILS}`, as documented", help=help)
    one = dict(told[0]) if told else {}
    if scope and "actions" in one:
        raise RequestError("bad_details", "`scope` and `actions` say the same: give one of them")
    if scope:
        one["actions"] = scope.split(" ")
    texts = {name: _text(one, name) for name in ("actor", "delegation", "condition", "session", "task")}
    numbers = {name: _number(one, name) for name in ("calls", "depth", "expires_in")}
    targets = one.get("targets", {})
    if not isinstance(targets, Mapping):
        raise RequestError("bad_details", "`targets` expected lists of patterns by kind")
    condition_ = condition.parse(texts["condition"]) if texts["condition"] else None
    asked = Limits(
        actions=_list(one, "actions") if "actions" in one else None,
        servers=_list(one, "servers") if "servers" in one else None,
        targets={str(kind): _list(targets, kind) for kind in sorted(targets)},
        condition=condition_.text if condition_ else "",
        tree=condition_.tree if condition_ else "",
        calls=numbers["calls"] if "calls" in one else None,
        depth=numbers["depth"],
    )
    bounds.check(asked)
    narrows = bool(one.keys() - {"type", "actor", "delegation"})
    life = numbers["expires_in"]
    return Wanted(asked, texts["actor"], texts["delegation"], life, texts["session"], texts["task"], narrows)


def _authority(tx: Reader, asked: Asked, now: int) -> tuple[tuple[Grant, ...], PrincipalId]:
    """The chain that the subject holds, root first, and the subject; a person needs none."""
    jkt = asked.proof.jkt if asked.proof else ""
    subject = asked.subject
    if isinstance(subject, Access):
        subject.held(jkt)
        return access.admit(tx, subject, now), subject.actor
    subject.held(jkt, asked.certificate)
    who = tokens.principal(tx, subject)
    if who.kind == "User":
        return (), who.id
    live = [one for one in tx.find_all(Grant, "subject", who.id) if one.status == "live" and now < one.expires]
    fitting = [one for one in live if asked.wanted.delegation in ("", one.id)]
    if len(fitting) != 1:
        text = f"`{who.id}` holds {len(fitting)} delegations that fit, expected one"
        raise RefusedError("exchange_authority", text, help="name one as `delegation` in the authorization details")
    return access.standing(tx, fitting[0].id, now), who.id


def _actor(tx: Reader, asked: Asked, subject: PrincipalId, now: int) -> tuple[Principal, str]:
    """Who is to have the new token, and the key that it is bound to."""
    proven, told = asked.proof.jkt if asked.proof else "", asked.actor
    named = names.id_of(asked.wanted.actor) if asked.wanted.actor else ""
    if told is None and not named:
        return _asker(tx, asked, subject), proven
    if told is None:
        who, jkt = PrincipalId(named), ""
    elif isinstance(told, Access):
        who, jkt = access.admit(tx, told, now)[-1].subject, told.jkt
    else:
        told.held(told.jkt, asked.certificate)
        who, jkt = tokens.principal(tx, told).id, told.jkt
    if named not in ("", who):
        raise RefusedError("exchange_actor", f"the actor's token is not that of `{named}`")
    principal = tokens.active(tx, who)
    ways = [one.id for one in tx.find_all(Authenticator, "principal", who) if one.status == "active"]
    known = [one.removeprefix("key:") for one in ways if one.startswith("key:")]
    if not jkt:  # its own key, as it is enrolled
        jkt = proven if proven in known else known[0] if len(known) == 1 else ""
    if not jkt and told is not None and asked.subject.jkt != proven:
        jkt = proven  # whoever asks holds the actor's token, and the subject's is not bound to that key
    return principal, jkt


def _asker(tx: Reader, asked: Asked, subject: PrincipalId) -> Principal:
    """Whoever asks, as it has proven itself; the subject, if it asks for itself."""
    for id in asked.asker:
        if "::" in id:
            return tokens.active(tx, PrincipalId(id))
        if tx.find(Authenticator, id) is not None:
            return tokens.enrolled(tx, id)
    return tokens.active(tx, subject)


def _may_delegate(asked: Asked, chain: tuple[Grant, ...], subject: PrincipalId, actor: Principal) -> None:
    """A person is acted for by agents that they answer for, or that their identity provider names (ID-JAG).

    A token may say who alone may act with it (RFC 8693 §4.4).
    """
    if actor.kind == "User":
        raise RefusedError("exchange_actor", "a person is no agent of another", help="name the agent it is for")
    if actor.id in {one.subject for one in chain}:
        raise RefusedError("exchange_actor", f"`{actor.id}` is in the chain already")
    if isinstance(asked.subject, Access):
        return
    person = subject.startswith("User::") and asked.subject.issuer.kind != "id-jag"
    if person and actor.owner != subject:
        raise RefusedError("exchange_actor", f"`{actor.id}` is no agent that the person in the token answers for")
    told = asked.subject.claims.get("may_act")
    if told is None:
        return
    held = asked.actor.claims if isinstance(asked.actor, Token) else {}
    if not isinstance(told, dict) or any(told.get(name) != held.get(name) for name in {"sub", *told}):
        raise RefusedError("exchange_actor", "the token lets somebody else act")


def _spend(tx: Transaction, asked: Asked, now: int) -> None:
    """Use up what counts once."""
    if asked.proof is not None:
        dpop.spend(tx, asked.proof)
        dpop.tidy(tx, now)
    if isinstance(asked.subject, Token) and asked.subject.issuer.kind == "id-jag":
        used = idjag.once(asked.subject.claims, asked.subject.expires)
        if tx.find(Once, used.id) is not None:
            raise RefusedError("assertion_used", "the identity assertion was used before", help="have a new one issued")
        tx.put(used)


def _text(told: Mapping[str, object], name: str) -> str:
    value = told.get(name, "")
    if not isinstance(value, str) or not _FORMS.get(name, _ANY).fullmatch(value):
        raise RequestError("bad_details", f"`{name}` expected another form of text")
    return value


def _number(told: Mapping[str, object], name: str) -> int:
    value = told.get(name, 0)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**53:
        raise RequestError("bad_details", f"`{name}` expected a number")
    return value


def _list(told: Mapping[str, object], name: str) -> tuple[str, ...]:
    value = told[name]
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise RequestError("bad_details", f"`{name}` expected a list of texts")
    return tuple(sorted(set(value)))
