"""Profiles: strict text, and applied only to what they were written from."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
from assent_verify.canonical import canonicalize, digest

from assent.admin import texts
from assent.catalog.book import CLOSELY, Profiles
from assent.catalog.infer import infer
from assent.catalog.reading import SERVER_KEYS, TOOL_KEYS, list_digest, read
from assent.errors import PolicyError
from assent.model.ids import Digest
from assent.model.profile import REVERSIBILITY, TARGET_KINDS, Server, ToolDefinition

DIGEST = Digest("sha256:" + "1" * 64)
SHIPPED = f"""
[server]
package = "pypi:thing"
versions = ["1.0"]
zone = "local"
roots_option = ["--db"]

[tools.wipe]
digests = ["{DIGEST}"]
effects = ["read"]
reversibility = "reversible"
"""


@dataclass(frozen=True)
class Text:
    name: str
    text: str


def profiles(*sources: tuple[str, str]) -> Profiles:
    return Profiles.load([Text(*source) for source in sources])


WIPE = ToolDefinition("wipe", {"name": "wipe"}, DIGEST)
THING = Server("s", package="pypi:thing", version="1.0")


def test_a_shipped_profile_needs_package_version_and_digest() -> None:
    """DESIGN §4.4: what a server calls itself matches nothing."""
    book = profiles(("thing.toml", SHIPPED))
    assert not book.profile_of(THING, WIPE).inferred
    for server, definition in [
        (replace(THING, version="1.1"), WIPE),
        (replace(THING, package="pypi:other"), WIPE),
        (replace(THING, package=""), WIPE),
        (THING, replace(WIPE, digest=Digest("sha256:" + "2" * 64))),
    ]:
        assert book.profile_of(server, definition).inferred


SERIOUS = SHIPPED.replace('["read"]', '["read", "pay"]').replace('"reversible"', '"irreversible"')
UNVERIFIED = (
    SERIOUS.replace('zone = "local"', 'zone = "local"\nunverified = true')
    + 'targets = { what = "url" }\noutput_labels = ["secret"]\noutput_trust = { "$" = "internal" }\n'
    + 'analysers = ["shell"]\nauthoritative = ["pay"]\nerror_means_no_effect = true\n'
)
LIST = ToolDefinition("list_wipes", {"name": "list_wipes"}, DIGEST)


def test_what_nobody_has_verified_only_adds_to_inference() -> None:
    """Policy sees an inferred tool; what is known of it can make it more serious, never milder."""
    book = profiles(("thing.toml", UNVERIFIED.replace("tools.wipe", "tools.list_wipes")))
    found = book.find(THING, LIST)
    assert (found.standing, found.profile.inferred) == ("unverified", True)
    assert found.profile.effects == {"read", "pay"}
    assert (found.profile.reversibility, found.profile.targets) == ("irreversible", {"what": "url"})
    assert found.profile.output_labels == {"secret"}
    assert (found.profile.authoritative, found.profile.output_trust) == (frozenset(), {})
    assert not found.profile.error_means_no_effect
    assert any("thing.toml" in vote for vote in found.profile.votes)


def test_the_inference_holds_where_it_is_the_more_serious_one() -> None:
    """A file cannot talk a tool harmless that it was not written from."""
    for text, server in [
        (SHIPPED.replace('zone = "local"', "unverified = true"), THING),
        (SHIPPED, replace(THING, version="1.1")),
        (SHIPPED.replace("sha256:1", "sha256:2"), THING),
    ]:
        found = profiles(("thing.toml", text)).find(server, WIPE)
        assert (found.standing, found.profile.reversibility) == ("unverified", "irreversible")
        assert found.profile.effects > {"read"}


@pytest.mark.parametrize("name", [one.name for one in texts.shipped()])
def test_every_shipped_profile_of_another_version_only_adds(name: str) -> None:
    """The day after a server was updated: nothing that inference says is lost."""
    [source] = [one for one in texts.shipped() if one.name == name]
    book = Profiles.load([source])
    server = Server("s", package=book.books[0].package, version="0")
    for tool in book.books[0].tools:
        definition = ToolDefinition(tool, {"name": tool}, DIGEST)
        found, inferred = book.profile_of(server, definition), infer(definition)
        assert found.inferred and found.effects >= inferred.effects, tool
        assert REVERSIBILITY.index(found.reversibility) >= REVERSIBILITY.index(inferred.reversibility), tool
        assert not found.authoritative and not found.output_trust and found.undo is None, tool


def test_the_operators_own_profile_counts_over_the_shipped_one() -> None:
    """It needs no digest and may go by server name."""
    own = '[server]\nname = "s"\n[tools.wipe]\neffects = ["delete"]\n'
    found = profiles(("thing.toml", SHIPPED), ("catalog/own.toml", own)).profile_of(THING, WIPE)
    assert (found.effects, found.inferred, found.reversibility) == (frozenset({"delete"}), False, "irreversible")


def test_two_profiles_for_one_tool_give_the_more_serious_of_both() -> None:
    """With a word of warning."""
    one = '[server]\nname = "s"\n[tools.wipe]\neffects = ["read"]\nreversibility = "reversible"\n'
    two = '[server]\nname = "s"\n[tools.wipe]\neffects = ["delete"]\nreversibility = "irreversible"\n'
    found = profiles(("catalog/a.toml", one), ("catalog/b.toml", two)).profile_of(THING, WIPE)
    assert (found.effects, found.reversibility) == (frozenset({"read", "delete"}), "irreversible")
    assert found.votes
    assert "catalog/a.toml" in found.votes[0] and "catalog/b.toml" in found.votes[0]


def test_of_two_kinds_of_one_target_the_more_closely_looked_at_holds() -> None:
    """And every kind has its place in that order."""
    one = '[server]\nname = "s"\n[tools.wipe]\neffects = ["read"]\ntargets = { a = "id", b = "path" }\n'
    two = one.replace('"id"', '"url"').replace('"path"', '"ref"')
    for first, second in [(one, two), (two, one)]:
        found = profiles(("catalog/a.toml", first), ("catalog/b.toml", second)).profile_of(THING, WIPE)
        assert found.targets == {"a": "url", "b": "path"}
    assert sorted(CLOSELY) == sorted(TARGET_KINDS)


def test_two_files_that_name_one_tool_are_told_of() -> None:
    """Before any server has been seen; a file for another version is no second one."""
    one = '[server]\npackage = "pypi:x"\nversions = ["1"]\n[tools.wipe]\neffects = ["read"]\n'
    [note] = profiles(("catalog/a.toml", one), ("catalog/b.toml", one)).contested()
    assert all(word in note for word in ("catalog/a.toml", "catalog/b.toml", "`wipe`", "more serious"))
    other = one.replace('["1"]', '["2"]')
    assert list(profiles(("catalog/a.toml", one), ("catalog/b.toml", other)).contested()) == []


def test_what_was_activated_says_the_same_when_it_is_read_late() -> None:
    """In any order of asking; and its own files are read at once, so that a mistake in one shows at once."""
    sources = [*texts.shipped(), Text("catalog/own.toml", '[server]\nname = "s"\n[tools.x]\neffects = ["pay"]\n')]
    whole = Profiles.load(sources)
    for book in reversed(whole.books):
        late = Profiles.activated(sources)
        server = Server("s", package=book.package, version=[*book.versions, ""][0])
        for tool in [*book.tools, "x"]:
            for listed in book.digests.get(tool, frozenset()) or [DIGEST]:
                definition = ToolDefinition(tool, {"name": tool}, Digest(listed))
                assert late.find(server, definition) == whole.find(server, definition)
        assert late.zone_of(book.package) == book.zone
        assert sorted(one.source for one in late.books) == sorted(one.source for one in whole.books)
    with pytest.raises(PolicyError):
        Profiles.activated([*sources, Text("catalog/wrong.toml", '[server]\npackage = "npm:x"\nzone = "mars"\n')])


def test_the_digest_of_a_tool_list_is_that_of_its_definitions() -> None:
    """In any order; one more, one less or one changed is another list."""
    assert list_digest(["b", "a"]) == list_digest(["a", "b"])
    assert len({list_digest(each) for each in (["a"], ["a", "b"], ["a", "c"], [])}) == 4


def test_roots_come_from_the_servers_own_arguments() -> None:
    """Option with `=` or a word of its own, or all positionals."""
    book = profiles(("thing.toml", SHIPPED))
    assert book.roots_of("pypi:thing", ["--db", "/a", "--db=/b"]) == ("/a", "/b")
    assert book.roots_of("pypi:other", ["--db", "/a"]) is None


def wiping(line: str) -> str:
    """The shipped file with one more line about its tool."""
    return SHIPPED + line + "\n"


def serving(line: str) -> str:
    """The shipped file with one more line about its server."""
    return SHIPPED.replace("[server]\n", f"[server]\n{line}\n")


WRONG = [
    ("[server\n", "not TOML", ""),
    ('[server]\npackage = "pypi:x"\n', "versions", "[server]"),
    ('[server]\nname = "x"\nversions = ["1"]\n', "package", "[server]"),
    ("[servers]\n", "servers", "[servers]"),
    ("tools = 1\n[server]\n", "expected a table", "tools = 1"),
    (SHIPPED.replace("pypi:thing", "pip:thing"), "pypi:NAME", "package ="),
    (SHIPPED.replace('["1.0"]', '"1.0"'), "list of strings", "versions ="),
    (SHIPPED.replace('["1.0"]', '[""]'), "empty text", "versions ="),
    (SHIPPED.replace('"local"', '"mars"'), "mars", "zone ="),
    (SHIPPED.replace('["--db"]', "[1]"), "list of strings", "roots_option ="),
    (serving('roots = "some"'), "positional", "roots ="),
    (serving('tools_digest = "sha256:12"'), "64 hex", "tools_digest ="),
    (serving('unverified = "yes"'), "true", "unverified ="),
    (serving("note = 1"), "a string", "note ="),
    (serving('name = "A b"'), "a-z", "name ="),
    (serving("verified = true"), "verified", "verified ="),
    (SHIPPED.replace("[tools.wipe]", "[tools]\nwipe = 1\n[tools.other]"), "expected a table", "wipe ="),
    (SHIPPED.replace("effects", "efects"), "efects", "efects ="),
    (SHIPPED.replace('["read"]', '["reed"]'), "reed", "effects ="),
    (SHIPPED.replace('effects = ["read"]', "effects = []"), "needs at least one", "effects ="),
    (SHIPPED.replace('"reversible"', '"maybe"'), "maybe", "reversibility ="),
    (SHIPPED.replace(DIGEST, "sha256:xyz"), "64 hex", "digests ="),
    (SHIPPED.replace(f'"{DIGEST}"', ""), "unverified", "digests ="),
    (wiping('domains = ["money"]'), "money", "domains ="),
    (wiping('targets = { a = "file" }'), "file", "targets ="),
    (wiping('targets = ["a"]'), "a table", "targets ="),
    (wiping('relative = { a = "b" }'), "relative to", "relative ="),
    (wiping('analysers = ["bash"]'), "bash", "analysers ="),
    (wiping('authoritative = ["read"]'), "needs an analyser", "authoritative ="),
    (wiping('dialect = "mysql"'), "sql", "dialect ="),
    (wiping("narrowable = 1"), "list of strings", "narrowable ="),
    (wiping('opaque = "a"'), "list of strings", "opaque ="),
    (wiping("secret = [1]"), "list of strings", "secret ="),
    (wiping('output_labels = ["Top Secret"]'), "a-z", "output_labels ="),
    (wiping('output_trust = { "$" = "good" }'), "internal", "output_trust ="),
    (wiping("idempotency_key = 1"), "a string", "idempotency_key ="),
    (wiping("outcome_deadline = 0"), "86400", "outcome_deadline ="),
    (wiping('external = "structuredContent.id"'), "$.structuredContent.id", "external ="),
    (wiping("cost = 3"), "a string", "cost ="),
    (wiping("undo = { arguments = {} }"), "tool = NAME", "undo ="),
    (wiping('undo = { tool = "gone" }'), "no tool of this file", "undo ="),
    (wiping('undo = { tool = "wipe", arguments = { a = "b" } }'), "result.NAME", "undo ="),
    (wiping('error_means_no_effect = "yes"'), "true", "error_means_no_effect ="),
    (wiping('varying = ["/inputSchema/type"]'), "description", "varying ="),
]


@pytest.mark.parametrize(("text", "words", "line"), WRONG)
def test_a_profile_with_an_error_is_refused_with_its_place(text: str, words: str, line: str) -> None:
    """File, line, key, and what to write."""
    with pytest.raises(PolicyError) as refused:
        profiles(("thing.toml", text))
    assert words in refused.value.message
    assert refused.value.file == "thing.toml"
    if line:
        assert text.splitlines()[refused.value.line - 1].startswith(line)


def test_every_key_has_its_error() -> None:
    """A key that is added needs a wrong value above."""
    lines = " ".join(line for _, _, line in WRONG)
    assert {key for key in (*SERVER_KEYS, *TOOL_KEYS) if f"{key} =" not in lines} == set()


def test_the_line_is_that_of_the_tool_that_is_wrong() -> None:
    """Not of the first tool with such a key, nor of one whose name begins alike."""
    more = f'\n[tools."wipe all"]\ndigests = ["{DIGEST}"]\neffects = ["reed"]\n'
    with pytest.raises(PolicyError) as refused:
        profiles(("thing.toml", SHIPPED + more))
    assert refused.value.line == len((SHIPPED + more).splitlines())


def test_every_shipped_profile_loads() -> None:
    """A verified one names a digest for each tool; no two speak of one package."""
    loaded = Profiles.load(texts.shipped())
    assert len({book.package for book in loaded.books}) == len(loaded.books) >= 20
    for book in loaded.books:
        assert book.unverified or all(book.digests[tool] for tool in book.tools)
    assert list(loaded.contested()) == []


def test_words_that_name_the_machine_are_left_out_of_the_digest() -> None:
    """A time zone in a description is no other tool; another type, name or description elsewhere is."""

    def listed(words: str, kind: str = "string", about: str = "tells") -> ToolDefinition:
        schema = {"type": "object", "properties": {"zone": {"type": kind, "description": words}}}
        whole = {"name": "now", "description": about, "inputSchema": schema}
        return ToolDefinition("now", whole, Digest(digest(canonicalize(whole))))

    text = """
[server]
package = "pypi:clock"
versions = ["1"]
[tools.now]
varying = ["/inputSchema/properties/zone/description"]
digests = ["DIGEST"]
effects = ["read"]
"""
    book = read(Text("clock.toml", text.replace("DIGEST", "sha256:" + "0" * 64)))
    wanted = book.digest_of(listed("local is Berlin"))
    assert wanted == book.digest_of(listed("local is Lima")) != listed("local is Berlin").digest
    profiles = Profiles.load([Text("clock.toml", text.replace("DIGEST", wanted))])
    server = Server("clock", package="pypi:clock", version="1")
    assert not profiles.profile_of(server, listed("local is Lima")).inferred
    assert profiles.profile_of(server, listed("local is Lima", kind="array")).inferred
    assert profiles.profile_of(server, listed("local is Lima", about="deletes")).inferred
    # a pin holds as long, for exactly that package and version
    assert profiles.steady(server, listed("local is Lima")) == wanted
    for other in (listed("local is Lima", kind="array"), listed("local is Lima", about="deletes")):
        assert profiles.steady(server, other) == other.digest
    assert profiles.steady(replace(server, version="2"), listed("local is Lima")) == listed("local is Lima").digest


def test_only_a_description_may_differ() -> None:
    """A name, a type or a choice says what a tool takes, and never varies."""
    for place in ("/inputSchema/properties/zone/type", "description", "/name"):
        text = f'[server]\nname = "x"\n[tools.t]\neffects = ["read"]\nvarying = ["{place}"]\n'
        with pytest.raises(PolicyError, match="varying"):
            read(Text("catalog/x.toml", text))
