"""What a call runs is read again immediately before the effect (DESIGN §4.10)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from assent.errors import RefusedError
from tests.world import World, tool

PROFILE = """
[server]
name = "files"
[tools.run]
effects = ["execute"]
reversibility = "irreversible"
targets = { command = "command" }
analysers = ["shell"]
"""
RUN = tool("run", command={"type": "string"})
POLICY = '@id("t/all") permit (principal, action, resource);\n'


@pytest.mark.parametrize("command", ["sh work/job.sh", "pytest work", "python3 -m unittest discover work"])
async def test_a_file_that_changed_after_the_decision_is_not_run(command: str, tmp_path: Path) -> None:
    """Same name, same file number, other bytes: what a person or policy said yes to is not what would run."""
    world = World(tmp_path, POLICY, PROFILE)
    (tmp_path / "work").mkdir()
    script = tmp_path / "work" / "job.sh"
    script.write_text("echo good\n")
    world.server = replace(world.server, roots=(str(tmp_path / "work"),), roots_known=True)
    await world.join()
    await world.run(world.call(RUN, {"command": command}))
    permit = await world.permit(world.call(RUN, {"command": f"{command} "}))
    assert permit.action.referents
    with script.open("r+") as file:
        file.write("echo evil\n")
    with pytest.raises(RefusedError) as refused:
        await world.guard.begin(permit)
    assert refused.value.code == "referent_changed"
    assert world.verify().sound
