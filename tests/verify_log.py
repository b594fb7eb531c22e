"""Verify a whole log: every test that wrote receipts ends with this."""

from __future__ import annotations

from collections.abc import Iterable

from assent_verify.note import VerifierKey
from assent_verify.report import Report
from assent_verify.verify import Verifier


def verify_log(
    leaves: Iterable[tuple[int, bytes]],
    checkpoints: Iterable[tuple[int, bytes]] = (),
    log_key: VerifierKey | None = None,
    *,
    reviewer_roots: Iterable[bytes] = (),
) -> Report:
    """Assert that the log is sound, and hand back the report for further claims.

    Without a checkpoint nothing anchors the leaves: then it asserts that no problem was found.

    Args:
        leaves: index and exact stored bytes, in log order.
        checkpoints: tree size and signed note, oldest first.
        log_key: the key that signs checkpoints; None takes the genesis' word for it.
        reviewer_roots: raw public keys of people.
    """
    verifier = Verifier(log_key, reviewer_roots)
    waiting = list(checkpoints)
    for index, leaf in leaves:
        while waiting and waiting[0][0] <= index:
            verifier.checkpoint(*waiting.pop(0))
        verifier.leaf(index, leaf)
    for size, note in waiting:
        verifier.checkpoint(size, note)
    report = verifier.finish()
    soundness = [str(problem) for problem in report.problems if problem.axis != "complete"]
    assert not soundness, "\n".join(soundness)
    assert report.sound is not False
    return report
