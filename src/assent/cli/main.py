"""The `assent` command: finds the subcommand, loads only its module, turns errors into words.

`assent --help` imports click and this file alone; a table here holds the short
help of each subcommand so that listing them loads none of them.
"""

from __future__ import annotations

import importlib
import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from assent import __version__
from assent.cli.failure import exit_code, report
from assent.cli.output import colour
from assent.cli.shell import HOME_OPTION, Shell
from assent.errors import AssentError, ProofError

#: Section → subcommand → (module in `assent.cli`, short help).
SECTIONS: dict[str, dict[str, tuple[str, str]]] = {
    "Set up": {
        "init": ("init", "Make a home: keys, starter policy, first receipt."),
        "install": ("install", "Put Assent before the servers of a client."),
        "coverage": ("coverage", "List configured servers that go round Assent."),
        "doctor": ("doctor", "Say what is set up, what is not, and what to do."),
        "policy": ("policy", "Check, show, activate, observe and enforce policies."),
        "observed": ("observed", "Say what policy would have asked and stopped."),
        "catalog": ("catalog", "What is known of tools; accept a changed one."),
        "principals": ("principals", "Enrol who may act; the access review."),
        "delegations": ("delegations", "Who may act for whom, and how far."),
        "credentials": ("credentials", "Hold secrets of upstreams, so that no agent sees them."),
        "recover": ("recover", "Replace lost and stolen keys; break glass; rehearse both."),
        "home": ("home", "Go on after an older copy of the home was put back."),
        "completion": ("completion", "Print the completion script of a shell."),
    },
    "Run": {
        "mcp": ("mcp", "Run an MCP server behind Assent."),
        "decide": ("decide", "Decide one action without effect or receipt."),
        "permits": ("permits", "Executors that run nothing without a permit."),
        "token": ("token", "Exchange tokens for narrower ones, over HTTP."),
        "sessions": ("sessions", "List the sessions of this home."),
        "clock": ("clock", "Confirm the time after a clock jump."),
        "demo": ("demo", "See the whole path of an action on real servers."),
    },
    "Stop": {
        "revoke": ("revoke", "Take back a principal, session, delegation, permit, tool, server, key."),
        "kill": ("kill", "Stop everything; say when to go on."),
    },
    "Answer": {
        "approvals": ("approvals", "List what waits for a person."),
        "approve": ("approve", "Say yes to one exact action."),
        "deny": ("deny", "Say no to one action, for the whole session."),
    },
    "Prove": {
        "receipts": ("receipts", "List, show, prove, publish, export, seal, erase."),
        "explain": ("explain", "Tell the whole story of one action."),
        "tail": ("tail", "Follow decisions as they are made."),
        "keys": ("keys", "People's keys, and those that sign the log."),
        "replay": ("replay", "Decide recorded decisions again; try other policies."),
        "statement": ("statement", "Write down, signed, what a file proves and what not."),
        "witness": ("witness", "Witness other logs; have this one witnessed."),
        "verify": ("verify", "Check a log offline, leaf by leaf."),
        "reconcile": ("reconcile", "Hold receipts against what other logs say was executed."),
    },
}


class LazyGroup(click.Group):
    """A group that imports the module of a subcommand only when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All subcommand names, in the order of the help."""
        return [name for section in SECTIONS.values() for name in section]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command object; None if there is no such subcommand."""
        for section in SECTIONS.values():
            if cmd_name in section:
                command: click.Command = importlib.import_module(f"assent.cli.{section[cmd_name][0]}").command
                return command
        return None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of subcommands by section, without loading any."""
        for title, section in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(name, words) for name, (_, words) in section.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]}, no_args_is_help=True)
@click.version_option(__version__, message="assent %(version)s")
@HOME_OPTION
@click.pass_context
def cli(ctx: click.Context, home: Path | None) -> None:
    """Runtime authorization for AI agents: no action takes effect without assent.

    Put `assent mcp --` in front of the command that starts an MCP server; every
    tool call is then decided by policy before it runs, and leaves a receipt.
    """
    ctx.obj = Shell(home=home, environ=dict(os.environ))
    ctx.color = colour()


def _streams() -> None:
    """Give a closed standard stream a place, and let no terminal's encoding fail on a character.

    A file opened later would else get the number of the closed one, and what is printed with it.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, Path(os.devnull).open(mode))  # noqa: SIM115 - open until the end
        elif name != "stdin" and isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit code.

    0 done, 1 failed, 2 wrong usage, 3 the decision was not allow, 4 a proof did
    not hold. An error that nobody expected is a bug and surfaces as itself.
    """
    _streams()
    try:
        result = cli.main(args=arguments, prog_name="assent", standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("assent: stopped", err=True)
        return 130  # the shell's code for SIGINT
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader has gone; flush quietly
        return 1
    except (AssentError, ProofError, OSError) as error:
        report(error)
        return exit_code(error)
    return result if isinstance(result, int) else 0
