"""DESIGN §4, load errors: the whole bundle is refused, with the place and what to write instead."""

from __future__ import annotations

import pytest

from assent.errors import PolicyError
from assent.policy.bundle import Source, from_archive, load

PERMIT = '@id("all")\npermit (principal, action, resource);\n'


def refused(text: str, entities: str = "") -> PolicyError:
    with pytest.raises(PolicyError) as raised:
        load([Source("a.cedar", text)], entities=entities)
    return raised.value


def forbid(annotations: str, condition: str = "true") -> str:
    return f'@id("x") {annotations}\nforbid (principal, action, resource) when {{ {condition} }};'


@pytest.mark.parametrize(
    ("text", "code", "place", "shown"),
    [
        ('@id("a")\npermit (principal, action resource);', "syntax", (2, 27), "resource"),
        ('// c;\n@id("a")\npermit (principal, action, resource)\nwhen { foo bar };', "syntax", (4, 12), "bar"),
        ('@id("a") permit (principal, action, resource)', "syntax", (1, 1), "@id"),
        (PERMIT + '@id("b") @id("c") forbid (principal, action, resource);', "syntax", (3, 10), "@id"),
        ('@id("a") forbid (principal, action, resource) when { context.zone == "own };', "syntax", (1, 70), '"'),
        ("permit (principal, action, resource);", "missing_id", (1, 1), "permit"),
        (PERMIT + PERMIT, "repeated_id", (3, 1), "@id"),
        ('@id("assent/guard") permit (principal, action, resource);', "reserved_id", (1, 1), "@id"),
        ('@id("a b") permit (principal, action, resource);', "bad_annotation", (1, 1), "@id"),
        (
            '@id("a")\n@escalate("owner") permit (principal, action, resource);',
            "escalate_on_permit",
            (2, 1),
            "@escalate",
        ),
        ('@id("a") permit (principal == ?principal, action, resource);', "unlinked_template", (1, 1), "@id"),
        (
            '@id("a")\npermit (principal, action in Action::"effect:wrte", resource);',
            "unknown_action",
            (2, 39),
            "effect:wrte",
        ),
        (
            '@id("a") permit (principal, action in Action::"tool:fs/read file", resource);',
            "unknown_action",
            (1, 48),
            "tool:fs",
        ),
        ('@id("a")\npermit (principal in Group::"g", action, resource);', "unknown_group", (2, 22), "Group"),
        ('@id("a")\npermit (principal, action, resource) when { context.zoned == "own" };', "type_error", (2, 0), ""),
    ],
)
def test_a_bad_policy_is_refused_where_it_is_bad(text: str, code: str, place: tuple[int, int], shown: str) -> None:
    """Every message has file, line, column, the offending text, and help."""
    error = refused(text)
    assert (error.code, error.file, error.line) == (code, "a.cedar", place[0])
    assert not place[1] or error.column == place[1]
    assert shown in error.text
    assert error.help and "\n" not in error.message


@pytest.mark.parametrize(
    ("annotations", "code", "help"),
    [
        ('@escalate("o") @quorm("2")', "unknown_annotation", "did you mean `@quorum`?"),
        ('@escalate("o") @zzz', "unknown_annotation", "one of"),
        ('@escalate("o") @quorum("two")', "bad_annotation", "whole number"),
        ('@escalate("o") @quorum("0")', "bad_annotation", "whole number"),
        ('@escalate("o") @quorum("21")', "bad_annotation", "whole number"),
        ('@escalate("o") @quorum("²")', "bad_annotation", "whole number"),
        ("@escalate", "bad_annotation", "group"),
        ('@escalate("o") @expires("15")', "bad_annotation", "15m"),
        ('@escalate("o") @expires("8d")', "bad_annotation", "7d"),
        ('@escalate("o") @assurance("strong")', "bad_annotation", "passkey"),
        ('@escalate("o") @self("yes")', "bad_annotation", "without a value"),
        ('@quorum("2")', "bad_annotation", "@escalate"),
        ("@self", "bad_annotation", "@escalate"),
        ('@notify("chat")', "bad_annotation", "permit"),
        ('@reason("")', "bad_annotation", "one line"),
    ],
)
def test_an_annotation_means_something_or_is_refused(annotations: str, code: str, help: str) -> None:
    """`@quorm("2")` would silently be a quorum of one."""
    error = refused(forbid(annotations))
    assert error.code == code
    assert help in error.help


@pytest.mark.parametrize(
    "annotations", ['@limit("rows=1")', '@on("output")', '@limit("rows") @on("output")', '@redact("a") @on("x")']
)
def test_an_obligation_says_what_it_is_on(annotations: str) -> None:
    """§4.6: `@limit` and `@redact` need `@on`, and `@on` needs one of them."""
    assert refused(f'@id("x") {annotations} permit (principal, action, resource);').code == "bad_annotation"


@pytest.mark.parametrize(
    ("condition", "help"),
    [
        ('context.args.path == "/"', "has NAME"),
        ("context.facts.rooots_known", "docs/policy.md"),
        ("context.session.calls", "types"),
        ('context.zone in ["own"]', "types"),
    ],
)
def test_what_does_not_type_check_is_refused(condition: str, help: str) -> None:
    """An author learns at load that a rule would err on some tool."""
    error = refused(forbid("", condition))
    assert error.code == "type_error"
    assert help in error.help


def test_a_group_cannot_be_matched_by_equality() -> None:
    """`action == Action::"effect:write"` would match nothing."""
    error = refused('@id("a") forbid (principal, action == Action::"effect:write", resource);')
    assert "action in" in error.help


def test_a_tool_not_yet_known_may_be_named() -> None:
    """Its arguments are checked when its shape is first built."""
    rule = '@id("t") permit (principal, action == Action::"tool:fs/write", resource) when { context.args.path == "/" };'
    assert len(load([Source("a.cedar", rule)])) == 5
    typo = rule.replace("context.args.path ==", "context.facts.x ==")
    assert refused(typo).code == "type_error"


@pytest.mark.parametrize(
    "entities",
    [
        "{",
        "{}",
        '[{"uid": {"type": "Robot", "id": "x"}, "attrs": {}, "parents": []}]',
        '[{"uid": {"type": "User", "id": "x"}, "attrs": {"a": 1}, "parents": []}]',
        '[{"uid": {"type": "Agent", "id": "x"}, "attrs": {}, "parents": []}]',
        '[{"uid": {"type": "User", "id": "x"}, "attrs": {}, "attrs": {}, "parents": []}]',
        '[{"uid": {"__expr": "User::\\"x\\""}, "attrs": {}, "parents": []}]',
        '[{"uid": {"type": "Action", "id": "tool:fs/x"}, "attrs": {}, "parents": []}]',
    ],
)
def test_bad_entities_are_refused(entities: str) -> None:
    """Unknown types and attributes, duplicate keys, Cedar expressions and actions have no place there."""
    error = refused(PERMIT, entities)
    assert (error.code, error.file) == ("bad_entities", "entities.json")


def test_the_digest_is_over_every_text_and_the_archive_gives_it_back() -> None:
    """§7: every bundle ever in force is archived by digest."""
    bundle = load([Source("a.cedar", PERMIT)])
    again = from_archive(bundle.archive())
    assert (again.digest, again.sources, again.archive()) == (bundle.digest, bundle.sources, bundle.archive())
    assert load([Source("a.cedar", PERMIT + " ")]).digest != bundle.digest
    assert load([Source("b.cedar", PERMIT)]).digest != bundle.digest
    for broken in (b"", b"{}", b"[1]", bundle.archive()[:-1], bundle.archive().replace(b"bundle/1", b"bundle/2")):
        with pytest.raises(PolicyError, match="archive"):
            from_archive(broken)


def test_semicolons_in_strings_and_comments_end_nothing() -> None:
    """Policies are cut only where Cedar would end them."""
    text = (
        '// a; "b\n@id("x") @reason("one; two // three \\" ;")\npermit (principal, action, resource) // ; "\n;\n// end'
    )
    assert next(rule.id for rule in load([Source("a.cedar", text)]).rules()) == "x"


def test_two_texts_cannot_have_one_name() -> None:
    """A message that names a file must name one."""
    with pytest.raises(PolicyError):
        load([Source("a", ""), Source("a", "")])
