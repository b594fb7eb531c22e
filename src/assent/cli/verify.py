"""`assent verify`: check a log offline, leaf by leaf."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from assent.cli.output import print_json, visible
from assent.cli.shell import ARCHIVE_OPTION, JSON_OPTION, Shell, with_shell
from assent.errors import ConfigError, ProofError, UnavailableError
from assent.model.ids import LeafIndex

if TYPE_CHECKING:
    from assent_verify.note import VerifierKey
    from assent_verify.report import Report
    from assent_verify.verify import Verifier
    from assent_verify.witnessed import Asked

    from assent.ports import Reader, Sidecar

_FILE = click.Path(dir_okay=False, path_type=Path)
_SQLITE = b"SQLite format 3\0"


@dataclass(frozen=True, slots=True)
class Trusted:
    """What is trusted beforehand and asked for, from outside the log."""

    log_key: VerifierKey | None
    reviewers: Sequence[bytes]
    asked: Asked
    tsa: Path | None = None


def _trust_options(command: Callable[..., int]) -> Callable[..., int]:
    """Give a command, as `trusted`, what its options say of keys and witnesses."""

    @click.option("--log-key", metavar="VKEY", help="The key that signs checkpoints, NAME+ID+BASE64, not from the log.")
    @click.option(
        "--reviewer",
        "reviewers",
        multiple=True,
        metavar="KEY",
        help="A person's key (`assent keys fingerprint`).",
    )
    @click.option("--witness", "witnesses", multiple=True, metavar="VKEY", help="The key of a witness that you trust.")
    @click.option("--quorum", type=click.IntRange(1), metavar="N", help="How many of them must agree (default: all).")
    @click.option("--policy", type=_FILE, metavar="FILE", help="Which witnesses must agree (c2sp.org/tlog-policy).")
    @click.option("--max-silence", type=click.IntRange(1), metavar="SECONDS", help="Fail if nobody vouched so long.")
    @click.option("--tsa", type=_FILE, metavar="PEM", help="Check time stamps against these root certificates.")
    @wraps(command)
    def with_trusted(*rest: Any, log_key: str | None, reviewers: Sequence[str], **more: Any) -> int:
        asked = _asked(*(more.pop(name) for name in ("policy", "witnesses", "quorum", "max_silence")))
        trusted = Trusted(_vkey(log_key), [_public(text) for text in reviewers], asked, more.pop("tsa"))
        return command(*rest, trusted=trusted, **more)

    return with_trusted


@click.command("verify")
@click.argument("path", metavar="[PATH]", required=False, type=click.Path(path_type=Path))
@_trust_options
@click.option("--values", is_flag=True, help="Check the clear values kept beside the log too (slower).")
@click.option(
    "--replay", is_flag=True, help="Make every decision again too, and compare (slower; see `assent replay`)."
)
@ARCHIVE_OPTION
@click.option("--strict", is_flag=True, help="Fail unless complete to the last leaf, with keys from outside the log.")
@JSON_OPTION
@with_shell
def command(
    shell: Shell,
    path: Path | None,
    trusted: Trusted,
    values: bool,
    replay: bool,
    archives: Sequence[str],
    strict: bool,
    as_json: bool,
) -> int:
    """Check a log: a home, a log database, an export, or an evidence bundle. Default: this home.

    Prints SOUND, WITNESSED, COMPLETE, DISCLOSED and REPLAYED, each yes, no or not checked.
    Exit code 4 if a proof did not hold.
    """
    place = path or shell.config().home
    report = check(place, trusted.log_key, trusted.reviewers, values=values, asked=trusted.asked, archives=archives)
    if replay:
        report = _replayed(report, place, archives)
    if trusted.tsa is not None:
        report = _stamped(report, place, trusted.tsa)
    passed = report.strict if strict else report.holds
    if as_json:
        print_json(report.as_json())
        return 0 if passed else 4
    for line in "\n".join(report.lines()).splitlines():
        click.echo(_coloured(visible(line)))
    if strict and report.holds and not passed:
        click.echo(f"\n  --strict fails: {', '.join(report.lacks)}")
    return 0 if passed else 4


def check(
    place: Path,
    log_key: VerifierKey | None,
    reviewers: Sequence[bytes],
    *,
    values: bool = False,
    asked: Asked | None = None,
    archives: Sequence[str] = (),
) -> Report:
    """The report on a home, a log database, an export or an evidence bundle.

    Raises:
        ConfigError: it is none of the three.
        UnavailableError: it cannot be read; `leaves_archived` if sealed leaves are in none of the archives.
    """
    from assent_verify.witnessed import Asked

    asked = asked or Asked()
    if place.is_dir() or _head(place) == _SQLITE:
        from assent.assembly import open_place, read_log
        from assent.record.archive import filled

        with read_log(place) as found:
            reader = filled(found, [open_place(one) for one in archives])
            return _database(reader, log_key, reviewers, values, asked)
    from assent_verify.files import verify_file

    try:
        return verify_file(partial(_open, place), log_key, reviewers, asked, jobs=os.cpu_count() or 1)
    except ProofError as error:  # only the header raises
        raise ConfigError("not_a_log", f"`{place}` is no home, log database or export: {error.message}") from error


def _replayed(report: Report, place: Path, archives: Sequence[str]) -> Report:
    """The report with what replaying every decision has shown."""
    from dataclasses import replace

    from assent_verify.report import MAX_PROBLEMS, Problem

    from assent.cli.replaying import Job, cores, run
    from assent.evidence.recorded import Wanted
    from assent.evidence.replay import CODES
    from assent.evidence.tally import Tally

    found = run(Job(place, Wanted(), archives=tuple(archives)), cores(), lambda done: None)
    if not isinstance(found, Tally):
        return report
    problems = [Problem(one.index, CODES[one.why], one.message, "replayed") for one in found.told]
    told = [f"{found.agree:,} of {found.decisions:,} decisions came out as recorded when they were made again"]
    told += [f"{many:,} could not be made again: {why}" for why, many in sorted(found.unreplayable.items())]
    problems = [*report.problems, *problems][:MAX_PROBLEMS]
    return replace(report, replayed=found.replayed, problems=problems, notes=[*report.notes, *told])


def _stamped(report: Report, place: Path, roots: Path) -> Report:
    """The report with what time stamps prove."""
    from assent.evidence.stamped import of_export, of_reader, stamped
    from assent.record.stamps import certificates

    known = certificates(roots)
    if place.is_dir() or _head(place) == _SQLITE:
        from assent.assembly import read_log

        with read_log(place) as reader:
            return stamped(report, of_reader(reader), known)
    return stamped(report, of_export(partial(_open, place)), known)


def _open(place: Path) -> BinaryIO:
    return place.open("rb")


def _head(place: Path) -> bytes:
    with place.open("rb") as file:
        return file.read(len(_SQLITE))


def _database(
    reader: Reader, log_key: VerifierKey | None, reviewers: Sequence[bytes], values: bool, asked: Asked
) -> Report:
    """Feed leaves and checkpoints in step; a file too damaged to be read is a proof that does not hold."""
    from assent_verify.verify import Verifier

    verifier = Verifier(log_key, reviewers, asked)
    try:
        waiting = iter(reader.checkpoints())
        note = next(waiting, None)
        for index, leaf in reader.leaves():
            while note is not None and note[0] <= index:
                verifier.checkpoint(*note)
                note = next(waiting, None)
            verifier.leaf(index, leaf)
            if values and (kept := reader.sidecar(LeafIndex(index))) is not None:
                _disclosed(verifier, index, leaf, kept)
        while note is not None:
            verifier.checkpoint(*note)
            note = next(waiting, None)
    except UnavailableError as error:
        if error.code != "store_corrupt":
            raise
        verifier.problem(None, error.code, error.message)
    return verifier.finish()


def _disclosed(verifier: Verifier, index: int, leaf: bytes, kept: Sidecar) -> None:
    """Hold the clear values beside the log against their leaf."""
    from assent_verify.canonical import parse

    try:
        found = parse(kept.values.encode())
        if not isinstance(found, dict):
            raise ProofError("not_opened", "the clear values are not an object")
    except ProofError as error:
        verifier.problem(index, error.code, error.message, "disclosed")
    else:
        verifier.disclosed(index, leaf, kept.salt, found)


def _asked(policy: Path | None, witnesses: Sequence[str], quorum: int | None, max_silence: int | None) -> Asked:
    """The policy of witnesses that the options give."""
    from assent_verify.cosignature import WitnessKey
    from assent_verify.policy import Policy, quorum_of
    from assent_verify.witnessed import Asked

    if policy is not None and (witnesses or quorum):
        raise click.UsageError("give --policy, or --witness and --quorum, not both")
    if not witnesses and policy is None and (quorum or max_silence):
        raise click.UsageError("--quorum and --max-silence need --witness or --policy")
    try:
        if policy is not None:
            return Asked(Policy.parse(policy.read_bytes()), max_silence)
        keys = [WitnessKey.parse(text) for text in witnesses]
        return Asked(quorum_of(keys, quorum or len(keys)) if keys else None, max_silence)
    except ProofError as error:
        raise click.BadParameter(error.message, param_hint="--policy" if policy else "--witness") from error


def _vkey(text: str | None) -> VerifierKey | None:
    from assent_verify.note import VerifierKey

    try:
        return VerifierKey.parse(text) if text else None
    except ProofError as error:
        raise click.BadParameter(error.message, param_hint="--log-key") from error


def _public(text: str) -> bytes:
    from assent_verify.given import person

    try:
        return person(text)
    except ProofError as error:
        raise click.BadParameter(error.message, param_hint="--reviewer") from error


def _coloured(line: str) -> str:
    word = line[11:14] if line[:10].strip() in ("SOUND", "WITNESSED", "COMPLETE", "DISCLOSED", "REPLAYED") else ""
    return click.style(line, fg={"yes": "green", "no ": "red", "no": "red"}.get(word))
