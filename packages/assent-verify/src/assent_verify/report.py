"""What a verification found, axis by axis, and in words what it does not prove."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Axis = Literal["sound", "witnessed", "complete", "disclosed", "replayed"]
#: A log that is broken throughout names this many problems; the rest are counted.
MAX_PROBLEMS = 100

NOT_PROVED = (
    "that recorded facts were true when they were recorded",
    "that nothing went past Assent without leaving a receipt",
)
#: Not proved unless the decisions were replayed.
NOT_REPLAYED = "that the policies gave this verdict: it takes the policies and the engine to say so"


def plain(text: str) -> str:
    """One line that can be shown to a person: what a hostile file says neither ends it nor steers a terminal."""
    return "".join(char if char.isprintable() else "?" for char in text)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that does not hold.

    Args:
        leaf: index of the offending leaf, or None if it is not about one.
        code: stable identifier.
        message: one line, expected and found.
        axis: which of the report's answers it turns to `no`.
    """

    leaf: int | None
    code: str
    message: str
    axis: Axis = "sound"

    def __str__(self) -> str:
        where = "" if self.leaf is None else f"leaf {self.leaf}: "
        return f"{where}{self.message} ({self.code})"


@dataclass(frozen=True, slots=True)
class Report:
    """Five answers, each yes, no, or None for `not checked`, which is never a pass.

    Args:
        sound: every leaf is well-formed, in its place, and anchored by signed checkpoints.
        witnessed: enough witnesses of a policy from outside cosigned the last checkpoint; None if none
            was given, or if leaves follow the last witnessed one.
        complete: nothing that the last checkpoint commits to is missing; None if leaves follow it.
        disclosed: every disclosed value opens its commitment.
        replayed: every decision that could be made again came out as recorded; None without the engine.
        leaves: how many were read.
        size: how many the log has; more, if only a part of it was shown.
        root: root hash of the log, `sha256:…`.
        problems: in the order found, at most `MAX_PROBLEMS`.
        notes: what a reader must know beside the answers.
        self_asserted: keys were taken from the log itself.
        open_after: number of the last leaf that is vouched for, if others follow it or may.
        witnessed_to: number of the last leaf that witnesses vouch for, if leaves follow it.
        policy: a policy of witnesses was given, and it asks for some.
        alone: it is the proof of one receipt, of which nothing but its place and bytes was looked at.
    """

    sound: bool | None
    witnessed: bool | None
    complete: bool | None
    disclosed: bool | None
    leaves: int
    root: str
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    self_asserted: bool = False
    open_after: int | None = None
    size: int = 0
    replayed: bool | None = None
    witnessed_to: int | None = None
    policy: bool = False
    alone: bool = False

    @property
    def holds(self) -> bool:
        """No answer is `no`, and the log is sound."""
        others = (self.witnessed, self.complete, self.disclosed, self.replayed)
        return self.sound is True and False not in others

    @property
    def lacks(self) -> list[str]:
        """Why `--strict` fails: `not_sound`, `self_asserted`, …; empty if it passes."""
        found = {
            "not_sound": self.sound is not True,
            "not_complete": self.complete is not True or self.open_after is not None,
            "not_disclosed": self.disclosed is False,
            "not_witnessed": self.policy and self.witnessed is not True,
            "self_asserted": self.self_asserted,
        }
        return [code for code, lacking in found.items() if lacking]

    @property
    def strict(self) -> bool:
        """Sound, complete, and witnessed if that was asked, to the last leaf, with keys from outside the log."""
        return not self.lacks

    def as_json(self) -> dict[str, object]:
        """The stable JSON form; the first problem of an axis is its first offending leaf."""
        return {
            "sound": self.sound,
            "witnessed": self.witnessed,
            "complete": self.complete,
            "disclosed": self.disclosed,
            "replayed": self.replayed,
            "leaves": self.leaves,
            "root": self.root,
            "problems": [{"leaf": p.leaf, "axis": p.axis, "code": p.code, "message": p.message} for p in self.problems],
            "holds": self.holds,
            "lacks": self.lacks,
            "size": self.size,
            "open_after": self.open_after,
            "witnessed_to": self.witnessed_to,
            "notes": self.notes,
        }

    def lines(self) -> list[str]:
        """The report for a person, line by line."""
        answers: tuple[tuple[str, bool | None, Axis], ...] = (
            ("SOUND", self.sound, "sound"),
            ("WITNESSED", self.witnessed, "witnessed"),
            ("COMPLETE", self.complete, "complete"),
            ("DISCLOSED", self.disclosed, "disclosed"),
            ("REPLAYED", self.replayed, "replayed"),
        )
        many = f"{self.leaves:,} of {self.size:,}" if self.leaves < self.size else f"{self.leaves:,}"
        out = [f"{many} leaves, root {self.root}", ""]
        for name, answer, axis in answers:
            first = next((f"{problem}" for problem in self.problems if problem.axis == axis), "")
            if name == "COMPLETE" and answer is None and self.open_after is not None:
                first = f"OPEN AFTER LEAF {self.open_after}: nothing signed vouches for what follows"
            if name == "WITNESSED" and answer is None and self.witnessed_to is not None:
                first = f"WITNESSED UP TO LEAF {self.witnessed_to}: not what follows"
            word = {True: "yes", False: "no", None: "not checked"}[answer]
            out.append(f"{name:<10} {word:<11}  {first}".rstrip() if answer is not True else f"{name:<10} {word}")
        rest = self.problems if len(self.problems) > 1 else []
        out += ["", *(f"  problem   {problem}" for problem in rest)] if rest else []
        out += ["", *(f"  note      {note}" for note in self.notes)] if self.notes else []
        unproved = NOT_PROVED if self.replayed else (*NOT_PROVED, NOT_REPLAYED)
        said = [plain(line) for line in out]
        return [*said, "", "  This does not prove " + ",\n    nor ".join(unproved) + "."]
