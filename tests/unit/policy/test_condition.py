"""A condition is one expression over the context, parsed alone; whatever else it is, it is refused or does not hold."""

from __future__ import annotations

import pytest

from assent.errors import RequestError
from assent.model.profile import Server, ToolDefinition, ToolProfile
from assent.policy.condition import MAX_TEXT, fit, parse
from assent.policy.slices import Shape, shape_of

SCHEMA = {
    "type": "object",
    "properties": {"amount": {"type": "integer"}, "to": {"type": "string"}, "rate": {"type": "number"}},
    "required": ["amount"],
}


@pytest.fixture(scope="module")
def shape() -> Shape:
    definition = ToolDefinition("pay", {"inputSchema": SCHEMA}, "sha256:" + "0" * 64)  # type: ignore[arg-type]
    made = shape_of(Server("bank"), "tools/call", "pay", ToolProfile("pay", frozenset({"pay"})), definition)
    assert isinstance(made, Shape)
    return made


def holds(text: str, shape: Shape, **args: object) -> bool:
    """Does it hold for a payment at 9 o'clock, the fourth call of its session?"""
    given: dict[str, object] = {
        **{"role": "actor", "depth": 1, "method": "tools/call", "inferred": False, "effects": ("pay",)},
        **{"zone": "local", "nulls": [], "undeclared": [], "facts": {}, "targets": {}, "args": {"amount": 50, **args}},
        **{"session": {"labels": [], "calls": 3}, "time": {"epoch": 1, "hour": 9, "weekday": 1}},
    }
    fitted = fit([parse(text).tree], shape)
    return fitted is not None and fitted.refusing(given) is None


@pytest.mark.parametrize(
    ("text", "args", "expected"),
    [
        ("context.args.amount <= 100", {}, True),
        ("context.args.amount <= 100", {"amount": 101}, False),
        ('context.args has to && context.args.to == "ana"', {"to": "ana"}, True),
        ('context.args has to && context.args.to == "ana"', {}, False),
        ('context.args has rate && context.args.rate.lessThan(decimal("2.0"))', {"rate": 1.5}, True),
        ("context.session.calls < 3", {}, False),
        ("context.time.hour >= 8 && context.time.hour < 18", {}, True),
        ('context.zone like "lo*"', {}, True),
        ('if context.effects.contains("pay") then context.args.amount < 60 else true', {}, True),
        ("![1, 2].contains(context.args.amount)", {"amount": 2}, False),
    ],
)
def test_holds(text: str, args: dict[str, object], expected: bool, shape: Shape) -> None:
    """It is what Cedar says of the same values that policies see."""
    assert holds(text, shape, **args) is expected


@pytest.mark.parametrize(
    "text",
    [
        "context.args.amount * 9007199254740991 * 9007199254740991 > 0",  # overflows: Cedar would skip the forbid
        'context.args.to == "ana"',  # not always there
        "context.args.payee == 1",  # the tool has no such argument
        'context.args.amount == "50"',  # of another type: never true, and no question
        "context.args.amount",  # no truth value
    ],
)
def test_an_error_does_not_hold(text: str, shape: Shape) -> None:
    """What goes wrong, or does not fit the tool, denies (DESIGN §4.9)."""
    assert not holds(text, shape)


def test_what_is_too_large_to_be_handed_over_does_not_hold(shape: Shape) -> None:
    """A text of which Cedar sees only the digest cannot be said to differ from another one."""
    assert holds('context.args has to && context.args.to != "x"', shape, to="y" * 4096)
    assert not holds('context.args has to && context.args.to != "x"', shape, to="y" * 4097)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "true } unless { true",
        "true } when { true",
        "true}; permit (principal, action, resource) when {true",
        "true }; //",
        "true // only on weekdays",
        "a) && (b",
        'principal == User::"ana"',
        'context.args.to == User::"ana"',
        'action in Action::"effect:read"',
        'resource.zone == "local"',
        "principal is User",
        "context.args is User",
        'context.args.getTag("x") == 1',
        'ip("127.0.0.1").isLoopback()',
        '{"__entity": 1} == context.args',
        'context.args.to == "caf\u00e9"',
        "context.args.amount <= 100\n",
        "context.args.amount == 9223372036854775807",
        "?principal == 1",
        "true" + " && true" * 200,
        "!" * 5 + "true",
        "[" * 60 + "]" * 60 + " == 1",
        "x" * (MAX_TEXT + 1),
        'permit (principal, action, resource) when { context.args.to == "ana" };',
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    """No second clause or policy, no entity, nobody but `context`, no comment, nothing large, nothing to hide in."""
    with pytest.raises(RequestError) as refused:
        parse(text)
    assert refused.value.code == "bad_condition"


def test_a_comment_sign_inside_a_string_is_no_comment(shape: Shape) -> None:
    """A URL is a string like any other."""
    assert holds('context.args has to && context.args.to == "https://ana"', shape, to="https://ana")


def test_the_tree_is_what_counts() -> None:
    """Spaces and brackets differ, the tree and its digest do not."""
    one, other = parse("context.args.amount <= 100"), parse("((context.args.amount)<=100)")
    assert one.tree == other.tree
    assert one.digest == other.digest
    assert one.digest != parse("context.args.amount <= 101").digest


def test_all_conditions_of_a_chain_are_one_question(shape: Shape) -> None:
    """The first that does not hold is named; one that fits no call lets none pass."""
    trees = [parse(text).tree for text in ("context.depth < 9", "context.depth < 5", "context.depth < 3")]
    fitted = fit(trees, shape)
    assert fitted is not None
    assert [fitted.refusing({"depth": depth}) for depth in (2, 4, 6, 9)] == [None, 2, 1, 0]
    assert fit([*trees, parse("context.nowhere").tree], shape) is None
