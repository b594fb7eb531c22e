"""Keys that an auditor gives, and where each came from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from assent_verify.errors import ProofError
from assent_verify.note import VerifierKey, decode_base64
from assent_verify.trust import Trust


@dataclass(frozen=True, slots=True)
class Given:
    """What a log is held against.

    Args:
        log_keys: keys of the log; none takes its own word.
        roots: raw public keys of people.
        sources: where each came from, a line each.
    """

    log_keys: tuple[VerifierKey, ...] = ()
    roots: tuple[bytes, ...] = ()
    sources: tuple[str, ...] = ()


def gather(log_keys: Iterable[str], reviewers: Iterable[str], trust: Trust | None, file: str = "") -> Given:
    """Keys from the command line and from a document.

    Args:
        log_keys: vkeys.
        reviewers: base64 of people's raw public keys, or vkeys as the document has them.
        trust: the document, which has been parsed and so verified.
        file: name of its file.

    Raises:
        ProofError: one of them is no key.
    """
    keys = [VerifierKey.parse(text) for text in log_keys]
    roots = [person(text) for text in reviewers]
    sources = [f"log key `{key.name}+{key.id.hex()}`: given by hand" for key in keys]
    sources += [f"person's key `{text}`: given by hand" for text in reviewers]
    if trust is not None:
        keys += trust.log_keys
        roots += [key.public for key in trust.reviewers]
        sources += trust.sources(file)
    return Given(tuple(keys), tuple(roots), tuple(sources))


def person(text: str) -> bytes:
    """The raw public key of a person, from its base64, which ends with `=`, or from a vkey, which does not.

    Raises:
        ProofError: it is neither.
    """
    if "+" in text and not text.endswith("="):
        return VerifierKey.parse(text).public
    public = decode_base64(text, "reviewer key")
    if len(public) != 32:
        raise ProofError("bad_key", f"a reviewer key has {len(public)} bytes, expected 32")
    return public
