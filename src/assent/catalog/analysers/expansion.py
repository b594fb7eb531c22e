"""What the words of a script come to: variables, quotes, substitutions (POSIX shell, 2.6; bash(1), EXPANSION)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from assent.catalog.analysers.findings import Findings, UnreadError
from assent.catalog.analysers.words import (
    EMPTY,
    HOME,
    MOST_WORDS,
    PIPED,
    SPLIT,
    START,
    UNKNOWN,
    active,
    ansi,
    fields,
    in_double_quotes,
    known,
    plain,
    quoted,
    unescaped,
)

#: Variables that change what later words mean or what programs run.
TRAPS = re.compile(
    r"(?:PATH|IFS|ENV|BASH_ENV|BASH_[A-Z]+|SHELL|SHELLOPTS|BASHOPTS|CDPATH|GLOBIGNORE|PROMPT_COMMAND|PS[0-4]|HOME|PWD"
    r"|OLDPWD|POSIXLY_CORRECT|LD_\w+|DYLD_\w+|GIT_\w+|GCONV_PATH|LOCPATH|HOSTALIASES|NODE_\w+|PYTHON\w+|PERL\w+|RUBY\w+"
    r"|JAVA_\w+|JDK_\w+|[A-Z_]*PAGER|[A-Z_]*EDITOR|VISUAL|BROWSER|LESS\w*|[A-Z]+_OPTIONS|[A-Z]+OPTS|CC|CXX|LD|AR|MAKE\w*"
    r"|[A-Z]+FLAGS|RUSTC\w*|CARGO_\w+|GO[A-Z]+|npm_\w+|NPM_\w+|PIP_\w+|UV_\w+|SSH_\w+|SUDO_\w+|XDG_\w+|TMPDIR"
    r"|RIPGREP_CONFIG_PATH|KUBECONFIG|DOCKER_HOST|AWS_\w+|[a-zA-Z]+_(?:proxy|PROXY)|FZF_\w+|MANPAGER|TAR_\w+)\Z"
)
#: An index behind a name; code in it the shell runs wherever it computes, even out of a variable.
_INDEX = re.compile(r"[\w})*?\]`]\[")
_CODED = re.compile(r"\\[0-7xuU]")
_QUOTES = str.maketrans("", "", "'\"\\\n")
_CODE = re.compile(r"\$[({\[]|`")
_NUMBERS = frozenset({"?", "#", "$", "!"})
_PLAIN_LEAVES = frozenset({"word", "number", "variable_name", "regex", "extglob_pattern", "test_operator"})
_QUOTED = frozenset({"raw_string", "string", "concatenation", "simple_expansion", "expansion"})


def computed(text: str) -> bool:
    """May an index in it hold a command, whatever quotes part it?"""
    bare = text.translate(_QUOTES)
    place = _INDEX.search(bare)
    return place is not None and _CODE.search(bare, place.end()) is not None


class Expansion:
    """Words of one shell, and the variables that they are made of.

    Args:
        found: what is added to.
        run: reads statements in a shell of their own and says which names they print, if that is known.
    """

    def __init__(self, found: Findings, run: Callable[[Sequence[Any]], tuple[str, ...] | None]) -> None:
        self.found = found
        self.code = b""
        self.variables: dict[str, str] = {}
        self.arguments: list[str] | None = None
        self._run = run

    def every(self, nodes: Iterable[Any]) -> list[str]:
        """All words of a list, as a variable would hold them."""
        found: list[str] = []
        for node in nodes:
            if wordlike(node):
                found += [active(one) for one in fields(self.word(node, False))]
            elif node.is_named and node.type != "comment":
                raise UnreadError(f"`{node.type}` is not read")
            if len(found) > MOST_WORDS * 4:
                raise UnreadError("there are too many words to be read")
        return found

    def text(self, node: Any) -> str:
        """As it is written."""
        return self.code[node.start_byte : node.end_byte].decode()

    def word(self, node: Any, within: bool) -> str:
        """A word with marks; `within` double quotes."""
        kind = node.type
        self.found.step()
        if kind in _PLAIN_LEAVES:
            if node.child_count:
                self.nested(node)
                return UNKNOWN
            text = unescaped(self.text(node))
            if text.startswith("~"):
                return HOME + text[1:] if text[1:2] in ("", "/") else text if text[1:2].isalpha() else UNKNOWN
            return text
        if kind == "raw_string":
            return quoted(self.text(node)[1:-1])
        if kind == "string":
            return self._string(node)
        if kind == "concatenation":
            return self._joined(node)
        if kind in ("simple_expansion", "expansion"):
            return self._value(node, within)
        if (read := _WORD_KINDS.get(kind)) is not None:
            return read(self, node, within)
        raise UnreadError(f"`{kind}` is not read")

    def _string(self, node: Any) -> str:
        parts, place = [EMPTY], node.start_byte + 1
        for child in node.children:
            if child.type in ('"', "string_content"):
                continue
            parts.append(in_double_quotes(self.code[place : child.start_byte].decode()))
            parts.append(self.word(child, True))
            place = child.end_byte
        parts.append(in_double_quotes(self.code[place : node.end_byte - 1].decode()))
        return "".join(parts)

    def _joined(self, node: Any) -> str:
        parts, place = [], node.start_byte
        for child in node.children:
            if child.start_byte != place:
                raise UnreadError("parts of a word are apart")
            part = self.word(child, False) if child.is_named else self.text(child)
            if place != node.start_byte and part.startswith(HOME) and child.type == "word":
                part = quoted("~") + part[1:]
            parts.append(part)
            place = child.end_byte
        return "".join(parts)

    def _value(self, node: Any, within: bool) -> str:
        """What a variable stands for here."""
        children = node.children
        unknown = UNKNOWN if within else SPLIT
        if node.type == "expansion":
            inner = children[1:-1]
            if any(child.type in ("@", "!") for child in inner) and any(child.type == "@" for child in inner):
                raise UnreadError("a variable's value is read as a prompt")
            if any(child.type in ("=", ":=") for child in inner):
                self.set(next((self.text(c) for c in inner if c.type == "variable_name"), ""), UNKNOWN)
            if len(inner) == 2 and inner[0].type == "#":
                return active("*")
            if len(inner) != 1 or inner[0].type not in ("variable_name", "special_variable_name"):
                self.plain_values()
                self.nested(node)
                return unknown
            name = self.text(inner[0])
        else:
            name = self.text(children[-1])
        if name in _NUMBERS:
            return active("*")
        value = self.lookup(name)
        if value is None or not known(value):
            return unknown
        return quoted(value) if within else re.sub(r"[{},~]", lambda m: quoted(m[0])[0], value)

    def lookup(self, name: str) -> str | None:
        """What a variable holds; None if that is not known."""
        if name in self.variables:
            return self.variables[name]
        if name == "HOME":
            return HOME
        if name == "PWD" and len(self.found.cwds) == 1:
            cwd = self.found.cwds[0]
            return START if not cwd else cwd if cwd[0] == "/" else None
        if self.arguments is not None and name.isdigit() and name != "0":
            place = int(name[:4]) - 1
            return kept(self.arguments[place]) if place < len(self.arguments) else ""
        if self.arguments is not None and name in ("@", "*") and len(self.arguments) == 1:
            return kept(self.arguments[0])
        return None

    def _substitution(self, node: Any, within: bool) -> str:
        """`$(…)`: its value is known where it only lists names, or the directory."""
        inner = [child for child in node.children if child.is_named]
        if len(inner) == 1 and self.text(inner[0]) == "pwd":
            value = self.lookup("PWD")
            return value if value is not None else UNKNOWN if within else SPLIT
        listed = self._run(inner)
        return " ".join(listed) if listed and not within else UNKNOWN if within else SPLIT

    def _process(self, node: Any, within: bool) -> str:
        self._run([child for child in node.children if child.is_named])
        return PIPED

    def _arithmetic(self, node: Any, within: bool) -> str:
        self.compute(node)
        return active("*")

    def _braces(self, node: Any, within: bool) -> str:
        return active("*")

    def _ansi(self, node: Any, within: bool) -> str:
        text, value = self.text(node)[2:-1], ansi(self.text(node)[2:-1])
        if _CODED.search(text) and any(sign in plain(value) for sign in "[($`"):
            raise UnreadError("signs of the shell are written as numbers")
        return value

    def _translated(self, node: Any, within: bool) -> str:
        return self._string(next(child for child in node.children if child.type == "string"))

    def compute(self, node: Any) -> None:
        """Arithmetic: variables in it may be set, and what it holds may run something."""
        self.plain_values()
        pending = [node]
        assigns = re.search(r"=|\+\+|--", self.text(node)) is not None
        while pending:
            one = pending.pop()
            self.found.step()
            if one.type in ("command_substitution", "process_substitution"):
                self.word(one, False)
                continue
            if one.type in ("variable_name", "word", "subscript"):
                name = self.text(one)
                if assigns and one.type != "subscript":
                    self.set(name, UNKNOWN)
            pending += one.children
        self.found.does(frozenset({"read"}), "reversible")

    def plain_values(self) -> None:
        """Something is computed: no variable may hold an index with a command, for its name may be reached by others.

        Raises:
            UnreadError: one does.
        """
        if any("[" in value and _CODE.search(plain(value)) for value in self.variables.values()):
            raise UnreadError("an index holds a command")

    def nested(self, node: Any) -> int:
        """Whatever is run or computed inside words that otherwise do nothing; how many such there are."""
        pending, count = list(node.children), 0
        while pending:
            one = pending.pop()
            self.found.step()
            if one.type in ("command_substitution", "process_substitution", "arithmetic_expansion"):
                self.word(one, True)
                count += 1 + self._inside(one)
            elif one.type == "expansion":
                self._value(one, True)
                count += self._inside(one)
            else:
                pending += one.children
        return count

    def _inside(self, node: Any) -> int:
        """How many substitutions stand inside one."""
        pending, count = list(node.children), 0
        while pending:
            one = pending.pop()
            count += one.type in ("command_substitution", "arithmetic_expansion")
            pending += one.children
        return count

    def assigned(self, node: Any) -> tuple[str, str]:
        """Name and value of an assignment."""
        target = node.children[0]
        name = self.text(target)
        value = node.children[2] if len(node.children) > 2 else None
        if target.type == "subscript" or (value is not None and value.type == "array"):
            self.plain_values()
            for child in (target, value):
                if child is not None:
                    self.nested(child)
            return name.partition("[")[0], UNKNOWN
        held = self.word(value, False) if value is not None and wordlike(value) else ""
        if value is not None and not wordlike(value):
            raise UnreadError(f"`{value.type}` is not read")
        if len(node.children) > 1 and node.children[1].type == "+=":
            return name, UNKNOWN
        return name, UNKNOWN if SPLIT in held else held

    def assign(self, node: Any) -> None:
        """Carry an assignment out."""
        name, value = self.assigned(node)
        if TRAPS.match(name):
            self.found.unknown(f"`{name[:40]}` changes what is run")
        self.set(name, kept(value))

    def set(self, name: str, value: str) -> None:
        """A variable has this value from here on."""
        if len(self.variables) > MOST_WORDS * 4 or len(value) > 4096:
            raise UnreadError("there are too many variables to be read")
        if TRAPS.match(name):
            self.found.unknown(f"`{name[:40]}` changes what is run")
        self.variables[name] = value

    def join(self, other: Mapping[str, str]) -> None:
        """A variable that has another value on another way is not known."""
        for name in {*self.variables, *other}:
            if self.variables.get(name) != other.get(name):
                self.variables[name] = UNKNOWN


def kept(word: str) -> str:
    """A value as a variable holds it: quotes gone, patterns that a shell has not yet read still patterns."""
    return "".join(plain(one) if 0xE000 <= ord(one) < 0xE100 else "" if one == EMPTY else one for one in word)


def wordlike(node: Any) -> bool:
    return node.type in _PLAIN_LEAVES or node.type in _WORD_KINDS or node.type in _QUOTED


_WORD_KINDS: Mapping[str, Callable[[Expansion, Any, bool], str]] = {
    "ansi_c_string": Expansion._ansi,
    "arithmetic_expansion": Expansion._arithmetic,
    "brace_expression": Expansion._braces,
    "command_substitution": Expansion._substitution,
    "process_substitution": Expansion._process,
    "translated_string": Expansion._translated,
}
