"""`assent-verify FILE`: verify an export or an evidence bundle, offline.

Exit codes: 0 every proof held, 1 the file cannot be read, 2 wrong usage, 4 a proof did not hold.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from functools import partial
from hashlib import file_digest
from pathlib import Path
from typing import BinaryIO

from assent_verify import __version__
from assent_verify.compare import compare, view
from assent_verify.cosignature import WitnessKey
from assent_verify.errors import ProofError
from assent_verify.files import verify_file
from assent_verify.given import gather
from assent_verify.note import VerifierKey
from assent_verify.policy import Policy, quorum_of
from assent_verify.report import Report, plain
from assent_verify.statement import About, check
from assent_verify.trust import Trust, parse
from assent_verify.witnessed import Asked

OK, UNREADABLE, NOT_PROVED = 0, 1, 4


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    argv = sys.argv[1:] if argv is None else argv
    if argv[:1] == ["compare"]:
        return _compare(argv[1:])
    parser = _parser()
    arguments = parser.parse_args(argv)
    if bool(arguments.statement) is not bool(arguments.signer):
        parser.error("--statement and --signer go together")
    path = Path(arguments.file)
    try:
        trust = parse(Path(arguments.trust).read_bytes()) if arguments.trust else None
        given = gather(arguments.log_key, arguments.reviewer, trust, arguments.trust)
        signer = VerifierKey.parse(arguments.signer) if arguments.signer else None
        asked = Asked(_policy(arguments, trust), arguments.max_silence)
    except OSError as error:
        return _unreadable(arguments.trust, error.strerror)
    except ProofError as error:
        parser.error(error.message)  # exits with 2
    try:
        report = verify_file(partial(_open, path), given.log_keys, given.roots, asked, jobs=arguments.jobs)
        if signer is not None:
            about = About(path.name, _digest(path), "", __version__, given.sources)
            check(Path(arguments.statement).read_bytes(), signer, report, about)
    except OSError as error:
        return _unreadable(error.filename, error.strerror)
    except ProofError as error:  # the header raises if this is no export, and a statement that does not hold
        print(f"assent-verify: `{arguments.file}`: {plain(error.message)}", file=sys.stderr)
        return UNREADABLE if error.code == "not_an_export" else NOT_PROVED
    if trust is not None:
        report.notes.extend(given.sources)
    if signer is not None:
        report.notes.append(f"the statement `{arguments.statement}` is signed by `{signer.name}` and says the same")
    return _tell(report, strict=arguments.strict, as_json=arguments.json)


def _tell(report: Report, *, strict: bool, as_json: bool) -> int:
    passed = report.strict if strict else report.holds
    lines = report.lines()
    if strict and report.holds and not passed:
        lines += ["", f"  --strict fails: {', '.join(report.lacks)}"]
    try:
        print(json.dumps(report.as_json(), indent=2) if as_json else "\n".join(lines), flush=True)
    except BrokenPipeError:  # who read it has seen enough; the exit code still says it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return OK if passed else NOT_PROVED


def _unreadable(file: str, why: str | None) -> int:
    print(f"assent-verify: cannot read `{file}`: {why}", file=sys.stderr)
    return UNREADABLE


def _compare(argv: Sequence[str]) -> int:
    """`assent-verify compare A B`: was one log shown to two people as two?"""
    parser = argparse.ArgumentParser(
        prog="assent-verify compare",
        description="Hold two exports or checkpoints of one log side by side: was a different log shown to each?",
        epilog="Exit codes: 0 no fork, 1 a file cannot be read, 2 wrong usage, 4 a fork, or it cannot be told.",
    )
    for name in ("a", "b"):
        parser.add_argument(name, metavar=name.upper(), help="an export, or a checkpoint note in a file of its own")
    parser.add_argument("--log-key", metavar="VKEY", required=True, help="the key that signs checkpoints")
    arguments = parser.parse_args(argv)
    try:
        log_key = VerifierKey.parse(arguments.log_key)
    except ProofError as error:
        parser.error(error.message)
    try:
        views = [view(partial(_open, Path(place)), log_key) for place in (arguments.a, arguments.b)]
    except OSError as error:
        return _unreadable(error.filename, error.strerror)
    except ProofError as error:
        print(f"assent-verify: {plain(error.message)} ({error.code})", file=sys.stderr)
        return NOT_PROVED
    found = compare(*views)
    print("\n".join(found.lines))
    return OK if found.same else NOT_PROVED


def _policy(arguments: argparse.Namespace, trust: Trust | None) -> Policy | None:
    """Which witnesses must have cosigned, from a policy file, from keys, or from --trust; None if none says."""
    if arguments.policy:
        if arguments.witness or arguments.quorum:
            raise ProofError("bad_policy", "give --policy, or --witness and --quorum, not both")
        try:
            return Policy.parse(Path(arguments.policy).read_bytes())
        except OSError as error:
            raise ProofError("bad_policy", f"cannot read `{arguments.policy}`: {error.strerror}") from error
    if arguments.quorum is not None and not arguments.witness:
        raise ProofError("bad_policy", "--quorum needs --witness")
    if trust is not None and trust.policy and not arguments.witness:
        return Policy.parse(str(trust).encode())  # its text is a policy; what is ours in it are comments
    keys = [WitnessKey.parse(text) for text in arguments.witness]
    if not keys and (arguments.quorum is not None or arguments.max_silence is not None):
        raise ProofError("bad_policy", "--quorum and --max-silence need --witness or --policy")
    return quorum_of(keys, len(keys) if arguments.quorum is None else arguments.quorum) if keys else None


def _open(path: Path) -> BinaryIO:
    return path.open("rb")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return f"sha256:{file_digest(file, 'sha256').hexdigest()}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="assent-verify",
        description="Verify an exported log of Assent, or evidence about a part of it, offline.",
        epilog="Exit codes: 0 every proof held, 1 the file cannot be read, 2 wrong usage, 4 a proof did not hold.",
    )
    parser.add_argument("file", metavar="FILE", help="what `assent receipts export` wrote")
    parser.add_argument(
        "--log-key",
        metavar="VKEY",
        action="append",
        default=[],
        help="a key that signs checkpoints, NAME+ID+BASE64; may be repeated",
    )
    trusted = "base64 of a reviewer's public key that you trust; may be repeated"
    parser.add_argument("--reviewer", metavar="KEY", action="append", default=[], help=trusted)
    parser.add_argument(
        "--trust", metavar="TRUST", default="", help="keys as an organisation published them, got from outside the log"
    )
    parser.add_argument("--statement", metavar="NOTE", help="a signed statement that must say what is found here")
    parser.add_argument("--signer", metavar="VKEY", help="whose signature must be on it")
    witness = "the key of a witness that you trust, NAME+ID+BASE64; may be repeated"
    parser.add_argument("--witness", metavar="VKEY", action="append", default=[], help=witness)
    parser.add_argument("--quorum", metavar="N", type=int, help="how many of the witnesses must agree (default: all)")
    parser.add_argument("--policy", metavar="FILE", help="which witnesses must agree, as c2sp.org/tlog-policy says")
    silence = "fail if no quorum vouched for the log for so long"
    parser.add_argument("--max-silence", metavar="SECONDS", type=int, help=silence)
    parser.add_argument("--strict", action="store_true", help="fail if a key was taken from the log itself")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    many = "processes for a long log (default: one for each core)"
    parser.add_argument("--jobs", metavar="N", type=int, default=os.cpu_count() or 1, help=many)
    parser.add_argument("--version", action="version", version=f"assent-verify {__version__}")
    return parser


if __name__ == "__main__":
    sys.exit(main())
