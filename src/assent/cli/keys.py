"""`assent keys`: the keys that sign the log, and changing them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from assent.cli import people
from assent.cli.asking import confirm, passphrase
from assent.cli.output import columns, print_json
from assent.cli.shell import JSON_OPTION, KEY_OPTION, YES_OPTION, Group, Shell, must_exist, with_shell
from assent.errors import RequestError, UnavailableError

if TYPE_CHECKING:
    from assent_verify.note import VerifierKey

    from assent.ports import Reader

_TYPES = {"ed25519": 1, "ml-dsa-44": 6}


@click.group("keys", cls=Group, commands=[people.new, people.people, people.enrol, people.remove])
def command() -> None:
    """People's keys, and the keys that sign the log."""


@command.command("list")
@JSON_OPTION
@with_shell
def list_(shell: Shell, as_json: bool) -> None:
    """List every key that was ever the log's, and where its private half lies."""
    from assent.assembly import log_ring

    ring = log_ring(shell.config().home)
    with shell.read() as reader:
        rows = _rows(reader)
    for row in rows:
        path = ring.file_of(row["key"])
        row["file"] = str(path) if path else ""
    if as_json:
        print_json({"keys": rows})
        return
    cells = [[row["id"], row["algorithm"], row["state"], row["file"] or "no file here"] for row in rows]
    click.echo("\n".join(columns(cells)))


@command.command("fingerprint")
@with_shell
def fingerprint(shell: Shell) -> None:
    """Print the keys in force so that they can be read aloud and compared, and people's keys."""
    with shell.read() as reader:
        for key in _in_force(reader):
            groups = key.fingerprint.split()
            click.echo(f"{key}\n{key.algorithm}, SHA-256 of type and key:")
            for at in range(0, 16, 4):
                click.echo("  " + " ".join(groups[at : at + 4]))
        found = _people(reader)
        for user, public in found:
            click.echo(f"{public}\nEd25519, signs as {user}; an auditor gives it as --reviewer")
        if not found and reader.state("operator"):
            click.echo("note: people's keys stand in sealed receipts; `assent keys publish` writes them", err=True)


@command.command("rotate")
@click.option("--lost", is_flag=True, help="The old key is gone: do not ask it for a last signature.")
@click.option("--stolen", is_flag=True, help="Others may have the old key: nothing that it signs counts any more.")
@click.option("--keep", is_flag=True, help="Add a key beside those in force; from then on all of them sign.")
@click.option("--old", metavar="ID", help="Which key goes, as `assent keys list` shows it. Default: the only one.")
@click.option(
    "--algorithm", type=click.Choice(list(_TYPES)), default="ed25519", show_default=True, help="Of the new key."
)
@KEY_OPTION
@YES_OPTION
@with_shell
def rotate(
    shell: Shell, lost: bool, stolen: bool, keep: bool, old: str | None, algorithm: str, key: Path | None, yes: bool
) -> None:
    """Put a new log key in force, with the operator's signature.

    Without --lost and --stolen the old key signs once more, over the change, so
    that whoever trusts it can follow. May be run again after a crash.
    """
    from assent.admin.rotate import Change, Reason, rotate
    from assent.assembly import log_ring, open_to_rotate

    if lost + stolen + keep > 1:
        raise click.UsageError("--lost, --stolen and --keep exclude each other")
    config = shell.config()
    must_exist(config)
    with open_to_rotate(config) as home:
        with home.store.read() as reader:
            live = _in_force(reader)
            gone = [] if keep else [_one(live, old)]
            if lost or stolen:
                gone += [key for key in _absent(config.home, reader) if key not in live]
            else:
                _all_here(config.home, reader)
        verb = f"Replace {_short(gone[0])}" if gone else "Add a key"
        confirm(f"{verb} ({'stolen' if stolen else 'lost' if lost else 'planned'})?", yes=yes)
        signer = home.unlock(key, passphrase)
        fresh = log_ring(config.home).create(home.log.origin, _TYPES[algorithm])
        reason: Reason = "stolen" if stolen else "lost" if lost else "planned"
        at = rotate(home.log, signer, home.clock.now(), Change(reason, (str(fresh),), tuple(str(one) for one in gone)))
        home.log.checkpoint().result()
        click.echo(f"leaf {at}: {fresh}")
    click.echo("Tell whoever verifies or witnesses this log (assent keys publish), and keep the new file safe.")
    if gone and log_ring(config.home).file_of(str(gone[0])):
        click.echo(f"Take the old private key away: assent keys retire {gone[0].id.hex()}")


@command.command("retire")
@click.argument("id", metavar="ID")
@KEY_OPTION
@YES_OPTION
@with_shell
def retire(shell: Shell, id: str, key: Path | None, yes: bool) -> None:
    """Let a key sign no more: one of several in force, or delete the private half of one that is not.

    A key in force signs once more, over the change; run it a second time to delete its file.
    """
    from assent.admin.rotate import Change, rotate
    from assent.assembly import log_ring

    with shell.open() as home:
        with home.store.read() as reader:
            row = next((row for row in _rows(reader) if row["short"] == id), None)
        if row is None:
            raise RequestError("no_such_key", f"no key of this log has the id `{id}`", help="see: assent keys list")
        if row["state"] == "in force":
            with home.store.read() as reader:
                _all_here(shell.config().home, reader)
            confirm(f"Take {row['id']} out of force?", yes=yes)
            at = rotate(home.log, home.unlock(key, passphrase), home.clock.now(), Change("planned", (), (row["key"],)))
            home.log.checkpoint().result()
            click.echo(f"leaf {at}: {row['id']} signs no more")
            return
        path = log_ring(shell.config().home).file_of(row["key"])
        if path is None:
            click.echo("its private half is not here")
            return
        confirm(f"Delete {path}? Copies elsewhere stay", yes=yes)
        path.unlink()
        click.echo(f"deleted {path}")


@command.command("publish")
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.option("--url", default="", metavar="URL", help="Where the log's tiles are published.")
@click.option(
    "--witnesses", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="FILE",
    help="Lines `witness`, `group` and `quorum` of a c2sp.org/tlog-policy.",
)  # fmt: skip
@KEY_OPTION
@with_shell
def publish(shell: Shell, folder: Path, url: str, witnesses: Path | None, key: Path | None) -> None:
    """Write DIR/.well-known/assent-trust: the keys in force and people's keys, signed by all of them.

    Serve DIR from your own domain. Whoever got it from there knows whose keys they are.
    """
    from assent_verify.note import VerifierKey, sign_all
    from assent_verify.trust import Trust, parse

    from assent.assembly import log_ring
    from assent.record.leaves import rfc3339

    lines = witnesses.read_text(encoding="utf-8").splitlines() if witnesses else []
    policy = tuple(line for line in lines if line and not line.startswith(("#", "log ")))
    with shell.open() as home:
        person = home.unlock(key, passphrase)
        with home.store.read() as reader:
            rows = _rows(reader)
        retired = [(VerifierKey.parse(row["key"]), row["until"]) for row in rows if row["state"] == "retired"]
        live = [VerifierKey.parse(row["key"]) for row in rows if row["state"] == "in force"]
        named = VerifierKey(home.log.origin, person.public)
        trust = Trust(rfc3339(home.clock.now()), tuple(live), tuple(retired), (named,), url, policy)
        ring = log_ring(home.config.home)
        signers = {key: person if key == named else ring.find(str(key)) for key in trust.signers()}
        note = sign_all(str(trust), [(key, signer.sign) for key, signer in signers.items() if signer is not None])
    parse(note)
    place = folder / ".well-known" / "assent-trust"
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(note)
    except OSError as error:
        text = f"`{place}` cannot be written: {error.strerror}"
        raise UnavailableError("export_unwritable", text, help="choose another place") from error
    click.echo(f"wrote {place}")


def _rows(reader: Reader) -> list[dict[str, Any]]:
    """Every key of the log, oldest first."""
    from assent_verify.note import VerifierKey

    from assent.record.logkeys import spans

    found = spans(reader)
    since: dict[str, int] = {}
    for span in found:
        for vkey in span.keys:
            since.setdefault(vkey, max(span.start - 1, 0))
    rows = []
    for vkey, at in since.items():
        key = VerifierKey.parse(vkey)
        state = "retired"
        if vkey in found[-1].keys:
            state = "in force"
        elif vkey in found[-1].leaving:
            state = "to sign the next checkpoint"
        until = min((span.start - 1 for span in found if span.start - 1 > at and vkey not in span.keys), default=None)
        rows.append(
            {
                "id": _short(key),
                "short": key.id.hex(),
                "key": vkey,
                "algorithm": key.algorithm,
                "since": at,
                "until": until,
                "state": state,
                "fingerprint": key.fingerprint,
            }
        )
    return rows


def _in_force(reader: Reader) -> list[VerifierKey]:
    from assent_verify.note import VerifierKey

    from assent.record.logkeys import spans

    found = spans(reader)
    return [VerifierKey.parse(vkey) for vkey in found[-1].keys] if found else []


def _absent(home: Path, reader: Reader) -> list[VerifierKey]:
    """The keys that must sign the next checkpoint and whose private half is not here."""
    from assent_verify.note import VerifierKey

    from assent.assembly import log_ring
    from assent.record.logkeys import needed, spans

    ring = log_ring(home)
    return [VerifierKey.parse(vkey) for vkey in needed(spans(reader)) if ring.find(vkey) is None]


def _all_here(home: Path, reader: Reader) -> None:
    """Before the leaf: a planned change that waits for a lost key's signature leaves a home that signs nothing.

    Raises:
        UnavailableError: `log_key_lost`.
    """
    if absent := _absent(home, reader):
        help = "restore its key file from a backup, or run: assent keys rotate --lost"
        raise UnavailableError("log_key_lost", f"the log's key `{absent[0].id.hex()}` is not there", help=help)


def _people(reader: Reader) -> list[tuple[str, str]]:
    """Who may sign, with the base64 of each public key that counts, as the receipts of their enrolment say."""
    import json

    from assent.admin.people import known

    counts = known(reader)
    found = (json.loads(data)["subject"] for _, data in reader.leaves() if b'"event":"enrol"' in data)
    return [(said["user"], said["key"]) for said in found if said["fingerprint"] in counts]


def _one(keys: Sequence[VerifierKey], id: str | None) -> VerifierKey:
    wanted = [key for key in keys if id in (None, key.id.hex())]
    if len(wanted) != 1:
        text = f"{len(wanted)} keys in force fit, expected one"
        raise RequestError("no_such_key", text, help="name it with --old; see: assent keys list")
    return wanted[0]


def _short(key: VerifierKey) -> str:
    return f"{key.name}+{key.id.hex()}"
