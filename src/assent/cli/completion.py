"""`assent completion`: the script that teaches a shell to complete."""

from __future__ import annotations

import click

from assent.cli.shell import Shell, with_shell

_WHERE = {
    "bash": 'eval "$(assent completion bash)"   # in ~/.bashrc',
    "zsh": 'eval "$(assent completion zsh)"   # in ~/.zshrc',
    "fish": "assent completion fish > ~/.config/fish/completions/assent.fish",
}


@click.command("completion", epilog="\b\n" + "\n".join(_WHERE.values()))
@click.argument("shell_name", metavar="SHELL", type=click.Choice(list(_WHERE)))
@with_shell
def command(_: Shell, shell_name: str) -> None:
    """Print the completion script of a shell."""
    from click.shell_completion import get_completion_class

    from assent.cli.main import cli

    if kind := get_completion_class(shell_name):
        click.echo(kind(cli, {}, "assent", "_ASSENT_COMPLETE").source())
