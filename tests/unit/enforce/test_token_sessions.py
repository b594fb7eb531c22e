"""Sessions that a token opens: for whom it stands, under what it stands on, no longer than that."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from assent.edges.mcp.caller import Caller, Client, join, principal_of
from assent.errors import ConfigError, RefusedError
from assent.model.principal import Authenticator
from tests.unit.api.exchanging import LEAD, SUB, World, claims, world
from tests.unit.identity import forge

PROGRAM = Client("agent", "boot:1:1", "boot:2:2")


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A home that issues tokens."""
    with world(tmp_path_factory.mktemp("w") / "home") as made:
        yield made


def _file(folder: Path, name: str, data: bytes, mode: int = 0o600) -> Path:
    file = folder / name
    file.touch(mode)
    file.write_bytes(data)
    return file


def _key(folder: Path, key: forge.Key) -> Path:
    return _file(folder, "key", key.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


async def test_a_token_opens_the_session_of_whom_it_stands_for(at: World, tmp_path: Path) -> None:
    """Under its whole chain, with its key, until the chain ends; and nobody is enrolled by it."""
    token = at.first(expires_in=600)
    caller = Caller(token=_file(tmp_path, "token", token.encode()), key=_key(tmp_path, at.lead))
    session = await join(at.home, caller, principal_of("", "ana", "agent"), PROGRAM)
    assert (session.principal, session.key, session.chain) == (
        LEAD,
        f"key:{at.lead.jkt}",
        (claims(token)["delegation"],),
    )
    assert 590_000 < session.expires - at.home.clock.now() <= 600_000
    with at.home.store.read() as reader:
        assert reader.find(Authenticator, f"key:{at.lead.jkt}") is None


async def test_a_token_without_its_key_or_for_another_opens_nothing(at: World, tmp_path: Path) -> None:
    """By whatever the command line says beside."""
    token = _file(tmp_path, "token", at.first().encode())
    key = _key(tmp_path, at.lead)
    for caller, code in [
        (Caller(token=token), "token_holder"),
        (Caller(token=token, key=key, principal=SUB), "not_proven"),
        (Caller(token=token, key=key, delegation="dlg_x"), "not_proven"),
    ]:
        with pytest.raises(RefusedError) as refused:
            await join(at.home, caller, principal_of("", "ana", "agent"), PROGRAM)
        assert refused.value.code == code


async def test_a_token_for_whom_it_does_not_stand_proves_nothing(at: World, tmp_path: Path) -> None:
    """What joins is held against what the token has proven, not against what an edge says."""
    from assent.enforce.session import Proven

    shown = at.home.present(_file(tmp_path, "token", at.first().encode()), _key(tmp_path, at.lead))
    other = principal_of(SUB, "ana", "agent")
    with pytest.raises(RefusedError) as refused:
        await at.home.sessions.join(other, "boot:3:3", "boot:4:4", Proven(shown.key, shown.delegation, token=shown))
    assert refused.value.code == "not_proven"


async def test_a_session_ends_with_an_issuers_token(at: World, tmp_path: Path) -> None:
    """Its issuer vouches for no longer; what the agent may do, its delegation says."""
    at.first(expires_in=3000)
    delegation = claims(at.first(expires_in=3000))["delegation"]
    text = at.agent("lead-1", at.lead)
    caller = Caller(token=_file(tmp_path, "t", text.encode()), key=_key(tmp_path, at.lead), delegation=delegation)
    session = await join(at.home, caller, principal_of("", "ana", "agent"), Client("b", "boot:5:5", "boot:6:6"))
    assert (session.expires, session.chain) == (claims(text)["exp"] * 1000, (delegation,))
    assert session.key == "token:https://agents.example lead-1"


def test_a_token_that_others_can_read_is_refused(at: World, tmp_path: Path) -> None:
    """As a key is."""
    with pytest.raises(ConfigError) as refused:
        at.home.present(_file(tmp_path, "token", at.first().encode(), 0o644), None)
    assert refused.value.code == "key_exposed"


def test_a_key_that_was_replaced_takes_its_tokens_along(at: World, tmp_path: Path) -> None:
    """Whoever found the old key has nothing by a token that it was bound to."""
    _, told = at.exchange(at.first(), at.lead, details={"actor": SUB})
    files = _file(tmp_path, "token", told["access_token"].encode()), _key(tmp_path, at.sub)
    assert at.home.present(*files).principal == SUB
    with at.home.store.read() as reader:
        way = reader.find(Authenticator, f"key:{at.sub.jkt}")
        assert way is not None
    at.put(replace(way, status="disabled"))
    with pytest.raises(RefusedError) as refused:
        at.home.present(*files)
    at.put(way)
    assert refused.value.code == "token_revoked"
