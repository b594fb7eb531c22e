"""A chain of delegation is verified link by link, offline; whatever is wrong with one is named."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import Any

import pytest
from assent_verify.canonical import canonicalize

from assent.errors import ProofError, RequestError
from assent.identity import jose
from assent.identity.grant import LONGEST, MOST, TYPE, digest_of, read, sign, verify
from assent.model.grant import Grant, Limits
from assent.policy.condition import parse
from tests.unit.identity.chains import HOUR, NOW, Cast

LIMITS = Limits(
    actions=("effect:read", "effect:write"),
    servers=("files",),
    targets={"paths": ("/srv/",), "addresses": ("*@example.com",)},
    calls=10,
    depth=3,
)


@pytest.fixture
def cast() -> Cast:
    made = Cast()
    for who in ("ana", "authority", "a1", "a2", "a3", "stranger"):
        assert made[who]
    return made


def tokens(links: list[Grant]) -> list[str]:
    return [one.token for one in links]


def refused(links: list[str], cast: Cast, now: int | None = NOW) -> ProofError:
    with pytest.raises(ProofError) as found:
        verify(links, cast.trust, now)
    return found.value


def forged(link: Grant, signer: str, cast: Cast, **claims: Any) -> str:
    """The claims of a link, some of them others, signed again."""
    told = json.loads(base64.urlsafe_b64decode(link.token.split(".")[1] + "=="))
    told |= claims
    return jose.sign(canonicalize({k: v for k, v in told.items() if v is not None}), TYPE, cast[signer])


@pytest.mark.parametrize("length", [1, 2, 3, 8])
def test_a_chain_is_read_as_it_was_signed(length: int, cast: Cast) -> None:
    """Every member comes back, for any number of links."""
    links = cast.chain(length)
    assert list(verify(tokens(links), cast.trust, NOW)) == links


def test_every_limit_comes_back(cast: Cast) -> None:
    """Limits, session, task and times are signed, and read as they were."""
    said = parse("context.args.amount <= 100")
    limits = replace(LIMITS, condition=said.text, tree=said.tree)
    link = cast.link("ana", "a1", limits=limits, session="ses_" + "a" * 26, task="sha256:" + "0" * 64)
    assert verify([link.token], cast.trust, NOW) == (link,)


def test_the_authority_may_sign_any_link(cast: Cast) -> None:
    """Token exchange: the home's own key stands in for a principal that has proved its key."""
    root = cast.link("ana", "a1", key="")
    child = cast.link("a1", "a2", root, by="authority")
    assert verify([root.token, child.token], cast.trust, NOW) == (root, child)


@pytest.mark.parametrize("by", ["stranger", "a2", "ana", "a1"])
def test_only_the_key_that_is_named_signs_the_next_link(by: str, cast: Cast) -> None:
    """Neither a stranger's, nor the subject's own, nor the root's, nor one that was not named."""
    root = cast.link("ana", "a1", key="" if by == "a1" else cast.thumb("a1"))
    child = cast.link("a1", "a2", root, by=by)
    assert refused([root.token, child.token], cast).code == "delegation_key"


def test_a_root_is_its_persons_word(cast: Cast) -> None:
    """Another's signature, an agent as the first issuer, or a link that stands on another begins nothing."""
    assert refused([cast.link("ana", "a1", by="a1").token], cast).code == "delegation_key"
    assert refused([cast.link("bob", "a1", by="ana").token], cast).code == "delegation_key"
    assert refused([cast.link("a1", "a2", by="authority").token], cast).code == "delegation_chain"
    assert refused(tokens(cast.chain(2))[1:], cast).code == "delegation_chain"


@pytest.mark.parametrize("order", [[0, 2], [1, 2], [1, 0, 2], [0, 2, 1], [0, 1, 1, 2], [0, 0, 1], [0, 1, 2, 0], []])
def test_links_missing_swapped_and_repeated(order: list[int], cast: Cast) -> None:
    """Each link stands on exactly the one before it."""
    links = tokens(cast.chain(3))
    assert refused([links[at] for at in order], cast).code == "delegation_chain"


def test_a_link_stands_on_the_token_it_was_issued_for(cast: Cast) -> None:
    """A second token with the same id and a wider reach is not what the child was issued under."""
    root = cast.link("ana", "a1", limits=Limits(depth=2))
    child = cast.link("a1", "a2", root)
    other = cast.link("ana", "a1", limits=Limits(depth=3), id=root.id)
    assert verify([root.token, child.token], cast.trust, NOW)
    assert refused([other.token, child.token], cast).code == "delegation_chain"


def test_nobody_stands_in_a_chain_twice(cast: Cast) -> None:
    """ana → a1 → a2 → a1, or back to ana, goes in a circle."""
    links = cast.chain(2)
    assert refused(tokens([*links, cast.link("a2", "a1", links[-1])]), cast).code == "delegation_chain"
    assert refused(tokens([*links, cast.link("a2", "ana", links[-1])]), cast).code == "delegation_chain"
    assert refused([cast.link("ana", "ana").token], cast).code == "delegation_chain"


def test_sixteen_links_at_most(cast: Cast) -> None:
    """The seventeenth is not read."""
    links = [cast.link("ana", "a1", limits=Limits(depth=15))]
    for at in range(1, 16):
        links.append(cast.link(f"a{at}", f"a{at + 1}", links[-1]))
    assert len(verify(tokens(links), cast.trust, NOW)) == 16
    assert refused([*tokens(links), links[-1].token], cast).code == "delegation_chain"


@pytest.mark.parametrize(
    ("dimension", "more"),
    [
        ("actions", {"limits": replace(LIMITS, depth=2, actions=("effect:pay",))}),
        ("servers", {"limits": replace(LIMITS, depth=2, servers=("bank",))}),
        ("paths", {"limits": replace(LIMITS, depth=2, targets={"paths": ("/",)})}),
        ("addresses", {"limits": replace(LIMITS, depth=2, targets={"addresses": ("*@evil.net",)})}),
        ("calls", {"limits": replace(LIMITS, depth=2, calls=11)}),
        ("depth", {"limits": replace(LIMITS, depth=3)}),
        ("time", {"limits": Limits(depth=2), "expires": NOW + HOUR + 1000}),
        ("time", {"limits": Limits(depth=2), "not_before": NOW - HOUR - 1000}),
        ("session", {"limits": Limits(depth=2), "session": "ses_" + "b" * 25 + "a"}),
        ("task", {"limits": Limits(depth=2), "task": "sha256:" + "1" * 64}),
    ],
)
@pytest.mark.parametrize("between", [0, 1])
def test_a_child_wider_than_its_parent(dimension: str, more: dict[str, Any], between: int, cast: Cast) -> None:
    """In each dimension the excess is refused by name, also with a link between that leaves it open."""
    root = cast.link("ana", "a1", limits=LIMITS, session="ses_" + "a" * 26, task="sha256:" + "0" * 64)
    links = [root]
    if between:
        links.append(cast.link("a1", "a2", root, limits=Limits(depth=2)))
        more = more | {"limits": replace(more["limits"], depth=more["limits"].depth - (dimension != "depth"))}
    links.append(cast.link(f"a{between + 1}", f"a{between + 2}", links[-1], **more))
    error = refused(tokens(links), cast)
    assert (error.code, error.message.split(": ")[:2]) == ("delegation_excess", [f"link {between + 2}", dimension])


def test_a_child_that_only_restricts_further(cast: Cast) -> None:
    """What narrows, or restricts what was left open, is a chain."""
    root = cast.link("ana", "a1", limits=LIMITS)
    narrow = Limits(("effect:read",), ("files",), {"paths": ("/srv/a",), "hosts": ("x.y",)}, calls=2, depth=0)
    child = cast.link("a1", "a2", root, limits=narrow, expires=NOW + 1000, session="ses_" + "a" * 26)
    assert verify([root.token, child.token], cast.trust, NOW)


@pytest.mark.parametrize(
    ("now", "code"),
    [
        (NOW - HOUR - 1, "delegation_early"),
        (NOW - HOUR - 5 * 60_000, "delegation_early"),
        (NOW + HOUR, "delegation_expired"),
        (NOW + HOUR + 5 * 60_000, "delegation_expired"),
    ],
)
def test_time(now: int, code: str, cast: Cast) -> None:
    """To the millisecond, with no leeway: a clock five minutes off either way closes, never opens."""
    links = cast.chain(2)
    assert refused(tokens(links), cast, now).code == code
    assert verify(tokens(links), cast.trust, NOW - HOUR)
    assert verify(tokens(links), cast.trust, NOW + HOUR - 1)
    assert verify(tokens(links), cast.trust)


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": None},
        {"sub": 'Agent::"a 1"'},
        {"sub": "a1"},
        {"sub": 'Agent::"\u04301"'},
        {"jti": "dlg_1"},
        {"jti": "dlg_" + "A" * 26},
        {"exp": NOW // 1000 - 7200},
        {"exp": NOW // 1000 + LONGEST},
        {"exp": "1795000000"},
        {"exp": True},
        {"nbf": 1.5},
        {"nbf": -1},
        {"iat": 2**53 - 1},
        {"aud": "x"},
        {"lim": {}},
        {"lim": {"depth": True}},
        {"lim": {"depth": 1, "calls": None}},
        {"lim": {"depth": 1, "actions": []}},
        {"lim": {"depth": 1, "actions": ["effect:write", "effect:read"]}},
        {"lim": {"depth": 1, "actions": "effect:read"}},
        {"lim": {"depth": 1, "targets": {}}},
        {"lim": {"depth": 1, "targets": {"paths": ["/a/../"]}}},
        {"lim": {"depth": 1, "more": 1}},
        {"lim": {"depth": 1, "condition": "true"}},
        {"lim": {"depth": 1, "condition": {"text": "true", "tree": "sha256:" + "0" * 64}}},
        {"lim": {"depth": 1, "condition": {"text": "true } unless { true", "tree": parse("true").digest}}},
        {"lim": {"depth": 1, "condition": {"text": "false", "tree": parse("true").digest}}},
        {"cnf": {"jkt": "x"}},
        {"cnf": {"jwk": {}}},
        {"cnf": {}},
        {"prf": {}},
        {"prf": {"id": "dlg_" + "a" * 26, "sha256": "0"}},
        {"ses": "ses_"},
        {"tsk": "sha256:0"},
    ],
)
def test_one_spelling_and_no_other_claims(claims: dict[str, Any], cast: Cast) -> None:
    """Missing, unknown and misspelled claims are refused, even signed by who may."""
    assert refused([forged(cast.link("ana", "a1"), "ana", cast, **claims)], cast).code == "delegation_malformed"


def remade(token: str, header: dict[str, Any] | None = None, payload: bytes = b"", signature: str = "") -> str:
    """A token with another part."""
    head, body, end = token.split(".")
    head = jose.segment(canonicalize(header)) if header else head
    return ".".join((head, jose.segment(payload) if payload else body, signature or end))


def test_forged_tokens(cast: Cast) -> None:
    """`alg: none`, an HMAC with the public key, another type, an unknown key, a cut or changed token: none is read."""
    token, thumb = cast.link("ana", "a1").token, cast.thumb("ana")
    usual = {"alg": "EdDSA", "kid": thumb, "typ": TYPE}
    body = base64.urlsafe_b64decode(token.split(".")[1] + "==")
    wider = body.replace(b'"depth":8', b'"depth":9')
    assert wider != body
    for code, made in (
        ("token_type", remade(token, usual | {"alg": "none"})),
        ("token_type", remade(token, usual | {"alg": "none"}).rpartition(".")[0] + "."),
        ("token_type", remade(token, usual | {"alg": "HS256"})),
        ("token_type", remade(token, usual | {"alg": "ES256"})),
        ("token_type", remade(token, usual | {"typ": "assent-permit+jwt"})),
        ("token_type", remade(token, usual | {"crit": ["exp"]})),
        ("token_type", remade(token, usual | {"jwk": {}})),
        ("token_key", remade(token, usual | {"kid": "x"})),
        ("token_signature", remade(token, usual | {"kid": cast.thumb("stranger")})),
        ("token_signature", remade(token, payload=wider)),
        ("token_signature", token[:-1]),
        ("token_malformed", token + "."),
        ("token_signature", token + "="),
        ("token_malformed", token.replace(".", "..", 1)),
        ("token_malformed", "\u00e9" + token),
        ("token_malformed", ""),
        ("token_malformed", "."),
    ):
        assert refused([made], cast).code == code, made


@pytest.mark.parametrize("at", range(0, 700, 23))
def test_cut_tokens(at: int, cast: Cast) -> None:
    """A token that ends anywhere is none."""
    token = cast.link("ana", "a1").token
    if at < len(token):
        assert refused([token[:at]], cast).code in ("token_malformed", "token_signature", "token_type")


def test_another_spelling_of_the_same_claims(cast: Cast) -> None:
    """Spaces, another order, a member twice: the same word has one token."""
    body = base64.urlsafe_b64decode(cast.link("ana", "a1").token.split(".")[1] + "==")
    told = json.loads(body)
    for payload in (json.dumps(told).encode(), canonicalize(told).replace(b'{"cnf"', b'{"jti":"x","cnf"'), b"[]", b"1"):
        with pytest.raises(ProofError):
            verify([jose.sign(payload, TYPE, cast["ana"])], cast.trust, NOW)


def test_size(cast: Cast) -> None:
    """More than 8 KiB is neither signed nor read."""
    large = tuple(f"/srv/{'x' * 400}{at:02}" for at in range(20))
    link = cast.link("ana", "a1")
    with pytest.raises(RequestError) as found:
        sign(replace(link, limits=Limits(targets={"paths": large})), None, cast["ana"])
    assert found.value.code == "delegation_too_large"
    token = forged(link, "ana", cast, lim={"depth": 0, "targets": {"paths": list(large)}})
    assert len(token) > MOST
    assert refused([token], cast).code == "delegation_malformed"
    assert refused(["e" * 100_000], cast).code == "delegation_malformed"


def test_nothing_wrong_is_signed(cast: Cast) -> None:
    """Limits out of their spelling, and times that a token cannot hold, are refused before a key is used."""
    link = cast.link("ana", "a1")
    with pytest.raises(RequestError):
        sign(replace(link, limits=Limits(actions=())), None, cast["ana"])
    with pytest.raises(ValueError, match="whole seconds"):
        sign(replace(link, expires=link.expires + 1), None, cast["ana"])


def test_a_digest_names_one_token(cast: Cast) -> None:
    """It is what a child and a receipt name the link by."""
    link = cast.link("ana", "a1")
    assert read(link.token, cast.trust.keys).grant.digest == digest_of(link.token) == link.digest
