"""Signed notes and checkpoints: the published example, and one spelling for everything."""

from __future__ import annotations

import base64

import pytest
from assent_verify.canonical import canonicalize, digest
from assent_verify.checkpoint import Checkpoint, head_hash, heads_line
from assent_verify.errors import ProofError
from assent_verify.merkle import root_of
from assent_verify.note import Note, VerifierKey, sign

from conformance.receipt.sample import private_key

# the example of Go's golang.org/x/mod/sumdb/note, which c2sp.org/signed-note describes
VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
NOTE = (
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
PRIVATE = private_key("log")
KEY = VerifierKey("assent/home", PRIVATE.public_key().public_bytes_raw())
OTHER = VerifierKey("witness", private_key("witness").public_key().public_bytes_raw())


def test_the_published_example_verifies() -> None:
    """Key and note of another implementation."""
    key = VerifierKey.parse(VKEY)
    assert str(key) == VKEY
    assert Note.parse(NOTE.encode()).verify([key]) == (key,)


def test_a_note_is_signed_and_verified() -> None:
    """What `sign` writes, `parse` reads and the key verifies."""
    note = sign("one\ntwo\n", KEY, PRIVATE.sign)
    assert Note.parse(note).text == "one\ntwo\n"
    assert Note.parse(note).verify([OTHER, KEY]) == (KEY,)


def test_every_flipped_bit_of_a_note_is_found() -> None:
    """The text, the name, the key id and the signature are all bound together."""
    note = sign("text\n", KEY, PRIVATE.sign)
    for at in range(len(note) * 8):
        flipped = bytearray(note)
        flipped[at // 8] ^= 1 << at % 8
        with pytest.raises(ProofError):
            Note.parse(bytes(flipped)).verify([KEY])


def test_unknown_signatures_are_passed_over_and_wrong_ones_are_not() -> None:
    """c2sp.org/signed-note: a line of an unknown key proves nothing and spoils nothing."""
    note = Note.parse(sign("text\n", KEY, PRIVATE.sign))
    stranger = Note.parse(sign("text\n", OTHER, private_key("witness").sign)).signatures[0]
    both = Note(note.text, (stranger, *note.signatures))
    assert both.verify([KEY]) == (KEY,)
    with pytest.raises(ProofError) as refused:
        Note(note.text, (stranger,)).verify([KEY])
    assert refused.value.code == "unsigned"
    with pytest.raises(ProofError) as refused:
        Note("other\n", note.signatures).verify([KEY])
    assert refused.value.code == "bad_signature"
    with pytest.raises(ProofError):
        Note(note.text, note.signatures * 2).verify([KEY])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"text\n",
        b"text\n\n",
        b"text\n\n\xe2\x80\x94 name AAAAAAAA",
        b"text\n\n- name AAAAAAAA\n",
        b"text\n\n\xe2\x80\x94 name AAAA\n",
        b"text\n\n\xe2\x80\x94 na+me AAAAAAAA\n",
        b"text\n\n\xe2\x80\x94  AAAAAAAA\n",
        b"text\n\n\xe2\x80\x94 name AAAAAAB=\n",
        b"te\x00xt\n\n\xe2\x80\x94 name AAAAAAAA\n",
        b"te\xffxt\n\n\xe2\x80\x94 name AAAAAAAA\n",
        b"text\r\n\n\xe2\x80\x94 name AAAAAAAA\n",
    ],
)
def test_a_note_in_another_spelling_is_refused(data: bytes) -> None:
    """Decode, encode again, compare."""
    with pytest.raises(ProofError):
        Note.parse(data)


@pytest.mark.parametrize(
    "vkey",
    [
        *("", "name", "name+c74f20a3", VKEY + "=", VKEY.upper(), VKEY.replace("c74f20a3", "c74f20a4")),
        VKEY.replace("PeterNeumann", "Peter Neumann"),
        VKEY.replace("ARpc", "AhPc"),
    ],
)
def test_a_key_in_another_spelling_is_refused(vkey: str) -> None:
    """The id must be that of name and key."""
    with pytest.raises(ProofError):
        VerifierKey.parse(vkey)


def test_a_checkpoint_reads_back() -> None:
    """c2sp.org/tlog-checkpoint: origin, size, root, extension lines."""
    heads = [("ses_b", 2, "sha256:bb"), ("ses_a", 1, "sha256:aa"), ("system", 3, "sha256:cc")]
    line = heads_line(heads)
    assert line == heads_line(heads[::-1])
    checkpoint = Checkpoint("assent/home", 12, bytes(32), ("other", line))
    assert Checkpoint.parse(str(checkpoint)) == checkpoint
    assert checkpoint.heads == line
    assert checkpoint.commits_to(heads)
    assert not checkpoint.commits_to(heads[1:])
    assert checkpoint.heads_tree() == (3, root_of([head_hash(head) for head in sorted(heads)]))


def test_the_older_line_of_sessions_is_still_read() -> None:
    """Until checkpoints committed to system leaves, the line was the digest of a list of the open sessions."""
    heads = [("ses_b", 2, "sha256:bb"), ("ses_a", 1, "sha256:aa")]
    checkpoint = Checkpoint("o", 12, bytes(32), (f"sessions {digest(canonicalize([list(h) for h in sorted(heads)]))}",))
    assert checkpoint.commits_to([*heads, ("system", 3, "sha256:cc")])
    assert not checkpoint.commits_to(heads[1:])
    assert checkpoint.heads_tree() == (0, b"")


ROOT = base64.b64encode(bytes(32)).decode()


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "o\n1\n",
            f"o\n1\n{ROOT}",
            f"o\n01\n{ROOT}\n",
            f"o\n-1\n{ROOT}\n",
            f"o\n+1\n{ROOT}\n",
            f"o\n1 \n{ROOT}\n",
        ),
        *(f"o\n١\n{ROOT}\n", f"o\n{2**63}\n{ROOT}\n", f"o\n1\n{ROOT[:-4]}\n", f"o\n1\n{ROOT}=\n", f"\n1\n{ROOT}\n"),
        *(f"o\n1\n{ROOT}\n\n", f"o\n1\n{ROOT}\n\nx\n", f"o\n1\n{ROOT[:-2]}B=\n"),
    ],
)
def test_a_checkpoint_in_another_spelling_is_refused(text: str) -> None:
    """One accepted spelling per value."""
    with pytest.raises(ProofError):
        Checkpoint.parse(text)


def test_two_commitments_to_open_sessions_contradict_each_other() -> None:
    """A reader could take either."""
    with pytest.raises(ProofError):
        _ = Checkpoint("o", 1, bytes(32), ("sessions a", "heads b")).heads
