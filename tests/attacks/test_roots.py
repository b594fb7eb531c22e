"""What a client says its roots are is the agent's word: it moves nothing that was configured."""

from __future__ import annotations

from tests.attacks.conftest import Place, verdict


def test_roots_of_the_client_do_not_open_the_home(place: Place) -> None:
    """DESIGN §3: no governed tool writes the home, wherever the agent says that relative paths begin."""
    wire = place.files(roots=True)
    asked = wire.next()
    assert asked["method"] == "roots/list"
    wire.send(id=asked["id"], result={"roots": [{"uri": place.home.as_uri()}]})
    wire.quiet(0.5)
    wire.call("write_file", {"content": "x", "path": "taken.txt"})
    wire.call("write_file", {"content": "x", "path": "policy/taken.cedar"})
    assert not (place.home / "taken.txt").exists()
    assert not (place.home / "policy" / "taken.cedar").exists()
    listed = wire.call("list_directory", {"path": "."})
    assert "assent.db" not in str(listed)


def test_roots_of_the_client_do_not_move_relative_paths(place: Place) -> None:
    """A call is judged against the configured roots, so no other root reaches the server."""
    inner = place.work / "repo" / ".git"
    inner.mkdir(parents=True)
    wire = place.files(roots=True)
    link = place.work / "link"
    link.symlink_to(inner)
    for uri in (inner.as_uri(), link.as_uri(), "file://elsewhere" + str(place.work), str(inner), "file:relative"):
        asked = wire.next()
        wire.send(id=asked["id"], result={"roots": [{"uri": uri}]})
        wire.quiet(0.3)
        assert str(inner) not in str(wire.call("list_allowed_directories"))
        wire.send(method="notifications/roots/list_changed")


def test_a_configured_root_passes(place: Place) -> None:
    """The client may name what was configured anyway."""
    wire = place.files(roots=True)
    asked = wire.next()
    wire.send(id=asked["id"], result={"roots": [{"name": "work", "uri": place.work.as_uri()}]})
    wire.quiet(0.5)
    assert verdict(wire.call("write_file", {"content": "x", "path": "fine.txt"})) == "allow"
    assert (place.work / "fine.txt").exists()
