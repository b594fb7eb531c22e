"""The operator's files: policies, entities and profiles as they stand on disk."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from assent_verify.canonical import canonicalize, digest, parse

from assent.catalog.book import Profiles
from assent.errors import ConfigError, PolicyError, ProofError
from assent.model.ids import Digest
from assent.policy.bundle import Bundle, Source, load

CATALOG_FORMAT = "assent-catalog/1"
_MOST = 64 * 1024 * 1024  # bytes of one file


@dataclass(frozen=True, slots=True)
class Texts:
    """Everything that an activation puts in force.

    Args:
        policies: `policy/*.cedar`, sorted by name.
        entities: `policy/entities.json`, empty if there is none.
        profiles: shipped profiles, then the operator's `catalog/*.toml`.
    """

    policies: tuple[Source, ...]
    entities: str
    profiles: tuple[Source, ...]

    def catalog(self) -> bytes:
        """Canonical bytes of all profiles; their SHA-256 is the catalog digest."""
        sources = [[one.name, one.text] for one in self.profiles]
        return canonicalize({"format": CATALOG_FORMAT, "sources": sources})

    def catalog_digest(self) -> Digest:
        """Digest of `catalog()`."""
        return Digest(digest(self.catalog()))

    def check(self) -> tuple[Bundle, Profiles]:
        """Load everything.

        Raises:
            PolicyError: the first text that cannot be put in force, and where.
        """
        return load(self.policies, entities=self.entities), Profiles.load(self.profiles)


def catalog_from_archive(archive: bytes) -> Profiles:
    """The profiles of an archived catalog.

    Raises:
        PolicyError: not an archive of a catalog.
    """
    return Profiles.activated(archived_profiles(archive))


def archived_profiles(archive: bytes) -> tuple[Source, ...]:
    """The texts of an archived catalog.

    Raises:
        PolicyError: not an archive of a catalog.
    """
    try:
        value = parse(archive, max_bytes=_MOST)
    except ProofError as error:
        raise PolicyError("bad_archive", f"the archived catalog is not readable: {error.message}") from error
    if not isinstance(value, dict) or value.get("format") != CATALOG_FORMAT:
        raise PolicyError("bad_archive", f"expected an archive of format `{CATALOG_FORMAT}`")
    return tuple(Source(name, text) for name, text in value["sources"])


def read(home: Path) -> Texts:
    """The files of a home.

    Raises:
        ConfigError: a file cannot be read, or there is no policy at all.
    """
    policies = _sources(home / "policy", "*.cedar")
    if not policies:
        help = "write one, or copy the starter policy back with: assent init"
        raise ConfigError("no_policy", f"there is no `*.cedar` file in `{home / 'policy'}`", help=help)
    entities = home / "policy" / "entities.json"
    text = _text(entities) if entities.exists() else ""
    own = tuple(Source(f"catalog/{one.name}", one.text) for one in _sources(home / "catalog", "*.toml"))
    return Texts(policies, text, shipped() + own)


def given(places: Sequence[Path]) -> tuple[tuple[Source, ...], str | None]:
    """Policies from files and directories that somebody names, and the entities among them, None if there are none.

    Raises:
        ConfigError: a file cannot be read, two have one name, or there is no policy at all.
    """
    files = [file for place in places for file in (_within(place) if place.is_dir() else [place])]
    entities = [file for file in files if file.name == "entities.json"]
    policies = tuple(Source(file.name, _text(file)) for file in files if file not in entities)
    if not policies:
        raise ConfigError("no_policy", "there is no `*.cedar` file among what was given", help="give a policy file")
    if len(entities) > 1 or len({one.name for one in policies}) != len(policies):
        raise ConfigError("repeated_source", "two of the files given have the same name", help="rename one of them")
    return policies, _text(entities[0]) if entities else None


def _within(folder: Path) -> list[Path]:
    return [*sorted(folder.glob("*.cedar")), *folder.glob("entities.json")]


def signature(home: Path) -> tuple[tuple[str, int, int], ...]:
    """Names, sizes and times of the files, to see cheaply that one has changed."""
    files = [*(home / "policy").glob("*"), *(home / "catalog").glob("*.toml")]
    seen = []
    for path in sorted(files):
        try:
            info = path.stat()
        except OSError:
            continue  # gone in between: the next look sees it
        seen.append((path.name, info.st_size, info.st_mtime_ns))
    return tuple(seen)


def shipped() -> tuple[Source, ...]:
    """The profiles that come with Assent."""
    return _packaged("assent.catalog", "profiles", ".toml")


def starter() -> str:
    """Text of the single-user starter policy."""
    return next(one.text for one in _packaged("assent.policy", "starter", ".cedar") if one.name == "starter.cedar")


def _packaged(package: str, folder: str, ending: str) -> tuple[Source, ...]:
    files = [one for one in (resources.files(package) / folder).iterdir() if one.name.endswith(ending)]
    return tuple(Source(one.name, one.read_text("utf-8")) for one in sorted(files, key=lambda one: one.name))


def _sources(folder: Path, pattern: str) -> tuple[Source, ...]:
    return tuple(Source(path.name, _text(path)) for path in sorted(folder.glob(pattern)))


def _text(path: Path) -> str:
    try:
        if not path.is_file():  # a pipe would be waited for without end
            raise ConfigError("file_unreadable", f"`{path}` is not a plain file", help="remove it")
        if path.stat().st_size > _MOST:
            raise ConfigError("file_too_large", f"`{path}` is larger than {_MOST} bytes")
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError("file_unreadable", f"`{path}` cannot be read: {error}") from error


def difference(old: Sequence[Source], new: Sequence[Source]) -> str:
    """Unified diff of two sets of texts, by name; empty only if they are the same."""
    before, after = {one.name: one.text for one in old}, {one.name: one.text for one in new}
    parts = []
    for name in sorted({*before, *after}):
        one, other = before.get(name, ""), after.get(name, "")
        if one != other:
            lines = difflib.unified_diff(_lines(one), _lines(other), f"active/{name}", name, lineterm="")
            parts.append("\n".join(lines))
    return "\n".join(parts)


def _lines(text: str) -> list[str]:
    """Lines as Cedar and TOML end them: `splitlines` would hide a rule moved behind a comment by U+2028."""
    *whole, rest = text.split("\n")
    return [*whole, rest, "\\ no newline at the end"] if rest else whole
