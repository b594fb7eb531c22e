"""What must be looked up before a call is judged: paths, prior bytes, statements, referents.

Read once, without changing anything, and recorded. A path that cannot be read is
`unreadable`, which judges as the worst.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from urllib.parse import unquote, urlsplit

from assent.catalog.analysers import ACTIVE, path, said, said_by
from assent.catalog.analysers.readers import read_arguments
from assent.catalog.analysers.secrets import carries_secret, strings
from assent.catalog.observation import Guarded, Kind, NamedFile, Observed, Reading, SeenPath
from assent.inform.patterns import matches
from assent.inform.refs import digest_of_ref, repository
from assent.inform.watch import Watch
from assent.model.action import Action, Referent
from assent.model.client import client_files
from assent.model.ids import Digest
from assent.model.profile import Server, ToolProfile

#: Longest text taken for a path, in characters (PATH_MAX of Linux).
_LONGEST_PATH = 4096
#: Longest text that is shortened before it is taken for one.
_LONGEST_TEXT = 1_000_000
#: Times that a text is percent-decoded: a server behind another may do it again.
_DECODED = 3
#: Most strings of one call that are taken for paths; a call with more is read as reaching everything.
_MOST_PATHS = 512
_DECLARED = frozenset({"path", "database"})
_REFERENT_LIMIT = 64 * 1024 * 1024
#: Most files of a directory that is pinned whole, and what in it is history rather than content.
_MOST_PINNED, _UNPINNED = 2_000, frozenset({".git"})
_MOST_REFS = 32


def guarded_paths(home: Path, extra: Sequence[Path] = ()) -> Guarded:
    """Assent's own files: the home as written and as resolved, whatever else is given, and clients' configurations."""
    places = [home, *extra]
    names = {os.path.abspath(place) for place in places} | {os.path.realpath(place) for place in places}
    user = os.path.expanduser("~")
    clients = list(client_files(user, os.environ)) if os.path.isabs(user) else []
    clients = sorted({*clients, *map(os.path.realpath, clients)})
    return Guarded(os.path.realpath(home), tuple(sorted(names)), user, tuple(clients))


class Observer:
    """Looks things up for the calls of one home.

    Args:
        guarded: what no call may reach.
        prior_limit: most bytes of one file kept before a write.
        files: single files elsewhere that no call may reach either, by any name.
        watch: further detectors, and the operator's private places.
    """

    def __init__(
        self, guarded: Guarded, prior_limit: int, files: Sequence[Path] = (), watch: Watch | None = None
    ) -> None:
        self._guarded = guarded
        self.watch = watch or Watch()
        self._user = os.path.realpath(guarded.user_home) if guarded.user_home else ""
        self._limit = prior_limit
        # hard links to small files of the home: another name for the same thing
        self._files = tuple(files)
        self._inodes = self._guarded_inodes()

    def guard(self, file: Path) -> None:
        """Keep one more file from every call."""
        self._files = (*self._files, file)
        self._inodes = self._guarded_inodes()

    def _guarded_inodes(self) -> frozenset[tuple[int, int]]:
        return _inodes(self._guarded.home) | _inodes_of(self._files)

    def _is_guarded(self, file: tuple[int, int]) -> bool:
        """Is this a file of the home under another name? One that has gone leaves its number to any other file."""
        if file in self._inodes:
            self._inodes = self._guarded_inodes()
        return file in self._inodes

    def observe(self, profile: ToolProfile, action: Action, server: Server) -> Observed:
        """Everything that is looked up for one call. Never raises for what a call holds."""
        paths: list[SeenPath] = []
        priors: dict[str, bytes | None] = {}
        arguments = action.arguments
        readings = read_arguments(profile, action)
        effects = said(profile, readings)
        writes = effects != {"read"}
        keep = writes and profile.undo is None and "path" in profile.analysers
        pin = bool(effects & ACTIVE)
        for name, text, declared in _candidates(profile, arguments):
            base = arguments.get(profile.relative.get(name, ""))
            for place in self._spelled(text, server, base if isinstance(base, str) else ""):
                named = NamedFile(text)
                paths.append(self._seen(name, named, place, declared, priors, (keep and declared, pin and declared)))
        for name, found in readings.items():
            base = arguments.get(profile.relative.get(name, ""))
            for file in found.files:
                for place in self._named(file, server, base if isinstance(base, str) else ""):
                    wanted = (file.use in ("write", "delete"), file.use in ("run", "send"))
                    seen = self._seen(name, file, place, True, priors, wanted)
                    paths.append(replace(seen, use=file.use))
        if writes and any(found.analyser == "sql" for found in readings.values()):
            for root in server.roots:  # the database itself: its bytes from before are the undo
                seen = self._seen("", NamedFile(root), root, True, priors, (True, False))
                # with a journal beside it the file alone is not the database (sqlite.org/tempfiles.html)
                whole = not any(_filled(root + suffix) for suffix in ("-wal", "-journal"))
                paths.append(seen if whole else replace(seen, kept=False))
        secrets = self._secrets(action) if self.watch.more else frozenset[str]()
        return Observed(
            self._guarded,
            self._judged(paths, server),
            readings,
            secrets,
            self._refs(profile, action, server, readings),
            priors,
        )

    def _secrets(self, action: Action) -> frozenset[str]:
        """Arguments in which further detectors find a secret."""
        said = said_by(action).items()
        return frozenset(n for n, v in said if any(carries_secret(text, self.watch.found) for text in strings({n: v})))

    def _judged(self, paths: list[SeenPath], server: Server) -> tuple[SeenPath, ...]:
        """With what is private among them; where nothing is, there is nothing to read."""
        roots = server.roots or ((os.path.realpath(server.cwd),) if server.cwd else ())
        return tuple(
            replace(seen, private=True)
            if seen.kind != "missing"
            and (
                path.private(seen.resolved, roots, self._user)
                or (bool(self.watch.private) and path.matches(seen.resolved, self.watch.private))
            )
            else seen
            for seen in paths
        )

    def _refs(
        self, profile: ToolProfile, action: Action, server: Server, readings: Mapping[str, Reading]
    ) -> tuple[Referent, ...]:
        """The commits that named references point to, in every repository they may be meant in."""
        found: dict[str, Referent] = {}
        for argument, reading in readings.items():
            base = action.arguments.get(profile.relative.get(argument, ""))
            for folder, ref in reading.refs[:_MOST_REFS]:
                places = list(self._spelled(folder, server, base if isinstance(base, str) else ""))
                for place in [each for each in places if repository(each)] or places[:1]:
                    name = f"{place} {ref}"
                    found[name] = Referent("git_ref", name, digest_of_ref(place, ref))
        return tuple(found[name] for name in sorted(found))

    def _named(self, file: NamedFile, server: Server, base: str) -> Iterator[str]:
        """Every way to read a file that a text names; a pattern is what it matches now, and its folder."""
        if not file.pattern:
            for resolved in self._spelled(file.text, server, base):
                into = file.within and os.path.isdir(resolved)
                yield os.path.realpath(os.path.join(resolved, file.within)) if into else resolved
            return
        fixed = re.split(r"[*?\[]", file.text, maxsplit=1)[0].rpartition("/")[0] or (
            "/" if file.text[0] == "/" else "."
        )
        yield from self._spelled(fixed, server, base)
        folder = os.path.join(server.cwd or os.getcwd(), base)
        for match in matches(os.path.join(folder, os.path.expanduser(file.text))) or ():
            yield from self._spelled(match, server)

    def _spelled(self, text: str, server: Server, base: str = "") -> Iterator[str]:
        """Every place that a server may take a text for, absolute, links not yet followed; each resolved one once."""
        seen: set[str] = set()
        for spelled in _spellings(text):
            cwd = server.cwd or os.getcwd()
            bases = (os.path.join(cwd, base),) if base else (cwd, *server.roots)
            for base in bases:
                place = os.path.join(base, spelled) if spelled else ""
                resolved = _resolved(place)
                if resolved not in seen:
                    seen.add(resolved)
                    yield place
                if os.path.isabs(spelled) or not spelled:
                    break  # the same from every base

    def _seen(
        self,
        name: str,
        file: NamedFile,
        place: str,
        declared: bool,
        priors: dict[str, bytes | None],
        wanted: tuple[bool, bool],
    ) -> SeenPath:
        keep, pin = wanted
        resolved = _resolved(place)
        kind, info = _kind(resolved)
        kept, digest = False, None
        if keep and kind == "missing":
            priors[resolved] = None
            kept = True
        elif keep and kind == "file" and (content := _read(resolved, self._limit)) is not None:
            priors[resolved] = content
            kept, digest = True, Digest("sha256:" + sha256(content).hexdigest())
        if pin and kind == "file":
            digest = digest_of(resolved)  # what the call runs or sends is what was looked at
        elif pin and kind == "directory" and file.use:
            digest = digest_of_folder(resolved)
        linked = info is not None and self._is_guarded((info.st_dev, info.st_ino))
        return SeenPath(
            argument=name,
            text=file.text,
            resolved=resolved,
            kind=kind,
            declared=declared,
            linked=linked,
            kept=kept,
            digest=digest,
            stamp=_stamp(info),
            wanted=keep,
            place=place,
        )


def _resolved(place: str) -> str:
    """With links followed; empty if that cannot be done."""
    try:
        return os.path.realpath(place) if place else ""
    except (OSError, ValueError):
        return ""


def _same_file(stamp: str) -> list[str]:
    """Device and inode: which file it is, whatever it holds."""
    return stamp.split(":")[:2]


def _stamp(info: os.stat_result | None) -> str:
    return f"{info.st_dev}:{info.st_ino}:{info.st_size}:{info.st_mtime_ns}" if info else ""


def unmoved(paths: Sequence[SeenPath]) -> bool:
    """Does every path still lead where it led, immediately before the effect?

    What is changed must be the very file that was looked at; what stands in a file may have changed.
    """
    for seen in paths:
        if seen.place and _resolved(seen.place) != seen.resolved:
            return False
        kind, info = _kind(seen.resolved)
        # another file in its place shows; what an allowed call beside this one writes into the same file does not count
        if kind != seen.kind or (seen.wanted and _same_file(_stamp(info)) != _same_file(seen.stamp)):
            return False
    return True


def _candidates(profile: ToolProfile, arguments: object) -> Iterator[tuple[str, str, bool]]:
    """Strings that a server may take for paths: (argument, text, declared as one)."""
    if not isinstance(arguments, dict):
        return
    count = 0
    for name, value in arguments.items():
        kind = profile.targets.get(name)
        for text in strings(value):
            declared = kind in _DECLARED or (kind == "url" and text.lstrip()[:5].casefold() == "file:")
            if declared or _looks_like_path(text):
                count += 1
                if count > _MOST_PATHS:
                    yield name, "/", True  # too many to look at: as if it reached everything
                    return
                yield name, text, declared


def _looks_like_path(text: str) -> bool:
    text = text.strip()  # some servers trim what they take for a path
    if not text or len(_short(text)) > _LONGEST_PATH or "\n" in text:
        return False
    return text[0] in "/~." or ":" in text[:8] or "/" in text or "\\" in text or "%2" in text


def _spellings(text: str) -> Iterator[str]:
    """The text itself, percent-decoded, as a file URL, with `~` and backslashes read."""
    text = _short(text.strip() if text.lstrip()[:5].casefold() == "file:" else text)
    if len(text) > _LONGEST_PATH or "\0" in text:
        yield ""  # no system call takes it; what it means cannot be told
        return
    spelled = text or "."  # nothing is the directory itself
    if text[:5].casefold() == "file:":
        spelled = _file_url(text)
    yield os.path.expanduser(spelled) if spelled.startswith("~") else spelled
    if spelled != (trimmed := spelled.strip()):
        yield os.path.expanduser(trimmed)
    for _ in range(_DECODED):
        if spelled == (spelled := unquote(spelled)):
            break
        yield spelled
    if "\\" in spelled:
        yield spelled.replace("\\", "/")
    yield from path.other_systems(spelled)


def _short(text: str) -> str:
    """A text too long for the system, as a server would shorten it: `/a/././…/b` is `/a/b`."""
    return os.path.normpath(text) if _LONGEST_PATH < len(text) <= _LONGEST_TEXT else text


def _file_url(text: str) -> str:
    """The path of a file URL; of one that cannot be read, what stands after the scheme."""
    try:
        return unquote(urlsplit(text).path) or "/"
    except ValueError:
        return unquote(text[5:]) or "/"


def _kind(resolved: str) -> tuple[Kind, os.stat_result | None]:
    if not resolved:
        return "unreadable", None
    try:
        info = os.lstat(resolved)
    except FileNotFoundError:
        return "missing", None
    except NotADirectoryError:
        return "missing", None
    except (OSError, ValueError):
        return "unreadable", None
    if stat.S_ISREG(info.st_mode):
        return "file", info
    return ("directory" if stat.S_ISDIR(info.st_mode) else "other"), info


def _filled(path: str) -> bool:
    """Is there a file with anything in it? One that cannot be asked counts."""
    try:
        return os.stat(path).st_size > 0
    except FileNotFoundError:
        return False
    except (OSError, ValueError):
        return True


def _read(path: str, limit: int) -> bytes | None:
    """The bytes of a regular file of at most `limit` bytes, not through a link; None otherwise."""
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | os.O_NONBLOCK)
    except OSError:
        return None
    with os.fdopen(handle, "rb") as file:
        info = os.fstat(file.fileno())
        if not stat.S_ISREG(info.st_mode) or info.st_size > limit:
            return None
        try:
            content = file.read(limit + 1)
        except OSError:
            return None
    return content if len(content) <= limit else None


def _inodes(home: str) -> frozenset[tuple[int, int]]:
    return _inodes_of(Path(folder, name) for folder, _, names in os.walk(home) for name in names)


def _inodes_of(files: Iterable[Path]) -> frozenset[tuple[int, int]]:
    found: set[tuple[int, int]] = set()
    for file in files:
        try:
            info = os.lstat(file)
        except OSError:
            continue
        found.add((info.st_dev, info.st_ino))
    return frozenset(found)


def digest_of(path: str) -> Digest | None:
    """SHA-256 of a file's bytes; None if it cannot be read or is too large."""
    content = _read(path, _REFERENT_LIMIT)
    return None if content is None else Digest("sha256:" + sha256(content).hexdigest())


def digest_of_folder(path: str) -> Digest | None:
    """SHA-256 over the names and bytes of everything below a directory; None if that is too much to read."""
    found: list[bytes] = []
    size = 0
    for folder, folders, names in os.walk(path):
        folders[:] = sorted(name for name in folders if name not in _UNPINNED)
        for name in sorted(names):
            place = os.path.join(folder, name)
            try:
                size += os.lstat(place).st_size
            except OSError:
                return None
            if len(found) >= _MOST_PINNED or size > _REFERENT_LIMIT:
                return None
            target = os.readlink(place) if os.path.islink(place) else ""
            content = target if target else digest_of(place)
            if content is None:
                return None
            found.append(f"{os.path.relpath(place, path)}\0{content}\n".encode("utf-8", "surrogateescape"))
    return Digest("sha256:" + sha256(b"".join(found)).hexdigest())


def observe_again(referents: Sequence[Referent]) -> bool:
    """Are all pinned referents still what they were, immediately before the effect?"""
    return all(referent.digest is None or _again(referent) == referent.digest for referent in referents)


def _again(referent: Referent) -> Digest | None:
    if referent.kind == "git_ref":
        folder, _, name = referent.name.rpartition(" ")
        return digest_of_ref(folder, name)
    return digest_of_folder(referent.name) if referent.kind == "directory" else digest_of(referent.name)
