"""What every subcommand gets: where the home is, and how to open it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from assent.errors import UnavailableError

if TYPE_CHECKING:
    from assent.assembly import Home
    from assent.config import Config
    from assent.ports import Reader

Wrapped = TypeVar("Wrapped", bound=Callable[..., Any])


@dataclass(slots=True)
class Shell:
    """The surroundings of one run of the command.

    Args:
        home: what `--home` said; None to go by `ASSENT_HOME`, else `~/.assent`.
        environ: the environment at start.
    """

    home: Path | None
    environ: Mapping[str, str]

    def config(self) -> Config:
        """The settings of this home.

        Raises:
            ConfigError: a setting is unknown or unsafe.
        """
        from assent.config import load

        return load(self.home, self.environ)

    @contextmanager
    def open(self, *, make: bool = False) -> Iterator[Home]:
        """The opened home, closed at the end.

        Args:
            make: make one where none is. Only what starts Assent does: a mistyped
                `--home` must not leave a home behind that decides nothing.

        Raises:
            ConfigError: a setting is wrong, or the place cannot be a home.
            UnavailableError: there is no home there, or its store cannot be opened.
        """
        from assent.assembly import open_home

        config = self.config()
        if not make:
            must_exist(config)
        with open_home(config) as home:
            yield home

    @contextmanager
    def read(self, archives: Sequence[str] = ()) -> Iterator[Reader]:
        """The log of the home as it stands; makes and changes nothing.

        Args:
            archives: places from which sealed receipts are read; without any they are left out.

        Raises:
            ConfigError: a setting is wrong, or the database is not a log.
            UnavailableError: there is none, or it cannot be read.
        """
        from assent.assembly import open_place, read_home

        config = self.config()
        must_exist(config)
        with read_home(config) as reader:
            if not archives:
                yield reader
                return
            from assent.record.archive import filled

            yield filled(reader, [open_place(one) for one in archives])


def must_exist(config: Config) -> None:
    """Is there a home?

    Raises:
        UnavailableError: there is none.
    """
    from assent.assembly import begun

    if not begun(config):
        raise UnavailableError(
            "no_home", f"there is no home in `{config.home}`", help="run `assent init`, or give --home DIR"
        )


def _remember(ctx: click.Context, _: click.Parameter, value: Path | None) -> Path | None:
    """`--home` after the subcommand counts like `--home` before it."""
    if value is not None and isinstance(ctx.obj, Shell):
        ctx.obj.home = value
    return value


class Group(click.Group):
    """A group whose list of subcommands cuts no first sentence short."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The subcommands with what each does, in as many lines as that takes."""
        found = [(name, self.commands[name]) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl([(name, command.get_short_help_str(limit=1_000)) for name, command in found])


HOME_OPTION = click.option(
    "--home",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="The home directory (default: $ASSENT_HOME, else ~/.assent).",
)
_HOME_AGAIN = click.option(
    "--home",
    type=click.Path(file_okay=False, path_type=Path),
    expose_value=False,
    hidden=True,
    callback=_remember,
)
JSON_OPTION = click.option("--json", "as_json", is_flag=True, help="Print JSON (its schema is in assent/schemas).")
KEY_OPTION = click.option(
    "--key",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The operator's key file (default: the one that `assent init` made).",
)
ARCHIVE_OPTION = click.option(
    "--archive", "archives", multiple=True, metavar="PLACE", help="Where sealed receipts lie; repeatable."
)
YES_OPTION = click.option("--yes", is_flag=True, help="Do not ask; the key must still be unlocked.")


def with_shell(function: Wrapped) -> Wrapped:
    """Give a command the `Shell` as first argument, and the option `--home`."""
    return click.pass_obj(_HOME_AGAIN(function))  # type: ignore[return-value]
