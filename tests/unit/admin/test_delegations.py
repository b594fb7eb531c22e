"""Delegations issued, handed over and taken in: kept only if the whole chain holds, each with a receipt."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from assent.admin import delegations, principals
from assent.admin.delegations import Terms
from assent.errors import AssentError, ProofError
from assent.identity import grant, jwk, names
from assent.identity.chainfile import ChainFile
from assent.keys.file import KeySigner
from assent.model.grant import Grant, Limits
from assent.model.ids import PrincipalId
from assent.model.principal import Principal
from assent.model.revocation import Revocation
from assent.ports import Spent
from tests.world import NOW, OWNER, World

DEPLOY, SUB = PrincipalId('Agent::"ci/deploy"'), PrincipalId('Agent::"ci/sub"')
HOUR = 3_600_000
LIMITS = Limits(("effect:read", "effect:write"), ("files",), {"paths": ("/srv/",)}, calls=10, depth=2)


class Home(World):
    """A home with two agents that have keys."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.keys = {who: KeySigner(Ed25519PrivateKey.generate(), "same-user") for who in (DEPLOY, SUB)}
        for who, key in self.keys.items():
            kind, name = names.parse(who)
            by = principals.proof(key.public)
            one = Principal(kind, name, OWNER)
            principals.add(self.log, self.operator, self.clock.now(), one, lambda group: None, by)

    def issue(self, subject: PrincipalId = DEPLOY, signer: KeySigner | None = None, **more: object) -> list[Grant]:
        """A delegation for an hour; its chain."""
        terms = replace(Terms(subject, LIMITS, NOW, NOW + HOUR), **more)  # type: ignore[arg-type]
        now = self.clock.now()
        return list(delegations.issue(self.log, signer or self.operator, now, terms))

    def leaves(self) -> list[dict[str, str]]:
        """Subjects of the receipts of delegations."""
        with self.store.read() as reader:
            told = [json.loads(data) for _, data in reader.leaves()]
        return [leaf["subject"] for leaf in told if leaf.get("event") == "grant"]

    def file(self, links: list[Grant]) -> ChainFile:
        """The chain as it is handed over."""
        with self.store.read() as reader:
            return ChainFile.parse(bytes(delegations.exported(reader, links)))

    def standing(self, id: str) -> str:
        with self.store.read() as reader:
            return delegations.standing(reader, delegations.chain(reader, id), self.clock.now())


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def refused(code: str, call: Callable[[], object]) -> str:
    """It is refused with this code; the message."""
    with pytest.raises((AssentError, ProofError)) as error:
        call()
    assert error.value.code == code, error.value
    return error.value.message


def test_a_chain_is_issued_link_by_link(home: Home) -> None:
    """A person begins, the key that was named goes on; each link has its receipt, and the log verifies."""
    [root] = home.issue()
    chain = home.issue(SUB, home.keys[DEPLOY], under=root.id, limits=replace(LIMITS, depth=1))
    assert [one.subject for one in chain] == [DEPLOY, SUB] and chain[0] == root
    assert (root.issuer, root.key) == (OWNER, jwk.thumbprint(home.keys[DEPLOY].public))
    assert [(one["delegation"], one["parent"], one["digest"]) for one in home.leaves()] == [
        (one.id, one.parent, one.digest) for one in chain
    ]
    assert home.standing(chain[1].id) == "live"
    assert home.verify().sound


def test_only_who_was_given_it_can_pass_it_on(home: Home) -> None:
    """Neither the operator, nor the next one, nor a stranger signs in the name of another."""
    [root] = home.issue()
    for signer in (home.operator, home.keys[SUB], KeySigner(Ed25519PrivateKey.generate(), "same-user")):
        refused("delegation_key", lambda signer=signer: home.issue(SUB, signer, under=root.id, limits=Limits()))
    refused("not_enrolled", lambda: home.issue(SUB, home.keys[DEPLOY]))
    assert len(home.leaves()) == 1


def test_every_excess_is_named_at_once(home: Home) -> None:
    """Whoever asks for too much in several respects learns all of them, and nothing is kept."""
    [root] = home.issue()
    wide = Limits(("effect:pay",), ("bank",), {"paths": ("/",)}, calls=11, depth=2)
    more = {"under": root.id, "limits": wide, "expires": NOW + 2 * HOUR}
    told = refused("delegation_excess", lambda: home.issue(SUB, home.keys[DEPLOY], **more))
    for dimension in ("actions", "servers", "paths", "calls", "depth", "time"):
        assert f"{dimension}: " in told, told
    assert len(home.leaves()) == 1


@pytest.mark.parametrize(
    ("code", "more"),
    [
        ("unknown_principal", {"subject": PrincipalId('Agent::"ci/nobody"')}),
        ("bad_expiry", {"expires": NOW}),
        ("bad_expiry", {"not_before": NOW - 2 * HOUR, "expires": NOW - HOUR}),
        ("bad_expiry", {"expires": NOW + 367 * 24 * HOUR}),
        ("bad_limits", {"limits": Limits(actions=("read",))}),
        ("unknown_delegation", {"under": "dlg_" + "a" * 26}),
        ("unknown_delegation", {"under": "x\n\u202e"}),
    ],
)
def test_what_is_not_issued(code: str, more: dict[str, object], home: Home) -> None:
    """Nobody unknown, nothing that never holds, nothing misspelled."""
    refused(code, lambda: home.issue(**more))  # type: ignore[arg-type]
    assert home.leaves() == []


def test_a_chain_is_handed_over(home: Home, tmp_path: Path) -> None:
    """A file holds all that another reader needs but whom to trust; taken in again it changes nothing."""
    [root] = home.issue()
    chain = home.issue(SUB, home.keys[DEPLOY], under=root.id, limits=Limits())
    file = home.file(chain)
    trust = grant.Trust({jwk.thumbprint(home.operator.public): OWNER}, frozenset(), file.keys)
    assert list(grant.verify(file.tokens, trust, NOW)) == chain
    size = len(home.leaves())
    assert list(delegations.add(home.log, file, NOW)) == chain
    assert len(home.leaves()) == size


def test_a_chain_from_elsewhere_is_taken_in(home: Home) -> None:
    """A link that its holder signed without this home is kept once the whole chain holds."""
    [root] = home.issue()
    made = replace(root, id="dlg_" + "b" * 25 + "a", parent=root.id, issuer=DEPLOY, subject=SUB, limits=Limits())
    made = replace(made, key=jwk.thumbprint(home.keys[SUB].public))
    keys = {**home.file([root]).keys, jwk.thumbprint(home.keys[DEPLOY].public): home.keys[DEPLOY].public}
    token = grant.sign(made, root, home.keys[DEPLOY])
    [_, kept] = delegations.add(home.log, ChainFile((root.token, token), keys), NOW)
    assert (kept.subject, home.standing(kept.id)) == (SUB, "live")
    other = grant.sign(replace(made, limits=Limits(calls=1)), root, home.keys[DEPLOY])
    refused("delegation_chain", lambda: delegations.add(home.log, ChainFile((root.token, other), keys), NOW))


def test_a_strangers_word_begins_nothing(home: Home) -> None:
    """The keys of a file are no reason to trust: whose they are, this home knows."""
    stranger = KeySigner(Ed25519PrivateKey.generate(), "same-user")
    [root] = home.issue()
    token = grant.sign(replace(root, id="dlg_" + "b" * 25 + "a"), None, stranger)
    file = ChainFile((token,), {jwk.thumbprint(stranger.public): stranger.public})
    refused("delegation_key", lambda: delegations.add(home.log, file, NOW))
    assert len(home.leaves()) == 1


def test_what_was_taken_back_is_not_taken_in(home: Home) -> None:
    """A revoked link, principal or key, a disabled principal, a rotated key: a file is no way round."""
    [root] = home.issue()
    file = home.file([root])
    for kind, id in (("delegation", root.id), ("principal", DEPLOY), ("key", f"key:{root.key}")):
        with home.store.begin() as tx:
            tx.put(Revocation(kind, id, NOW, 1))  # type: ignore[arg-type]
        assert home.standing(root.id) == "revoked"
        refused("revoked", lambda: delegations.add(home.log, file, NOW))
        refused("delegation_over", lambda: home.issue(SUB, home.keys[DEPLOY], under=root.id, limits=Limits()))
        with home.store.begin() as tx:
            tx.drop(Revocation, kind, id)
    with home.store.begin() as tx:
        tx.put(replace(root, status="revoked"))
    refused("revoked", lambda: delegations.add(home.log, file, NOW))
    with home.store.begin() as tx:
        tx.put(root)
    assert delegations.add(home.log, file, NOW)
    refused("delegation_expired", lambda: delegations.add(home.log, file, NOW + HOUR))
    key = principals.proof(Ed25519PrivateKey.generate().public_key().public_bytes_raw())
    principals.rotate(home.log, home.operator, NOW, DEPLOY, key)
    refused("revoked", lambda: delegations.add(home.log, file, NOW))
    principals.change(
        home.log, home.operator, NOW, DEPLOY, lambda group: None, lambda one: replace(one, status="disabled")
    )
    refused("revoked", lambda: delegations.add(home.log, file, NOW))
    refused("unknown_principal", home.issue)


def test_standing_is_that_of_the_weakest_link(home: Home) -> None:
    """Used up, expired or not begun above is so below."""
    [root] = home.issue(not_before=NOW + 60_000)
    chain = home.issue(SUB, home.keys[DEPLOY], under=root.id, limits=Limits(), not_before=NOW + 60_000)
    assert home.standing(chain[1].id) == "early"
    home.clock.pass_time(60)
    assert home.standing(chain[1].id) == "live"
    with home.store.begin() as tx:
        tx.put(Spent(root.id, "calls", 10))
    assert home.standing(chain[1].id) == "used_up"
    home.clock.pass_time(3600)
    assert home.standing(chain[1].id) == "expired"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        b'{"chain":[],"format":"assent-delegation-chain/1"}',
        b'{"chain":[],"format":"assent-delegation-chain/2","keys":[]}',
        b'{"chain":[1],"format":"assent-delegation-chain/1","keys":[]}',
        b'{"chain":[],"format":"assent-delegation-chain/1","keys":[{}]}',
        b'{"chain":[],"format":"assent-delegation-chain/1","keys":[null]}',
        b'{"chain":[],"format":"assent-delegation-chain/1","keys":[{"crv":"Ed25519","kty":"OKP","x":"AA"}]}',
        b'{"chain":[],"format":"assent-delegation-chain/1","keys":' + b"[" * 70 + b"]" * 70 + b"}",
        b" " * 200_000,
    ],
)
def test_a_file_is_read_strictly(data: bytes) -> None:
    """Anything but the one format is refused."""
    refused("delegation_file", lambda: ChainFile.parse(data))
