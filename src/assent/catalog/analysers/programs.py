"""What programs do with which options and operands: a table (`programs.toml`), and the one way to read a call by it.

A program that is not in the table may do anything, and so may an option that its entry does not know.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any, Literal, Protocol, cast

from assent.catalog.analysers.findings import NO_FILES, Findings, Undo
from assent.catalog.analysers.words import HOME, SPLIT, UNKNOWN, active, known, plain
from assent.catalog.observation import Use

#: Uses of an operand that name a file.
_FILES = frozenset({"list", "read", "write", "delete", "make", "run", "send"})
#: How a word begins that may turn out to be an option: not known, or a pattern that a file named `-x` matches.
MAY_BE_OPTION = frozenset({UNKNOWN, SPLIT, "*", "?", "[", "\ue12a", "\ue13f", "\ue15b"})
#: Options of filters that leave a line as it is.
_SAME_NAMES = frozenset({"-n", "-r", "-u", "-z", "-V", "-h", "-R", "--lines"})
_PLACES = re.compile(r"(?:/usr(?:/local)?|/opt/homebrew)?/s?bin/([^/]+)\Z")
_KEEPS_LINKS = frozenset(
    "-a -d -P -R -r -s -l --archive --recursive --symbolic-link --link --no-dereference --preserve".split()
)
_OPTION = re.compile(r"--?[A-Za-z]")
_QUIET = frozenset({"read", "write"})
_MIGHTY = re.compile(
    r"--(?!no-)[a-z-]{0,40}?(?:output|exec|command|cmd|program|pager|plugin|(?<![a-z])(?:script|hook|config|eval)|lesskey"
    r"|ext-diff|textconv|-pack$|open-files|in-?place|rc$)"
)
_MIGHTY_NAMES = (
    "--output --exec --ext-diff --textconv --open-files-in-pager --upload-pack --receive-pack --config --in-place "
    "--command --program --pager --plugin --script --diff-program"
).split()
_DIGITS = re.compile(r"[-+][0-9]+[a-zA-Z]?\Z")
_SECRETS = re.compile(r"(?i)secret|token|credential|password|kubeconfig")
_LOOPBACK = re.compile(r"(?i)(?:http://)?(?:localhost|127\.0\.0\.1|\[::1\])(?::[0-9]{1,5})?(?:[/?#].*)?\Z")


@dataclass(frozen=True)
class Spec:
    """An entry of the table.

    Args:
        does: effects of the program.
        undo: how they are undone.
        operands: use of each operand; the last one holds for all that follow.
        last: use of the last of several operands, if another.
        any_flag: options that are not listed change nothing.
        blind: nothing in its words matters.
        flags: options that change nothing.
        takes: option with a value → use of the value.
        worst: options after which nothing is known.
        adds: option → effects it adds.
        turns: option → use of all operands instead.
        lasting: options that make it irreversible.
        rewrites: options by which history is rewritten.
        wraps: how many operands stand before a command that it runs; -1 if it runs none.
        how: name of the function that reads what a table cannot say.
        shows: its output holds secrets, or is one.
        fetches: what it prints comes from the network.
        lists: it prints names of files below its operands.
        filters: it prints lines of what it is given.
        single: long options have one dash.
        sub: first operand → entry of what is done.
        bare: entry when there is no first operand.
        note: for a person.
    """

    does: frozenset[str] = frozenset({"read"})
    undo: Undo = "reversible"
    operands: tuple[str, ...] = ("text",)
    last: str = ""
    any_flag: bool = False
    blind: bool = False
    flags: frozenset[str] = frozenset()
    takes: Mapping[str, str] = field(default_factory=dict)
    worst: frozenset[str] = frozenset()
    adds: Mapping[str, str] = field(default_factory=dict)
    turns: Mapping[str, str] = field(default_factory=dict)
    lasting: frozenset[str] = frozenset()
    rewrites: frozenset[str] = frozenset()
    wraps: int = -1
    how: str = ""
    shows: bool = False
    fetches: bool = False
    lists: bool = False
    filters: bool = False
    single: bool = False
    sub: Mapping[str, Spec] = field(default_factory=dict)
    bare: Spec | None = None
    note: str = ""

    @property
    def listed(self) -> frozenset[str]:
        """Every option that the entry names."""
        return self.flags | {*self.takes, *self.adds, *self.turns} | self.worst | self.lasting | self.rewrites

    @property
    def delicate(self) -> bool:
        """May an option that nobody sees change what it does?"""
        harmless = ("text", "pattern", "read") if self.how == "grep" else ("text",)
        serious = any(use not in harmless for use in self.takes.values())
        return bool(self.worst or self.adds or self.turns or self.rewrites or serious or not self.any_flag)


class Shell(Protocol):
    """The script around a command: what a program may ask of it."""

    found: Findings
    names: tuple[str, ...] | None  # what the command before in a pipe lists

    def command(self, words: Sequence[str]) -> None:
        """Judge another command."""

    def program(self, name: str, spec: Spec, words: Sequence[str]) -> None:
        """Judge a program, or what follows its first operand, by its entry."""

    def script(self, text: str, own: bool = False) -> None:
        """Judge a script that is known, in this shell or in one of its own."""

    def source(self) -> Source:
        """What the command reads from its standard input."""

    def cd(self, word: str) -> None:
        """Go to a directory."""

    def bind(self, name: str, value: str = UNKNOWN) -> None:
        """A variable has this value, or one that is not known."""


@dataclass(frozen=True)
class Options:
    """A command's words, taken apart.

    Args:
        seen: options.
        values: use and word of every option's value.
        operands: everything else.
    """

    seen: frozenset[str]
    values: tuple[tuple[str, str, str], ...]
    operands: tuple[str, ...]

    def value(self, *names: str) -> list[str]:
        """Words given to any of these options."""
        return [word for name, _, word in self.values if name in names]


@dataclass(frozen=True)
class Source:
    """Where standard input comes from.

    Args:
        kind: nothing but what the script has, a pipe, a file, or a text.
        text: name of the file, or the text.
    """

    kind: Literal["own", "pipe", "file", "text"] = "own"
    text: str = ""


@cache
def table() -> Mapping[str, Spec]:
    """Every program by name, read once."""
    text = resources.files(__package__).joinpath("programs.toml").read_text("utf-8")
    return _specs(tomllib.loads(text))


def _specs(data: Mapping[str, Any]) -> dict[str, Spec]:
    return {name: spec for names, entry in data.items() for spec in [_spec(entry)] for name in names.split()}


def _spec(entry: Any) -> Spec:
    if isinstance(entry, str):
        entry = {"does": entry, "any": True}
    given = dict(entry)
    does = frozenset(given.pop("does", "read").split())
    undo = cast(Undo, given.pop("undo", "reversible" if does == {"read"} else "irreversible"))
    spec: dict[str, Any] = {"does": does, "undo": undo, "any_flag": given.pop("any", False)}
    spec["operands"] = tuple(given.pop("operands", "text").split())
    for name in ("flags", "worst", "lasting", "rewrites"):
        spec[name] = frozenset(given.pop(name, "").split())
    for name in ("takes", "adds", "turns"):
        spec[name] = {flag: use for use, flags in given.pop(name, {}).items() for flag in flags.split()}
    spec["sub"] = _specs(given.pop("sub", {}))
    spec["bare"] = _spec(given.pop("bare")) if "bare" in given else None
    return Spec(**spec, **given)


def named(word: str) -> str:
    """The table's name of a program, from a word or a path in a system directory; else the word itself."""
    text = plain(word)
    place = _PLACES.match(text)
    return place[1] if place else text


def apart(found: Findings, spec: Spec, words: Sequence[str], stop: bool = False) -> Options:
    """Options and operands of a command; what its entry does not know makes it the worst case.

    Args:
        stop: whatever follows the first operand is an operand.
    """
    seen: set[str] = set()
    values: list[tuple[str, str, str]] = []
    operands: list[str] = []
    rest = list(words)
    while rest:
        word = rest.pop(0)
        text = plain(word)
        if word[:1] in MAY_BE_OPTION and spec.delicate:
            found.unknown("an option may hide in what is not known")
        if SPLIT in text:
            found.unknown("how many words there are is not known")
        if text == "--":
            operands += rest
            break
        if text[:1] == "+" and "+" in spec.worst:
            found.unknown("a word may be a command of the program")
        if text[:1] != "-" or text == "-":
            operands.append(word)
            if stop:
                operands += rest
                break
            continue
        for name, given in _flags(found, spec, text):
            seen.add(name)
            if (use := spec.takes.get(name)) is not None:
                value = given if given is not None else (rest.pop(0) if rest else "")
                if given is None and use != "pattern" and spec.delicate and _OPTION.match(plain(value)):
                    found.unknown(f"whether `{_shown(plain(value))}` is an option or a value is not known")
                values.append((name, use, value))
    return Options(frozenset(seen), tuple(values), tuple(operands))


def _flags(found: Findings, spec: Spec, text: str) -> Iterator[tuple[str, str | None]]:
    """Options in one word, each with the value that is attached to it, None if there is none."""
    name, sign, value = text.partition("=")
    attached = value if sign else None
    if text.startswith("--") or spec.single:
        listed = spec.listed
        near = [name] if name in listed else [one for one in listed if one.startswith(name) and len(name) > 2]
        if not near and not spec.any_flag:
            found.unknown(f"option `{_shown(name)}` is not known")
        if not near and spec.any_flag and spec.does <= _QUIET and _mighty(name):
            found.unknown(f"option `{_shown(name)}` may write a file or run a program")
        for one in near or [name]:  # an abbreviation may mean any of them (getopt_long(3))
            yield one, attached
        return
    if _DIGITS.match(text) and (spec.any_flag or "-#" in spec.flags):
        return
    for place, letter in enumerate(text[1:], 2):
        flag = "-" + letter
        if flag in spec.takes:
            yield flag, text[place:] or None
            return
        if flag not in spec.listed and not spec.any_flag:
            found.unknown(f"option `{_shown(flag)}` is not known")
        yield flag, None


def _mighty(name: str) -> bool:
    """Does a long option that an entry does not know sound as if it wrote a file or ran a program?"""
    return bool(_MIGHTY.match(name)) or (len(name) > 4 and any(one.startswith(name) for one in _MIGHTY_NAMES))


def _shown(text: str) -> str:
    return re.sub(r"[^ -~]", "?", text[:40])


def by_table(shell: Shell, name: str, spec: Spec, words: Sequence[str]) -> None:
    """Judge a command by its entry alone."""
    found = shell.found
    if spec.blind:
        found.does(spec.does, spec.undo)
        return
    options = apart(found, spec, words, stop=spec.wraps >= 0 or bool(spec.sub))
    if spec.sub:
        _by_sub(shell, name, spec, options)
        return
    judge(found, name, spec, options)
    if spec.wraps >= 0 and len(options.operands) > spec.wraps:
        shell.command(options.operands[spec.wraps :])
    shell.names = (
        below(options.operands)
        if spec.lists
        else shell.names
        if spec.filters and not options.operands and options.seen <= _SAME_NAMES
        else None
    )


def _by_sub(shell: Shell, name: str, spec: Spec, options: Options) -> None:
    found = shell.found
    for flag in options.seen & spec.worst:
        found.unknown(f"`{name} {flag}` may do anything")
    for _, use, word in options.values:
        given(found, use, word)
    if not options.operands:
        if spec.bare is None:
            found.unknown(f"`{name}` alone may do anything")
        else:
            judge(found, name, spec.bare, options)
        return
    action = plain(options.operands[0])
    if any(_SECRETS.search(plain(word)) for word in options.operands):
        found.facts.add("shows_secrets")
    if action not in spec.sub:
        found.unknown(f"`{name} {_shown(action)}` is not known")
        return
    below = spec.sub[action]
    shell.program(f"{name} {action}", below, options.operands[1:])


def judge(found: Findings, name: str, spec: Spec, options: Options) -> None:
    """Effects, files and hosts of one command whose words were taken apart."""
    found.does(spec.does, spec.undo, spec.note)
    if spec.shows:
        found.facts.add("shows_secrets")
    found.downloads |= spec.fetches
    for flag in sorted(options.seen):
        if flag in spec.worst:
            found.unknown(f"`{name} {flag}` may do anything")
        if flag in spec.adds:
            found.does(
                frozenset(spec.adds[flag].split()), "compensable" if spec.adds[flag] == "write" else "irreversible"
            )
        if flag in spec.lasting | spec.rewrites:
            found.does(frozenset(), "irreversible", f"`{name} {flag}` cannot be undone")
        if flag in spec.rewrites:
            found.facts.add("rewrites_history")
    turned = next((spec.turns[flag] for flag in sorted(options.seen) if flag in spec.turns), "")
    if turned in ("write", "delete"):
        found.does(frozenset({turned}), "prior")
    count = len(options.operands)
    for place, word in enumerate(options.operands):
        use = spec.operands[min(place, len(spec.operands) - 1)]
        if turned and use == "read":
            use = turned
        if spec.last and place == count - 1 and count > 1:
            use = spec.last
        if use == "place":
            into(found, word, options.operands[:-1])
        else:
            given(found, use, word)
    for _, use, word in options.values:
        if use == "place":
            into(found, word, options.operands)
        else:
            given(found, use, word)
    _links(found, name, options)


def _links(found: Findings, name: str, options: Options) -> None:
    """What `mv`, `ln` and a `cp` that keeps links put in place may be links; what comes later may lead through them."""
    if name not in ("mv", "ln", "link", "git mv", "cp") or (name == "cp" and not options.seen & _KEEPS_LINKS):
        return
    into = [word for _, use, word in options.values if use == "place"]
    sources = options.operands if into else options.operands[:-1]
    for target in into or options.operands[-1:]:
        found.places(target, sources)


def below(roots: Sequence[str]) -> tuple[str, ...]:
    """Words for the names that listing these prints: each, and all that is in it; bare names may look like options."""
    within = f"/{active('**')}/{active('*')}"
    return tuple(each for root in roots for each in (root, root + within)) or (active("**") + "/" + active("*"),)


def given(found: Findings, use: str, word: str) -> None:
    """One operand or value, by what it is used for."""
    if use in _FILES:
        found.file(word, cast(Use, use))
        if use in ("write", "delete") and plain(word) not in NO_FILES:
            found.does(frozenset({use}), "prior")
    elif use in ("url", "host"):
        found.host(word, url=use == "url")
    elif use == "format":
        if plain(word)[:1] != "+":
            found.unknown("a word may change what it only tells")
    elif use == "code":
        opaque(found)
    elif use == "worst":
        found.unknown("an option's value may do anything")


def into(found: Findings, target: str, sources: Sequence[str]) -> None:
    """A target that is a file, or a directory into which the sources go by their names."""
    found.does(frozenset({"write"}), "prior")
    for source in sources:
        name = plain(source).replace(HOME, "~").rstrip("/").rpartition("/")[2]
        if known(source) and known(target) and name not in ("", ".", "..", "~"):
            found.file(target, "write", name)
        else:
            found.file(target, "write")


def opaque(found: Findings, *, fetched: bool = False) -> None:
    """Code is run that nobody reads."""
    found.does(frozenset({"execute", "unknown"}), "irreversible", "runs code that is not read")
    found.facts.add("opaque")
    found.complete = False
    if fetched:
        found.facts.add("runs_download")


def loopback(words: Sequence[str]) -> bool:
    """Do all URLs lead to this machine?"""
    return bool(words) and all(_LOOPBACK.match(plain(word)) for word in words)
