"""What was observed about a call before it is judged: paths, priors, statements.

`inform.observe` fills these values; analysers only read them, so that judging stays
a pure function and a receipt can carry what it saw.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from assent.model.ids import Digest
from assent.model.profile import Reversibility

#: What stands at a path; `unreadable` also for a path that cannot be resolved at all.
Kind = Literal["file", "directory", "other", "missing", "unreadable"]


@dataclass(frozen=True, slots=True)
class SeenPath:
    """One way a server may read one argument string as a path.

    Args:
        argument: where it stands, `path`, `edits[0].path`; empty for the server's own store.
        text: as the call spells it.
        resolved: absolute, links followed; empty if it cannot be resolved.
        kind: what stands there, links followed.
        declared: the profile (or an inferred one) says this argument is a path.
        linked: a hard link to a guarded file.
        kept: its bytes before the call are held, or it did not exist.
        digest: SHA-256 of its bytes; None unless they were read.
        wanted: its bytes from before are the undo of this call.
        stamp: `dev:inode:size:mtime` of it, empty if missing; a change before the effect shows.
    """

    argument: str
    text: str
    resolved: str
    kind: Kind
    declared: bool = True
    linked: bool = False
    kept: bool = False
    digest: Digest | None = None
    stamp: str = ""
    wanted: bool = False

    def as_json(self) -> dict[str, object]:
        """For the record: names and digests, never contents."""
        return {
            "argument": self.argument,
            "declared": self.declared,
            "digest": self.digest,
            "kept": self.kept,
            "kind": self.kind,
            "linked": self.linked,
            "resolved": self.resolved,
            "stamp": self.stamp,
            "text": self.text,
        }


@dataclass(frozen=True, slots=True)
class Statements:
    """What the SQL analyser read out of one argument.

    Args:
        effects: of all statements together, never empty.
        reversibility: `reversible` means: provided the database's prior bytes are kept.
        tables: tables named, lower case, sorted.
        paths: files that the statements open (ATTACH, COPY, …).
        complete: every statement was understood to the end.
        note: one line for a person.
    """

    effects: frozenset[str]
    reversibility: Reversibility
    tables: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    complete: bool = True
    note: str = ""

    def as_json(self) -> dict[str, object]:
        """For the record."""
        return {
            "complete": self.complete,
            "effects": sorted(self.effects),
            "note": self.note,
            "paths": list(self.paths),
            "reversibility": self.reversibility,
            "tables": list(self.tables),
        }


@dataclass(frozen=True, slots=True)
class Guarded:
    """Assent's own files, resolved once; no call may reach them (DESIGN §3).

    Args:
        home: Assent's home, resolved.
        paths: every guarded path, as configured and resolved, the home included.
        user_home: what `~` means; empty if unknown.
        clients: configurations of clients, which say what is wrapped.
    """

    home: str
    paths: tuple[str, ...]
    user_home: str = ""
    clients: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Observed:
    """Everything that was looked up for one call before it is decided.

    Args:
        guarded: what must not be reached.
        paths: every reading of every string that may be a path.
        statements: argument position → what its SQL says.
        priors: resolved path → bytes before the call, None if it did not exist.
            Never recorded; goes to the sidecar with the permit.
    """

    guarded: Guarded
    paths: tuple[SeenPath, ...] = ()
    statements: Mapping[str, Statements] = field(default_factory=dict)
    priors: Mapping[str, bytes | None] = field(default_factory=dict, repr=False, compare=False)

    def as_json(self) -> dict[str, object]:
        """For the record: no contents, digests only."""
        return {
            "paths": [path.as_json() for path in self.paths],
            "statements": {name: found.as_json() for name, found in self.statements.items()},
        }
