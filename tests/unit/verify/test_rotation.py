"""Rules of the log's keys: who must have signed a checkpoint, and how trust follows from key to key."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from assent_verify.checkpoint import Checkpoint
from assent_verify.errors import ProofError
from assent_verify.merkle import Frontier
from assent_verify.note import Note, VerifierKey, sign, sign_all
from assent_verify.report import Report
from assent_verify.verify import Verifier
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from conformance.receipt.sample import ORIGIN, SampleLog, private_key

Private = Ed25519PrivateKey | MLDSA44PrivateKey


def vkey(private: Private) -> VerifierKey:
    """The named public half."""
    type = 6 if isinstance(private, MLDSA44PrivateKey) else 1
    return VerifierKey(ORIGIN, private.public_key().public_bytes_raw(), type)


class Keyed(SampleLog):
    """A sample log that can rotate its keys and be signed by any."""

    def rotate(
        self,
        reason: str,
        added: Sequence[Private] = (),
        removed: Sequence[Private] = (),
        *,
        by: Ed25519PrivateKey | None = None,
        **changes: object,
    ) -> None:
        """A rotation leaf, signed by the operator unless `by` says whom."""
        subject = {
            "added": [str(vkey(key)) for key in added],
            "origin": ORIGIN,
            "reason": reason,
            "removed": [str(vkey(key)) for key in removed],
            "root": "sha256:" + self.frontier.root().hex(),
            "size": len(self.leaves),
        }
        self.system("rotation", subject | changes, by or self.operator)

    def signed(self, *keys: Private) -> None:
        """A checkpoint signed by these."""
        self.checkpoint()
        size, note = self.checkpoints.pop()
        text = Note.parse(note).text
        self.checkpoints.append((size, sign_all(text, [(vkey(key), key.sign) for key in keys])))


OLD, NEW, THIRD = private_key("log"), private_key("new log"), private_key("third log")
QUANTUM = MLDSA44PrivateKey.from_seed_bytes(bytes(range(32)))


def begun() -> Keyed:
    """Genesis, the operator's key, a policy, and a checkpoint of the first key."""
    log = Keyed()
    log.genesis()
    log.enrol(log.operator, 'User::"local/operator"', log.operator)
    log.activate("one")
    log.signed(OLD)
    return log


def verify(log: SampleLog, keys: Sequence[Private] = (), *, root: bool = False) -> Report:
    """The report with these log keys, and the operator's as a root or not."""
    verifier = Verifier([vkey(key) for key in keys], [log.public] if root else [])
    waiting = list(log.checkpoints)
    for index, leaf in enumerate(log.leaves):
        while waiting and waiting[0][0] <= index:
            verifier.checkpoint(*waiting.pop(0))
        verifier.leaf(index, leaf)
    for note in waiting:
        verifier.checkpoint(*note)
    return verifier.finish()


def codes(report: Report) -> set[str]:
    """What was refused."""
    return {problem.code for problem in report.problems}


def planned(*, countersigned: bool = True) -> Keyed:
    """From the old key to the new one, and on."""
    log = begun()
    log.rotate("planned", [NEW], [OLD])
    log.signed(*([OLD, NEW] if countersigned else [NEW]))
    log.activate("two")
    log.signed(NEW)
    return log


@pytest.mark.parametrize("given", [[OLD], [NEW], [OLD, NEW]])
def test_a_planned_rotation_is_followed_from_either_key(given: list[Private]) -> None:
    """The old key signed the history that names the new one; the new key signed all that was before it."""
    report = verify(planned(), given, root=True)
    assert (report.sound, report.complete, report.strict, report.problems) == (True, True, True, [])
    assert any(note.startswith("LOG KEY ROTATED at leaf 3 (planned)") for note in report.notes)


def test_a_trusted_person_alone_leads_to_the_new_key() -> None:
    """Their signature stands on the leaf that names it; the first key is still the log's word, and no longer needed."""
    assert verify(planned(), root=True).strict
    assert verify(planned()).self_asserted  # nobody was given: the log's word


def test_the_old_key_leads_to_the_new_one_only_by_a_signature_over_the_rotation() -> None:
    """Else whoever has an operator's key could take the log over in the old key's name: what follows is unanchored."""
    assert verify(planned(), [OLD]).open_after is None
    report = verify(planned(countersigned=False), [OLD])
    assert (report.open_after, report.self_asserted, report.strict) == (2, True, False)
    assert verify(planned(countersigned=False), [OLD], root=True).strict  # a trusted person signed the rotation


def test_nothing_counts_that_the_old_key_signs_afterwards() -> None:
    """A checkpoint over the rotation needs the keys in force; the old one alone makes none."""
    log = planned()
    log.activate("three")
    log.signed(OLD)
    assert codes(verify(log, [OLD], root=True)) == {"key_retired"}


def stolen() -> Keyed:
    """The thief can sign with the old key; the operator rotates without it."""
    log = begun()
    log.rotate("stolen", [NEW], [OLD])
    return log


def test_a_stolen_key_is_replaced_by_the_operators_word_alone() -> None:
    """The old key's consent is not asked; with the operator as root the log goes on as trusted as before."""
    log = stolen()
    log.signed(NEW)
    for given in ([OLD], [NEW], []):
        assert verify(log, given, root=True).strict, given


def test_a_stolen_key_does_not_lead_to_the_next_without_the_operator_as_root() -> None:
    """The thief could have enrolled an operator: the old key in hand proves nothing of what comes after."""
    log = stolen()
    log.signed(NEW)
    report = verify(log, [OLD])
    assert (report.sound, report.complete, report.self_asserted, report.strict) == (None, None, True, False)


def test_what_a_stolen_key_signed_anchors_nothing_until_the_new_key_has_signed() -> None:
    """Between the leaf and the new key's first signature there is no anchor, and the answer is `not checked`."""
    assert verify(stolen(), [OLD], root=True).sound is None


@pytest.mark.parametrize("signers", [[OLD], [OLD, THIRD]])
def test_the_thief_cannot_go_on_after_the_rotation(signers: list[Private]) -> None:
    """Whatever the stolen key signs over the rotation is refused."""
    log = stolen()
    log.signed(*signers)
    assert codes(verify(log, [OLD], root=True)) == {"key_retired"}


def test_the_thief_cannot_put_another_past_before_the_rotation() -> None:
    """The operator signed the root of the tree before the leaf: moved to another history it does not fit."""
    log, other = stolen(), Keyed()
    other.genesis()
    other.enrol(other.operator, 'User::"local/operator"', other.operator)
    other.activate("one of the thief's")
    other.signed(OLD)
    other.leaves.append(log.leaves[-1])
    other.frontier = Frontier()
    report = verify(other, [OLD], root=True)
    assert "rotation_differs" in codes(report)


def test_the_thief_cannot_rotate() -> None:
    """A rotation always needs a person's key that was enrolled, or a root."""
    log = begun()
    log.rotate("planned", [THIRD], [OLD], by=private_key("thief"))
    log.signed(OLD, THIRD)
    assert "key_not_enrolled" in codes(verify(log, [OLD]))
    log = begun()
    subject = {"added": [str(vkey(THIRD))], "origin": ORIGIN, "reason": "lost", "removed": []}
    log.system("rotation", subject | {"root": "sha256:" + log.frontier.root().hex(), "size": 3})
    assert "unsigned" in codes(verify(log, [OLD]))


def test_a_forged_log_that_only_names_the_trusted_key_proves_nothing() -> None:
    """Anybody can write a rotation to a public key; what that key did not sign rests on the log's own word."""
    log = begun()
    log.rotate("lost", [NEW], [OLD])
    assert verify(log, [NEW]).sound is None  # signed by the old key alone, which nobody trusts
    log.rotate("lost", [THIRD], [NEW])
    log.signed(THIRD)
    report = verify(log, [NEW])
    assert (report.sound, report.holds) == (None, False)


def test_a_key_that_nobody_trusts_does_not_vouch_when_it_leaves() -> None:
    """A forger changes between keys of their own, and then names the trusted key: nothing is anchored."""
    log = planned()
    log.rotate("lost", [THIRD], [NEW])
    assert verify(log, [THIRD]).sound is None


def test_a_rotation_to_a_key_that_was_in_force_before_is_refused() -> None:
    """A stolen key does not come back."""
    log = planned()
    log.rotate("planned", [OLD], [NEW])
    log.signed(OLD, NEW)
    assert "rotation_keys" in codes(verify(log, [OLD], root=True))


@pytest.mark.parametrize(
    ("added", "removed"), [([], []), ([], [OLD]), ([NEW], [THIRD]), ([NEW, NEW], [OLD])], ids=range(4)
)
def test_a_rotation_leaves_a_log_with_keys_of_its_own(added: list[Private], removed: list[Private]) -> None:
    """At least one key stays, none is added twice, and none leaves that is not there."""
    log = begun()
    log.rotate("planned", added, removed)
    assert "rotation_keys" in codes(verify(log, [OLD], root=True))


def test_with_several_keys_all_must_sign() -> None:
    """One stolen key of two makes no checkpoint."""
    log = begun()
    log.rotate("planned", [NEW])
    log.signed(OLD, NEW)
    log.activate("two")
    log.signed(OLD, NEW)
    for given in ([OLD], [NEW]):
        assert verify(log, given, root=True).strict
    for alone in (OLD, NEW):
        log.checkpoints.pop()
        log.signed(alone)
        assert codes(verify(log, [OLD], root=True)) == {"unsigned"}


def test_from_one_algorithm_to_the_other_beside_and_instead() -> None:
    """Ed25519, then both, then ML-DSA-44 alone: every old checkpoint is still checked, from either end."""
    log = begun()
    log.rotate("planned", [QUANTUM])
    log.signed(OLD, QUANTUM)
    log.rotate("planned", [], [OLD])
    log.signed(OLD, QUANTUM)
    log.activate("two")
    log.signed(QUANTUM)
    for given in ([OLD], [QUANTUM]):
        report = verify(log, given, root=True)
        assert report.strict, report.problems
    assert any("not its further lines" in note for note in report.notes)
    size, note = log.checkpoints[-1]
    raw = bytearray(note)
    raw[len(raw) // 2] ^= 1
    log.checkpoints[-1] = (size, bytes(raw))
    assert codes(verify(log, [OLD], root=True)) & {"bad_signature", "bad_base64", "bad_note"}


def test_an_ml_dsa_key_has_one_spelling_and_signs_checkpoints_only() -> None:
    """Its vkey reads back; a text that is no checkpoint cannot be signed with it (c2sp.org/tlog-cosignature)."""
    key = vkey(QUANTUM)
    assert VerifierKey.parse(str(key)) == key
    text = str(Checkpoint(ORIGIN, 5, bytes(32), ("sessions sha256:" + "0" * 64,)))
    note = Note.parse(sign(text, key, QUANTUM.sign))
    assert note.verify([key]) == (key,)
    assert len(note.signatures[0].raw) == 8 + 2420
    elsewhere = VerifierKey(ORIGIN + "2", key.public, 6)  # the name is part of what is signed
    assert not elsewhere.verifies(text.encode(), note.signatures[0].raw)
    with pytest.raises(ProofError, match="signs checkpoints"):
        sign("a text\n", key, QUANTUM.sign)
    with pytest.raises(ProofError, match="signature type 9"):
        VerifierKey(ORIGIN, bytes(32), 9)
    assert len(key.fingerprint.split()) == 16
