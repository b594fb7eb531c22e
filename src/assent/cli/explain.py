"""`assent explain`: the story of one action, from any id that names it."""

from __future__ import annotations

from collections.abc import Sequence

import click

from assent.cli.receipts import print_story
from assent.cli.shell import ARCHIVE_OPTION, JSON_OPTION, Shell, with_shell


@click.command("explain")
@click.argument("id", metavar="ID")
@ARCHIVE_OPTION
@JSON_OPTION
@with_shell
def command(shell: Shell, id: str, archives: Sequence[str], as_json: bool) -> None:
    """Tell the whole story of one action.

    ID is what a refusal named: a receipt index, an attempt (att_…), an approval
    (apr_…), a leaf hash (sha256:…) or a session (ses_…).
    """
    print_story(shell, id, archives, as_json)
