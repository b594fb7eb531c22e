"""Which profile applies to a tool (DESIGN §4.4).

A shipped profile applies only where the launch command resolves to the package
and version it was written from and the tool's definition digest is one it lists.
The operator's own profiles (`catalog/…`) count as reviewed. Everything else is
inferred; a profile that speaks of the tool but does not fit it, or that nobody has
verified, can only make the inferred one more serious.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from assent.catalog.infer import infer
from assent.catalog.reading import OWN, Book, Source, package_of, read
from assent.model.ids import Digest
from assent.model.profile import REVERSIBILITY, Server, ToolDefinition, ToolProfile

Standing = Literal["reviewed", "unverified", "inferred"]


@dataclass(frozen=True, slots=True)
class Found:
    """What the files say of one tool.

    Args:
        profile: what holds.
        standing: `reviewed`; `inferred`; or `unverified`, which is inferred and a file adds to it.
        books: the files it comes from.
    """

    profile: ToolProfile
    standing: Standing
    books: tuple[Book, ...] = ()


class Profiles:
    """Every profile in force."""

    def __init__(self, books: Sequence[Book], unread: Sequence[tuple[str, Source]] = ()) -> None:
        self._read = list(books)
        self._unread = list(unread)

    @classmethod
    def load(cls, sources: Sequence[Source]) -> Profiles:
        """Read profile texts.

        Raises:
            PolicyError: with file, line, key and what to write.
        """
        return cls([read(source) for source in sources])

    @classmethod
    def activated(cls, sources: Sequence[Source]) -> Profiles:
        """Profile texts that were loaded when they were put in force: what is shipped is read when it is asked for.

        A gateway needs one of them, and reading all costs a tenth of its start.

        Raises:
            PolicyError: one that is read at once; `find` raises it for any other.
        """
        packages = [(package_of(source), source) for source in sources]
        unread = [(package, source) for package, source in packages if package and not source.name.startswith(OWN)]
        at_once = [source for source in sources if all(source is not later for _, later in unread)]
        return cls([read(source) for source in at_once], unread)

    @property
    def books(self) -> tuple[Book, ...]:
        """Every file, read."""
        return self._about({package for package, _ in self._unread})

    def _about(self, packages: Collection[str]) -> tuple[Book, ...]:
        """Every file that has been read, those about these packages among them."""
        for one in [one for one in self._unread if one[0] in packages]:
            self._read.append(read(one[1]))
            self._unread.remove(one)
        return tuple(self._read)

    def profile_of(self, server: Server, definition: ToolDefinition) -> ToolProfile:
        """The reviewed profile of a tool, else an inferred one."""
        return self.find(server, definition).profile

    def find(self, server: Server, definition: ToolDefinition) -> Found:
        """The profile of a tool, and where it comes from."""
        speaking = [book for book in self._about({server.package}) if _names(book, server, definition)]
        fitting = [book for book in speaking if not book.unverified and _fits(book, server, definition)]
        chosen = tuple([book for book in fitting if book.own] or fitting)
        if chosen:
            profiles = [book.tools[definition.name] for book in chosen]
            names = ", ".join(book.source for book in chosen)
            vote = f"{len(profiles)} profiles name this tool ({names}): the most serious of each was taken"
            return Found(profiles[0] if len(profiles) == 1 else _united(profiles, (vote,)), "reviewed", chosen)
        inferred = infer(definition)
        if not speaking:
            return Found(inferred, "inferred")
        votes = tuple(_adds(book, definition.name) for book in speaking)
        united = _united([inferred, *(book.tools[definition.name] for book in speaking)], votes + inferred.votes)
        return Found(united, "unverified", tuple(speaking))

    def steady(self, server: Server, definition: ToolDefinition) -> Digest:
        """The digest a tool is pinned by: less what a reviewed profile that fits says differs from start to start."""
        for book in self._about({server.package}):
            if _names(book, server, definition) and not book.unverified and _fits(book, server, definition):
                return book.digest_of(definition)
        return definition.digest

    def contested(self) -> Iterator[str]:
        """Tools that two files of one kind name: a line each for the operator."""
        books = self.books
        for at, book in enumerate(books):
            for other in books[at + 1 :]:
                if book.own == other.own and (book.package, book.name) == (other.package, other.name):
                    shared = sorted(set(book.tools) & set(other.tools))
                    if shared and _same_versions(book, other):
                        files = f"{book.source} and {other.source}"
                        yield f"{files} both name {_several(shared)}: the more serious of each is taken"

    def roots_of(self, package: str, arguments: Sequence[str]) -> tuple[str, ...] | None:
        """Roots that a server's own arguments or its working directory (`.`) name; None if no profile says which."""
        for book in self._about({package}):
            if book.package == package and package:
                if book.roots == "positional":
                    return tuple(word for word in arguments if not word.startswith("-"))
                if book.roots == "cwd":
                    return (".",)
                if book.roots_option:
                    return _options(book.roots_option, arguments)
        return None

    def zone_of(self, package: str) -> str:
        """Default zone of a package; empty if no profile says."""
        return next(
            (book.zone for book in self._about({package}) if package and book.package == package and book.zone), ""
        )


def _names(book: Book, server: Server, definition: ToolDefinition) -> bool:
    same = book.name == server.name if book.name else book.package == server.package
    return same and definition.name in book.tools


def _fits(book: Book, server: Server, definition: ToolDefinition) -> bool:
    """Was it written from exactly this? What an own file leaves out may be anything."""
    if book.versions and server.version not in book.versions:
        return False
    digests = book.digests[definition.name]
    return book.digest_of(definition) in digests if digests or not book.own else True


def _adds(book: Book, tool: str) -> str:
    why = "nobody has verified it" if book.unverified else "it was written from another version or definition"
    said = ", ".join(sorted(book.tools[tool].effects))
    return f"{book.source} says {said}; {why}, so it only adds"


def _same_versions(one: Book, other: Book) -> bool:
    return not one.versions or not other.versions or bool({*one.versions} & {*other.versions})


def _several(names: Sequence[str]) -> str:
    shown = ", ".join(f"`{name}`" for name in names[:3])
    return shown + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _united(profiles: Sequence[ToolProfile], votes: tuple[str, ...]) -> ToolProfile:
    """Several profiles for one tool: the more serious of everything."""
    first = profiles[0]
    effects = frozenset[str]().union(*(one.effects for one in profiles))
    agreed = all(one.undo == first.undo for one in profiles)
    return replace(
        first,
        effects=effects,
        domains=frozenset().union(*(one.domains for one in profiles)),
        reversibility=max((one.reversibility for one in profiles), key=REVERSIBILITY.index),
        inferred=any(one.inferred for one in profiles),
        targets=_targets(profiles),
        relative=first.relative if all(one.relative == first.relative for one in profiles) else {},
        dialect=next((one.dialect for one in profiles if one.dialect), ""),
        analysers=tuple(sorted({name for one in profiles for name in one.analysers})),
        authoritative=frozenset.intersection(*(one.authoritative for one in profiles)),
        narrowable=frozenset.intersection(*(one.narrowable for one in profiles)),
        opaque=frozenset.intersection(*(one.opaque for one in profiles)),
        secret=frozenset().union(*(one.secret for one in profiles)),
        output_trust=first.output_trust if all(one.output_trust == first.output_trust for one in profiles) else {},
        output_labels=frozenset().union(*(one.output_labels for one in profiles)),
        idempotency_key=None,
        outcome_deadline=max(one.outcome_deadline for one in profiles),
        external=first.external if all(one.external == first.external for one in profiles) else "",
        cost="; ".join(dict.fromkeys(one.cost for one in profiles if one.cost)),
        undo=first.undo if agreed else None,
        error_means_no_effect=all(one.error_means_no_effect for one in profiles),
        votes=votes,
    )


#: Of two kinds for one argument the one that is looked at more closely: `id` says least.
CLOSELY = ("command", "code", "path", "url", "database", "payee", "address", "host", "ref", "table", "id")


def _targets(profiles: Sequence[ToolProfile]) -> dict[str, str]:
    """Every argument that one of them names; where they differ, the kind that is looked at more closely."""
    found: dict[str, str] = {}
    for one in profiles:
        for name, kind in one.targets.items():
            found[name] = min(found.get(name, kind), kind, key=CLOSELY.index)
    return found


def _options(names: Sequence[str], arguments: Sequence[str]) -> tuple[str, ...]:
    found = []
    for at, word in enumerate(arguments):
        name, equals, value = word.partition("=")
        if name in names:
            following = arguments[at + 1] if at + 1 < len(arguments) else ""
            found.append(value if equals else following)
    return tuple(value for value in found if value)
