"""Any file that can be verified: which format it has, and its report."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import BinaryIO

from assent_verify import bundle, evidence, proof, shares
from assent_verify.note import VerifierKey
from assent_verify.report import Report
from assent_verify.verify import Verifier
from assent_verify.witnessed import Asked

_EVIDENCE = b'{"format":"assent-evidence/'


def verify_file(
    open: Callable[[], BinaryIO],
    log_key: VerifierKey | Iterable[VerifierKey] | None = None,
    reviewer_roots: Iterable[bytes] = (),
    asked: Asked = Asked(),  # noqa: B008 - frozen
    *,
    jobs: int = 1,
) -> Report:
    """Verify an export, an evidence bundle or the proof of one receipt, whichever it is.

    Args:
        open: opens the file for reading from its start, each time it is called.
        log_key, reviewer_roots, asked: as `Verifier` takes them.
        jobs: processes to use for a long export; the report is the same.

    Raises:
        ProofError: `not_an_export`, `bad_proof` or `bad_base64` if it is none.
        OSError: what opening or reading raises.
    """
    keys = [log_key] if isinstance(log_key, VerifierKey) else list(log_key or ())
    with open() as file:
        start = file.read(len(_EVIDENCE))
        if start.startswith(proof.FORMAT.encode()):
            return proof.verify(start + file.read(proof.MAX_PROOF), keys, asked)
    if start == _EVIDENCE:
        return evidence.verify(open, Verifier(keys, reviewer_roots, asked))
    export, roots = bundle.Export(open), list(reviewer_roots)
    report = shares.verify(export, (keys, roots, asked), jobs)
    return bundle.verify(export, keys, roots, asked) if report is None else report
