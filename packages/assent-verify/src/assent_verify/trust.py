"""Whose keys these are: a document that an organisation publishes, and an auditor gets from outside the log.

A C2SP signed note. Its text is a c2sp.org/tlog-policy, so that witnesses and their quorum
stand in it as others read them; what that format has no line for is in comments of ours:

    # assent-trust/1 2026-11-24T08:30:00.123Z
    # reviewer VKEY
    # retired VKEY LEAF
    log VKEY [URL]
    witness … / group … / quorum …
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from assent_verify.errors import ProofError
from assent_verify.note import ED25519, Note, VerifierKey

_HEAD = "# assent-trust/1 "
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_POLICY = ("witness ", "group ", "quorum ")
_MAX_LINES = 1_000


@dataclass(frozen=True, slots=True)
class Trust:
    """What such a document says.

    Args:
        made: when it was signed, RFC 3339.
        log_keys: keys in force; all of them sign.
        retired: keys of before, with the leaf that took each out of force.
        reviewers: people's keys, as vkeys named after the log.
        url: where its tiles are; may be empty.
        policy: lines of the witness policy.
    """

    made: str
    log_keys: tuple[VerifierKey, ...]
    retired: tuple[tuple[VerifierKey, int], ...] = ()
    reviewers: tuple[VerifierKey, ...] = ()
    url: str = ""
    policy: tuple[str, ...] = ()

    def __str__(self) -> str:
        place = f" {self.url}" if self.url else ""
        lines = [
            _HEAD + self.made,
            *(f"# reviewer {key}" for key in self.reviewers),
            *(f"# retired {key} {leaf}" for key, leaf in self.retired),
            *(f"log {key}{place}" for key in self.log_keys),
            *self.policy,
        ]
        return "".join(f"{line}\n" for line in lines)

    def signers(self) -> tuple[VerifierKey, ...]:
        """Who must have signed it: people and the log's keys, save those that sign checkpoints only."""
        return (*self.reviewers, *(key for key in self.log_keys if key.type == ED25519))

    def sources(self, file: str) -> list[str]:
        """Where each key came from, for a report."""
        signed = f"from `{file}` of {self.made}, which all keys in it have signed"
        return [
            *(f"log key `{key.name}+{key.id.hex()}`: {signed}" for key in self.log_keys),
            *(f"person's key `{key.name}+{key.id.hex()}`: {signed}" for key in self.reviewers),
        ]


def parse(data: bytes) -> Trust:
    """Read such a document; who handed it over must be known by other means.

    Raises:
        ProofError: `bad_trust`, or what a note or a key raises: each key in it must have signed it.
    """
    note = Note.parse(data)
    trust = _parse(note.text.removesuffix("\n").split("\n"))
    if str(trust) != note.text:
        raise ProofError("bad_trust", "the document is not in its one accepted spelling")
    signers = trust.signers()
    if not signers:
        raise ProofError("bad_trust", "nobody in the document can have signed it")
    for key in signers:
        note.verify([key])
    return trust


def _parse(lines: Sequence[str]) -> Trust:
    if not lines[0].startswith(_HEAD) or not _TIME.fullmatch(made := lines[0].removeprefix(_HEAD)):
        raise ProofError("bad_trust", f"expected a first line `{_HEAD}TIME`")
    if len(lines) > _MAX_LINES:
        raise ProofError("bad_trust", f"the document has more than {_MAX_LINES} lines")
    keys: list[VerifierKey] = []
    retired: list[tuple[VerifierKey, int]] = []
    people: list[VerifierKey] = []
    policy: list[str] = []
    urls: set[str] = set()
    for line in lines[1:]:
        match line.split(" "):
            case ["#", "reviewer", vkey]:
                people.append(VerifierKey.parse(vkey))
            case ["#", "retired", vkey, leaf] if leaf.isascii() and leaf.isdecimal() and len(leaf) < 16:
                retired.append((VerifierKey.parse(vkey), int(leaf)))
            case ["log", vkey, *url] if len(url) < 2:
                keys.append(VerifierKey.parse(vkey))
                urls.add(url[0] if url else "")
            case _ if line.startswith(_POLICY):
                policy.append(line)
            case _:
                raise ProofError("bad_trust", f"`{line[:80]}` is not a line of such a document")
    names = {key.name for key in keys}
    if len(names) != 1 or len(urls) != 1 or any(key.type != ED25519 for key in people):
        raise ProofError("bad_trust", "expected the keys of one log, at one place, and people's Ed25519 keys")
    return Trust(made, tuple(keys), tuple(retired), tuple(people), urls.pop(), tuple(policy))
