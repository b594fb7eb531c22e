"""Profiles: strict text, and applied only to what they were written from."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from assent.admin import texts
from assent.catalog.book import Profiles
from assent.errors import PolicyError
from assent.model.ids import Digest
from assent.model.profile import Server, ToolDefinition

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


def test_roots_come_from_the_servers_own_arguments() -> None:
    """Option with `=` or a word of its own, or all positionals."""
    book = profiles(("thing.toml", SHIPPED))
    assert book.roots_of("pypi:thing", ["--db", "/a", "--db=/b"]) == ("/a", "/b")
    assert book.roots_of("pypi:other", ["--db", "/a"]) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[server\n", "not TOML"),
        ('[server]\npackage = "pypi:x"\n', "versions"),
        ('[server]\nname = "x"\nversions = ["1"]\n', "package"),
        (SHIPPED.replace("effects", "efects"), "efects"),
        (SHIPPED.replace('["read"]', '["reed"]'), "reed"),
        (SHIPPED.replace('"reversible"', '"maybe"'), "maybe"),
        (SHIPPED.replace('"local"', '"mars"'), "mars"),
        (SHIPPED.replace('effects = ["read"]', "effects = []"), "needs at least one"),
    ],
)
def test_a_profile_with_an_error_is_refused_with_its_place(text: str, words: str) -> None:
    """File, line, key, and what to write."""
    with pytest.raises(PolicyError) as refused:
        profiles(("thing.toml", text))
    assert words in refused.value.message
    assert refused.value.file == "thing.toml"
    assert refused.value.line > 0 or words == "not TOML"


def test_every_shipped_profile_loads() -> None:
    """And names a digest for each tool."""
    loaded = Profiles.load(texts.shipped())
    assert len(loaded.books) >= 6
    for book in loaded.books:
        assert book.versions
        assert all(book.digests[tool] for tool in book.tools)
