"""Which keys must have signed a checkpoint, and whether they are the log's (docs/keys.md).

The genesis names the first key. A `rotation` leaf adds and removes keys; the keys in
force after it must ALL sign every checkpoint that covers it, so that one stolen key
makes none. A key that leaves as planned signs the first checkpoint that covers its leaf,
too: whoever trusts it follows. Where a key was lost or stolen nobody can ask it, and the
operator's signature on the leaf carries the change alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Set
from typing import Any

from assent_verify.checkpoint import Checkpoint
from assent_verify.errors import ProofError
from assent_verify.note import ED25519, Note, VerifierKey
from assent_verify.receipt import System

#: Keys that can be in force at the same time.
MAX_KEYS = 4


class LogKeys:
    """The log's keys as the leaves so far establish them.

    Args:
        given: keys that are trusted beforehand; without any, the log's own word is taken
            unless a trusted person's rotation names the keys.
        refuse: called with code and message for whatever does not hold.
    """

    def __init__(self, given: Iterable[VerifierKey], refuse: Callable[[str, str], None]) -> None:
        self._given = frozenset(given)
        self._trusted = set(self._given)
        self._refuse = refuse
        self._origin = ""
        self._keys: tuple[VerifierKey, ...] = ()  # in force
        self._left: tuple[VerifierKey, ...] = ()  # as planned: may vouch for what follows them
        self._ever: set[VerifierKey] = set()
        self._notes: list[str] = []
        self._genesis: VerifierKey | None = None
        self._word = not self._given  # does the last good checkpoint rest on the log's own word?

    def begin(self, origin: str, vkey: str) -> None:
        """Take over what the genesis says.

        Raises:
            ProofError: what it says is no key.
        """
        key = VerifierKey.parse(vkey)
        self._origin, self._genesis = origin, key
        self._keys, self._ever = (key,), {key}
        if key.name != origin:
            self._refuse("log_key_differs", "the log key is not named after the log's origin")

    def rotate(self, leaf: System, size: int, root: bytes, *, vouched: bool) -> bool:
        """Take over a rotation leaf; True if what earlier checkpoints say counts no longer by itself.

        Args:
            size: leaves before this one.
            root: root of the tree over them.
            vouched: a trusted person signed the leaf.
        """
        subject: dict[str, Any] = leaf.subject
        if (subject["origin"], subject["size"], subject["root"]) != (self._origin, size, f"sha256:{root.hex()}"):
            self._refuse("rotation_differs", "the rotation was signed for another log, or another history of this one")
        try:
            added = tuple(map(VerifierKey.parse, subject["added"]))
            removed = tuple(map(VerifierKey.parse, subject["removed"]))
        except ProofError as error:
            self._refuse(error.code, error.message)
            return False
        present = {*self._keys, *self._left}
        kept = tuple(key for key in self._keys if key not in removed)
        if not (added or removed) or not set(removed) <= present or len({*added} - self._ever) < len(added):
            self._refuse("rotation_keys", "a rotation adds keys that were never in force and removes keys that are")
        if not 0 < len(kept + added) <= MAX_KEYS or any(key.name != self._origin for key in added):
            self._refuse("rotation_keys", f"a log has 1 to {MAX_KEYS} keys, each named after its origin")
        planned = subject["reason"] == "planned"
        self._left = (*(key for key in self._left if key not in removed), *(removed if planned else ()))
        if vouched:
            self._trusted.update(added)
        self._keys = kept + added
        self._ever.update(added)
        names = " and ".join(short(key) for key in self._keys)
        self._notes.append(f"LOG KEY ROTATED at leaf {size} ({subject['reason']}): {names} in force since")
        return bool(subject["reason"] == "stolen")

    def check(self, note: Note, checkpoint: Checkpoint) -> bool:
        """Has every key that must sign this checkpoint signed it? Trust follows from key to key.

        False if it proves nothing to whoever gave keys: none of these leads to it.

        Raises:
            ProofError: `no_log_key`, `unsigned`, `key_retired`, `bad_signature`, `origin`, `algorithm_missing`.
        """
        if not self._keys:
            raise ProofError("no_log_key", "there is no key to verify it with")
        for key in self._keys:
            self._signed(note, key)
        ids = {(line.name, line.id) for line in note.signatures}
        vouching = {key for key in self._left if key in self._trusted and (key.name, key.id) in ids}
        for key in vouching:
            note.verify([key])
        if checkpoint.origin != self._origin:
            raise ProofError("origin", f"it is of the log `{checkpoint.origin}`, not of `{self._origin}`")
        self._word = not vouching and self._trusted.isdisjoint(self._keys)
        if not self._word:
            self._trusted.update(self._keys)  # a trusted key has signed the history that names them
        return not (self._given and self._word)

    def _signed(self, note: Note, key: VerifierKey) -> None:
        try:
            note.verify([key])
        except ProofError as error:
            ids = {(line.name, line.id) for line in note.signatures}
            retired = [old for old in self._ever - set(self._keys) if (old.name, old.id) in ids]
            if error.code == "unsigned" and retired:
                message = f"it is signed by {short(retired[0])}, whose time is over, and not by {short(key)}"
                raise ProofError("key_retired", message) from error
            raise

    @property
    def ever(self) -> Set[VerifierKey]:
        """Keys that were in force at some time."""
        return self._ever

    @property
    def signs_lines(self) -> bool:
        """Do the keys in force sign all lines of a checkpoint? ML-DSA-44 signs the first three."""
        return any(key.type == ED25519 for key in self._keys)

    def named(self, log_key: str) -> bool:
        """Is this the key that the genesis names?"""
        return self._genesis is None or str(self._genesis) == log_key

    def finish(self, refuse: Callable[[str, str], None]) -> None:
        """Say what can be said only at the end.

        Args:
            refuse: called if no key that was given is one of this log.
        """
        if self._given and self._genesis is not None and self._given.isdisjoint(self._ever):
            refuse("log_key_differs", "the genesis names another log key than the one given, and none leads to it")

    @property
    def self_asserted(self) -> bool:
        """Does what the last good checkpoint says rest on the log's own word for its key?"""
        return self._word

    def notes(self) -> Iterator[str]:
        """What a reader of the report should know."""
        yield from self._notes[:20]
        if self._keys and all(key.algorithm == "ML-DSA-44" for key in self._keys):
            yield "ML-DSA-44 signs a checkpoint's origin, size and root, and not its further lines"


def short(key: VerifierKey) -> str:
    """A key as one word that a person can compare."""
    return f"`{key.name}+{key.id.hex()}` ({key.algorithm})"
