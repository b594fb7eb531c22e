"""The servers of a configuration, and which stretches of its text change when Assent comes before one, or goes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from assent.edges.clients.tree import Document, Edit, Node
from assent.edges.mcp.command import program_of
from assent.errors import ConfigError
from assent.model.client import EVERY

State = Literal["stdio", "http", "unreadable"]
#: Most servers of one file: showing what changes takes time that grows faster than their number.
MOST = 1_000
_ADDRESSES = ("url", "httpUrl", "serverUrl")
_REMOTE = frozenset({"http", "sse", "streamable-http", "streamableHttp", "ws"})
_ASSENT = re.compile(r"assent(?:\.exe)?\Z")
_PYTHON = re.compile(r"python[0-9.]*(?:\.exe)?\Z")
_RUNNERS = frozenset({"uvx", "uv", "pipx"})
_NO_WORD = re.compile("[\0\ud800-\udfff]")
#: Options of `assent mcp` that take a value.
_VALUES = frozenset({"--home", "--name", "--zone", "--root", "--as", "--url", "--permits"})


@dataclass(frozen=True, slots=True)
class Wrapped:
    """How a server is started through Assent.

    Args:
        program: the program that is started, as written.
        home: `--home`, or what `ASSENT_HOME` or `HOME` of its environment makes it; empty for the default.
        name: `--name`; empty if none is given.
        inner: which of the words is the server's own command.
    """

    program: str
    home: str
    name: str
    inner: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One configured server.

    Args:
        keys: what leads to it; the last is its name in the client.
        node: what is said of it.
        state: `stdio` if it is started by a command, `http` if it is reached at an address, else `unreadable`.
        disabled: the entry says that it is not to be started.
        wrapped: how it goes through Assent; None if it does not.
    """

    keys: tuple[str, ...]
    node: Node
    state: State
    disabled: bool
    wrapped: Wrapped | None

    @property
    def label(self) -> str:
        """Its name in the client, after the project it is for."""
        return (
            f"{self.keys[1]}: {self.keys[-1]}" if self.keys[0] == "projects" and len(self.keys) > 2 else self.keys[-1]
        )

    @property
    def words(self) -> list[str]:
        """Command and arguments; only of one with state `stdio`."""
        command, args = self.node.get("command"), self.node.get("args")
        return [command.value if command else "", *(item.value for item in (args.items if args else ()))]


def find(document: Document, places: Sequence[tuple[str, ...]]) -> list[Entry]:
    """The servers of a configuration, in its order.

    Args:
        places: keys that lead to objects whose members are servers (`ClientFile.keys`).

    Raises:
        ConfigError: `client_too_large`: more than anybody has.
    """
    found = [_entry(*at) for at in islice((at for place in places for at in _at(document.root, place, ())), MOST + 1)]
    if len(found) > MOST:
        text = f"the configuration names more than {MOST} servers"
        raise ConfigError("client_too_large", text, help="nothing was written; make it smaller, or wrap by hand")
    return found


def _at(node: Node, place: tuple[str, ...], keys: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Node]]:
    if not place:
        if node.kind != "object":
            yield keys, node  # no servers can be read out of it
        for name, member in node.members.items():
            yield (*keys, name), member.node
        return
    for name in list(node.members) if place[0] == EVERY else place[:1]:
        if name in node.members:
            yield from _at(node.members[name].node, place[1:], (*keys, name))


def _entry(keys: tuple[str, ...], node: Node) -> Entry:
    disabled, enabled = node.get("disabled"), node.get("enabled")
    off = (disabled is not None and disabled.value == "true") or (enabled is not None and enabled.value == "false")
    found = Entry(keys, node, _state(node), off, None)
    if found.state != "stdio":
        return found
    home, user = node.get("env", "ASSENT_HOME"), node.get("env", "HOME")
    moved = home.value if home else f"{user.value}/.assent" if user else ""
    return Entry(keys, node, "stdio", off, wrapped_by(found.words, moved))


def _state(node: Node) -> State:
    kind = node.get("type")
    command, args = node.get("command"), node.get("args")
    if any(name in node.members for name in _ADDRESSES) or (kind and kind.value in _REMOTE and command is None):
        return "http"
    if command is None or not command.value or (args is not None and args.kind != "array"):
        return "unreadable"
    return "stdio" if all(map(_is_word, [command, *(args.items if args else ())])) else "unreadable"


def _is_word(node: Node) -> bool:
    """Can a program be given this? Half a surrogate pair and NUL cannot be handed over."""
    return (
        node.kind == "text" and "\0" not in node.value and not any("\ud800" <= sign <= "\udfff" for sign in node.value)
    )


def wrapped_by(words: Sequence[str], home: str = "") -> Wrapped | None:
    """How this command goes through `assent mcp`; None if it does not.

    Args:
        words: command and arguments.
        home: where its environment says the home is.
    """
    at = _assent_in(words)
    if at is None:
        return None
    said = {"--home": home, "--name": ""}
    governed = False
    at += 1
    while at < len(words):
        option, given, value = words[at].partition("=")
        if option == "--":
            at += 1
            break
        if not option.startswith("-"):
            if governed or words[at] != "mcp":
                break
            governed = True
        elif option in _VALUES and not given:
            at += 1
            value = words[at] if at < len(words) else ""
        if option in said:
            said[option] = value
        at += 1
    return Wrapped(words[0], said["--home"], said["--name"], at) if governed else None


def _assent_in(words: Sequence[str]) -> int | None:
    """Which word starts Assent: itself, `python -m assent`, or what a runner of Python packages is given first."""
    name = re.split(r"[/\\]", words[0])[-1]
    if _ASSENT.match(name):
        return 0
    if _PYTHON.match(name) and list(words[1:3]) == ["-m", "assent"]:
        return 2
    if name == "uv" and list(words[1:3]) == ["run", "assent"]:
        return 2
    if name in _RUNNERS:
        found = program_of(words, {})
        at = len(words) - len(found.arguments) - 1
        return at if found.package == "pypi:assent" and re.match(r"assent(?:[=@]|\Z)", words[at]) else None
    return None


# ---- edits -------------------------------------------------------------------------


def quoted(text: str) -> str:
    """A text as JSON and TOML both write it."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def wrap(document: Document, entry: Entry, program: str, options: Sequence[str]) -> list[Edit]:
    """Put Assent before a server. Its own command moves as it is written, so that it can move back.

    Args:
        program: absolute path of `assent`.
        options: what stands before the server's command.
    """
    text, member = document.text, entry.node.members["command"]
    command, args = member.node, entry.node.get("args")
    words = [*map(quoted, options), text[command.start : command.end]]
    edits = [Edit(command.start, command.end, quoted(program))]
    dense = document.format == "json" and text[command.start - 1] == ":"
    apart = "," if dense else ", "
    if args is None:
        key = text[member.start : member.name]
        if document.format == "json":
            told = f'"args":{"" if dense else " "}[{apart.join(words)}],'
            after = _break(text, member.start) or ("" if dense else " ")
        else:
            told = f"{key}args = [{apart.join(words)}]"
            after = ", " if member.inline else _break(text, member.start) or _newline(text)
        edits.append(Edit(member.start, member.start, told + after))
    elif not args.items:
        edits.append(Edit(args.start + 1, args.start + 1, apart.join(words)))
    else:
        first = args.items[0].start
        broken = _break(text, first)
        edits.append(Edit(first, first, apart.join(words) + (f",{broken}" if broken else apart)))
    return edits


def unwrap(document: Document, entry: Entry, bare: bool) -> list[Edit]:
    """Take Assent away from before a wrapped server.

    Args:
        bare: there were no `args` before it was wrapped.
    """
    text, args = document.text, entry.node.get("args")
    if entry.wrapped is None or args is None or not 0 < entry.wrapped.inner <= len(args.items):
        return []  # no command is left to put back
    member, mine = entry.node.members["command"], entry.node.members["args"]
    inner, rest = args.items[entry.wrapped.inner - 1], args.items[entry.wrapped.inner :]
    back = Edit(member.node.start, member.node.end, text[inner.start : inner.end])
    if rest:
        return [back, Edit(args.items[0].start, rest[0].start, "")]
    between = text[args.end : member.start]
    if bare and mine.start < member.start and not between.strip(", \t\r\n"):
        return [back, Edit(mine.start, member.start, "")]
    start, end = args.items[0].start, inner.end
    if not text[args.start + 1 : start].strip():
        start = args.start + 1
    tail = text[end : args.end - 1]
    if tail.lstrip().startswith(","):
        end += tail.index(",") + 1
    return [back, Edit(start, end, "")]


def _break(text: str, at: int) -> str:
    """The line end and indentation that stand immediately before a place; empty if it does not begin its line."""
    start = at
    while start and text[start - 1] in " \t":
        start -= 1
    if not start or text[start - 1] != "\n":
        return ""
    start -= 2 if text[start - 2 : start] == "\r\n" else 1
    return text[start:at]


def _newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"
