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
from pathlib import Path
from typing import BinaryIO

from assent_verify import __version__
from assent_verify.errors import ProofError
from assent_verify.files import verify_file
from assent_verify.note import VerifierKey, decode_base64

OK, UNREADABLE, NOT_PROVED = 0, 1, 4


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    parser = _parser()
    arguments = parser.parse_args(argv)
    try:
        log_key = VerifierKey.parse(arguments.log_key) if arguments.log_key else None
        roots = [_public(text) for text in arguments.reviewer]
    except ProofError as error:
        parser.error(error.message)  # exits with 2
    try:
        report = verify_file(partial(_open, Path(arguments.file)), log_key, roots)
    except OSError as error:
        print(f"assent-verify: cannot read `{arguments.file}`: {error.strerror}", file=sys.stderr)
        return UNREADABLE
    except ProofError as error:  # only the header raises: this is no export
        print(f"assent-verify: `{arguments.file}`: {error.message}", file=sys.stderr)
        return UNREADABLE
    passed = report.strict if arguments.strict else report.holds
    lines = report.lines()
    if arguments.strict and report.holds and not passed:
        lines += ["", f"  --strict fails: {', '.join(report.lacks)}"]
    try:
        print(json.dumps(report.as_json(), indent=2) if arguments.json else "\n".join(lines), flush=True)
    except BrokenPipeError:  # who read it has seen enough; the exit code still says it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return OK if passed else NOT_PROVED


def _open(path: Path) -> BinaryIO:
    return path.open("rb")


def _public(text: str) -> bytes:
    public = decode_base64(text, "reviewer key")
    if len(public) != 32:
        raise ProofError("bad_key", f"a reviewer key has {len(public)} bytes, expected 32")
    return public


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="assent-verify",
        description="Verify an exported log of Assent, or evidence about a part of it, offline.",
        epilog="Exit codes: 0 every proof held, 1 the file cannot be read, 2 wrong usage, 4 a proof did not hold.",
    )
    parser.add_argument("file", metavar="FILE", help="what `assent receipts export` wrote")
    parser.add_argument("--log-key", metavar="VKEY", help="the key that signs checkpoints, NAME+ID+BASE64")
    parser.add_argument(
        "--reviewer",
        metavar="KEY",
        action="append",
        default=[],
        help="base64 of a reviewer's public key that you trust; may be repeated",
    )
    parser.add_argument("--strict", action="store_true", help="fail if a key was taken from the log itself")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    parser.add_argument("--version", action="version", version=f"assent-verify {__version__}")
    return parser


if __name__ == "__main__":
    sys.exit(main())
