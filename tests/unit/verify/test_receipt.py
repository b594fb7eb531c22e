"""The leaf format: one spelling for everything, and commitments that open."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from assent_verify import receipt
from assent_verify.canonical import canonicalize, digest, parse
from assent_verify.errors import ProofError
from assent_verify.opening import open_values
from assent_verify.receipt import (
    commit,
    commit_derived,
    derived_salt,
    explain,
    may_be_named,
    milliseconds,
    read,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.receipt.sample import sample

LEAVES = sample().leaves
BY_KIND = {json.loads(leaf)["kind"]: leaf for leaf in reversed(LEAVES)}


def leaf(kind: str) -> dict[str, Any]:
    value = parse(BY_KIND[kind])
    assert isinstance(value, dict)
    return value


def refused(data: bytes) -> ProofError:
    with pytest.raises(ProofError) as caught:
        read(data)
    return caught.value


@pytest.mark.parametrize("kind", BY_KIND)
def test_every_kind_is_read_and_nothing_is_explained_away(kind: str) -> None:
    """The pattern and the words for a person come from one description."""
    assert read(BY_KIND[kind])
    assert explain(leaf(kind)) == ""


@pytest.mark.parametrize("kind", BY_KIND)
def test_an_unknown_member_is_refused_at_every_level(kind: str) -> None:
    """There is no room for what a reader would not see; free subjects of system leaves apart."""
    value = leaf(kind)
    places = [value, *(m for name, m in value.items() if isinstance(m, dict))]
    for place in places:
        place["zz"] = 1
        error = refused(canonicalize(value))
        assert (error.code, "unknown" in error.message) == ("leaf_schema", True)
        del place["zz"]
    assert read(canonicalize(value))


@pytest.mark.parametrize("kind", BY_KIND)
def test_no_member_may_be_missing_or_of_another_type(kind: str) -> None:
    """Empty is written as empty, never left out."""
    for name in leaf(kind):
        value = leaf(kind)
        del value[name]
        assert refused(canonicalize(value)).code == "leaf_schema"
        for wrong in (None, 7.5, [{}], "\u0001", -1):
            error = refused(canonicalize({**leaf(kind), name: wrong}))
            assert error.code in {"leaf_schema", "leaf_profile"}


@pytest.mark.parametrize("kind", BY_KIND)
def test_only_the_canonical_bytes_are_a_leaf(kind: str) -> None:
    """Stored bytes equal the canonical form of their parse."""
    value = leaf(kind)
    for other in (
        json.dumps(value, separators=(",", ":"), sort_keys=True).replace(":", ": ", 1).encode(),
        json.dumps(dict(reversed(value.items())), separators=(",", ":")).encode(),
        BY_KIND[kind] + b"\n",
        BY_KIND[kind].replace(b'"v":1', b'"v":1.0').replace(b'"v":2', b'"v":2.0'),
        BY_KIND[kind].replace(b'"kind":"', b'"kind":"\\u00', 1),
        BY_KIND[kind].replace(b'"v":', b'"v":1,"v":'),
    ):
        assert refused(other).code in {"not_canonical", "leaf_schema", "duplicate_key", "not_json"}


@pytest.mark.parametrize(
    ("member", "wrong"),
    [
        ("attempt", "att_" + "a" * 25 + "b"),  # 26 characters of base32 hold 130 bits: the last two are zero
        ("attempt", "att_" + "A" * 26),
        ("facts", "sha256:" + "A" * 64),
        ("facts", "sha256:" + "a" * 63),
        ("facts", ""),
        ("time", "2026-11-24T08:30:00Z"),
        ("time", "2026-11-24T08:30:00.123+00:00"),
        ("verdict", "ALLOW"),
        ("effects", ["write", "delete"]),
        ("effects", ["write", "write"]),
        ("approvals", ["apr_" + "b" * 25 + "a", "apr_" + "a" * 26]),
        ("principal", 'Agent::"a\\b"'),
        ("principal", 'Agent::"a"b"'),
        ("principal", "Agent::a"),
        ("owner", 'Agent::"local/a"'),
        ("errors", True),
        ("errors", 10**15),
        ("inferred", 1),
        ("v", True),
        ("v", 1),
        ("v", 3),
        ("kind", "outcome"),
    ],
)
def test_a_value_in_another_spelling_is_refused(member: str, wrong: object) -> None:
    """One spelling for each id, digest, time, set and number."""
    assert refused(canonicalize({**leaf("decision"), member: wrong})).code == "leaf_schema"


def test_a_leaf_has_at_most_16_kib() -> None:
    """Even if every part of it fits its shape."""
    assert refused(canonicalize({**leaf("decision"), "reasons": ["a" * 64] * 256})).code == "too_large"


def test_a_system_leaf_is_signed_whole_or_not_at_all_and_in_ascii() -> None:
    """Key, assurance and signature stand together; the subject has one spelling everywhere."""
    value = leaf("system")
    value |= {"event": "pin", "subject": {"name": "one"}}
    assert read(canonicalize(value))
    assert "together" in refused(canonicalize({**value, "assurance": "passkey"})).message
    assert "ASCII" in refused(canonicalize({**value, "subject": {"name": "é"}})).message


@pytest.mark.parametrize("tool", ["?", "", 'say "hi"', "a\\b", "lösche", "a\nb", "x" * 257])
def test_a_tool_name_that_no_leaf_can_carry_is_committed_to(tool: str) -> None:
    """What a server calls its tool is its own word: it cannot make a receipt unreadable."""
    assert not may_be_named(tool)
    assert may_be_named("write_file")
    value = leaf("decision")
    value["action"] |= {"tool": "?", "tool_commitment": commit(bytes(16), "tool", tool)}
    assert read(canonicalize(value))
    open_values(value, bytes(16), {"tool": tool})
    with pytest.raises(ProofError):
        open_values(value, bytes(16), {"tool": "another"})


def test_the_calendar_is_checked() -> None:
    """A time that does not exist is no time."""
    assert milliseconds(b"2026-02-28T23:59:59.999Z") == 1772323199999
    for wrong in (b"2026-02-30T00:00:00.000Z", b"2026-13-01T00:00:00.000Z", b"2026-01-01T24:00:00.000Z"):
        with pytest.raises(ProofError):
            milliseconds(wrong)


@given(st.sampled_from(LEAVES), st.data())
@settings(max_examples=300, deadline=None)
def test_pattern_and_explanation_agree_on_changed_leaves(data: bytes, draw: st.DataObject) -> None:
    """What `read` accepts has no explanation; what it refuses for its shape has one."""
    value = parse(data)
    assert isinstance(value, dict)
    place, name = value, draw.draw(st.sampled_from(sorted(value)))
    while isinstance(place[name], dict) and place[name] and draw.draw(st.booleans()):
        place = place[name]
        name = draw.draw(st.sampled_from(sorted(place)))
    place[name] = draw.draw(st.sampled_from(["", "a", 0, 1, True, [], {}, ["a"], digest(b""), 'User::"a"', "allow"]))
    changed = canonicalize(value)
    try:
        read(changed)
    except ProofError as error:
        assert error.code == "leaf_schema"
        assert explain(value) != ""
    else:
        assert explain(value) == ""


def test_a_commitment_is_computed_as_published() -> None:
    """SHA-256(SHA-256(salt ‖ name) ‖ canonical value), so that one value can be opened alone."""
    salt = bytes(range(16))
    assert commit(salt, "response", "x") == digest(derived_salt(salt, "response") + b'"x"')
    assert commit_derived(derived_salt(salt, "task"), ["é", 0.5]) == commit(salt, "task", ["é", 0.5])
    assert len({commit(salt, "a", 1), commit(salt, "b", 1), commit(salt, "a", 2), commit(bytes(16), "a", 1)}) == 4


def _disclosed(kind: str) -> tuple[dict[str, Any], bytes, dict[str, Any]]:
    log = sample()
    for index, salt, values in log.disclosed:
        value = json.loads(log.leaves[index])
        if value["kind"] == kind:
            return value, salt, json.loads(json.dumps(values))
    raise AssertionError(kind)


@pytest.mark.parametrize("kind", ["decision", "outcome", "session"])
def test_disclosed_values_open_their_leaf_and_nothing_else_does(kind: str) -> None:
    """Another value, another salt, a name the leaf does not commit to: not opened."""
    value, salt, values = _disclosed(kind)
    open_values(value, salt, values)
    wrong = [(salt[:-1] + b"\xff", values), (salt[:-1], values), (salt, {**values, "other": 1})]
    wrong += [(salt, {**values, name: "changed"}) for name in values]
    for with_salt, with_values in wrong:
        with pytest.raises(ProofError) as caught:
            open_values(value, with_salt, with_values)
        assert caught.value.code == "not_opened"


def test_arguments_open_one_by_one_and_some_may_be_withheld() -> None:
    """Names and order are bound; a withheld name keeps its place."""
    value, salt, values = _disclosed("decision")
    arguments = values["arguments"]
    open_values(value, salt, {"arguments": {"path": arguments["path"]}, "withheld": ["content"]})
    for wrong in (
        {"arguments": {"path": arguments["path"]}},
        {"arguments": {"content": arguments["content"]}},  # in its place, but the other is kept quiet about
        {"arguments": {"path": "elsewhere"}, "withheld": ["content"]},
        {"arguments": {"path": arguments["path"]}, "withheld": ["zz"]},
        {"arguments": {"content": arguments["path"], "path": arguments["content"]}},
        {"arguments": [], "withheld": []},
    ):
        with pytest.raises(ProofError):
            open_values(value, salt, wrong)


def test_many_arguments_share_one_commitment() -> None:
    """More than 64 would not fit a leaf one by one."""
    value, salt, _ = _disclosed("decision")
    arguments = {f"a{n}": n for n in range(65)}
    value["action"]["arguments"] = [commit(salt, "arguments", arguments)]
    open_values(value, salt, {"arguments": arguments})
    with pytest.raises(ProofError):
        open_values(value, salt, {"arguments": {**arguments, "a0": 1}})


def test_members_stand_in_the_order_of_their_pattern() -> None:
    """A leaf is made of all groups of its pattern at once, so a class in another order would swap its members."""
    for start, (pattern, _, _) in receipt._READERS.items():
        fields = receipt._SHAPES[start][1]._fields
        if fields == receipt.SessionEvent._fields:
            fields = (*fields[4:], *fields[:4])  # an event comes first, and may have labels
        assert [name for name in fields if name in pattern.groupindex] == list(pattern.groupindex)
        assert len(fields) - pattern.groups in (0, 1)


def test_no_repeat_has_to_give_back() -> None:
    """Patterns match possessively: what follows a repeat is never in its set, so the language is the same."""
    for start, (pattern, _, _) in receipt._READERS.items():
        assert b"]{64}+" in pattern.pattern, start
        plain = re.compile(re.sub(rb"(\{[0-9,]+\})\+", rb"\1", pattern.pattern))
        for data in LEAVES:
            assert bool(plain.fullmatch(data)) is bool(pattern.fullmatch(data))
