"""`assent receipts convert`: receipts in the forms that other programs read."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from assent.cli.ledger import Lines, Receipt, find, receipts
from assent.cli.output import visible
from assent.cli.shell import ARCHIVE_OPTION, Shell, with_shell
from assent.errors import ConfigError, UnavailableError

if TYPE_CHECKING:
    from assent_verify.note import VerifierKey

    from assent.evidence.exports.form import Placed
    from assent.ports import Reader

FORMS = ("ocsf", "csv", "in-toto", "scitt")


@click.command("convert")
@click.argument("form", type=click.Choice(FORMS))
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--session", metavar="ID", help="Only this session.")
@click.option("--kind", type=click.Choice(["decision", "outcome", "approval", "session", "system"]), help="Only these.")
@click.option("--last", type=click.IntRange(1), metavar="N", help="Only the last N leaves of the log.")
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Default: stdout."
)
@ARCHIVE_OPTION
@with_shell
def command(
    shell: Shell,
    form: str,
    ids: tuple[str, ...],
    session: str | None,
    kind: str | None,
    last: int | None,
    output: Path | None,
    archives: Sequence[str],
) -> None:
    """Write receipts as OCSF events, CSV, in-toto attestations or SCITT statements.

    ID is as for `receipts show`; without any, all receipts. `ocsf` and `in-toto` are one JSON
    object a line (the latter in a DSSE envelope), `scitt` a sequence of CBOR items. The last
    two are signed with the log's key and carry the proof that the receipt is in the log.
    No form holds a value that a receipt only commits to.
    """
    from assent.record.archive import filled

    with shell.read(archives) as reader:
        chosen = (one for id in ids for one in find(reader, id)) if ids else _all(filled(reader), last)
        wanted = (one for one in chosen if kind in (None, one.kind) and session in (None, one.session))
        written = _WRITERS[form](shell, reader, wanted)
        if output is None:
            for part in written:
                sys.stdout.buffer.write(part)
            return
        from assent.cli.exporting import write_private

        write_private(output, written)
    click.echo(f"wrote {visible(str(output))}", err=True)


def _all(reader: Reader, last: int | None) -> Iterator[Receipt]:
    return receipts(reader, max(0, reader.size() - last) if last else 0)


def _ocsf(_: Shell, reader: Reader, wanted: Iterable[Receipt]) -> Iterator[bytes]:
    import json

    from assent.evidence.exports import ocsf

    lines, origin = Lines(reader), _origin(reader)
    for one in wanted:
        row = lines.row(one)
        tool = str(row["server"] or ""), one.text("action", "tool") if one.kind == "decision" else ""
        yield json.dumps(ocsf.event(one.index, one.data, one.leaf, origin, tool)).encode() + b"\n"


def _csv(_: Shell, __: Reader, wanted: Iterable[Receipt]) -> Iterator[bytes]:
    from assent.evidence.exports import table

    return (line.encode() for line in table.rows((one.index, one.data, one.leaf) for one in wanted))


def _intoto(shell: Shell, reader: Reader, wanted: Iterable[Receipt]) -> Iterator[bytes]:
    from assent.evidence.exports import attestation

    key, sign, _ = _signer(shell, reader)
    for one in _placed(reader, wanted):
        yield attestation.envelope(one, key.name, str(key), sign) + b"\n"


def _scitt(shell: Shell, reader: Reader, wanted: Iterable[Receipt]) -> Iterator[bytes]:
    try:
        from assent.evidence.exports import scitt
    except ImportError as error:
        text = "what writes CBOR is not installed"
        raise ConfigError("extra_missing", text, help="pip install 'assent[scitt]'") from error
    key, sign, quantum = _signer(shell, reader)
    algorithm = scitt.ML_DSA_44 if quantum else scitt.EDDSA
    for one in _placed(reader, wanted):
        yield scitt.transparent(one, key.name, key.id, sign, algorithm)


_WRITERS: dict[str, Callable[[Shell, Reader, Iterable[Receipt]], Iterator[bytes]]] = {
    "ocsf": _ocsf,
    "csv": _csv,
    "in-toto": _intoto,
    "scitt": _scitt,
}


def _placed(reader: Reader, wanted: Iterable[Receipt]) -> Iterator[Placed]:
    """Each receipt with its proof under the last signed checkpoint.

    Raises:
        UnavailableError: `not_signed_yet`.
    """
    from assent_verify.checkpoint import Checkpoint
    from assent_verify.note import Note

    from assent.evidence.exports.form import Placed
    from assent.record.tiles import tree

    size, note = max(reader.checkpoints(), default=(0, b""))
    root = Checkpoint.parse(Note.parse(note).text).root if note else b""
    proofs = tree(reader, size)
    for one in wanted:
        if one.index >= size:
            text = f"leaf {one.index} is not covered by a signed checkpoint yet"
            raise UnavailableError("not_signed_yet", text, help="try again in a second")
        path = tuple(proofs.inclusion(one.index, size))
        yield Placed(one.index, one.data, one.leaf, note.decode(), size, root, path)


def _signer(shell: Shell, reader: Reader) -> tuple[VerifierKey, Callable[[bytes], bytes], bool]:
    """The log's key in force, its signature, and whether that is ML-DSA-44."""
    from assent_verify.note import ED25519, VerifierKey

    from assent.assembly import log_ring
    from assent.record import logkeys

    [vkey, *_] = logkeys.spans(reader)[-1].keys
    signer = log_ring(shell.config().home).find(vkey)
    if signer is None:
        raise ConfigError("log_key_lost", f"the log's key `{vkey[:40]}` is not here", help="run: assent keys list")
    key = VerifierKey.parse(vkey)
    return key, signer.sign, key.type != ED25519


def _origin(reader: Reader) -> str:
    from assent_verify.note import VerifierKey

    from assent.record import logkeys

    return VerifierKey.parse(logkeys.spans(reader)[0].keys[0]).name
