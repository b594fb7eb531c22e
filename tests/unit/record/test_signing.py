"""All keys of the log that are in force sign a checkpoint, or nobody does."""

from __future__ import annotations

import pytest
from assent_verify.note import Note, VerifierKey

from assent.errors import UnavailableError
from assent.ports import Signer
from assent.record import checkpoints, logkeys
from assent.stores.memory import MemoryStore
from tests.stores.world import TestKey

ORIGIN = "assent/test"


class Keys:
    """The private halves that are there."""

    assurance = "same-user"

    def __init__(self, *there: TestKey) -> None:
        self._there = there
        self.public = there[0].public
        self.sign = there[0].sign

    def find(self, vkey: str) -> Signer | None:
        """The one that is asked for."""
        return next((key for key in self._there if str(VerifierKey(ORIGIN, key.public)) == vkey), None)


def test_a_checkpoint_waits_until_every_key_in_force_is_there() -> None:
    """With one of two missing nothing is signed, whichever it is; with both, both sign."""
    one, two, store = TestKey(), TestKey(), MemoryStore()
    vkeys = tuple(str(VerifierKey(ORIGIN, key.public)) for key in (one, two))
    with store.begin() as tx:
        tx.append(b"leaf")
        tx.put_state(logkeys.STATE, logkeys.text_of([logkeys.Span(0, vkeys)]))
        checkpoints.claim(tx, ORIGIN)
    for left in (one, two):
        with pytest.raises(UnavailableError) as refused:
            checkpoints.sign_claimed(store, Keys(left), ORIGIN)
        assert refused.value.code == "log_key_lost"
        with store.read() as reader:
            assert reader.newest_checkpoint() is None
    checkpoints.sign_claimed(store, Keys(two, one), ORIGIN)
    with store.read() as reader:
        newest = reader.newest_checkpoint()
    assert newest is not None
    assert {line.id for line in Note.parse(newest[1]).signatures} == {VerifierKey.parse(vkey).id for vkey in vkeys}
