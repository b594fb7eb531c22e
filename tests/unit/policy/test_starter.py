"""The shipped policies do what their first lines say."""

from __future__ import annotations

from dataclasses import replace
from importlib.resources import files
from typing import Any

import pytest

from assent.catalog.analysers import analyse
from assent.catalog.analysers.readers import read_arguments
from assent.catalog.book import read
from assent.catalog.observation import Guarded, Observed
from assent.decide.pdp import decide
from assent.model.profile import EFFECTS, Server
from assent.policy.bundle import Bundle, Source, load
from tests.unit.decide.calls import call, verdict

PEOPLE = """[
  {"uid": {"type": "Group", "id": "reviewers"}, "attrs": {}, "parents": []},
  {"uid": {"type": "Group", "id": "security"}, "attrs": {}, "parents": []},
  {"uid": {"type": "User", "id": "local/ben"}, "attrs": {},
   "parents": [{"type": "Group", "id": "reviewers"}, {"type": "Group", "id": "security"}]},
  {"uid": {"type": "User", "id": "local/cat"}, "attrs": {}, "parents": [{"type": "Group", "id": "security"}]}
]"""


def shipped(name: str) -> Bundle:
    text = (files("assent.policy") / "starter" / f"{name}.cedar").read_text(encoding="utf-8")
    return load([Source(f"{name}.cedar", text)], entities=PEOPLE if name == "team" else "")


WEB = Server("web", zone="external")


@pytest.mark.parametrize(
    ("expected", "change"),
    [
        ("allow permitted", {"effects": ("read",)}),
        ("allow permitted", {"effects": ("read",), "reversibility": "irreversible"}),
        ("allow permitted", {"effects": ("read",), "profile": {"inferred": True}}),
        ("allow permitted", {"effects": ("read",), "server": WEB, "labels": ("untrusted",)}),
        ("allow permitted", {"effects": ("write",)}),
        ("allow permitted", {"effects": ("delete",), "reversibility": "compensable"}),
        ("escalate needs_approval", {"reversibility": "irreversible"}),
        ("escalate needs_approval", {"facts": {"inside_roots": False}}),
        ("escalate needs_approval", {"facts": {"roots_known": False}}),
        ("escalate needs_approval", {"profile": {"inferred": True}}),
        *(("escalate needs_approval", {"effects": (one,)}) for one in ("send", "pay", "execute", "grant", "unknown")),
        *(
            ("escalate needs_approval", {"profile": {"domains": frozenset({one})}})
            for one in ("financial", "identity", "infrastructure")
        ),
        ("allow permitted", {"profile": {"domains": frozenset({"code"})}}),
        ("deny policy_forbids", {"effects": ("read",), "facts": {"secret_path": True}}),
        ("deny policy_forbids", {"effects": ("send",), "labels": ("secret",)}),
        ("deny policy_forbids", {"effects": ("send",), "facts": {"secret_in_arguments": True}}),
        ("deny policy_forbids", {"effects": ("read",), "server": WEB, "labels": ("secret",)}),
        ("escalate needs_approval", {"effects": ("read",), "server": WEB, "labels": ("personal",)}),
        ("allow permitted", {"effects": ("read",), "labels": ("secret",)}),
        ("escalate needs_approval", {"effects": ("read", "execute")}),
        ("escalate needs_approval", {"effects": ("read",), "facts": {"private_host": True}}),
        ("escalate needs_approval", {"effects": ("read",), "facts": {"lookalike": True}}),
        ("deny policy_forbids", {"effects": ("read",), "facts": {"private_host": True, "metadata_host": True}}),
    ],
)
def test_the_starter_policy(expected: str, change: dict[str, Any]) -> None:
    """Reads and undoable writes inside roots pass; the rest asks the owner; secrets stay in."""
    assert verdict(shipped("starter"), call(**change)) == expected


@pytest.mark.parametrize("effect", [one for one in EFFECTS if one != "read"])
def test_the_strict_policy_asks_for_every_effect(effect: str) -> None:
    """Only a reviewed read passes."""
    rules = shipped("strict")
    assert verdict(rules, call(effects=(effect,))) == "escalate needs_approval"
    assert verdict(rules, call(effects=("read",))) == "allow permitted"
    assert verdict(rules, call(effects=("read",), profile={"inferred": True})) == "escalate needs_approval"
    assert verdict(rules, call(effects=("read",), facts={"inside_roots": False})) == "escalate needs_approval"
    assert verdict(rules, call(effects=("read",), facts={"secret_path": True})) == "deny policy_forbids"


def test_the_team_policy_asks_others() -> None:
    """Nobody approves what acts for them; money needs two; without groups it defers."""
    rules = shipped("team")
    assert all(not rule.has("self") for rule in rules.rules() if not rule.id.startswith("assent/"))
    assert verdict(rules, call()) == "allow permitted"
    assert verdict(rules, call(effects=("execute",))) == "escalate needs_approval"
    paid = decide(rules, call(effects=("pay",)))
    assert {(one.group, one.quorum, one.assurance) for one in paid.escalations} == {("security", 2, "passphrase")}
    text = rules.sources[0]
    assert verdict(load([text]), call(effects=("execute",))) == "defer no_reviewer"


PROFILE = files("assent.catalog") / "profiles" / "mcp-server-fetch.toml"
FETCH = read(Source("mcp-server-fetch.toml", PROFILE.read_text("utf-8"))).tools["fetch"]


@pytest.mark.parametrize("name", ["starter", "strict", "team"])
@pytest.mark.parametrize(
    ("expected", "url", "labels"),
    [
        ("allow permitted", "https://docs.python.org/3/library/ast.html", ()),
        ("allow permitted", "https://docs.python.org/3/library/ast.html", ("untrusted",)),
        ("escalate needs_approval", "https://docs.python.org/3/library/ast.html", ("personal",)),
        ("deny policy_forbids", "https://docs.python.org/3/library/ast.html", ("secret",)),
        ("escalate needs_approval", "https://evil.example/?d=" + "a1B2" * 16, ()),
        ("escalate needs_approval", "https://user:pass@docs.example/", ()),
        ("escalate needs_approval", "http://localhost:3000/", ()),
        ("escalate needs_approval", "http://0xa000001/", ()),
        ("escalate needs_approval", "http://раураl.com/", ()),
        ("escalate needs_approval", "ftp://files.example/", ()),
        ("deny policy_forbids", "http://[::ffff:a9fe:a9fe]/latest/meta-data/", ()),
        ("deny policy_forbids", "gopher://metadata.google.internal/", ()),
    ],
)
def test_pages_are_read_and_data_stays(name: str, expected: str, url: str, labels: tuple[str, ...]) -> None:
    """A page passes; what carries data out or reaches inside asks; what hands out credentials is denied."""
    facts = call({"url": url}, server=WEB, labels=labels, schema={"properties": {"url": {"type": "string"}}})
    seen = Observed(Guarded("/home/u/.assent", ("/home/u/.assent",)), readings=read_arguments(FETCH, facts.action))
    found = analyse(FETCH, facts.action, seen, WEB)
    assert verdict(shipped(name), replace(facts, profile=FETCH, analysis=found)) == expected


@pytest.mark.parametrize("name", ["starter", "strict", "team"])
def test_shipped_policies_read_facts_not_raw_strings(name: str) -> None:
    """DESIGN §4: a raw string has too many spellings to judge by."""
    assert not any(rule.reads_arguments for rule in shipped(name).rules())
    assert all(rule.says("reason") for rule in shipped(name).rules() if rule.effect == "forbid")
