"""What is read as JSON with comments and as TOML, and what is refused with its place."""

from __future__ import annotations

import json
import tomllib

import pytest

from assent.edges.clients.entries import find, wrap
from assent.edges.clients.files import parse
from assent.edges.clients.tree import Node, edited
from assent.errors import ConfigError

BAD_JSON = {
    "": None,
    "// only\n": None,
    "{}": None,
    '{"a": 1,}': None,
    "[1,]": None,
    "[,]": 2,
    "{,}": 2,
    "[1 2]": 4,
    "[1,,2]": 4,
    "{'a': 1}": 2,
    "{a: 1}": 2,
    '{"a" 1}': 6,
    '{"a": 1, "\\u0061": 2}': 10,
    "[01]": 2,
    "[1.]": 2,
    "[+1]": 2,
    "[NaN]": 2,
    "[truely]": 2,
    '["\t"]': 2,
    '["\\x"]': 2,
    "[] []": 4,
    "[] /* open": 4,
    "[\u00a01]": 2,
    "[1]\ufeff": 4,
}


@pytest.mark.parametrize("text", BAD_JSON)
def test_json_is_strict_but_for_comments_and_commas(text: str) -> None:
    """Comments, trailing commas and an empty file are taken; everything else that RFC 8259 refuses is refused there."""
    column = BAD_JSON[text]
    if column is None:
        parse("c.json", text.encode())
        return
    with pytest.raises(ConfigError, match=f"line 1, column {column}:"):
        parse("c.json", text.encode())


def plain(node: Node) -> object:
    """Its value, where texts and scalars are alike."""
    if node.kind == "object":
        return {name: plain(member.node) for name, member in node.members.items()}
    return [plain(item) for item in node.items] if node.kind == "array" else node.value


def test_json_values_and_places_are_right() -> None:
    """Each value is what the standard library reads, and its place is where it stands."""
    text = '{"a": ["x\\u00e9\\n", {"b": "c"}], "d": "\\ud83d\\ude00"}'
    document = parse("c.json", text.encode())
    assert plain(document.root) == json.loads(text)
    found = document.root.get("d")
    assert found is not None and json.loads(text[found.start : found.end]) == found.value


TOML = """
title = "x" # c
"quoted.key".a . b = 'l\\it'
dates = [1979-05-27 07:32:00, 1979-05-27T07:32:00Z, # c ]
 07:32:00]
many = \"\"\"
a \\
  "" b\"\"\"\"\"
raw = '''it's ''nice'''''
in = { x = 1, y = [ { z = "}" } ], k.l = "m" }
[a]
v = 1
[[b.c]]
n = "1"
[b.c.d]
m = "2"
[[b.c]]
n = "3"
[a.deep.er]
w = [ [], {} ]
"""


def texts_of(value: object) -> object:
    """What the standard library reads, scalars left out."""
    if isinstance(value, dict):
        return {name: texts_of(inner) for name, inner in value.items()}
    return [texts_of(inner) for inner in value] if isinstance(value, list) else value if isinstance(value, str) else ""


def same(node: Node) -> object:
    """The same of a tree."""
    if node.kind == "object":
        return {name: same(member.node) for name, member in node.members.items()}
    return [same(item) for item in node.items] if node.kind == "array" else node.value if node.kind == "text" else ""


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_toml_trees_are_those_of_the_standard_library(end: str) -> None:
    """Tables, arrays of tables, dotted and quoted keys, all kinds of text: the same tree, in its places."""
    text = TOML.replace("\n", end)
    document = parse("c.toml", ("\ufeff" + text).encode())
    assert same(document.root) == texts_of(tomllib.loads(text)) if end == "\n" else same(document.root)
    found = document.root.get("b", "c")
    assert found is not None and [item.members["n"].node.value for item in found.items] == ["1", "3"]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a = 1\na = 2\n", "line 2, column"),
        ("[a]\nb = \n", "line 2, column 5"),
        ("[a]\r\n[a]\r\n", "line 2, column"),
        ("\ufeffa = [1,\n", "line 2, column 1"),
        ("a = " + "[" * 50_000, "line 1, column"),
    ],
)
def test_bad_toml_is_refused_with_its_place(text: str, place: str) -> None:
    """The place that the standard library names."""
    with pytest.raises(ConfigError, match=place):
        parse("c.toml", text.encode())


def test_hostile_files_are_bounded() -> None:
    """More values, or a larger TOML file, than any person has are refused before they fill the memory."""
    with pytest.raises(ConfigError, match="values"):
        parse("c.json", b"[" + b"1," * 600_000 + b"]")
    with pytest.raises(ConfigError, match="larger than 1 MiB"):
        parse("c.toml", b"# " + b"x" * 1_100_000)


#: A server as its file has it, and wrapped.
LAYOUTS = [
    ('{"s":{"a":{"command":"x"}}}', '{"s":{"a":{"args":["mcp","--","x"],"command":"/A"}}}'),
    ('{"s":{"a":{"args":["1","2"],"command":"x"}}}', '{"s":{"a":{"args":["mcp","--","x","1","2"],"command":"/A"}}}'),
    ('{"s": {"a": {"command": "x", "args": []}}}', '{"s": {"a": {"command": "/A", "args": ["mcp", "--", "x"]}}}'),
    (
        '{"s": {"a": {\r\n\t"command": "\\u0078", // why\r\n\t"args": [\r\n\t\t// first\r\n\t\t"1"\r\n\t]}}}',
        '{"s": {"a": {\r\n\t"command": "/A", // why\r\n\t"args": [\r\n\t\t// first\r\n\t\t'
        '"mcp", "--", "\\u0078",\r\n\t\t"1"\r\n\t]}}}',
    ),
    ("[s.a]\n  command = 'x' # why\n", '[s.a]\n  args = ["mcp", "--", \'x\']\n  command = "/A" # why\n'),
    ("s.a.command = 'x'\n", 's.a.args = ["mcp", "--", \'x\']\ns.a.command = "/A"\n'),
    ("[s]\na = {command='x'}\n", '[s]\na = {args = ["mcp", "--", \'x\'], command="/A"}\n'),
]


@pytest.mark.parametrize(("before", "after"), LAYOUTS)
def test_what_is_put_in_is_laid_out_like_its_neighbours(before: str, after: str) -> None:
    """Dense stays dense, each line has its indentation, comments stay at what they are about, spellings stay."""
    name = "c.json" if before.startswith("{") else "c.toml"
    document = parse(name, before.encode())
    [entry] = find(document, [("s",)])
    assert edited(before, wrap(document, entry, "/A", ["mcp", "--"])) == after
