"""What was and was not proved, in sentences, as a signed note: for people who do not run the verifier.

The text is made from a report alone, so that whoever has the file and the keys makes
the same text again and compares.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assent_verify.errors import ProofError
from assent_verify.note import Note, VerifierKey
from assent_verify.report import NOT_PROVED, Report, plain

_HEAD = "STATEMENT OF VERIFICATION\n"
_MADE = "Made at "
_MEANING = {
    "sound": (
        "Every record is in its place, unchanged, and vouched for by the log's key; permits, approvals and "
        "outcomes fit each other.",
        "At least one record does not hold. The records must not be relied on before this is explained.",
        "No signature that can be trusted vouches for the records.",
    ),
    "witnessed": (
        "Independent witnesses have signed that the log was never rewritten.",
        "Witnesses were asked for and have not signed, or say something else.",
        "Whether others saw the same log was not checked. The operator could show another log to somebody else.",
    ),
    "complete": (
        "No record that the last signature covers is missing, and every permitted call has its outcome, or a record "
        "that none came in time.",
        "A record or an outcome is missing.",
        "Whether records are missing at the end could not be checked.",
    ),
    "disclosed": (
        "Every value that was shown is the value that was recorded.",
        "A value that was shown is not the one that was recorded.",
        "No values were shown; what the calls contained is not part of this statement.",
    ),
}


#: What yes means where only a part of a log is shown.
_OF_A_PART = {
    "sound": "Every record that is shown is in its place, unchanged, and vouched for by the log's key; permits, "
    "approvals and outcomes that are shown fit each other.",
    "complete": "Of the sessions that are shown no record is missing, nor any of the log's own, up to the last "
    "signature, and every permitted call in them has its outcome, or a record that none came in time.",
}
#: What yes means of the proof of one record.
_OF_ONE = (
    "The record is in its place, unchanged, and vouched for by the log's key. Whether it was right was not checked."
)


@dataclass(frozen=True, slots=True)
class About:
    """What a statement is about.

    Args:
        file: name of the file.
        digest: `sha256:…` of its bytes.
        made: time of the verification, RFC 3339.
        version: of the verifier.
        sources: where each key came from, a line each.
    """

    file: str
    digest: str
    made: str
    version: str
    sources: Sequence[str]


def text(report: Report, about: About) -> str:
    """The statement, ready to be signed."""
    answers = {"sound": report.sound, "witnessed": report.witnessed, "complete": report.complete}
    answers["disclosed"] = report.disclosed
    lines = [
        f"{_MADE}{about.made} by assent-verify {about.version}.",
        "",
        f"The file `{about.file}` with the digest {about.digest} was verified.",
        f"It shows {report.leaves:,} records of a log of {max(report.leaves, report.size):,}.",
        f"The log's root hash is {report.root}.",
        "",
        "Keys, and where they came from:",
        *(f"- {source}" for source in about.sources or ["none was given: the log was held against its own word"]),
        "",
        "What was found:",
    ]
    for name, answer in answers.items():
        word, at = {True: ("YES", 0), False: ("NO", 1), None: ("NOT CHECKED", 2)}[answer]
        lines.append(f"- {name.upper()}: {word}. {_meaning(report, name, at)}")
    if report.problems:
        lines += ["", "What does not hold:", *(f"- {problem}" for problem in report.problems)]
    if report.notes:
        lines += ["", "What must be known beside it:", *(f"- {note}" for note in report.notes)]
    lines += ["", "What this does not prove, and no log can:", *(f"- {what}" for what in NOT_PROVED)]
    return _HEAD + "\n" + "\n".join(map(plain, lines)) + "\n"


def _meaning(report: Report, name: str, at: int) -> str:
    if not at and name == "sound" and report.alone:
        return _OF_ONE
    part = _OF_A_PART.get(name) if report.leaves < report.size else None
    return part if part and not at else _MEANING[name][at]


def check(note: bytes, signer: VerifierKey, report: Report, about: About) -> None:
    """Did `signer` sign exactly what this report says again?

    Args:
        about: as made now; its time is not compared.

    Raises:
        ProofError: what a note raises, or `statement_differs` with the first line that does.
    """
    parsed = Note.parse(note)
    parsed.verify([signer])
    said, found = parsed.text.split("\n"), text(report, about).split("\n")
    for one, other in zip(said, found, strict=False):
        if one != other and not (one.startswith(_MADE) and other.startswith(_MADE)):
            raise ProofError("statement_differs", f"it says `{one[:200]}`, and the file shows `{other[:200]}`")
    if len(said) != len(found):
        raise ProofError("statement_differs", "it says more or less than the file shows")
