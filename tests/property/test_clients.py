"""Wrapping and unwrapping configurations in every layout that a person might write."""

from __future__ import annotations

import json
import os
import tomllib

from hypothesis import given, settings
from hypothesis import strategies as st

from assent.edges.clients import install
from assent.edges.clients.entries import find, wrapped_by
from assent.edges.clients.files import Held, parse
from assent.edges.clients.naming import Names
from assent.edges.clients.places import Place
from assent.errors import ConfigError
from assent.model.client import Client

PROGRAM = "/opt/assent/bin/assent"
LAUNCHER = install.Launcher(PROGRAM, "", {"PATH": "/nowhere"})
text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=4) | st.sampled_from(
    ["--", "-y", "mcp", "assent", "a,b]", "//", "#", "\\", '"', "'", "\x7f", "é😀", "''' \"\"\" '"]
)
#: A command that is Assent itself would be left alone, and an empty one cannot be started.
commands = text.filter(lambda word: word != "" and wrapped_by([word, "mcp"]) is None)


class Layout:
    """Draws how each value is spelled."""

    def __init__(self, data: st.DataObject, end: str) -> None:
        self.data = data
        self.end = end

    def one(self, *choices: str) -> str:
        """One of these."""
        return self.data.draw(st.sampled_from(choices))

    def gap(self, comment: str = "//") -> str:
        """What may stand between any two signs of JSON, or of a TOML array."""
        line = f' {comment} a, ]}} "comment{self.end}'
        return self.one(
            "", "", " ", "\t", self.end, f"{self.end}    ", line, *([] if comment == "#" else ["/* ],} */"])
        )

    def json(self, value: object) -> str:
        """A value as JSON with comments."""
        if isinstance(value, dict):
            parts = [f"{self.json(key)}{self.gap()}:{self.gap()}{self.json(inner)}" for key, inner in value.items()]
        elif isinstance(value, list):
            parts = [self.json(inner) for inner in value]
        else:
            return json.dumps(value, ensure_ascii=self.data.draw(st.booleans()))
        inner = f"{self.gap()},".join(f"{self.gap()}{part}" for part in parts)
        inner += f"{self.gap()}," if parts and self.data.draw(st.booleans()) else ""
        return f"{'{' if isinstance(value, dict) else '['}{inner}{self.gap()}{'}' if isinstance(value, dict) else ']'}"

    def toml_text(self, word: str) -> str:
        """A text in one of the four ways of TOML."""
        ways = [json.dumps(word, ensure_ascii=False).replace("\x7f", "\\u007f")]
        if all(sign >= " " and sign not in "'\x7f" for sign in word):
            ways += [f"'{word}'", f"'''{word}'''"]
        ways.append(f'""{ways[0]}""')
        return self.one(*ways)

    def toml_array(self, words: list[str]) -> str:
        """An array of texts."""
        inner = ",".join(f"{self.gap('#')}{self.toml_text(word)}{self.gap('#')}" for word in words)
        return f"[{inner}{',' if words and self.data.draw(st.booleans()) else ''}{self.gap('#')}]"

    def toml_value(self, value: object) -> str:
        """A value on a line of its own, or in an inline table."""
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, list):
            return self.toml_array(value)
        if isinstance(value, dict):
            pairs = [
                f"{self.toml_text(key) if not key.isidentifier() else key} = {self.toml_value(v)}"
                for key, v in value.items()
            ]
            return "{" + self.one("", " ") + ", ".join(pairs) + self.one("", " ") + "}"
        return self.toml_text(str(value))

    def toml(self, servers: dict[str, dict[str, object]]) -> str:
        """A configuration: each server as a table, an inline table or dotted keys."""
        dotted, inline, tables = "", "", ""
        for name, entry in servers.items():
            key = json.dumps(name, ensure_ascii=False).replace("\x7f", "\\u007f")
            way = self.one("dotted", "inline", "table", "table")
            indent, note = self.one("", "  ", "\t"), self.one("", " # note")
            if way == "inline":
                inline += f"{indent}{key} = {self.toml_value(entry)}{note}{self.end}"
                continue
            prefix = f"{key} . " if way == "dotted" else ""
            lines = "".join(
                f"{indent}{prefix}{name} = {self.toml_value(value)}{note}{self.end}" for name, value in entry.items()
            )
            if way == "dotted":
                dotted += lines
            else:
                tables += f"{self.one('', self.end)}[mcp_servers.{key}]{note}{self.end}{lines}"
        head = f"model = 1979-05-27 07:32:00{self.end}"
        return f"{head}[mcp_servers]{self.end}{dotted}{inline}{tables}"


@st.composite
def servers(draw: st.DrawFn) -> dict[str, dict[str, object]]:
    """Servers with their members in any order."""
    names = draw(st.lists(text.filter(bool), max_size=3, unique=True))
    found = {}
    for name in names:
        entry: dict[str, object] = {"command": draw(commands)}
        if draw(st.booleans()):
            entry["args"] = draw(st.lists(text, max_size=3))
        if draw(st.booleans()):
            entry["env"] = draw(st.dictionaries(st.sampled_from(["A_KEY", "B"]), text, max_size=2))
        if draw(st.booleans()):
            entry["disabled"] = draw(st.booleans())
        found[name] = dict(draw(st.permutations(list(entry.items()))))
    return found


def held(name: str, content: bytes) -> Held:
    """A file that is nowhere."""
    return Held(name, name, content, os.stat("/"))


def check(name: str, keys: tuple[str, ...], content: bytes, wanted: dict[str, dict[str, object]]) -> bytes:
    """The rules that hold for both formats; what was written."""
    place = Place(Client("tester", "Tester", ()), name, (keys,))
    plan = install.plan(place, held(name, content), LAUNCHER, Names(lambda _: "", {}))
    assert plan.record is not None
    entries = find(parse(name, plan.content), (keys,))
    assert [entry.keys[-1] for entry in entries] == [entry.keys[-1] for entry in find(parse(name, content), (keys,))]
    given_names = [entry.wrapped.name for entry in entries if entry.wrapped]
    assert len(set(given_names)) == len(given_names) == len(wanted)
    for entry in entries:
        before = wanted[entry.keys[-1]]
        assert entry.wrapped is not None and entry.words[0] == PROGRAM
        assert entry.words[entry.wrapped.inner :] == [before["command"], *before.get("args", [])]  # type: ignore[misc]
    again = install.plan(place, held(name, plan.content), LAUNCHER, Names(lambda _: "", {}))
    assert again.content == plan.content
    assert install.around(place, plan.content, plan.record) == content
    return plan.content


@given(servers(), st.data())
@settings(max_examples=100, deadline=None)
def test_json_comes_back_byte_for_byte(wanted: dict[str, dict[str, object]], data: st.DataObject) -> None:
    """In any layout each server is wrapped under its own name, nothing else changes, undoing is byte for byte."""
    layout = Layout(data, data.draw(st.sampled_from(["\n", "\r\n"])))
    key = data.draw(st.sampled_from(["mcpServers", "servers"]))
    written = layout.json({"other": [1.5e3, None, True, {}], key: wanted, "last": "x"})
    content = (layout.one("", "\ufeff") + layout.gap() + written + layout.gap()).encode()
    assert parse("c.json", check("c.json", (key,), content, wanted)).root.get("last") is not None


@given(servers(), st.data())
@settings(max_examples=100, deadline=None)
def test_toml_comes_back_byte_for_byte(wanted: dict[str, dict[str, object]], data: st.DataObject) -> None:
    """The same of TOML, in tables, inline tables and dotted keys; and what is written is still TOML."""
    layout = Layout(data, data.draw(st.sampled_from(["\n", "\r\n"])))
    content = (layout.one("", "\ufeff") + layout.toml(wanted) + layout.one("", "# end", layout.end)).encode()
    after = check("c.toml", ("mcp_servers",), content, wanted)
    found = tomllib.loads(after.decode().removeprefix("\ufeff"))["mcp_servers"]
    environments = {name: entry["env"] for name, entry in wanted.items() if "env" in entry}
    assert {name: entry["env"] for name, entry in found.items() if "env" in entry} == environments


@given(
    st.text(max_size=40) | st.text(st.sampled_from(list("{}[]\",:/*\\ \n#=a1.'")), max_size=40),
    st.sampled_from(["c.json", "c.toml"]),
)
@settings(max_examples=300, deadline=None)
def test_any_text_is_read_or_refused_with_its_place(text: str, name: str) -> None:
    """A text that is no configuration is refused with file, line and column; nothing else is raised."""
    try:
        parse(name, text.encode("utf-8", "surrogatepass"))
    except ConfigError as error:
        assert error.code == "client_syntax" and name in error.message and "line" in error.message
