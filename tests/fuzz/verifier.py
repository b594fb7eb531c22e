"""Fuzz target of the offline verifier, run by `scripts/fuzz`: coverage chooses what a stranger sends.

It breaks its promise if it raises anything but its word for `no such file`, takes more than a second of
processor time, or calls a file proved without keys from outside.
"""

from __future__ import annotations

import sys
from io import BytesIO
from pathlib import Path
from time import process_time

import atheris

with atheris.instrument_imports(include=["assent_verify"]):
    from assent_verify.errors import ProofError
    from assent_verify.files import verify_file

SAMPLES = Path(__file__).parents[2] / "conformance" / "receipt"


def one(data: bytes) -> None:
    """One file against everything that the verifier promises."""
    start = process_time()
    try:
        report = verify_file(lambda: BytesIO(data))
    except ProofError:
        return
    finally:
        assert process_time() - start < 1.0, "too slow"
    assert report.holds or report.problems or report.sound is None
    assert not report.strict


if __name__ == "__main__":
    for number, data in enumerate(SAMPLES.glob("*.jsonl")):
        (Path(sys.argv[1]) / f"seed-{number}").write_bytes(data.read_bytes())
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()
