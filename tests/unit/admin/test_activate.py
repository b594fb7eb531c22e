"""Policy and catalog take effect only when activated; what breaks leaves the last good in force (DESIGN §3)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from assent.admin import activate, clock, pins, texts
from assent.admin import home as homes
from assent.enforce.guard import Refused
from assent.errors import ConfigError, PolicyError, RequestError
from assent.keys import file as key_files
from assent.model.ids import Digest
from assent.policy.bundle import Source
from assent.ports import Pin
from tests.world import World, tool

READ = tool("list_things", query={"type": "string"})
DENY = '@id("no")\nforbid (principal, action, resource);\n'


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A home under the starter policy; at the end its whole log is verified."""
    made = World(tmp_path)
    yield made
    made.verify()


def policy(world: World) -> Path:
    return world.config.home / "policy" / "starter.cedar"


async def test_a_changed_file_does_nothing_until_it_is_activated(world: World) -> None:
    """The bundle in force comes from the archive, never from the files."""
    await world.join()
    policy(world).write_text(DENY)
    await world.run(world.call(READ))
    with world.store.read() as reader:
        found = activate.standing(reader, world.config.home)
    assert found.state == "changed"
    assert "+forbid" in found.difference
    world.activate(DENY)
    assert (await world.refusal(world.call(READ))).decision.verdict == "deny"
    with world.store.read() as reader:
        assert activate.standing(reader, world.config.home).state == "same"


@pytest.mark.parametrize(
    "broken", ["permit (principal", '@id("a")\n@quorm("2")\npermit (principal, action, resource);\n', None]
)
async def test_a_broken_or_removed_file_leaves_the_last_good_in_force(world: World, broken: str | None) -> None:
    """It says so loudly, with file, line, the text and what to write."""
    await world.join()
    if broken is None:
        policy(world).unlink()
    else:
        policy(world).write_text(broken)
    with world.store.read() as reader:
        found = activate.standing(reader, world.config.home)
    assert found.state == "broken"
    assert found.error is not None
    await world.run(world.call(READ))
    with pytest.raises((PolicyError, ConfigError)):
        activate.activate(world.log, texts.read(world.config.home), world.operator, world.clock.now())
    await world.run(world.call(READ))


def test_activation_needs_the_operators_key(world: World) -> None:
    """Invariant 9: an agent has no key, and another key is not the operator's."""
    found = texts.read(world.config.home)
    stranger = key_files.create(world.config.home.parent / "stranger.key")
    for signer, code in ((None, "operator_key_needed"), (stranger, "not_enrolled")):
        with pytest.raises(RequestError) as refused:
            activate.activate(world.log, found, signer, world.clock.now())
        assert refused.value.code == code


def test_before_anybody_is_enrolled_nobody_activates_accepts_or_confirms(tmp_path: Path) -> None:
    """Invariant 9: no signature and a key of the agent's own making are worth the same; the log stays sound."""
    world = World(tmp_path, enrolled=False)
    stranger = key_files.create(tmp_path / "stranger.key")
    policy(world).write_text(DENY)
    found = texts.read(world.config.home)
    before = world.leaves()
    for signer, code in ((None, "operator_key_needed"), (stranger, "not_enrolled")):
        with pytest.raises(RequestError) as refused:
            activate.activate(world.log, found, signer, world.clock.now())
        assert refused.value.code == code
    with pytest.raises(RequestError):
        clock.confirm(world.log, "", world.clock.now(), world.clock.steady(), stranger)
    pin = Pin("files", "t", Digest("sha256:" + "1" * 64), "{}", Digest("sha256:" + "2" * 64), '{"a":1}')
    world.log.submit(lambda tx: tx.put_pin(pin), durable=True).result()
    with pytest.raises(RequestError):
        pins.accept(world.log, pin, stranger, world.clock.now())
    assert world.leaves() == before
    homes.enrol(world.log, world.config, world.operator, world.clock.now())
    activate.activate(world.log, found, world.operator, world.clock.now())
    world.verify()


def test_a_changed_profile_is_shown_before_it_is_activated(world: World) -> None:
    """A profile that calls a deletion a read does as much harm as a policy."""
    own = '[server]\nname = "files"\n\n[tools.delete_all]\neffects = ["read"]\nreversibility = "reversible"\n'
    (world.config.home / "catalog" / "own.toml").write_text(own)
    with world.store.read() as reader:
        found = activate.standing(reader, world.config.home)
    assert found.state == "changed", found.error
    assert "+[tools.delete_all]" in found.difference.split("\n")


@pytest.mark.parametrize("character", ["\u2028", "\x0b", "\x0c", "\x85"])
def test_a_rule_cannot_be_hidden_behind_a_comment(character: str) -> None:
    """Only a line feed ends a Cedar comment, so only a line feed ends a line of the difference."""
    old, new = (
        [Source("a.cedar", f"// note{end}forbid (principal, action, resource);\n")] for end in ("\n", character)
    )
    assert "-forbid (principal, action, resource);" in texts.difference(old, new).split("\n")


def test_a_missing_last_line_feed_is_a_difference() -> None:
    """A difference is empty only if nothing differs."""
    assert texts.difference([Source("a", "x\n")], [Source("a", "x")])


def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(world: World) -> None:
    """Whatever stands there, looking at the files ends: they are broken."""
    os.mkfifo(world.config.home / "policy" / "pipe.cedar")
    with world.store.read() as reader:
        found = activate.standing(reader, world.config.home)
    assert found.error is not None
    assert found.error.code == "file_unreadable"


def test_everything_ever_in_force_is_archived(world: World) -> None:
    """By digest, for ever: replay needs it."""
    with world.store.read() as reader:
        first = Digest(reader.state("bundle") or "")
    world.activate(DENY)
    with world.store.read() as reader:
        second = Digest(reader.state("bundle") or "")
        assert first != second
        assert reader.archived(first) is not None
        assert reader.archived(second) is not None
        assert reader.archived(Digest(reader.state("catalog") or "")) is not None


async def test_profiles_definitions_and_schemas_are_archived_at_first_use(world: World) -> None:
    """What a decision was made by can be looked up later."""
    await world.join()
    await world.run(world.call(READ))
    versions = world.leaves("decision")[0]["versions"]
    assert isinstance(versions, dict)
    with world.store.read() as reader:
        assert reader.archived(READ.digest) is not None
        assert reader.archived(Digest(str(versions["schema"]))) is not None


def test_a_second_operator_is_not_enrolled(world: World) -> None:
    """One operator key a home; replacing it is another act."""
    stranger = key_files.create(world.config.home.parent / "stranger.key")
    with pytest.raises(RequestError):
        homes.enrol(world.log, world.config, stranger, world.clock.now())
    assert not homes.enrol(world.log, world.config, world.operator, world.clock.now())


async def test_a_changed_tool_is_accepted_as_it_was_shown(world: World) -> None:
    """If the server has offered yet another definition meanwhile, nothing is accepted."""
    pin = Pin("files", "t", Digest("sha256:" + "1" * 64), "{}", Digest("sha256:" + "2" * 64), '{"a":1}')
    world.log.submit(lambda tx: tx.put_pin(pin), durable=True).result()
    shown = Pin("files", "t", pin.digest, "{}", Digest("sha256:" + "3" * 64), '{"a":2}')
    with pytest.raises(RequestError) as changed:
        pins.accept(world.log, shown, world.operator, world.clock.now())
    assert changed.value.code == "changed_again"
    accepted = pins.accept(world.log, pin, world.operator, world.clock.now())
    assert accepted.digest == pin.offered
    with pytest.raises(RequestError) as again:
        pins.accept(world.log, accepted, world.operator, world.clock.now())
    assert again.value.code == "not_changed"


async def test_a_confirmed_clock_decides_again(world: World) -> None:
    """DESIGN §5: until an operator confirms it."""
    await world.join()
    await world.run(world.call(READ))
    world.clock.wall += 3_600_000
    assert (await world.refusal(world.call(READ))).decision.verdict == "defer"
    boot = str(__import__("assent.inform.process", fromlist=["boot_id"]).boot_id())
    clock.confirm(world.log, boot, world.clock.now(), world.clock.steady(), world.operator)
    await world.run(world.call(READ))


def test_a_key_file_may_not_lie_in_the_home(world: World) -> None:
    """Not even through a link."""
    home = world.config.home
    (home.parent / "link").symlink_to(home)
    for path in (home / "operator.key", home.parent / "link" / "key"):
        with pytest.raises(ConfigError) as refused:
            homes.outside(path, home)
        assert refused.value.code == "key_in_home"


def test_a_passphrase_is_asked_twice(world: World) -> None:
    """Empty or different ones are refused."""
    answers = iter(["a", "b", "", "c", "c"])
    for code in ("passphrases_differ", "passphrase_empty"):
        with pytest.raises(RequestError) as refused:
            homes.passphrase(lambda prompt: next(answers))
        assert refused.value.code == code
    assert homes.passphrase(lambda prompt: next(answers)) == "c"


async def test_the_last_good_bundle_holds_only_so_long(world: World) -> None:
    """DESIGN §4: at most its age limit while the files are broken, then deny; repaired, it works again."""
    await world.join()
    await world.run(world.call(READ))
    good = policy(world).read_text()
    policy(world).write_text("permit (principal")
    assert "starter.cedar:1:" in world.home.look()
    await world.run(world.call(READ))
    for _ in range(25):  # the clock is remembered on the way: it runs, it does not jump
        world.clock.pass_time(3600)
        ruling = await world.guard.authorize(world.call(READ))
    assert isinstance(ruling, Refused)
    assert (ruling.decision.verdict, ruling.decision.reasons[0].code) == ("deny", "bundle_too_old")
    assert ruling.receipt is not None
    policy(world).write_text(good)
    assert world.home.look() == ""
    await world.run(world.call(READ))


def test_a_changed_file_is_said_to_wait(world: World) -> None:
    """It takes effect when the operator activates it."""
    policy(world).write_text(DENY)
    assert "assent policy activate" in world.home.look()
