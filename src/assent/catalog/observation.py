"""What was observed about a call before it is judged: paths, priors, readings.

`inform.observe` fills these values; analysers only read them, so that judging stays
a pure function and a receipt can carry what it saw.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from assent.model.action import Referent
from assent.model.ids import Digest
from assent.model.profile import Reversibility

#: What stands at a path; `unreadable` also for a path that cannot be resolved at all.
Kind = Literal["file", "directory", "other", "missing", "unreadable"]

#: What a text does with a file it names: `list` tells the names in a directory, not what is below it;
#: `make` makes, moves or touches it and loses nothing of it; `run` and `send` make it a referent (DESIGN §4.10).
Use = Literal["list", "read", "write", "delete", "make", "run", "send"]


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
        private: it lies where a person keeps what is nobody else's business (`path.private`), or the operator says so.
        place: absolute, as it stood before links were followed; whoever opens it goes through it again.
        use: what is done with it, where a reading says so; empty for an argument that is a path.
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
    use: Use | Literal[""] = ""
    private: bool = False
    place: str = ""

    def as_json(self) -> dict[str, object]:
        """For the record: names and digests, never contents."""
        return {
            "argument": self.argument,
            "declared": self.declared,
            "digest": self.digest,
            "kept": self.kept,
            "kind": self.kind,
            "linked": self.linked,
            "private": self.private,
            "resolved": self.resolved,
            "stamp": self.stamp,
            "text": self.text,
            "use": self.use,
        }


#: Facts that only a reading can establish.
READ_FACTS = frozenset(
    {
        "credentials_in_url",
        "lookalike",
        "metadata_host",
        "opaque",
        "private_host",
        "rewrites_history",
        "runs_download",
        "shows_secrets",
    }
)


@dataclass(frozen=True, slots=True)
class NamedFile:
    """A file that a command, a statement or a URL names.

    Args:
        text: as a path, relative to the server's working directory where it is not absolute.
        use: what is done with it.
        pattern: `text` is a shell pattern (`*`, `?`, `[…]`) that stands for every file it matches.
        within: where `text` is a directory, this name in it is meant.
    """

    text: str
    use: Use = "read"
    pattern: bool = False
    within: str = ""

    def as_json(self) -> dict[str, object]:
        """For the record."""
        return {"pattern": self.pattern, "text": self.text, "use": self.use, "within": self.within}


@dataclass(frozen=True, slots=True)
class Reading:
    """What one analyser read out of one argument.

    Args:
        effects: of everything in it together, never empty.
        reversibility: the worst of everything in it.
        by_prior: it can be undone only by the bytes from before, of the files it changes or of the database.
        tables: tables named, lower case, sorted.
        files: files it names.
        hosts: hosts it reaches, normalised, sorted.
        recipients: domains of addresses it sends to, normalised, sorted.
        programs: names of the programs it runs, sorted.
        facts: those of `READ_FACTS` that hold.
        complete: all of it was understood to the end.
        note: one line for a person.
        refs: git references whose commits it sends or runs: directory of the repository, name.
        analyser: which one read it.
    """

    effects: frozenset[str]
    reversibility: Reversibility
    by_prior: bool = False
    tables: tuple[str, ...] = ()
    files: tuple[NamedFile, ...] = ()
    hosts: tuple[str, ...] = ()
    recipients: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()
    facts: frozenset[str] = frozenset()
    complete: bool = True
    note: str = ""
    refs: tuple[tuple[str, str], ...] = ()
    analyser: str = ""

    def as_json(self) -> dict[str, object]:
        """For the record."""
        return {
            "analyser": self.analyser,
            "by_prior": self.by_prior,
            "complete": self.complete,
            "effects": sorted(self.effects),
            "facts": sorted(self.facts),
            "files": [file.as_json() for file in self.files],
            "hosts": list(self.hosts),
            "note": self.note,
            "programs": list(self.programs),
            "recipients": list(self.recipients),
            "refs": [list(ref) for ref in self.refs],
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
        readings: argument → what an analyser read out of it.
        secrets: arguments in which further detectors found a secret; our own always look.
        refs: git references that readings name, with the commits they point to.
        priors: resolved path → bytes before the call, None if it did not exist.
            Never recorded; goes to the sidecar with the permit.
    """

    guarded: Guarded
    paths: tuple[SeenPath, ...] = ()
    readings: Mapping[str, Reading] = field(default_factory=dict)
    secrets: frozenset[str] = frozenset()
    refs: tuple[Referent, ...] = ()
    priors: Mapping[str, bytes | None] = field(default_factory=dict, repr=False, compare=False)

    def as_json(self) -> dict[str, object]:
        """For the record: no contents, digests only."""
        return {
            "paths": [path.as_json() for path in self.paths],
            "readings": {name: found.as_json() for name, found in self.readings.items()},
            "refs": [ref.as_json() for ref in self.refs],
        }
