"""Rule of the demo: it plays for real, and every scene ends as it must."""

from __future__ import annotations

from pathlib import Path

from tests.unit.cli.world import World, valid


def test_every_scene_ends_as_it_must(tmp_path: Path) -> None:
    """Seven scenes on real servers, the exit code says so, and nothing is left behind."""
    world = World(tmp_path)
    done = world.run("demo", "--json", TMPDIR=str(tmp_path))
    wrong = [step for scene in done.json["scenes"] for step in scene["steps"] if not step["ok"]]
    assert (done.code, wrong) == (0, []), done.err
    valid("demo", done.json)
    assert len(done.json["scenes"]) == 7
    assert not [path for path in tmp_path.rglob("assent-demo-*")]
