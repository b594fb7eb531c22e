"""`assent delegations`: who may act for whom, within what limits; issued, handed over, listed, verified offline."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from assent.cli.asking import confirm, passphrase
from assent.cli.output import columns, print_json, visible, when
from assent.cli.shell import JSON_OPTION, YES_OPTION, Group, Shell, with_shell
from assent.errors import UnavailableError

if TYPE_CHECKING:
    from assent.admin.delegations import Terms
    from assent.identity.chainfile import ChainFile
    from assent.model.grant import Grant, Limits
    from assent.ports import Reader

_FILE = click.Path(dir_okay=False, path_type=Path)
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_COLOURS = {"live": "green", "early": "yellow"}


def _lasting(ctx: click.Context, param: click.Parameter, value: str) -> int:
    """A number and one of s, m, h, d, as seconds."""
    number, unit = value[:-1], value[-1:]
    if unit not in _UNITS or not (number.isascii() and number.isdecimal()) or len(number) > 5 or int(number) == 0:
        raise click.BadParameter("write a number and one of s, m, h, d, for example 8h")
    return int(number) * _UNITS[unit]


def _targets(ctx: click.Context, param: click.Parameter, values: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Patterns by kind, each once, sorted."""
    found: dict[str, set[str]] = {}
    for one in values:
        kind, equals, pattern = one.partition("=")
        if not equals:
            raise click.BadParameter("write KIND=PATTERN, for example paths=/srv/reports/")
        found.setdefault(kind, set()).add(pattern)
    return {kind: tuple(sorted(patterns)) for kind, patterns in sorted(found.items())}


@click.group("delegations", cls=Group)
def command() -> None:
    """Who may act for whom, and how far: issue, take in, list, show, verify.

    A delegation is signed, and can only narrow the one it stands on.
    """


@command.command("issue")
@click.argument("subject", metavar="PRINCIPAL")
@click.option("--under", default="", metavar="ID", help="The delegation it stands on; without, it is yours.")
@click.option("--action", "actions", multiple=True, metavar="GROUP", help="As effect:read or tool:files/read_file.")
@click.option("--server", "servers", multiple=True, metavar="NAME", help="The call must go to one of them.")
@click.option(
    "--target", "targets", multiple=True, metavar="KIND=PATTERN", callback=_targets,
    help="As paths=/srv/reports/, hosts=*.example.com or addresses=*@example.com.",
)  # fmt: skip
@click.option("--condition", default="", metavar="CEDAR", help="One expression over `context` that must hold.")
@click.option("--calls", type=click.IntRange(1), help="So many calls in all. Default: any number.")
@click.option("--depth", type=click.IntRange(0, 15), default=0, show_default=True, help="Links that may follow it.")
@click.option("--for", "seconds", default="1h", show_default=True, callback=_lasting, help="How long it holds.")
@click.option("--session", default="", metavar="ID", help="The only session it holds in.")
@click.option("--task", type=click.File("rb"), metavar="FILE", help="The only task statement it holds for.")
@click.option("--out", type=_FILE, metavar="FILE", help="Write the chain there, to hand it over.")
@click.option(
    "--key", type=_FILE, metavar="FILE",
    help="Your key; with --under that of whom the other was given to. Default: the operator's key.",
)  # fmt: skip
@YES_OPTION
@with_shell
def issue(shell: Shell, subject: str, key: Path | None, yes: bool, out: Path | None, **said: Any) -> None:
    """Sign a delegation to PRINCIPAL. What you do not restrict, it does not restrict."""
    from assent.admin import delegations
    from assent.assembly import unlock_key

    with shell.open() as home:
        terms = _terms(subject, said, home.clock.now())
        click.echo("\n".join(_limit_lines(terms.limits)))
        confirm(f"Let {terms.subject} act within this until {when(terms.expires)}?", yes=yes)
        if terms.under and key is None:
            raise click.UsageError("give with --key the key of whom the delegation it stands on was given to")
        signer = unlock_key(key, passphrase) if key else home.unlock(None, passphrase)
        links = delegations.issue(home.log, signer, home.clock.now(), terms, _authority(home.config.home))
        with home.store.read() as reader:
            file = delegations.exported(reader, links)
    made = links[-1]
    click.echo(f"issued    {made.id}  {made.issuer} → {made.subject}")
    if not made.key and made.limits.depth:
        click.echo(f"note: {made.subject} has no key, so only token exchange can add a link to it", err=True)
    if out is not None:
        _write(out, file)


@command.command("add")
@click.argument("file", type=_FILE)
@with_shell
def add(shell: Shell, file: Path) -> None:
    """Take in a chain that was issued elsewhere; every link is verified first."""
    from assent.admin import delegations

    given = _read(file)
    with shell.open() as home:
        links = delegations.add(home.log, given, home.clock.now(), _authority(home.config.home))
    click.echo("\n".join(_lines(links)))


@command.command("list")
@click.option("--all", "every", is_flag=True, help="Those that are over, too.")
@JSON_OPTION
@with_shell
def list_(shell: Shell, every: bool, as_json: bool) -> None:
    """List delegations: from whom to whom, what is used, until when."""
    from assent.admin.delegations import chain, standing
    from assent.model.grant import Grant

    now = int(time.time() * 1000)
    with shell.read() as reader:
        states = {one.id: standing(reader, chain(reader, one.id), now) for one in reader.find_all(Grant)}
        rows = [
            _row(reader, one, states[one.id])
            for one in reader.find_all(Grant)
            if every or states[one.id] in ("live", "early")
        ]
    if as_json:
        print_json(rows)
        return
    if not rows:
        click.echo("nothing is delegated" if every else "nothing is delegated now; --all shows what was")
    for line in columns(_cells(row) for row in rows):
        click.echo(line)


@command.command("show")
@click.argument("id", metavar="ID")
@click.option("--out", type=_FILE, metavar="FILE", help="Write the chain there, to hand it over.")
@JSON_OPTION
@with_shell
def show(shell: Shell, id: str, out: Path | None, as_json: bool) -> None:
    """Show a delegation with all it stands on: each link, and what it restricts."""
    from assent.admin.delegations import chain, exported, standing

    now = int(time.time() * 1000)
    with shell.read() as reader:
        links = chain(reader, id)
        rows = [_row(reader, one, standing(reader, links[: at + 1], now)) for at, one in enumerate(links)]
        file = exported(reader, links)
    if out is not None:
        _write(out, file)
    if as_json:
        print_json(rows)
        return
    click.echo("\n".join(_lines(links, [row["status"] for row in rows])))


@command.command("verify")
@click.argument("file", type=_FILE)
@click.option(
    "--person", "people", multiple=True, metavar="USER=FILE",
    help="A person's public key (OpenSSH or PEM). Without any, those enrolled in the home count.",
)  # fmt: skip
@JSON_OPTION
@with_shell
def verify(shell: Shell, file: Path, people: tuple[str, ...], as_json: bool) -> None:
    """Verify a chain in a file, link by link, offline; exit code 4 if it does not hold."""
    from assent.admin.delegations import trust
    from assent.assembly import agent_public
    from assent.identity import grant, jwk, names

    given = _read(file)
    if people:
        told = [one.partition("=") for one in people]
        known = {jwk.thumbprint(agent_public(Path(path))): names.id_of(user) for user, _, path in told}
        trusted = grant.Trust(known, frozenset(), given.keys)
    else:
        with shell.read() as reader:
            trusted = trust(reader, given, _authority(shell.config().home))
    links = grant.verify(given.tokens, trusted, int(time.time() * 1000))
    if as_json:
        print_json([_link(one) for one in links])
        return
    click.echo("\n".join(_lines(links)))
    click.echo("every link holds; whether one was taken back, only the home that keeps it can say")


def _terms(subject: str, said: dict[str, Any], now: int) -> Terms:
    from assent_verify.canonical import digest

    from assent.admin.delegations import Terms
    from assent.identity import names
    from assent.model.grant import Limits
    from assent.policy.condition import parse

    condition = parse(said["condition"]) if said["condition"] else None
    limits = Limits(
        actions=tuple(sorted(set(said["actions"]))) or None,
        servers=tuple(sorted(set(said["servers"]))) or None,
        targets=said["targets"],
        condition=condition.text if condition else "",
        tree=condition.tree if condition else "",
        calls=said["calls"],
        depth=said["depth"],
    )
    begins = now // 1000 * 1000
    task = digest(said["task"].read()) if said["task"] else ""
    ends = begins + said["seconds"] * 1000
    return Terms(names.id_of(subject), limits, begins, ends, said["session"], task, said["under"])


def _authority(home: Path) -> frozenset[str]:
    """Thumbprint of the key with which this home signs for others; none if it never has."""
    from assent.assembly import authority_public
    from assent.identity import jwk

    return frozenset(jwk.thumbprint(public) for public in authority_public(home))


def _read(file: Path) -> ChainFile:
    from assent.identity.chainfile import LARGEST, ChainFile

    try:
        with file.open("rb") as stream:
            data = stream.read(LARGEST + 1)
    except OSError as error:
        raise UnavailableError("file_unreadable", f"`{file}` cannot be read: {error.strerror}") from error
    return ChainFile.parse(data)


def _write(out: Path, file: ChainFile) -> None:
    try:
        out.write_bytes(bytes(file))
    except OSError as error:
        text = f"`{out}` cannot be written: {error.strerror}"
        raise UnavailableError("export_unwritable", text, help="choose another place") from error
    click.echo(f"wrote     {out}", err=True)


def _lines(links: Sequence[Grant], states: Sequence[str] = ()) -> list[str]:
    """A chain as a person reads it, a step further in with every link."""
    told = [visible(links[0].issuer)]
    for at, link in enumerate(links):
        state = f"  {click.style(states[at], fg=_COLOURS.get(states[at], 'red'))}" if states else ""
        told.append(f"{'  ' * at}└─ {visible(link.subject)}  {link.id}{state}")
        bound = [f"until      {when(link.expires)}", *_limit_lines(link.limits)]
        bound += [f"session    {link.session}"] if link.session else []
        bound += [f"task       {link.task}"] if link.task else []
        told += [f"{'  ' * at}     {line}" for line in bound]
    return told


def _limit_lines(limits: Limits) -> list[str]:
    """What one link restricts, a line each; what it leaves open is said in one."""
    told = [("actions", limits.actions), ("servers", limits.servers), *limits.targets.items()]
    lines = [f"{name:<11}{visible(', '.join(values))}" for name, values in told if values is not None]
    lines += [f"{'condition':<11}{limits.condition}"] if limits.condition else []
    lines += [f"{'calls':<11}{limits.calls}"] if limits.calls is not None else []
    lines += [f"{'depth':<11}{limits.depth}"] if limits.depth else []
    return lines or ["restricts  nothing of its own"]


def _row(reader: Reader, link: Grant, state: str) -> dict[str, Any]:
    """The object of `assent delegations list --json`."""
    from assent.admin.delegations import used

    return {**_link(link), "status": state, "used": used(reader, link)}


def _link(link: Grant) -> dict[str, Any]:
    """What a token says, as the object of `assent delegations verify --json`."""
    from assent.identity.grant import as_json

    return {
        "id": link.id,
        "parent": link.parent,
        "issuer": link.issuer,
        "subject": link.subject,
        "limits": as_json(link.limits),
        "session": link.session,
        "task": link.task,
        "not_before": when(link.not_before),
        "expires_at": when(link.expires),
        "digest": link.digest,
    }


def _cells(row: dict[str, Any]) -> list[str]:
    told = row["limits"]
    calls = f"{row['used']} of {told['calls']} calls" if "calls" in told else f"{row['used']} calls"
    what = [*told.get("actions", ()), *(f"at {one}" for one in told.get("servers", ())), *told.get("targets", ())]
    who = f"{row['issuer']} → {row['subject']}"
    state = click.style(row["status"], fg=_COLOURS.get(row["status"], "red"))
    more = ", ".join(what) or ("a condition" if "condition" in told else "anything")
    return [row["id"], state, visible(who), calls, f"until {row['expires_at'][:19]}Z", visible(more)]
