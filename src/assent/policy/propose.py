"""A rule as it could be written to let pass what people have said yes to again and again.

Never applied by itself: a person pastes it, and `assent policy activate` shows the
change. It lets pass as little as can be said: one tool, the same effects, targets
among those shown, and nothing found about the call that was not found before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from assent.policy.kinds import FACTS, TARGETS
from assent.policy.rule import RESERVED, Rule
from assent.policy.schema import action_name

#: Facts that make a call better or say nothing of it; all others must not be new.
_HARMLESS = frozenset({"analysed", "inside_roots", "prior_kept", "roots_known", "trusted_chain"})
_LONGEST, _MOST = 300, 20  # characters of a name, names of one kind
_ARGUMENT = "argument "


def proposal(rule: Rule, card: Mapping[str, Any]) -> str:
    """The text of the rule with an exception for calls like the one on this card; empty if none can be said.

    Args:
        rule: an escalation that asked.
        card: what was shown (`decide.facts.shown`), with arguments as they were.
    """
    if not rule.group or rule.id.startswith(RESERVED) or rule.source < 0 or not card["named"]:
        return ""
    try:
        conditions = list(_conditions(card))
    except ValueError:
        return ""  # something on it cannot be written down, so no rule is better than a wide one
    body = " &&\n  ".join(conditions)
    return f"{rule.text.removesuffix(';').rstrip()}\nunless {{\n  {body}\n}};"


def _conditions(card: Mapping[str, Any]) -> Iterator[str]:
    """What must hold, the tool first: for every other one nothing after it is read."""
    yield f"action in Action::{_text(action_name(card['server'], card['method'], card['tool']))}"
    yield f"action in {_listed('Action::' + _text('effect:' + one) for one in card['effects'])}"
    yield f"action in Action::{_text('rev:' + card['reversibility'])}"
    targets = card["targets"]
    for kind in TARGETS:
        yield _among(f"context.targets.{kind}", targets.get(kind) or [])
    names = [of.removeprefix(_ARGUMENT) for of in card["named"] if of.startswith(_ARGUMENT)]
    whole = "execute" in card["effects"]  # what is run is the same to the letter
    if whole and card["referents"]:
        raise ValueError("a file that is run, whose content no rule can hold")
    if whole and any(isinstance(value, list) for value in card["arguments"].values()):
        raise ValueError("words whose order counts, and a set has none")
    for name in sorted(card["arguments"] if whole else names):
        yield from _argument(name, card["arguments"].get(name))
    if whole:
        yield "context.undeclared.isEmpty()"
    yield _among("context.session.labels", sorted({"untrusted", *card["labels"]}))
    new = sorted(one for one in FACTS if one not in _HARMLESS and not card["facts"].get(one))
    yield f"!{_listed(f'context.facts.{one}' for one in new)}.contains(true)"


def _argument(name: str, value: object) -> Iterator[str]:
    if not name.isascii() or not name.isidentifier():
        raise ValueError("the name cannot be written as an attribute")
    yield f"context.args has {name}"
    if isinstance(value, bool):
        yield f"context.args.{name} == {str(value).lower()}"
    elif isinstance(value, int):
        yield f"context.args.{name} == {value}"
    elif isinstance(value, str):
        yield f"context.args.{name} == {_text(value)}"
    elif isinstance(value, list) and value and all(isinstance(one, str) for one in value):
        yield _among(f"context.args.{name}", value)
        yield f"context.args.{name}_count == {len(value)}"
    else:
        raise ValueError("a value that no literal stands for")


def _among(attribute: str, names: Sequence[str]) -> str:
    """All of these attribute's values are among the names."""
    if not names:
        return f"{attribute}.isEmpty()"
    if len(names) > _MOST:
        raise ValueError("too many names for a rule that a person reads")
    return f"{_listed(_text(one) for one in sorted(set(names)))}.containsAll({attribute})"


def _listed(parts: Iterator[str]) -> str:
    return "[" + ", ".join(parts) + "]"


def _text(value: str) -> str:
    """A Cedar string literal; whatever is not plain ASCII is escaped, so that it is seen."""
    if len(value) > _LONGEST:
        raise ValueError("too long for a rule that a person reads")
    plain = (c if " " <= c <= "~" and c not in '"\\' else f"\\u{{{ord(c):x}}}" for c in value)
    return '"' + "".join(plain) + '"'
