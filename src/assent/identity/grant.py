"""Delegations as signed tokens (docs/delegations.md): written, read strictly, verified link by link, offline.

A link is a JWT of type `assent-delegation+jwt`. The first is signed by an enrolled person,
every other by the key that its parent names in `cnf`; the authority of a home may sign for a
principal that proved its key to it (token exchange).
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from assent_verify.canonical import canonicalize, digest

from assent.errors import ProofError, RequestError
from assent.identity import jose, names
from assent.identity.limits import beyond
from assent.model.grant import MOST_LINKS, Grant, Limits
from assent.model.ids import DelegationId, Digest, PrincipalId, SessionId
from assent.policy import condition
from assent.policy.limits import check
from assent.ports import Signer

TYPE = "assent-delegation+jwt"
#: Most characters of a token.
MOST = 8 * 1024
#: Longest time between `nbf` and `exp`, in seconds.
LONGEST = 366 * 86_400
_ID = re.compile(r"dlg_[a-z2-7]{25}[aeimquy4]")
_SESSION = re.compile(r"ses_[a-z2-7]{25}[aeimquy4]")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_KEY = re.compile(r"[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]")
_CLAIMS = frozenset({"exp", "iat", "iss", "jti", "lim", "nbf", "sub"})
_MORE = frozenset({"cnf", "prf", "ses", "tsk"})
_LIMITS = frozenset({"actions", "calls", "condition", "depth", "servers", "targets"})


@dataclass(frozen=True, slots=True)
class Trust:
    """Whose word begins a chain.

    Args:
        people: thumbprint of an enrolled person's key → the `User`.
        authority: thumbprints of keys that may sign any link: those of the home's authority.
        keys: thumbprint → raw public key. Needs no trust beside: a thumbprint names one key alone.
    """

    people: Mapping[str, PrincipalId]
    authority: frozenset[str] = frozenset()
    keys: Mapping[str, bytes] = field(default_factory=dict)


def sign(made: Grant, parent: Grant | None, signer: Signer) -> str:
    """The token of a link; `digest_of` is its digest.

    Args:
        made: everything but `token` and `digest`; times are whole seconds.
        parent: the link it stands on; None for the root.
        signer: the person, the parent's subject, or the authority.

    Raises:
        RequestError: `bad_limits`, `bad_condition`, or `delegation_too_large`.
        ValueError: a time is no whole second.
    """
    check(made.limits)
    if (made.not_before % 1000, made.expires % 1000, made.created % 1000) != (0, 0, 0):
        raise ValueError("times of a delegation are whole seconds")
    claims: dict[str, object] = {
        "exp": made.expires // 1000,
        "iat": made.created // 1000,
        "iss": made.issuer,
        "jti": made.id,
        "lim": as_json(made.limits),
        "nbf": made.not_before // 1000,
        "sub": made.subject,
        **({"cnf": {"jkt": made.key}} if made.key else {}),
        **({"prf": {"id": parent.id, "sha256": parent.digest.removeprefix("sha256:")}} if parent else {}),
        **({"ses": made.session} if made.session else {}),
        **({"tsk": made.task} if made.task else {}),
    }
    token = jose.sign(canonicalize(claims), TYPE, signer)
    if len(token) > MOST:
        text = f"the delegation would have {len(token)} characters, at most {MOST} are read"
        raise RequestError("delegation_too_large", text, help="name fewer things; name a directory or a group instead")
    return token


def digest_of(token: str) -> Digest:
    """SHA-256 of a token, by which a child and a receipt name it."""
    return Digest(digest(token.encode()))


def as_json(limits: Limits) -> dict[str, object]:
    """The claim `lim`: what is named, and nothing else."""
    told: dict[str, object] = {"depth": limits.depth}
    if limits.actions is not None:
        told["actions"] = list(limits.actions)
    if limits.servers is not None:
        told["servers"] = list(limits.servers)
    if limits.targets:
        told["targets"] = {kind: list(patterns) for kind, patterns in limits.targets.items()}
    if limits.condition:
        told["condition"] = {"text": limits.condition, "tree": digest(limits.tree.encode())}
    if limits.calls is not None:
        told["calls"] = limits.calls
    return told


def limits_of(told: object) -> Limits:
    """Limits as `as_json` writes them, strictly.

    Raises:
        RequestError: `bad_limits` or `bad_condition`.
    """
    if not isinstance(told, dict) or not told.keys() <= _LIMITS or "depth" not in told:
        raise _limits("expected an object of known members, `depth` among them")
    depth, calls = told["depth"], told.get("calls")
    if type(depth) is not int or ("calls" in told and type(calls) is not int):
        raise _limits("`depth` and `calls` are integers")
    targets = told.get("targets", {})
    if not isinstance(targets, dict) or ("targets" in told and not targets):
        raise _limits("`targets` are lists by kind")
    text, tree = _condition(told["condition"]) if "condition" in told else ("", "")
    made = Limits(
        actions=_texts(told["actions"]) if "actions" in told else None,
        servers=_texts(told["servers"]) if "servers" in told else None,
        targets={str(kind): _texts(patterns) for kind, patterns in targets.items()},
        condition=text,
        tree=tree,
        calls=calls if isinstance(calls, int) else None,
        depth=depth,
    )
    check(made)
    return made


def _condition(told: object) -> tuple[str, str]:
    if not isinstance(told, dict) or told.keys() != {"text", "tree"} or not isinstance(told["text"], str):
        raise _limits("`condition` has a text and the digest of its tree")
    read = condition.parse(told["text"])
    if read.digest != told["tree"]:
        raise _limits("the condition's text is not what its tree was made from")
    return read.text, read.tree


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise _limits("expected a list of texts")
    return tuple(value)


def _limits(why: str) -> RequestError:
    return RequestError("bad_limits", f"the limits of a delegation are refused: {why}")


@dataclass(frozen=True, slots=True)
class Signed:
    """One link, whose signature holds; whether its key may sign it, `verify` says.

    Args:
        signer: thumbprint of the key.
        proof: digest of the token that it says it stands on; empty for the root.
    """

    grant: Grant
    signer: str
    proof: str


def read(token: str, keys: Mapping[str, bytes]) -> Signed:
    """One link.

    Args:
        keys: thumbprint → raw public key.

    Raises:
        ProofError: `token_…`, or `delegation_malformed`.
    """
    if len(token) > MOST:
        raise _malformed(f"a token has at most {MOST} characters")
    claims = jose.opened(token, TYPE, keys)
    if token.split(".")[1] != jose.segment(canonicalize(claims)):
        raise _malformed("its claims are not in canonical form")
    if not _CLAIMS <= claims.keys() <= _CLAIMS | _MORE:
        raise _malformed("its claims are not those of a delegation")
    issued, begins, ends = (_seconds(claims[name]) for name in ("iat", "nbf", "exp"))
    if not 0 < ends - begins <= LONGEST:
        raise _malformed(f"it ends before it begins, or more than {LONGEST} s later")
    try:
        limits = limits_of(claims["lim"])
        issuer, subject = _principal(claims["iss"]), _principal(claims["sub"])
    except RequestError as error:
        raise _malformed(error.message) from error
    parent, proof = _parent(claims["prf"]) if "prf" in claims else ("", "")
    grant = Grant(
        id=DelegationId(_match(_ID, claims["jti"], "jti")),
        parent=parent,
        issuer=issuer,
        subject=subject,
        limits=limits,
        not_before=begins * 1000,
        expires=ends * 1000,
        digest=digest_of(token),
        token=token,
        key=_match(_KEY, _only(claims["cnf"], "jkt"), "cnf") if "cnf" in claims else "",
        session=SessionId(_match(_SESSION, claims["ses"], "ses")) if "ses" in claims else SessionId(""),
        task=_match(_DIGEST, claims["tsk"], "tsk") if "tsk" in claims else "",
        created=issued * 1000,
    )
    return Signed(grant, signer_of(token), proof)


def signer_of(token: str) -> str:
    """Thumbprint of the key that a token, read before, was signed with."""
    return str(json.loads(base64.urlsafe_b64decode(token.partition(".")[0] + "=="))["kid"])


def verify(tokens: Sequence[str], trust: Trust, now: int | None = None) -> tuple[Grant, ...]:
    """A chain, root first, if every link holds.

    Args:
        tokens: the compact tokens, root first.
        now: milliseconds since the epoch; None if its time is judged by somebody else.

    Raises:
        ProofError: `token_…`, `delegation_malformed`, `delegation_chain`, `delegation_key`,
            `delegation_excess`, `delegation_expired` or `delegation_early`; the message names the link.
    """
    if not 1 <= len(tokens) <= MOST_LINKS:
        raise ProofError("delegation_chain", f"expected 1 to {MOST_LINKS} links, got {len(tokens)}")
    chain: tuple[Grant, ...] = ()
    for at, token in enumerate(tokens, 1):
        try:
            chain = (*chain, _added(chain, token, trust, now))
        except ProofError as error:
            raise ProofError(error.code, f"link {at}: {error.message}", help=error.help) from error
    return chain


def _added(chain: tuple[Grant, ...], token: str, trust: Trust, now: int | None) -> Grant:
    """One more link of a chain, held against those above it."""
    signed = read(token, trust.keys)  # 1: it is what a key has signed
    grant, above = signed.grant, chain[-1] if chain else None
    _stands_on(signed, above)  # 2: on exactly the link above
    _signed_by(signed, above, trust)  # 3: with a key that may
    held = {one.id for one in chain} | {chain[0].issuer, *(one.subject for one in chain)} if chain else {grant.issuer}
    if grant.id in held or grant.subject in held:  # 4: nobody and nothing twice
        raise ProofError("delegation_chain", "it, or whom it names, stands in the chain already")
    if found := next(beyond(grant, chain), None):  # 5: within every link above
        raise ProofError("delegation_excess", f"{found.dimension}: {found.words}")
    if now is not None:  # 6: now
        _in_time(grant, now)
    return grant


def _stands_on(signed: Signed, above: Grant | None) -> None:
    grant = signed.grant
    if above is None:
        if grant.parent or not grant.issuer.startswith('User::"'):
            raise ProofError("delegation_chain", "a chain begins with a person's word, which stands on no other")
    elif (grant.parent, signed.proof, grant.issuer) != (above.id, above.digest, above.subject):
        raise ProofError("delegation_chain", "it does not stand on the link before it, by id, digest and subject")


def _signed_by(signed: Signed, above: Grant | None, trust: Trust) -> None:
    signer, issuer = signed.signer, signed.grant.issuer
    may = trust.people.get(signer) == issuer if above is None else bool(above.key) and signer == above.key
    if not may and signer not in trust.authority:
        whose = f"an enrolled key of `{issuer}`" if above is None else "the key that the link before it names"
        raise ProofError("delegation_key", f"it is not signed with {whose}")


def _in_time(grant: Grant, now: int) -> None:
    if now >= grant.expires:
        raise ProofError("delegation_expired", "it has expired", help="have a new one issued")
    if now < grant.not_before or now < grant.created:
        raise ProofError("delegation_early", "it does not hold yet", help="wait, or compare the clocks")


def _parent(told: object) -> tuple[str, Digest]:
    """Id and digest of the link that one stands on."""
    if not isinstance(told, dict) or told.keys() != {"id", "sha256"}:
        raise _malformed("`prf` has an id and a digest")
    return _match(_ID, told["id"], "prf"), Digest(_match(_DIGEST, f"sha256:{told['sha256']}", "prf"))


def _only(told: object, name: str) -> object:
    if not isinstance(told, dict) or told.keys() != {name}:
        raise _malformed(f"expected `{name}` alone")
    return told[name]


def _principal(value: object) -> PrincipalId:
    if not isinstance(value, str) or len(value) > 200 or names.id_of(value) != value:
        raise _malformed("a principal is not spelled in its one way")
    return PrincipalId(value)


def _seconds(value: object) -> int:
    if type(value) is not int or not 0 < value < 2**53 // 1000:
        raise _malformed("its times are whole seconds since the epoch")
    return value


def _match(form: re.Pattern[str], value: object, name: str) -> str:
    if not isinstance(value, str) or not form.fullmatch(value):
        raise _malformed(f"`{name}` is not in its form")
    return value


def _malformed(why: str) -> ProofError:
    return ProofError("delegation_malformed", f"not a delegation: {why}")
