"""`assent demo`: the whole path of an action, on real MCP servers, with real enforcement.

`stage.py` sets up, `wire.py` is the agent's client, `person.py` types at a
terminal, `scenes.py` plays, `telling.py` prints.
"""

from __future__ import annotations

import time
from functools import partial

import click

from assent.cli.output import print_json
from assent.cli.shell import JSON_OPTION, Shell, with_shell


@click.command("demo")
@click.option("--keep", is_flag=True, help="Keep the temporary home, and say where it is.")
@JSON_OPTION
@with_shell
def command(shell: Shell, keep: bool, as_json: bool) -> int:
    """See the whole path of an action on real MCP servers, in under a minute.

    Uses a temporary home and workspace of its own. Exit code 1 if any scene does
    not end as it must.
    """
    from assent.cli.demo.scenes import SCENES, Play
    from assent.cli.demo.stage import Stage
    from assent.cli.demo.telling import Teller

    began = time.monotonic()
    teller = Teller(quiet=as_json)
    with Stage(shell.environ, teller.note, keep=keep) as stage:
        play = Play(stage, teller)
        try:
            for scene in SCENES:
                if not teller.play(scene.title, scene.about, partial(scene.run, play)):
                    break
        finally:
            play.end()
    seconds = round(time.monotonic() - began, 1)
    ok = teller.ok and len(teller.scenes) == len(SCENES)
    if as_json:
        print_json({"ok": ok, "seconds": seconds, "scenes": [scene.as_json() for scene in teller.scenes]})
    else:
        teller.finish(ok=ok, seconds=seconds)
    return 0 if ok else 1


__all__ = ["command"]
