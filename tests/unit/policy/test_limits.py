"""What lies within the limits of a delegation, and what of a child goes beyond its parent's."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assent.errors import RequestError
from assent.model.grant import Limits
from assent.policy.limits import KINDS, admits, check, covers, excess, fits

PARENT = Limits(
    actions=("effect:read", "effect:write"),
    servers=("files", "mail"),
    targets={"paths": ("/srv/",), "hosts": ("*.example.com",), "addresses": ("*@example.com", "bo@other.org")},
    calls=10,
    depth=2,
)


@pytest.mark.parametrize(
    ("kind", "pattern", "value", "expected"),
    [
        ("paths", "/srv/", "/srv/a/b", True),
        ("paths", "/srv/", "/srv", True),
        ("paths", "/srv/", "/srvx", False),
        ("paths", "/srv/", "/srv/../etc", False),
        ("paths", "/srv/", "/srv//a", False),
        ("paths", "/srv/", "srv/a", False),
        ("paths", "/srv/a", "/srv/a", True),
        ("paths", "/srv/a", "/srv/a/b", False),
        ("paths", "/", "/etc/passwd", True),
        ("paths", "/srv/", "?", False),
        ("hosts", "*.example.com", "a.example.com", True),
        ("hosts", "*.example.com", "example.com", False),
        ("hosts", "*.example.com", "badexample.com", False),
        ("hosts", "*.example.com", "a.example.com.evil.net", False),
        ("hosts", "*.example.com", "*.example.com", False),  # a pattern is no target
        ("hosts", "*.example.com", "evil.net/.example.com", False),
        ("hosts", "example.com", "EXAMPLE.com", False),  # hosts arrive in lower case
        ("hosts", "[::1]", "[::1]", True),
        ("addresses", "*@example.com", "Ana@Example.com", True),
        ("addresses", "*@example.com", "ana@sub.example.com", False),
        ("addresses", "*@example.com", "x@evil.net,ana@example.com", False),
        ("addresses", "*@example.com", "x@evil.net <ana@example.com>", False),
        ("addresses", "*@example.com", "x@evil.net@example.com", False),
        ("addresses", "*@example.com", "\u0430na@example.com", False),
        ("tables", "public.users", "public.users", True),
        ("tables", "public.users", "users", False),
        ("payees", "DE02 1203", "DE02 1203", True),
    ],
)
def test_a_target_fits(kind: str, pattern: str, value: str, expected: bool) -> None:
    """Exact, below a directory, or of a domain; what is not plainly one thing fits nothing."""
    assert fits(kind, pattern, value) is expected


NAMES = st.lists(st.sampled_from(["a", "b", "ab", "example", "com"]), min_size=1, max_size=4)
PATTERNS = {
    "paths": st.builds(lambda parts, end: "/" + "/".join(parts) + end, NAMES, st.sampled_from(["", "/"])),
    "hosts": st.builds(lambda parts, wild: wild + ".".join(parts), NAMES, st.sampled_from(["", "*."])),
    "addresses": st.builds(lambda who, parts: f"{who}@{'.'.join(parts)}", st.sampled_from(["*", "a", "b"]), NAMES),
}
TARGETS = {
    "paths": st.builds(lambda parts: "/" + "/".join(parts), NAMES),
    "hosts": st.builds(".".join, NAMES),
    "addresses": st.builds(lambda who, parts: f"{who}@{'.'.join(parts)}", st.sampled_from(["a", "b"]), NAMES),
}


@given(st.data())
def test_what_covers_admits_no_less(data: st.DataObject) -> None:
    """Whatever fits a pattern fits every pattern that covers it."""
    kind = data.draw(st.sampled_from(sorted(PATTERNS)))
    wider, narrower = data.draw(PATTERNS[kind]), data.draw(PATTERNS[kind])
    target = data.draw(TARGETS[kind])
    if covers(kind, wider, narrower) and fits(kind, narrower, target):
        assert fits(kind, wider, target)


@pytest.mark.parametrize(
    ("limits", "dimension"),
    [
        (Limits(actions=("effect:pay",)), "actions"),
        (Limits(actions=("effect:pay", "effect:read")), "actions"),
        (Limits(servers=("bank",)), "servers"),
        (Limits(targets={"paths": ("/etc/hosts",)}), "paths"),
        (Limits(targets={"paths": ("/",)}), "paths"),
        (Limits(targets={"hosts": ("example.com",)}), "hosts"),
        (Limits(targets={"hosts": ("*.com",)}), "hosts"),
        (Limits(targets={"addresses": ("*@other.org",)}), "addresses"),
        (Limits(calls=11), "calls"),
        (Limits(depth=2), "depth"),
    ],
)
def test_an_excess_is_named(limits: Limits, dimension: str) -> None:
    """A child wider than its parent in any one dimension is told which."""
    check(limits)
    assert [one.dimension for one in excess(limits, PARENT)] == [dimension]


@pytest.mark.parametrize(
    "limits",
    [
        Limits(),
        Limits(actions=("effect:read",), calls=10, depth=1),
        Limits(actions=("rev:reversible",)),  # of another dimension: both hold
        Limits(actions=("tool:files/read_file",)),
        Limits(targets={"paths": ("/srv", "/srv/a/", "/srv/b")}),
        Limits(targets={"hosts": ("*.a.example.com", "b.example.com")}),
        Limits(targets={"tables": ("users",)}),
    ],
)
def test_a_further_restriction_is_no_excess(limits: Limits) -> None:
    """What narrows, or restricts what the parent left open, passes."""
    check(limits)
    assert list(excess(limits, PARENT)) == []


def test_tools_are_within_their_server() -> None:
    """A server's group holds its tools and methods; a tool holds its calls by effect."""
    parent = Limits(actions=("server:pg", "tool:files/read"), depth=1)
    for name in ("tool:pg/query", "tool:pg/query#read", "method:pg/resources%2Fread", "tool:files/read#read"):
        assert not list(excess(Limits(actions=(name,)), parent)), name
    for name in ("tool:pgx/query", "tool:files/write", "server:files"):
        assert [one.dimension for one in excess(Limits(actions=(name,)), parent)] == ["actions"], name


def test_nothing_follows_a_link_of_depth_none() -> None:
    """A parent that lets no link follow is exceeded by any."""
    assert [one.dimension for one in excess(Limits(), Limits())] == ["depth"]


def test_admits() -> None:
    """Each effect must be in one of the actions; no actions named is no restriction, none that fits is none."""
    names = ("tool:pg/query#delete", "tool:pg/query", "effect:delete", "server:pg")
    assert admits(None, names)
    assert admits(("effect:read", "server:pg"), names)
    assert not admits(("effect:read",), names)
    assert not admits((), names)


@pytest.mark.parametrize(
    "limits",
    [
        Limits(actions=()),
        Limits(actions=("read",)),
        Limits(actions=("effect:fly",)),
        Limits(actions=("effect:read\n",)),
        Limits(actions=("effect:read", "effect:read")),
        Limits(actions=("effect:write", "effect:read")),
        Limits(actions=("tool:files/a b",)),
        Limits(actions=("tool:FILES/a",)),
        Limits(servers=("a b",)),
        Limits(servers=tuple(f"s{at:03}" for at in range(65))),
        Limits(targets={"colour": ("red",)}),
        Limits(targets={"paths": ()}),
        Limits(targets={"paths": ("srv/",)}),
        Limits(targets={"paths": ("/srv/../",)}),
        Limits(targets={"paths": ("/srv//",)}),
        Limits(targets={"paths": ("/srv/\u202egpj",)}),
        Limits(targets={"paths": ("/" + "a" * 512,)}),
        Limits(targets={"hosts": ("*.*.com",)}),
        Limits(targets={"hosts": ("*",)}),
        Limits(targets={"hosts": ("Example.com",)}),
        Limits(targets={"addresses": ("*",)}),
        Limits(targets={"addresses": ("a*@example.com",)}),
        Limits(targets={"addresses": ("*@*.com",)}),
        Limits(calls=0),
        Limits(calls=1_000_001),
        Limits(depth=-1),
        Limits(depth=16),
    ],
)
def test_one_spelling(limits: Limits) -> None:
    """What is empty, unsorted, unknown, or no plain pattern is refused."""
    with pytest.raises(RequestError) as refused:
        check(limits)
    assert refused.value.code == "bad_limits"


def test_every_kind_of_target_can_be_named() -> None:
    """Each has a spelling that is accepted."""
    words = {"paths": "/a", "hosts": "a.b", "recipient_domains": "*.b", "addresses": "a@b"}
    check(replace(PARENT, targets={kind: (words.get(kind, "x"),) for kind in KINDS}))
