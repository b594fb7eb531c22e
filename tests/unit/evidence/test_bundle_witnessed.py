"""A bundle carries what witnesses have signed, also where the log has grown since."""

from __future__ import annotations

import json
from io import BytesIO

import pytest
from assent_verify.canonical import digest
from assent_verify.files import verify_file
from assent_verify.policy import quorum_of
from assent_verify.witnessed import Asked

from assent.evidence.bundle import Wanted, bundle_lines
from assent.evidence.disclosure import Disclosure
from assent.ports import Transaction
from assent.record.vouched import POLICY, VOUCHED
from conformance.receipt.evidence import OPEN, stored, with_open_session
from conformance.receipt.sample import SampleLog, identifier
from tests.unit.verify.witnesses import TestWitness, cosigned

WITNESS = TestWitness("w.example/1")
WANTED = quorum_of([WITNESS.key], 1)


def grown() -> tuple[SampleLog, int]:
    """A log whose last checkpoint but one is witnessed, and the size of that one."""
    log = with_open_session()
    size, note = log.checkpoints[-1]
    log.checkpoints[-1] = size, cosigned(note, [WITNESS], 1_790_000_000)
    log.decide(OPEN, identifier("att", "after"), "deny")
    log.checkpoint()
    return log, size


def _vouch(tx: Transaction, size: int) -> None:
    text = str(WANTED)
    tx.put_state(POLICY, text)
    tx.put_state(VOUCHED, json.dumps({"policy": digest(text.encode()), "size": size}))


@pytest.mark.parametrize("vouched", [True, False])
def test_a_bundle_says_up_to_where_it_is_witnessed(vouched: bool) -> None:
    """Leaves after the witnessed checkpoint are told from those before it; without it nothing is witnessed."""
    log, size = grown()
    store = stored(log)
    with store.begin() as tx:
        _vouch(tx, size if vouched else 0)
    with store.read() as reader:
        lines = list(bundle_lines(reader, Wanted({OPEN: 2**40}, Disclosure().line)))
    data = b"".join(lines)
    report = verify_file(lambda: BytesIO(data), log.key, [log.public], Asked(WANTED, None))
    assert report.sound is True and report.complete is True
    assert report.witnessed_to == (size - 1 if vouched else None)
