"""Shell commands: every program that is run, with which files (parsed with tree-sitter-bash, loaded when first needed).

What is not understood to the end is the worst case, and what was seen before it stays. A parse is bounded in size
and nesting beforehand, the walk in steps; nothing is run.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, partial
from typing import Any

from assent.catalog.analysers.expansion import TRAPS, Expansion, computed, wordlike
from assent.catalog.analysers.findings import Findings, UnreadError
from assent.catalog.analysers.programs import Source, Spec, named, table
from assent.catalog.analysers.special import HOW, environment, names_index, run_file
from assent.catalog.analysers.words import (
    HOME,
    MOST_WORDS,
    ODD,
    PIPED,
    SPLIT,
    START,
    UNKNOWN,
    active,
    fields,
    known,
    plain,
    quoted,
)
from assent.catalog.observation import Reading
from assent.model.profile import ToolProfile

#: Most characters of one script, and most words, signs and brackets that are parsed; more is the worst case.
LONGEST, MOST_SIGNS, MOST_STEPS = 64 * 1024, 2_500, 8_000
_MOST_NESTING, _MOST_DEPTH, _MOST_ROUNDS, _MOST_CALLS, _MOST_TEXTS = 40, 60, 8, 8, 16
_SIGNS = " \n\t;&|<>()$`\"'{}="
#: A here-document whose text is not read by the shell. Only an estimate: what it leaves out is parsed all the same.
_QUOTED_TEXT = re.compile(r"<<-?\s?(['\"])([A-Za-z0-9_]{1,40})\1[^\n]*\n(?s:.*?)\n\t{0,8}\2(?=\n|\Z)")
_HEREDOC = re.compile(r"<<-?\s*(?:'([A-Za-z0-9_]+)'|\"([A-Za-z0-9_]+)\"|\\?([A-Za-z0-9_]+))")
#: A word of a list that begins or ends with a sign of a shell, or holds a command.
_SIGNED = re.compile(r"\A(?:[|&;()\n]|[0-9&]?[<>])|[|&;)\n]\Z|\$\(|`")
_PLACE = re.compile(r"/dev/(?:tcp|udp)/([^/]*)")
#: Names that a function may not take: then a word would mean something else than is judged here.
_WORDS = frozenset({"set", "unset", "export", "declare", "local", "alias", "exec", "test"})


def read_shell(value: object, profile: ToolProfile) -> Reading:
    """What an argument that holds a command does: a script if it is text, words if it is a list of texts."""
    if isinstance(value, str):
        return read_script(value)
    if isinstance(value, list) and value and all(isinstance(word, str) for word in value):
        return _guarded(lambda walk: walk.words(value), "".join(value))
    return _guarded(lambda walk: walk.found.unknown("the command is neither text nor a list of words"), "")


def read_script(text: str) -> Reading:
    """What a script for `sh` or `bash` does. Never raises."""
    return _guarded(lambda walk: walk.script(text), text)


def _guarded(read: Callable[[Walk], None], text: str) -> Reading:
    """Read what is not too long or too odd; the worst case on any doubt."""
    found = Findings(MOST_STEPS)
    try:
        if len(text) > LONGEST:
            raise UnreadError("the command is too long to be read")
        if odd := ODD.search(text):
            if ord(odd[0]) > 0x7F:
                found.facts.add("lookalike")
            raise UnreadError("the command holds characters that are not what they seem")
        read(Walk(found))
        if not found.effects:
            raise UnreadError("there is no command")
    except UnreadError as error:
        found.unknown(str(error))
    except (RecursionError, ValueError, LookupError, StopIteration, AttributeError, TypeError) as error:
        found.unknown(f"the command is not understood ({type(error).__name__})")  # a shape of tree that is not foreseen
    return found.reading()


@cache
def _language() -> Any:
    """The grammar, loaded once; it decides effects, and is pinned."""
    import tree_sitter
    import tree_sitter_bash

    return tree_sitter.Language(tree_sitter_bash.language())


class Walk:
    def __init__(self, found: Findings, depth: int = 0) -> None:
        self.found = found
        self._words = Expansion(found, self._within)
        self.names: tuple[str, ...] | None = None
        self._depth = depth
        self._calls = 0
        self._level = 0
        self._functions: dict[str, tuple[Any, bytes] | None] = {}
        self._source = Source()

    def script(self, text: str, own: bool = False) -> None:
        """Read a script in this shell, or in one of its own that this one starts."""
        if own:
            inner = Walk(self.found, self._depth + 1)
            if inner._depth > _MOST_CALLS:
                raise UnreadError("shells start shells too deeply to be read")
            before = self.found.cwds
            inner.script(text)
            self.found.cwds = before
            return
        root, kept = self._parse(text), self._words.code
        self._words.code = text.encode()
        self._calls += 1
        if self._calls > _MOST_CALLS:
            raise UnreadError("scripts run scripts too deeply to be read")
        self._all(root.children)
        self._calls -= 1
        self._words.code = kept

    def _parse(self, text: str) -> Any:
        if ODD.search(text):
            raise UnreadError("the command holds characters that are not what they seem")
        counted = (
            _QUOTED_TEXT.sub("", text) if 0 < text.count("<<") <= _MOST_TEXTS else text
        )  # what is only a text is quickly parsed
        signs = sum(map(counted.count, _SIGNS))
        self.found.step(signs)
        if signs > MOST_SIGNS or _nesting(counted) > _MOST_NESTING:
            raise UnreadError("the command is too long or nested too deeply to be read")
        if computed(text):
            raise UnreadError("an index holds a command")
        import tree_sitter

        root = tree_sitter.Parser(_language()).parse(text.encode()).root_node  # a parser is one thread's own
        if root.has_error:
            raise UnreadError("the command cannot be parsed")
        return root

    def words(self, words: Sequence[str]) -> None:
        """Read a command that is given as words; where some are signs of a shell, as that would read them, too."""
        self.command([quoted(word) for word in words])
        if any(_SIGNED.search(word) for word in words):  # a server may put them together for a shell
            self.script(" ".join(word if _SIGNED.search(word) else _in_quotes(word) for word in words))

    def _all(self, nodes: Iterable[Any]) -> None:
        """Statements one after the other; a `cd` among them may have failed."""
        for node in nodes:
            before = self.found.cwds
            self._statement(node)
            if self.found.cwds != before and not _ends(node):
                self._either(before)

    def _statement(self, node: Any, more: Sequence[str] = ()) -> None:
        """Read one statement; `more` are words that stand behind its redirection."""
        kind = node.type
        if kind in _NOTHING or not node.is_named:
            return
        self.found.step()
        self._level += 1
        if self._level > _MOST_DEPTH:
            raise UnreadError("the command is nested too deeply to be read")
        if kind == "command":
            self._command(node, more)
        elif kind == "pipeline":
            self._pipeline(node, more)
        elif kind == "list":
            self._list(node, more)
        elif kind == "redirected_statement":
            self._redirected(node, more)
        elif more:
            raise UnreadError("words stand where none belong")
        elif (read := _STATEMENTS.get(kind)) is not None:
            read(self, node)
        else:
            raise UnreadError(f"`{kind}` is not read")
        self._level -= 1

    def _pipeline(self, node: Any, more: Sequence[str]) -> None:
        """Each part in a shell of its own, reading what the part before prints."""
        parts = [child for child in node.children if child.is_named]
        outer, self.names = self._source, None
        for place, part in enumerate(parts):
            if place:
                self._source = Source("pipe")
            last = place + 1 == len(parts)
            self._apart(partial(self._statement, part, more if last else ()))
        self._source = outer

    def _list(self, node: Any, more: Sequence[str]) -> None:
        """`A && B`, `A || B`."""
        left, right = (child for child in node.children if child.is_named and child.type != "comment")
        either = any(child.type == "||" for child in node.children)
        before = (dict(self._words.variables), self.found.cwds)
        self._statement(left)
        after = self.found.cwds
        if either:
            self.found.cwds = tuple(dict.fromkeys((*before[1], *after)))
        kept = dict(self._words.variables)
        self._statement(right, more)
        self._words.join(kept)
        if either and _leaves(right):
            self.found.cwds = after

    def _redirected(self, node: Any, more: Sequence[str]) -> None:
        body = None
        rest = list(more)
        outer = self._source
        after: list[Any] = []
        for child in node.children:
            if body is None and child.type not in _REDIRECTS:
                body = child
            elif child.type in _REDIRECTS:
                rest += self._redirect(child, after)
            else:
                raise UnreadError(f"`{child.type}` is not read")
        if body is not None:
            self._statement(body, rest)
        elif rest:
            self.command(rest)
        else:
            self.found.does(frozenset({"read"}), "reversible")
        self._source = outer
        piped = False
        for each in after:  # what follows a here-document on its line
            piped |= each.type in ("|", "|&")
            if each.is_named:
                if piped or each.type == "pipeline":
                    self._source = Source("pipe")
                self._statement(each)
                self._source = outer

    def _conditional(self, node: Any) -> None:
        """`if` and `case`: any branch may run, or none."""
        branches: list[list[Any]] = [[]]
        for child in node.children:
            if child.type in ("then", "elif_clause", "else_clause", "case_item"):
                branches.append([])
            if child.type in ("elif_clause", "else_clause"):
                branches[-1] += [child]
            elif child.type == "case_item":
                branches[-1] += [each for each in _after(child, ")")]
                self._words.every(_before(child, ")"))
            elif child.is_named:
                branches[-1].append(child)
        if node.type == "case_statement":
            self._words.every(branches.pop(0))
        before = (dict(self._words.variables), dict(self._functions), self.found.cwds)
        ends = []
        for branch in branches:
            self._words.variables, self._functions, self.found.cwds = dict(before[0]), dict(before[1]), before[2]
            for each in branch:
                if each.type in ("elif_clause", "else_clause"):
                    self._conditional(each)
                else:
                    self._all([each])
            ends.append((self._words.variables, self._functions, self.found.cwds))
            if branch is branches[0] and node.type != "case_statement":
                before = ends[0]  # the condition runs before any branch
        self._words.variables, self._functions, self.found.cwds = before
        for variables, functions, cwds in ends:
            self._words.join(variables)
            if functions != self._functions:
                raise UnreadError("a function is defined on one way and not on another")
            self._either(cwds)

    def _loop(self, node: Any) -> None:
        """`for`, `while`, `until`, `select`: few known values one by one, else until nothing more changes."""
        name = next((child for child in node.children if child.type == "variable_name"), None)
        head = [c for c in node.children if c.is_named and c.type not in ("do_group", "compound_statement")]
        body = [c for c in node.children if c.type in ("do_group", "compound_statement")]
        values: list[str] = []
        if name is not None:
            values = self._words.every(head[1:])
            head = []
        single = name is not None and node.children[0].type == "for" and values and all(map(known, values))
        if single and len(values) <= _MOST_ROUNDS:
            for value in values:
                self._words.set(self._words.text(name), value)
                for each in body:
                    self._statement(each)
            return
        if name is not None:
            self._words.set(self._words.text(name), UNKNOWN)
        names = self.names
        for _ in range(_MOST_ROUNDS):
            self.names = names
            before = dict(self._words.variables)
            cwds = self.found.cwds
            moved = len(self.found.moved)
            for each in (*head, *body):
                if each.type in _ARITHMETIC:
                    self._words.compute(each)
                else:
                    self._statement(each)
            self._either(cwds)
            if self.found.cwds != cwds:
                raise UnreadError("a loop changes the directory")
            self._words.join(before)
            if self._words.variables == before and len(self.found.moved) == moved:
                return
        raise UnreadError("a loop is not understood")

    def _group(self, node: Any) -> None:
        inner = [child for child in node.children if child.is_named]
        if node.children and node.children[0].type == "((":
            self._words.compute(node)
        else:
            self._all(inner)

    def _subshell(self, node: Any) -> None:
        self._apart(lambda: self._all([child for child in node.children if child.is_named]))

    def _function(self, node: Any) -> None:
        name = self._words.text(next(child for child in node.children if child.type == "word"))
        if name in _WORDS or name in table() or not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_-]*", name):
            raise UnreadError("a function takes the name of a program")
        self._functions[name] = (node.children[-1], self._words.code)
        self.found.does(frozenset({"read"}), "reversible")

    def _negated(self, node: Any) -> None:
        for child in node.children:
            self._statement(child)

    def _test(self, node: Any) -> None:
        """`[ … ]`, `[[ … ]]`: nothing happens but what its words run, and what an index or a number computes."""
        self._words.nested(node)
        values = [self._words.word(leaf, True) for leaf in _leaf_words(node)]
        if names_index([plain(value) if known(value) else UNKNOWN for value in values]):
            raise UnreadError("a test computes an index")
        if node.children[0].type == "[[" and _COMPARES.search(self._words.text(node)):
            self._words.plain_values()
            if any("[" in value and re.search(r"[$`]", plain(value)) for value in values):
                raise UnreadError("an index holds a command")
        self.found.does(frozenset({"read"}), "reversible")

    def _declare(self, node: Any) -> None:
        word = node.children[0].type
        self.found.does(frozenset({"read"}), "reversible")
        for child in node.children[1:]:
            if child.type == "variable_assignment":
                self._words.assign(child)
                if word != "local":
                    environment(self, self._words.text(child.children[0]))
            elif child.type != "variable_name" and self._words.text(child) not in _DECLARING:
                raise UnreadError("a declaration is not understood")

    def _unset(self, node: Any) -> None:
        for child in node.children[1:]:
            name = self._words.text(child)
            if child.type not in ("variable_name", "word") or (name.startswith("-") and name not in ("-v", "-f")):
                raise UnreadError("what is unset is not known")
            if name in self._functions or TRAPS.match(name):
                raise UnreadError("something is unset that later words need")
            self._words.set(name, UNKNOWN)
        self.found.does(frozenset({"read"}), "reversible")

    def _assignments(self, node: Any) -> None:
        for child in node.children:
            if child.type == "variable_assignment":
                self._words.assign(child)
        self.found.does(frozenset({"read"}), "reversible")

    def _one_assignment(self, node: Any) -> None:
        self._words.assign(node)
        self.found.does(frozenset({"read"}), "reversible")

    def _command(self, node: Any, more: Sequence[str]) -> None:
        words: list[str] = []
        outer, handed = self._source, []
        behind: list[str] = []
        for child in node.children:
            kind = child.type
            if kind == "variable_assignment":
                handed.append(self._words.assigned(child)[0])
            elif kind in _REDIRECTS:
                extra = self._redirect(child, None)
                (words if words or kind == "herestring_redirect" else behind).extend(extra)
            elif kind == "command_name":
                words += fields(self._words.word(child.children[0], False))
            elif child.is_named or kind in ("=~", "==", "="):
                words += fields(self._words.word(child, False))
            if len(words) > MOST_WORDS * 8:
                raise UnreadError("a command has too many words to be read")
        for name in handed:
            if TRAPS.match(name):
                self.found.unknown(f"`{name[:40]}` changes what is run")
            environment(self, name)
        words += behind
        words += more
        if words:
            self.command(words)
        else:
            self.found.does(frozenset({"read"}), "reversible")
        self._source = outer

    def command(self, words: Sequence[str]) -> None:
        """Judge one command from its words."""
        self.found.step(len(words))
        self._level += 1
        if self._level > _MOST_DEPTH:
            raise UnreadError("commands run commands too deeply to be read")
        first, rest = words[0], words[1:]
        text = plain(first)
        if not known(first) or active(first) != first or HOME in first:
            self.found.unknown("which program is run is not known")
            if "/" in text and known(first):
                run_file(self, first)
        elif not text.isascii():
            self.found.facts.add("lookalike")
            self.found.unknown("the name of a program holds letters that only look familiar")
        elif text in self._functions:
            self._call(text, rest)
        else:
            self._program(named(first), first, rest)
        self._level -= 1

    def _program(self, name: str, word: str, rest: Sequence[str]) -> None:
        entry = table().get(name)
        self.found.effects.add("read")
        self.found.programs.add(name[:64])
        if entry is not None:
            self.program(name, entry, rest)
        elif "/" in name:
            self.names = None
            run_file(self, word)
            self.found.unknown(f"runs `{name[-64:]}`")
        else:
            self.names = None
            self.found.unknown(f"`{name[:64]}` is not a known program")
        for each in rest if entry is None else ():  # whatever it is, these may be its files
            if known(each) and "/" in each:
                self.found.file(each, "read")

    def program(self, name: str, spec: Spec, words: Sequence[str]) -> None:
        """Judge a program by its entry."""
        HOW[spec.how](self, name, spec, words)
        if "send" in spec.does and self._source.kind == "file":
            self.found.file(self._source.text, "send")
        if name.partition(" ")[0] in _LISTING or spec.lists:
            return
        if not spec.filters:
            self.names = None

    def _call(self, name: str, words: Sequence[str]) -> None:
        """A function of the script, with these arguments."""
        body = self._functions[name]
        self._calls += 1
        if body is None or self._calls > _MOST_CALLS:
            raise UnreadError("functions call functions too deeply to be read")
        outer, kept = self._words.arguments, self._words.code
        self._words.arguments = list(words) if all(SPLIT not in word for word in words) else None
        node, self._words.code = body
        self._statement(node)
        self._words.arguments, self._words.code = outer, kept
        self._calls -= 1

    def source(self) -> Source:
        """What the command reads from its standard input."""
        return self._source

    def cd(self, word: str) -> None:
        """Go to a directory; one that is not known makes every relative name unknown."""
        text = plain(word) if word else HOME
        self.found.does(frozenset({"read"}), "reversible")
        if not known(word) or active(word) != word or text == "-":
            self.found.cwds = (UNKNOWN,)
        elif text[:1] in ("/", HOME, START) or (text[:1] == "~" and word[0] == "~"):
            self.found.cwds = (text.replace(HOME, "~").replace(START, "."),)
        else:
            self.found.cwds = tuple(_below(cwd, text) for cwd in self.found.cwds)

    def bind(self, name: str, value: str = UNKNOWN) -> None:
        """A variable has this value, or one that is not known."""
        self._words.set(name, value)

    def _redirect(self, node: Any, after: list[Any] | None) -> list[str]:
        """Read one redirection; what it returns are words of the command that stand behind it."""
        if node.type == "herestring_redirect":
            words = [self._words.word(child, False) for child in node.children if child.is_named and wordlike(child)]
            self._source = Source("text", plain(words[0]))
            return [each for word in words[1:] for each in fields(word)]
        if node.type == "heredoc_redirect":
            return self._heredoc(node, after)
        sign, targets = "", []
        for child in node.children:
            if not child.is_named:
                sign = sign or child.type
            elif child.type != "file_descriptor":
                targets.append(child)
        if not targets:
            if sign not in (">&-", "<&-"):
                raise UnreadError("a redirection is not understood")
            return []
        words = list(fields(self._words.word(targets[0], False)))
        rest = [each for child in targets[1:] for each in fields(self._words.word(child, False))]
        if len(words) != 1:
            raise UnreadError("a redirection is not understood")
        self._to_file(sign, words[0])
        return rest

    def _to_file(self, sign: str, word: str) -> None:
        text = plain(word)
        found = self.found
        if sign in (">&", "<&") and re.fullmatch(r"[0-9]{1,3}-?|-", text):
            return
        if not known(word):
            if PIPED in word:
                return
            found.unknown("a redirection leads to a file that is not known")
        elif place := _PLACE.match(text):
            found.does(frozenset({"send"}), "irreversible", "opens a connection")
            found.downloads = True
            found.host(place[1])
        elif sign == "<":
            found.file(word, "read")
            self._source = Source("file", word)
        else:
            if text not in ("/dev/null", "/dev/stdout", "/dev/stderr", "/dev/tty"):
                found.does(frozenset({"write"}), "prior")
            found.file(word, "write")

    def _heredoc(self, node: Any, after: list[Any] | None) -> list[str]:
        """A text between two marks, words of the command behind it, and what else stands on its line."""
        words: list[str] = []
        parts: dict[str, Any] = {"last": 0}
        for child in node.children:
            if not child.type.startswith("heredoc"):
                parts["last"] = max(parts["last"], child.end_byte)
            if child.type in ("heredoc_start", "heredoc_body", "heredoc_end", "<<", "<<-"):
                parts[child.type[:2] if child.type[0] == "<" else child.type] = child
            elif child.type == "file_redirect":
                words += self._redirect(child, after)
            elif wordlike(child):
                words += fields(self._words.word(child, False))
            elif child.type != "file_descriptor":
                if after is None:
                    raise UnreadError("a here-document is not understood")
                after.append(child)
        if not {"<<", "heredoc_start", "heredoc_end"} <= parts.keys():
            raise UnreadError("a here-document is not understood")
        self._source = Source("text", self._between(parts))
        return words

    def _between(self, parts: Mapping[str, Any]) -> str:
        """The text of a here-document. The parse is held against the lines: where it ends decides what is run."""
        code, start, end, body = (
            self._words.code,
            parts["heredoc_start"],
            parts["heredoc_end"],
            parts.get("heredoc_body"),
        )
        mark = _HEREDOC.match(code[parts["<<"].start_byte : start.end_byte].decode())
        first = code.find(b"\n", start.end_byte) + 1
        rest = code.find(b"\n", end.start_byte)
        closing = code[end.start_byte : rest if rest >= 0 else len(code)].decode()
        early = code[first : body.start_byte].decode() if body is not None else ""  # a text before the first `$`
        if mark is None or not first or (body is not None and body.start_byte < first) or re.search(r"[$`]", early):
            raise UnreadError("a here-document is not understood")
        if (not mark[3] and early.strip("\t")) or parts["last"] > first:
            raise UnreadError("where a here-document begins is not certain")
        name, strip = mark[1] or mark[2] or mark[3], "\t" if parts["<<"].type == "<<-" else ""
        text = code[first : end.start_byte].decode()
        *lines, last = [line.lstrip(strip) if strip else line for line in text.split("\n")]
        if closing != name or last or name in lines:
            raise UnreadError("where a here-document ends is not certain")
        if not mark[3] or "\\" in mark[0] or not re.search(r"[$`\\]", text):
            return text
        opened = len(re.findall(r"(?<!\\)\$\(", text)) + len(re.findall(r"(?<!\\)`", text)) / 2
        if "\\\n" in text or "\\\\" in text or opened != (self._words.nested(body) if body is not None else 0):
            raise UnreadError("a here-document holds commands that are not understood")
        return UNKNOWN if re.search(r"[$`]", text) else text

    def _either(self, cwds: tuple[str, ...]) -> None:
        self.found.cwds = tuple(dict.fromkeys((*cwds, *self.found.cwds)))
        if len(self.found.cwds) > 4:
            self.found.cwds = (UNKNOWN,)

    def _within(self, nodes: Sequence[Any]) -> tuple[str, ...] | None:
        """Read the statements of a substitution; which names they print, where they only list some."""
        outer, self.names = self.names, None
        if len(nodes) == 1 and nodes[0].type == "file_redirect":
            self._apart(lambda: self._redirect(nodes[0], None))
        else:
            self._apart(lambda: self._all(nodes))
        listed, self.names = self.names, outer
        return listed

    def _apart(self, read: Callable[[], object]) -> None:
        """In a shell of its own: what it sets is gone afterwards."""
        kept = (dict(self._words.variables), dict(self._functions), self.found.cwds, self._source)
        read()
        self._words.variables, self._functions, self.found.cwds, self._source = kept


def _in_quotes(word: str) -> str:
    return "'" + word.replace("'", "'\\''") + "'"


def _below(cwd: str, text: str) -> str:
    """A directory in a directory, `..` taken away where that is certain."""
    parts = [part for part in f"{cwd}/{text}".split("/") if part not in ("", ".")] if cwd else text.split("/")
    made: list[str] = []
    for part in parts:
        if part == ".." and made and made[-1] not in ("..", "~") and "\uf8ff" not in made[-1]:
            made.pop()
        elif part not in ("", "."):
            made.append(part)
    return ("/" if cwd.startswith("/") else "") + "/".join(made)


def _nesting(text: str) -> int:
    """How deep brackets stand in brackets, roughly; never less than it is."""
    depth = most = 0
    for sign in re.findall(r"[(){}]|\b(?:if|do|case|fi|done|esac)\b", text):
        depth += 1 if sign in ("(", "{", "if", "do", "case") else -1 if depth else 0
        most = max(most, depth)
    return most


def _leaf_words(node: Any) -> list[Any]:
    """The words of a test, in order."""
    pending, found = list(reversed(node.children)), []
    while pending:
        one = pending.pop()
        if wordlike(one):
            found.append(one)
        else:
            pending += reversed(one.children)
    return found


def _before(node: Any, sign: str) -> list[Any]:
    place = next((i for i, child in enumerate(node.children) if child.type == sign), 0)
    return [child for child in node.children[:place] if child.type not in ("extglob_pattern", "word")]


def _after(node: Any, sign: str) -> list[Any]:
    place = next((i for i, child in enumerate(node.children) if child.type == sign), -1)
    return [child for child in node.children[place + 1 :] if child.is_named]


def _leaves(node: Any) -> bool:
    """Does a statement end the script or the function?"""
    return node.type == "command" and node.child_count > 0 and node.children[0].text in (b"exit", b"return")


def _ends(node: Any) -> bool:
    """`cd X || exit`: what comes after is in X."""
    return bool(node.type == "list" and any(c.type == "||" for c in node.children) and _leaves(node.children[-1]))


_DECLARING = frozenset({"-x", "-g", "-r", "-a", "-A", "-p", "-gx", "-rx"})
_COMPARES = re.compile(r"-(?:eq|ne|lt|le|gt|ge)\b")
_NOTHING = frozenset({"comment", "heredoc_body", "heredoc_end"})
_REDIRECTS = frozenset({"file_redirect", "herestring_redirect", "heredoc_redirect"})
_ARITHMETIC = frozenset({"binary_expression", "unary_expression", "postfix_expression", "parenthesized_expression"})
#: Programs that say themselves what names they print.
_LISTING = frozenset({"find", "git", "grep", "egrep", "fgrep", "rg", "xargs"})
_STATEMENTS: Mapping[str, Callable[[Walk, Any], None]] = {
    "c_style_for_statement": Walk._loop,
    "case_statement": Walk._conditional,
    "compound_statement": Walk._group,
    "declaration_command": Walk._declare,
    "do_group": Walk._group,
    "for_statement": Walk._loop,
    "function_definition": Walk._function,
    "if_statement": Walk._conditional,
    "negated_command": Walk._negated,
    "subshell": Walk._subshell,
    "test_command": Walk._test,
    "unset_command": Walk._unset,
    "variable_assignment": Walk._one_assignment,
    "variable_assignments": Walk._assignments,
    "while_statement": Walk._loop,
}
