"""People's keys: who may sign what alone, what takes two, and until when a key counts (docs/recovery.md).

Pure rules over what leaves establish. The writer asks the same functions before it signs.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from assent_verify.attempts import CLOCK_TOLERANCE
from assent_verify.canonical import canonicalize, digest
from assent_verify.note import ed25519_verifies
from assent_verify.receipt import System, milliseconds, system_statement

SECOND_PREFIX = b"assent-second-v1\n"
#: A key counts as one of two only so long (ms) after its enrolment: a thief with one key cannot make the other.
SETTLED = 86_400_000
#: The word of the second of two people is good for so long, in ms.
SECOND_LIFE = 86_400_000
_RECOVERY = frozenset({"breakglass", "enrol", "recovery", "removal"})
#: What a reviewer's key signs alone, beside answers: it takes away, or speaks for its own person.
_ANYBODY = frozenset({"breakglass off", "delegation", "elevation", "kill on", "revocation"})


@dataclass(frozen=True, slots=True)
class Key:
    """One enrolled key.

    Args:
        public: 32 raw bytes; empty if only its fingerprint is known.
        trusted: it goes back to a root that was given.
        server: of an executor's key, which signs outcomes there and nothing else.
        role: `operator`, `reviewer`, or `recovery`, which no person carries.
        since: when it was enrolled, in ms.
    """

    public: bytes
    user: str
    trusted: bool = False
    server: str = ""
    role: str = "operator"
    since: int = 0


def lacking(event: str, subject: Mapping[str, Any], by: Key, about: Key | None, *, sealed: bool) -> str:
    """What a key lacks to sign this event: nothing (empty), a `second` person, or `all`: it may not at all.

    Args:
        by: the signer, a person's key or the recovery key.
        about: the key that a removal names, if it is enrolled.
        sealed: there is a recovery key.
    """
    what = " ".join([event, str(subject.get("state", ""))]).strip() if event in ("breakglass", "kill") else event
    if by.role == "recovery":
        return "" if event in _RECOVERY else "all"
    if event == "recovery" and subject["change"] == "rehearsed":
        return "all"
    if what in _ANYBODY or (about is not None and about.public == by.public):
        return ""
    operator = about is not None and about.role == "operator" and not about.server
    if what == "breakglass on" or (event == "recovery" and sealed) or operator:
        return "second"
    if by.role == "operator":
        return ""
    return "second" if event in ("enrol", "recovery", "removal") else "all"


def second_statement(event: str, subject: Mapping[str, object], origin: str, time: str) -> bytes:
    """The bytes that the second of two people signs; `subject` without what they sign."""
    return SECOND_PREFIX + canonicalize({"event": event, "origin": origin, "subject": subject, "time": time})


def second_fails(leaf: System, first: Key, keys: Mapping[str, Key], origin: str) -> str:
    """Why the word of a second person in a leaf does not stand beside the signer's; empty if it does."""
    said: Any = leaf.subject.get("second")
    if not said:
        return "nobody else has signed it"
    other = keys.get(said["key"])
    if other is None or other.server or other.role == "recovery":
        return "the second key is not enrolled for a person"
    if other.user == first.user or other.public == first.public:
        return "the two signatures are of one person"
    now, then = milliseconds(leaf.time), milliseconds(said["time"].encode())
    if max(first.since, other.since) > now - SETTLED:
        return "one of the two keys was enrolled less than a day before"
    if not now - SECOND_LIFE <= then <= now + CLOCK_TOLERANCE:
        return "the second person signed it more than a day before, or after it"
    rest = {name: value for name, value in leaf.subject.items() if name != "second"}
    message = second_statement(leaf.event, rest, origin, said["time"])
    return "" if ed25519_verifies(other.public, message, base64.b64decode(said["signature"])) else "it does not hold"


class People:
    """The keys that leaves have enrolled and removed so far.

    Args:
        roots: raw public keys that are trusted beforehand.
        refuse: called with code and message for whatever does not hold.
    """

    def __init__(self, roots: Iterable[bytes], refuse: Callable[[str, str], None]) -> None:
        self._roots = {digest(public): public for public in roots}
        self._refuse = refuse
        self.keys: dict[str, Key] = {}
        self.gone: set[str] = set()  # removed: what such a key answered or granted is void where nothing stands on it
        self._seconds: set[str] = set()
        self._origin = self._recovery = ""
        self.self_asserted = False

    def signer(self, leaf: System) -> Key | None:
        """The key that signed a system leaf, which must be enrolled, a root, or the first to enrol, and may sign it."""
        key = self.keys.get(leaf.key) or self._introduced(leaf)
        if key is None or key.server:
            self._refuse("key_not_enrolled", "the signing key was not enrolled for a person before this leaf")
            return None
        message = system_statement(leaf.event, leaf.subject, leaf.time.decode())
        if not ed25519_verifies(key.public, message, base64.b64decode(leaf.signature)):
            self._refuse("bad_signature", "the operator's signature does not hold")
            return None
        self.trust(key)
        about = self.keys.get(str(leaf.subject.get("fingerprint"))) if leaf.event == "removal" else None
        lacks = lacking(leaf.event, leaf.subject, key, about, sealed=bool(self._recovery))
        if lacks == "all":
            self._refuse("role_exceeded", f"a {key.role}'s key does not sign `{leaf.event}`")
        elif lacks and (why := second_fails(leaf, key, self.keys, self._origin) or self._again(leaf)):
            self._refuse("second_person", f"`{leaf.event}` needs a second person: {why}")
        return key

    def _again(self, leaf: System) -> str:
        """Take the word of the second person, which counts once; why it does not count."""
        second: Any = leaf.subject["second"]
        self.trust(self.keys[second["key"]])
        used = second["signature"] in self._seconds
        self._seconds.add(second["signature"])
        return "it was used before" if used else ""

    def _introduced(self, leaf: System) -> Key | None:
        """A root, or the key that enrols itself while there is none; never one that was removed."""
        if leaf.key in self._roots and leaf.key not in self.gone:
            return Key(self._roots[leaf.key], "", True)
        first = leaf.event == "enrol" and not self.keys and not self.gone and "server" not in leaf.subject
        if first and leaf.subject["fingerprint"] == leaf.key:
            return Key(base64.b64decode(str(leaf.subject["key"])), str(leaf.subject["user"]))
        return None

    def trust(self, key: Key) -> None:
        """Does the key that was used go back to a root? Without roots it is the log's own word."""
        if not key.trusted and self._roots:
            self._refuse("key_untrusted", "the key does not go back to a reviewer root that was given")
        self.self_asserted |= not key.trusted

    def follow(self, leaf: System, signer: Key | None) -> None:
        """Take over what a leaf says of keys."""
        subject, named = leaf.subject, str(leaf.subject.get("fingerprint"))
        if leaf.event == "genesis":
            self._origin = str(subject["origin"])
        elif leaf.event == "enrol":
            self._enrol(leaf, signer, str(subject.get("role", "operator")))
        elif leaf.event == "recovery" and subject["change"] == "sealed":
            self._remove(self._recovery)
            self._enrol(leaf, signer, "recovery")
            self._recovery = named
        elif leaf.event == "recovery" and named != self._recovery:
            self._refuse("key_not_enrolled", "the key is not the sealed recovery key")
        elif leaf.event == "removal" and (named not in self.keys or named == self._recovery):
            self._refuse("key_not_enrolled", "the key that is removed was not enrolled for a person")
        elif leaf.event == "removal" or (leaf.event == "recovery" and subject["change"] == "removed"):
            self._remove(named)
            self._recovery = "" if named == self._recovery else self._recovery

    def _remove(self, fingerprint: str) -> None:
        if self.keys.pop(fingerprint, None):
            self.gone.add(fingerprint)

    def _enrol(self, leaf: System, signer: Key | None, role: str) -> None:
        said = {name: str(value) for name, value in leaf.subject.items()}
        public = base64.b64decode(said.get("key", ""))
        name = digest(public)
        if name != said["fingerprint"]:
            self._refuse("fingerprint", "`fingerprint` is not the digest of the enrolled key")
        if name in self.gone or (name in self.keys and "recovery" in (role, self.keys[name].role)):
            self._refuse("key_removed", "a key that was removed, or is sealed, is not enrolled again")
        trusted = name in self._roots or (signer is not None and signer.trusted)
        since = milliseconds(leaf.time)
        self.keys[name] = Key(public, said.get("user", ""), trusted, said.get("server", ""), role, since)
