"""Principals enrolled, changed, disabled, given new keys: each by a person's signature, each a receipt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from assent.admin import principals
from assent.errors import AssentError, RequestError
from assent.identity import names
from assent.keys.file import KeySigner
from assent.model.ids import PrincipalId
from assent.model.principal import Authenticator, Enrolled, Principal
from tests.world import OWNER, World

DEPLOY = PrincipalId('Agent::"ci/deploy"')


def key() -> bytes:
    """A new public key."""
    return Ed25519PrivateKey.generate().public_key().public_bytes_raw()


def agent(text: str = "ci/deploy", **more: object) -> Principal:
    """An agent of the owner."""
    kind, name = names.parse(text)
    return replace(Principal(kind, name, None if kind == "User" else OWNER), **more)  # type: ignore[arg-type]


def members(group: str) -> frozenset[PrincipalId] | None:
    """The groups of these tests."""
    return frozenset() if group == "deployers" else None


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A home whose operator's key is enrolled."""
    return World(tmp_path)


def add(world: World, wanted: Principal, public: bytes | None = None) -> Enrolled:
    by = principals.proof(public) if public else None
    return principals.add(world.log, world.operator, world.clock.now(), wanted, members, by)


def change(world: World, id: PrincipalId, to: Callable[[Principal], Principal]) -> Enrolled:
    return principals.change(world.log, world.operator, world.clock.now(), id, members, to)


def refused(code: str, call: Callable[[], object]) -> None:
    """It is refused with this code, and leaves nothing."""
    with pytest.raises(AssentError) as error:
        call()
    assert error.value.code == code, error.value


def epoch(world: World) -> int:
    with world.store.read() as reader:
        return int(reader.state("epoch") or "0")


def said(world: World) -> list[tuple[object, object, object]]:
    """What the receipts say of principals."""
    leaves = [leaf["subject"] for leaf in world.leaves("system") if leaf["event"] == "principal"]
    return [(one["principal"], one["change"], bool(one["key"])) for one in leaves if isinstance(one, dict)]


def test_enrolling_is_a_signed_receipt(world: World) -> None:
    """Row, key and receipt say the same; the whole log verifies."""
    public = key()
    row = add(
        world, agent(model="claude-opus-4-5", model_version="20251101", autonomy=3, groups=("deployers",)), public
    )
    with world.store.read() as reader:
        assert reader.find(Enrolled, DEPLOY) == row
        [proof] = principals.keys_of(reader, DEPLOY)
    assert proof == replace(principals.proof(public), principal=DEPLOY, created=world.clock.now())
    assert said(world) == [(DEPLOY, "added", True)]
    world.verify()


def test_only_the_operators_key_enrols(world: World) -> None:
    """Another key's signature enrols nobody, and leaves no row and no claim to the name."""
    stranger = KeySigner(Ed25519PrivateKey.generate(), "passphrase")
    refused("not_enrolled", lambda: principals.add(world.log, stranger, world.clock.now(), agent(), members))
    with world.store.read() as reader:
        assert reader.find(Enrolled, DEPLOY) is None
    add(world, agent())


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        ("unknown_owner", agent(owner=None)),
        ("unknown_owner", agent(owner=PrincipalId('User::"nobody"'))),
        ("unknown_owner", agent(owner=DEPLOY)),
        ("unknown_group", agent(groups=("admins",))),
        ("unknown_group", agent(groups=("deployers",) * 33)),
        ("bad_principal", agent(model="x" * 129)),
        ("bad_principal", agent(model="clаude")),  # Cyrillic a
        ("bad_principal", agent(model_version="1\x1b[2J")),
        ("bad_principal", agent(autonomy=5)),
        ("bad_principal", replace(agent(), name="сi/deploy")),
    ],
)
def test_what_is_refused(world: World, code: str, wanted: Principal) -> None:
    """Every non-human has an enrolled owner who is a person; groups exist; words are ASCII and short."""
    refused(code, lambda: add(world, wanted))
    with world.store.read() as reader:
        assert [row.id for row in reader.find_all(Enrolled)] == []


def test_a_name_like_another_is_refused(world: World) -> None:
    """Drawn alike, in another case, or the same: the second is not enrolled."""
    add(world, agent())
    for name, code in [("ci/dep1oy", "looks_like_another"), ("CI/deploy", "looks_like_another")]:
        refused(code, lambda name=name: add(world, agent(name)))  # type: ignore[misc]
    refused("principal_exists", lambda: add(world, agent()))
    assert len(said(world)) == 1


def test_no_two_share_a_key(world: World) -> None:
    """A key proves one principal, once: not another, not after it was replaced, and never a person's that answers."""
    first, second = key(), key()
    add(world, agent(), first)
    refused("key_taken", lambda: add(world, agent("ci/test"), first))
    refused("key_taken", lambda: add(world, agent("ci/test"), world.operator.public))
    gone = principals.rotate(world.log, world.operator, world.clock.now(), DEPLOY, principals.proof(second))
    assert gone == [principals.proof(first).id]
    refused("key_taken", lambda: add(world, agent("ci/test"), first))
    with world.store.read() as reader:
        assert {one.id: one.status for one in reader.find_all(Authenticator)} == {
            principals.proof(first).id: "disabled",
            principals.proof(second).id: "active",
        }
    assert said(world) == [(DEPLOY, "added", True), (DEPLOY, "key_removed", True), (DEPLOY, "key_added", True)]
    world.verify()


def test_a_second_key_beside_the_first(world: World) -> None:
    """With `keep` both prove who it is."""
    add(world, agent(), key())
    assert not principals.rotate(
        world.log, world.operator, world.clock.now(), DEPLOY, principals.proof(key()), keep=True
    )
    with world.store.read() as reader:
        assert [one.status for one in principals.keys_of(reader, DEPLOY)] == ["active", "active"]


def test_every_change_moves_the_epoch(world: World) -> None:
    """Whoever decides meanwhile decides again; the row, the receipt and the epoch change together."""
    add(world, agent())
    before = epoch(world)
    change(world, DEPLOY, lambda one: replace(one, model="claude-opus-5"))
    change(world, DEPLOY, lambda one: replace(one, status="disabled"))
    change(world, DEPLOY, lambda one: replace(one, status="active"))
    principals.rotate(world.log, world.operator, world.clock.now(), DEPLOY, principals.proof(key()))
    assert epoch(world) == before + 4
    assert [word for _, word, _ in said(world)] == ["added", "changed", "disabled", "enabled", "key_added"]
    refused("nothing_changed", lambda: change(world, DEPLOY, lambda one: one))
    refused("unknown_principal", lambda: change(world, PrincipalId('Agent::"x"'), lambda one: one))
    world.verify()


def test_whom_nobody_answers_for_can_be_disabled_and_not_enabled(world: World) -> None:
    """Once its owner is disabled an agent may lose, and may not regain, what it can do."""
    add(world, agent("User::ben"))
    ben = PrincipalId('User::"ben"')
    add(world, agent(owner=ben))
    change(world, ben, lambda one: replace(one, status="disabled"))
    change(world, DEPLOY, lambda one: replace(one, status="disabled"))
    refused("unknown_owner", lambda: change(world, DEPLOY, lambda one: replace(one, status="active")))


@pytest.mark.parametrize(
    "text",
    ["x509:" + "a" * 63, "x509:" + "A" * 64, "spiffe:https://x", "token:http://x y", "token:https://x", "key:abc", ""],
)
def test_what_is_no_proof(text: str) -> None:
    """One spelling for each; a key is given as itself."""
    refused("bad_proof", lambda: principals.proof(text))


@pytest.mark.parametrize("text", ["x509:" + "a" * 64, "spiffe:spiffe://td/x", "token:https://id.example alice"])
def test_other_proofs(world: World, text: str) -> None:
    """A certificate, a SPIFFE id or an issuer's subject proves one principal alone."""
    by = principals.proof(text)
    principals.add(world.log, world.operator, world.clock.now(), agent(), members, by)
    refused(
        "key_taken", lambda: principals.add(world.log, world.operator, world.clock.now(), agent("ci/test"), members, by)
    )


def test_an_unsound_row_is_a_request_error() -> None:
    """A name that cannot be read is refused before anything is asked of the store."""
    with pytest.raises(RequestError):
        names.id_of("Agent::")
