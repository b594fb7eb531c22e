"""`assent recover`: a lost or stolen key, or a policy that locks everybody out; two people, or the sealed key."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import click

from assent.cli.asking import confirm, passphrase
from assent.cli.output import columns, print_json, visible, when
from assent.cli.people import rows_of
from assent.cli.shell import JSON_OPTION, KEY_OPTION, YES_OPTION, Group, Shell, with_shell
from assent.errors import RequestError, UnavailableError

if TYPE_CHECKING:
    from assent.admin.recover import Act, Request
    from assent.assembly import Home
    from assent.ports import Reader

_FILE = click.Path(dir_okay=False, path_type=Path)
_MOST_BYTES = 65_536
Wrapped = TypeVar("Wrapped", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class How:
    """Who signs: the sealed recovery key, or a key of one person with that of a second, or a file that goes to them."""

    recovery: Path | None
    key: Path | None
    second: Path | None
    request: Path | None
    yes: bool


def _how(function: Wrapped) -> Wrapped:
    """Give a command the options that say who signs, as `How`."""

    def wrapped(*args: object, **given: Any) -> object:
        names = ("recovery", "key", "second", "request", "yes")
        return function(*args, how=How(*(given.pop(name) for name in names)), **given)

    wrapped.__name__, wrapped.__doc__ = function.__name__, function.__doc__
    options = [
        click.option("--recovery", type=_FILE, metavar="FILE", help="The recovery key, out of its safe: signs alone."),
        KEY_OPTION,
        click.option("--second", type=_FILE, metavar="FILE", help="The key file of a second person who is here."),
        click.option("--request", type=_FILE, metavar="FILE", help="Write what a second person signs elsewhere."),
        YES_OPTION,
    ]
    for option in reversed(options):
        wrapped = option(wrapped)
    return wrapped  # type: ignore[return-value]


@click.group("recover", cls=Group)
def command() -> None:
    """Replace lost and stolen keys; break glass; try beforehand that it works.

    Signed by two people whose keys have been enrolled for a day, or by the sealed
    recovery key. docs/recovery.md says what to do at three in the morning.
    """


@command.command("status")
@JSON_OPTION
@with_shell
def status(shell: Shell, as_json: bool) -> None:
    """Say who could recover this home, when that was tried, and which bundles can stand in."""
    now = int(time.time() * 1000)
    with shell.read() as reader:
        found = standing(reader, now)
    if as_json:
        print_json(found)
        return
    for line in columns([row["fingerprint"], row["role"], visible(row["user"])] for row in found["people"]):
        click.echo(line)
    click.echo(f"recovery     {found['recovery'] or 'no key is sealed: assent recover seal FILE'}")
    click.echo(f"tried        {found['rehearsed'] or 'never: assent recover rehearse FILE'}")
    click.echo(f"two people   {'yes' if found['two_people'] else 'no: enrol another, and wait a day'}")
    click.echo(f"break-glass  {said(found['breakglass'])}")
    for name, digest in found["sealed_bundles"].items():
        click.echo(f"sealed       {name}  {digest}")


def standing(reader: Reader, now: int) -> dict[str, Any]:
    """Who could recover this home, and what stands in: the object of `assent recover status --json`."""
    from assent_verify.people import SETTLED

    from assent.admin import breakglass, people

    known = people.known(reader)
    able = {one.user for one in known.values() if one.role != "recovery" and one.since <= now - SETTLED}
    bundle, until = breakglass.standing_in(reader.state(breakglass.STATE) or "", now)
    return {
        "people": rows_of(reader),
        "recovery": reader.state(people.RECOVERY) or "",
        "rehearsed": reader.state(people.REHEARSED) or "",
        "two_people": len(able) > 1,
        "breakglass": {"bundle": bundle, "until": when(until)} if until else None,
        "sealed_bundles": json.loads(reader.state(breakglass.SEALED) or "{}"),
    }


def said(glass: dict[str, str] | None) -> str:
    """Whether another bundle stands in, as it must be said."""
    return f"ON until {glass['until']}: {glass['bundle']} stands in for the active policy" if glass else "off"


@command.command("seal")
@click.argument("file", metavar="FILE", type=_FILE)
@_how
@with_shell
def seal(shell: Shell, file: Path, how: How) -> None:
    """Make the recovery key, locked with a passphrase, in FILE outside the home; then put it into a safe.

    An operator's key seals the first one. The one that is sealed is replaced by itself
    (--recovery) or by two people, never by an operator alone.
    """
    from assent.admin.recover import guard, sealing
    from assent.assembly import create_recovery

    with shell.open() as home:
        signer, place = create_recovery(home.config, file, passphrase)
        guard(home.log, place)
        _carry_out(home, (sealing(signer.public),), how, "Seal this key for recovery?")
    click.echo(f"{file} is the recovery key. Take it off this machine and into a safe, its passphrase apart from it;")
    click.echo("then try it: assent recover rehearse FILE")


@command.command("operator")
@click.argument("key_of", metavar="KEY")
@click.option("--instead-of", required=True, metavar="FINGERPRINT", help="The key that counts no more.")
@click.option("--reason", "why", type=click.Choice(["lost", "stolen"]), required=True, help="What became of it.")
@_how
@with_shell
def operator(shell: Shell, key_of: str, instead_of: str, why: Literal["lost", "stolen"], how: How) -> None:
    """Let a new operator's key count instead of a lost or stolen one, for the same person.

    KEY is the new public key (assent keys new FILE prints it), or a file that holds it. With
    `stolen`, everything that the old key signed is listed: look at what a thief may have done.
    """
    from assent.admin.recover import enrolment, removal, signed_by
    from assent.identity.public import read_public

    with shell.open() as home:
        with home.store.read() as reader:
            old = removal(reader, instead_of, why)
            listed = signed_by(reader, str(old.subject["fingerprint"])) if why == "stolen" else []
        new = enrolment(read_public(key_of), type(home.owner)(str(old.subject["user"])), "operator")
        words = f"Replace {old.subject['fingerprint']} of {visible(str(old.subject['user']))} by "
        _carry_out(home, (new, old), how, words + f"{new.subject['fingerprint']}?")
    for index, at, event in listed:
        click.echo(f"  signed by the old key: leaf {index}  {at}  {event}")


@command.command("remove")
@click.argument("fingerprint", metavar="FINGERPRINT")
@click.option(
    "--reason", "why", type=click.Choice(["left", "lost", "stolen"]), required=True, help="What became of it."
)
@_how
@with_shell
def remove(shell: Shell, fingerprint: str, why: Literal["left", "lost", "stolen"], how: How) -> None:
    """Let another person's key count no more, an operator's too."""
    from assent.admin.recover import removal

    with shell.open() as home:
        with home.store.read() as reader:
            act = removal(reader, fingerprint, why)
        told = f"Remove {act.subject['fingerprint']} of {visible(str(act.subject['user']))}?"
        _carry_out(home, (act,), how, told)


@command.command("break-glass")
@click.argument("bundle", metavar="[BUNDLE]", default="previous")
@click.option("--hours", type=click.IntRange(1, 8), default=1, show_default=True, help="When it ends by itself.")
@click.option("--reason", required=True, metavar="CODE", help="For the record, such as `locked_out`.")
@_how
@with_shell
def break_glass(shell: Shell, bundle: str, hours: int, reason: str, how: How) -> None:
    """Let another bundle stand in for the active policy, for some hours.

    BUNDLE is `previous`, the name of one that was sealed (assent recover prepare), or the start of
    the digest of one that was in force. Its rules hold: they ask people and deny, and
    nothing reaches Assent's own files. The end comes by itself: assent recover end.
    """
    from assent.admin import breakglass
    from assent.admin.recover import Act

    with shell.open() as home:
        with home.store.read() as reader:
            subject = breakglass.on(reader, bundle, hours, reason, home.clock.now())
        _carry_out(
            home, (Act("breakglass", subject),), how, f"Let {subject['bundle']} stand in until {subject['until']}?"
        )


@command.command("end")
@click.option("--recovery", type=_FILE, metavar="FILE", help="The recovery key.")
@KEY_OPTION
@YES_OPTION
@with_shell
def end(shell: Shell, recovery: Path | None, key: Path | None, yes: bool) -> None:
    """End break-glass before its time; any person whose key counts may."""
    from assent.admin.recover import Act

    with shell.open() as home:
        act = Act("breakglass", {"bundle": "", "reason": "ended", "state": "off", "until": ""})
        _carry_out(home, (act,), How(recovery, key, None, None, yes), "Put the active policy in force again?")


@command.command("prepare")
@click.argument("name", metavar="NAME")
@click.argument("places", metavar="PATH...", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@KEY_OPTION
@YES_OPTION
@with_shell
def prepare(shell: Shell, name: str, places: Sequence[Path], key: Path | None, yes: bool) -> None:
    """Seal policy files under NAME, to stand in one day; they are checked now."""
    from assent.admin import breakglass, texts

    with shell.open() as home:
        policies, entities = texts.given(list(places))
        found = texts.Texts(policies, entities or "", texts.shipped())
        confirm(f"Seal {len(policies)} policy files as `{visible(name)}`?", yes=yes)
        digest = breakglass.seal(home.log, name, found, home.unlock(key, passphrase), home.clock.now())
    click.echo(f"sealed    {name}  {digest}")


@command.command("sign")
@click.argument("file", metavar="FILE", type=_FILE)
@KEY_OPTION
@YES_OPTION
@with_shell
def sign(shell: Shell, file: Path, key: Path | None, yes: bool) -> None:
    """Sign a request as the second person, on any machine; takes no home but your key, given with --key.

    Ask the person who sent it over another way, and compare the fingerprints that are shown.
    """
    from assent.admin.home import OPERATOR_KEY
    from assent.assembly import unlock_key

    request = _read(file)
    _show(request)
    confirm("Do you agree, having spoken to who asks?", yes=yes)
    signer = unlock_key(key or shell.config().home / OPERATOR_KEY, passphrase)
    _write(file, request.second(signer, int(time.time() * 1000)))
    click.echo(f"signed    {file}; the first person runs: assent recover finish {file.name}")


@command.command("finish")
@click.argument("file", metavar="FILE", type=_FILE)
@KEY_OPTION
@YES_OPTION
@with_shell
def finish(shell: Shell, file: Path, key: Path | None, yes: bool) -> None:
    """Do what two people have agreed on: FILE comes back signed by the second."""
    request = _read(file)
    with shell.open() as home:
        _show(request)
        confirm("Do this?", yes=yes)
        _perform(home, request, home.unlock(key, passphrase))


@command.command("rehearse")
@click.argument("file", metavar="FILE", type=_FILE)
@YES_OPTION
@with_shell
def rehearse(shell: Shell, file: Path, yes: bool) -> None:
    """Go the whole way of a lost operator's key with the recovery key in FILE, and undo it.

    The same checks and writes as on the bad night, in a transaction that is dropped; nobody's
    authority changes. One leaf says that it was tried. Do it twice a year.
    """
    from assent.admin.recover import rehearse as go
    from assent.assembly import throwaway_key, unlock_key

    with shell.open() as home:
        confirm("Try the recovery key?", yes=yes)
        signer = unlock_key(file, passphrase)
        at = go(home.log, signer, throwaway_key(), home.clock.now())
    click.echo(f"leaf {at}: the recovery key works; nothing was changed. Put it back into the safe")


def _carry_out(home: Home, acts: tuple[Act, ...], how: How, question: str) -> None:
    """Sign and do it, here, or write it down for a second person elsewhere."""
    from assent.admin.recover import Request
    from assent.assembly import unlock_key

    request = Request(home.log.origin, acts)
    request.whole()
    if how.request is not None:
        _write(how.request, request)
        click.echo(
            f"wrote     {how.request}: a second person runs `assent recover sign`, then you `assent recover finish`"
        )
        return
    confirm(question, yes=how.yes)
    if how.recovery is not None:
        _perform(home, request, unlock_key(how.recovery, passphrase))
        return
    if how.second is not None:
        request = request.second(unlock_key(how.second, passphrase), home.clock.now())
    _perform(home, request, home.unlock(how.key, passphrase))


def _perform(home: Home, request: Request, signer: Any) -> None:
    from assent.admin.recover import perform

    at = perform(home.log, request, signer, home.clock.now())
    home.log.checkpoint().result()
    for index, act in zip(at, request.acts, strict=True):
        click.echo(f"leaf {index}: {_told(act)}")


def _told(act: Act) -> str:
    """One act in words."""
    said = {name: visible(str(value)) for name, value in act.subject.items()}
    if act.event == "enrol":
        return f"{said['fingerprint']} counts as {said.get('role', 'operator')} {said['user']}"
    if act.event == "removal":
        return f"{said['fingerprint']} of {said['user']} counts no more ({said['reason']})"
    if act.event == "recovery":
        return f"{said['fingerprint']} is {said['change']} as the recovery key"
    if said["state"] == "on":
        return f"{said['bundle']} stands in until {said['until']} ({said['reason']})"
    return f"break-glass {said['state']} ({said['reason']})"


def _show(request: Request) -> None:
    click.echo(f"for the log {visible(request.origin)}:")
    for act in request.acts:
        click.echo(f"  {_told(act)}")


def _read(file: Path) -> Request:
    from assent.admin.recover import Request

    try:
        with file.open("rb") as opened:
            return Request.parse(opened.read(_MOST_BYTES + 1))
    except OSError as error:
        raise RequestError("bad_request", f"`{file}` cannot be read: {error.strerror}") from error


def _write(file: Path, request: Request) -> None:
    try:
        file.write_bytes(request.text())
    except OSError as error:
        text = f"`{file}` cannot be written: {error.strerror}"
        raise UnavailableError("export_unwritable", text, help="choose another place") from error
