"""`assent statement`: what was and was not proved of a file, in sentences, signed."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import BinaryIO

import click

from assent.cli.asking import passphrase
from assent.cli.shell import Shell, with_shell
from assent.errors import ConfigError, ProofError, UnavailableError


def _open(file: Path) -> BinaryIO:
    return file.open("rb")


@click.command("statement")
@click.argument("file", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "-o", "--output", required=True, type=click.Path(dir_okay=False, path_type=Path), metavar="NOTE", help="Where to."
)
@click.option(
    "--sign-with", "key", required=True, type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
    help="Your own Ed25519 key file: an auditor's, or the operator's.",
)  # fmt: skip
@click.option("--as", "name", required=True, metavar="NAME", help="Whose it is, one word: `auditor.example/ana`.")
@click.option(
    "--trust", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="FILE",
    help="Keys as an organisation published them, got from outside the log.",
)  # fmt: skip
@click.option("--log-key", "log_keys", multiple=True, metavar="VKEY", help="A key that signs checkpoints.")
@click.option("--reviewer", "reviewers", multiple=True, metavar="KEY", help="Base64 of a person's key that you trust.")
@with_shell
def command(
    shell: Shell,
    file: Path,
    output: Path,
    key: Path,
    name: str,
    trust: Path | None,
    log_keys: Sequence[str],
    reviewers: Sequence[str],
) -> int:
    """Verify an export or evidence and write down, for people, what that proved and what it did not.

    The text names the file, its digest, and where each key came from. Whoever has
    the file and the same keys checks it with `assent-verify --statement`.
    """
    from assent_verify import __version__
    from assent_verify.files import verify_file
    from assent_verify.given import gather
    from assent_verify.note import VerifierKey, sign
    from assent_verify.policy import Policy
    from assent_verify.statement import About, text
    from assent_verify.trust import parse
    from assent_verify.witnessed import Asked

    from assent.assembly import unlock_key

    try:
        found = parse(trust.read_bytes()) if trust else None
        given = gather(log_keys, reviewers, found, str(trust))
        policy = Policy.parse(str(found).encode()) if found and found.policy else None
        report = verify_file(partial(_open, file), given.log_keys, given.roots, Asked(policy))
    except ProofError as error:
        raise ConfigError(error.code, error.message, help=error.help) from error
    with file.open("rb") as opened:
        digest = f"sha256:{hashlib.file_digest(opened, 'sha256').hexdigest()}"
    made = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    signer = unlock_key(key, passphrase)
    note = sign(
        text(report, About(file.name, digest, made, __version__, given.sources)),
        vkey := VerifierKey(name, signer.public),
        signer.sign,
    )
    try:
        output.write_bytes(note)
    except OSError as error:
        text_ = f"`{output}` cannot be written: {error.strerror}"
        raise UnavailableError("export_unwritable", text_, help="choose another place") from error
    click.echo(f"wrote {output}; it is checked with\n  assent-verify {file.name} --statement {output} --signer {vkey}")
    return 0 if report.holds else 4
