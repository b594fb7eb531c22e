"""Write the test vectors of permits into this folder.

    python -m conformance.permit.generate

`docs/permits.md` says what they mean. The output is the same on every run.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from assent_verify.canonical import canonicalize, digest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from assent.identity import jose, jwk, permits
from assent.identity.permits import Trust
from assent.keys.file import KeySigner
from assent.model.action import Action, Referent
from assent.model.decision import Obligation
from assent.model.ids import AttemptId, Digest, LeafIndex, PermitId, PolicyId, PrincipalId, SessionId, new_id
from assent.model.permit import Permit

HERE = Path(__file__).parent
ISSUER, AUDIENCE, NOW = "assent/0123456789abcdef", "files", 1_790_000_000
HOME = KeySigner(Ed25519PrivateKey.from_private_bytes(b"h" * 32), "same-user")
STRANGER = KeySigner(Ed25519PrivateKey.from_private_bytes(b"s" * 32), "same-user")
USER, AGENT, SUB = (PrincipalId(text) for text in ('User::"local/ana"', 'Agent::"local/claude"', 'Agent::"a/sub"'))
PARAMS: Mapping[str, object] = {"arguments": {"path": "ä/𝄞", "size": 2.5, "tags": ["b", "a", None]}, "name": "put"}
META: Mapping[str, object] = {**PARAMS, "_meta": {"io.modelcontextprotocol/protocolVersion": "2026-07-28"}}


def permit(number: int, params: Mapping[str, object] = PARAMS, **more: object) -> Permit:
    """The permit with this number, for these params."""
    random = number.to_bytes(16, "big")
    action = Action(
        principal=AGENT,
        chain=(),
        session=SessionId(new_id("ses", b"\0" * 16)),
        server=AUDIENCE,
        method="tools/call",
        tool="put",
        definition=Digest(digest(b"definition")),
        params=params,
    )
    made = Permit(
        id=PermitId(new_id("prm", random)),
        attempt=AttemptId(new_id("att", random)),
        action=action,
        audience=AUDIENCE,
        receipt=LeafIndex(number),
        expires=(NOW + 30) * 1000,
        epoch=0,
        leaf=digest(random),
        issued=NOW * 1000,
        principals=(AGENT,),
    )
    return replace(made, **more)  # type: ignore[arg-type]


def token(number: int, params: Mapping[str, object] = PARAMS, **more: object) -> str:
    """Its token."""
    return permits.mint(permit(number, params, **more), ISSUER, HOME)


def bent(number: int, signer: KeySigner = HOME, typ: str = permits.TYPE, **claims: object) -> str:
    """A token whose signature holds and whose claims are others; `None` leaves one out."""
    told = {**json.loads(base64.urlsafe_b64decode(token(number).split(".")[1] + "==")), **claims}
    return jose.sign(canonicalize({name: value for name, value in told.items() if value is not None}), typ, signer)


def raw(number: int, header: object, payload: bytes = b"") -> str:
    """A token of these bytes, signed by the home."""
    data = payload or canonicalize(json.loads(base64.urlsafe_b64decode(token(number).split(".")[1] + "==")))
    text = f"{jose.segment(header if isinstance(header, bytes) else canonicalize(header))}.{jose.segment(data)}"
    return f"{text}.{jose.segment(HOME.sign(text.encode()))}"


def inner(number: int, **members: object) -> dict[str, object]:
    """`asn` of a permit with other members."""
    told = json.loads(base64.urlsafe_b64decode(token(number).split(".")[1] + "=="))["asn"]
    return {name: value for name, value in {**told, **members}.items() if value != "-"}


def steps() -> Iterator[tuple[str, str | None, str, Mapping[str, object], int]]:
    """Name, token, expected code, params about to run, and the time; in order, over one store."""
    yield from taken()
    yield from forged()
    yield from moved()


def taken() -> Iterator[tuple[str, str | None, str, Mapping[str, object], int]]:
    """What is accepted, once; and time."""
    yield "accepted", token(1), "", PARAMS, NOW
    yield "replayed", token(1), "permit_used", PARAMS, NOW
    yield "accepted, the protocol's own metadata is part of the action", token(2, META), "", META, NOW
    beside = {**META, "_meta": {**META["_meta"], "progressToken": 1, "assent/permit": "x"}, "requestState": "s"}  # type: ignore[dict-item]
    yield "accepted, what travels beside the action is not", token(3, META), "", beside, NOW
    chain = permit(4)
    acting = replace(chain.action, principal=SUB, chain=("dlg_a", "dlg_b"))
    yield "accepted, a chain", token(4, action=acting, principals=(USER, AGENT, SUB)), "", PARAMS, NOW
    pinned = replace(
        chain.action, referents=(Referent("file", "/x", Digest(digest(b"x"))), Referent("file", "/y", None))
    )
    yield "accepted, with referents", token(5, action=pinned), "", PARAMS, NOW
    obliged = (Obligation("notify", "true", "", PolicyId("p")),)
    yield "accepted, with obligations", token(6, obligations=obliged), "", PARAMS, NOW
    yield "accepted in its last second", token(7), "", PARAMS, NOW + 29
    yield "expired", token(8), "permit_expired", PARAMS, NOW + 30
    yield "expired five minutes ago", token(8), "permit_expired", PARAMS, NOW + 300
    yield "issued in five minutes by this clock", token(9), "permit_early", PARAMS, NOW - 300
    yield "accepted, issued in five seconds by this clock", token(9), "", PARAMS, NOW - 5


def forged() -> Iterator[tuple[str, str | None, str, Mapping[str, object], int]]:
    """What the issuer has not signed in this form."""
    good, header = (
        token(20),
        {"alg": "EdDSA", "kid": jwk.thumbprint(HOME.public), "typ": permits.TYPE},
    )
    head, body, _ = good.split(".")
    yield "missing", None, "permit_missing", PARAMS, NOW
    yield "empty", "", "permit_missing", PARAMS, NOW
    cases = {
        "truncated": good[:-4],
        "without signature": f"{head}.{body}.",
        "padded": good + "=",
        "another last character": good[:-1] + chr(ord(good[-1]) + 1),
        "signature of another permit": f"{head}.{body}.{token(21).rsplit('.', 1)[1]}",
        "alg none": f"{jose.segment(canonicalize({**header, 'alg': 'none'}))}.{body}.",
        "alg none, signed": raw(20, {**header, "alg": "none"}),
        "alg HS256": raw(20, {**header, "alg": "HS256"}),
        "another type": bent(20, typ="assent-delegation+jwt"),
        "a stranger's key": bent(20, signer=STRANGER),
        "a stranger's key that comes along": raw(20, {**header, "jwk": json.loads(jwks())["keys"][0]}),
        "a critical extension": raw(20, {**header, "crit": ["b64"], "b64": False}),
        "a header in another order": raw(
            20, json.dumps(dict(reversed(header.items())), separators=(",", ":")).encode()
        ),
        "a member of the header twice": raw(20, b'{"alg":"none","alg":"EdDSA",' + canonicalize(header)[15:]),
        "claims that are not canonical": raw(20, header, b" " + base64.urlsafe_b64decode(body + "==")),
        "a claim twice": raw(20, header, b'{"aud":"files",' + base64.urlsafe_b64decode(body + "==")[1:]),
        "another issuer": bent(20, iss="assent/fedcba9876543210"),
        "no expiry": bent(20, exp=None),
        "a longer life": bent(20, exp=NOW + 61),
        "expires when issued": bent(20, exp=NOW),
        "a fraction of a second": bent(20, exp=NOW + 0.5),
        "audience as a list": bent(20, aud=[AUDIENCE]),
        "an unknown claim": bent(20, nbf=NOW),
        "an unknown member": bent(20, asn=inner(20, more=1)),
        "a member left out": bent(20, asn=inner(20, leaf="-")),
        "no digest": bent(20, asn=inner(20, action="sha256:0")),
        "another id": bent(20, jti="prm_" + "1" * 26),
        "a principal who does not act": bent(20, asn=inner(20, principal=SUB)),
        "an actor without a subject": bent(20, act={"act": {"sub": AGENT}}),
    }
    for name, bad in cases.items():
        yield name, bad, "permit_invalid", PARAMS, NOW
    yield "accepted, none of these has used it up", good, "", PARAMS, NOW


def moved() -> Iterator[tuple[str, str | None, str, Mapping[str, object], int]]:
    """What is for something else."""
    yield "for another executor", bent(40, aud="pay"), "permit_elsewhere", PARAMS, NOW
    yield "for another server", bent(40, asn=inner(40, server="pay")), "permit_elsewhere", PARAMS, NOW
    arguments: dict[str, object] = dict(PARAMS["arguments"])  # type: ignore[call-overload]
    others: dict[str, Mapping[str, object]] = {
        "another argument": {**PARAMS, "arguments": {**arguments, "size": 2}},
        "an argument more": {**PARAMS, "arguments": {**arguments, "force": True}},
        "an argument less": {**PARAMS, "arguments": {"path": arguments["path"]}},
        "another order of an array": {**PARAMS, "arguments": {**arguments, "tags": ["a", "b", None]}},
        "another tool": {**PARAMS, "name": "drop"},
        "a parameter more": {**PARAMS, "task": {"ttl": 1}},
        "metadata that was not decided on": META,
    }
    for name, params in others.items():
        yield name, token(40), "permit_differs", params, NOW
    changed = {"session": new_id("ses", b"\1" * 16), "chain": ["dlg_a"], "definition": None, "tool": "drop"}
    for name, value in changed.items():
        yield (
            f"another {name} than was decided on",
            bent(40, asn=inner(40, **{name: value})),
            "permit_differs",
            PARAMS,
            NOW,
        )
    yield "accepted, nor has any of these", token(40), "", PARAMS, NOW


def jwks() -> bytes:
    """The keys of the home."""
    return Trust.published(ISSUER, [HOME.public])


def vectors() -> dict[str, object]:
    """Everything, as it is published."""
    listed = [
        {"code": code, "method": "tools/call", "name": name, "now": now, "params": params, "token": made}
        for name, made, code, params, now in steps()
    ]
    actions = [
        {"canonical": one.action.canonical.decode(), "digest": one.action.digest}
        for one in (permit(1), permit(2, META))
    ]
    return {"actions": actions, "audience": AUDIENCE, "jwks": json.loads(jwks()), "steps": listed}


def files() -> dict[str, str]:
    """Name → content."""
    return {"vectors.json": json.dumps(vectors(), indent=1, ensure_ascii=True, sort_keys=True) + "\n"}


def main() -> None:
    """Write them."""
    for name, text in files().items():
        (HERE / name).write_text(text)


if __name__ == "__main__":
    main()
