"""The condition of a delegation: one Cedar expression, kept as a syntax tree (DESIGN §4.9).

It is parsed alone, may name no entity, and only ever takes away: it is evaluated as
`forbid … unless {condition}` beside one permit. What cannot be read, does not fit the
tool, or goes wrong while it is evaluated, does not hold.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from assent_verify.canonical import canonicalize, digest

from assent.errors import RequestError
from assent.model.ids import Digest
from assent.policy import cedar
from assent.policy.arguments import encode
from assent.policy.cedar import Entities, PolicySet, Schema, Uid
from assent.policy.kinds import Kind, context, project
from assent.policy.lru import Lru
from assent.policy.schema import ESCAPES, cedar_schema
from assent.policy.slices import Shape

MAX_TEXT = 1024  # characters
MAX_NODES = 200
MAX_DEPTH = 30  # Cedar reads JSON at most 128 levels deep, and a node has up to three
_LONG = 2**53 - 1  # as everywhere in canonical JSON
_ANSWERS = 64
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')

_WITH_TWO = frozenset("== != < <= > >= && || + - * contains containsAll containsAny".split())
_WITH_ONE = frozenset("! neg isEmpty".split())
_CALLS = frozenset("decimal lessThan lessThanOrEqual greaterThan greaterThanOrEqual".split())
_REQUEST: tuple[Uid, Uid, Uid] = (("User", "delegation"), ("Action", "delegation"), ("Server", "delegation"))


@dataclass(frozen=True, slots=True)
class Condition:
    """One expression over `context`.

    Args:
        text: as it was written, one line of printable ASCII.
        tree: its syntax tree in Cedar's JSON form, canonical.
    """

    text: str
    tree: str

    @property
    def digest(self) -> Digest:
        """SHA-256 of the syntax tree."""
        return Digest(digest(self.tree.encode()))


def parse(text: str) -> Condition:
    """The condition of a delegation.

    Args:
        text: one Cedar expression over `context` alone, for example `context.args.amount <= 100`.

    Raises:
        RequestError: `bad_condition`: too long, not one expression, or it names an entity.
    """
    if not text.strip() or len(text) > MAX_TEXT or not (text.isascii() and text.isprintable()):
        raise _refused(f"expected one line of at most {MAX_TEXT} printable ASCII characters")
    if "//" in _STRING.sub("", text):
        raise _refused("a comment has no place in it")
    try:
        read = cedar.tree(f"forbid (principal, action, resource) unless {{\n{text}\n}};")
    except ValueError as error:
        raise _refused(f"not one Cedar expression: {error}") from error
    body = _alone(read)
    _check(body)
    return Condition(text, canonicalize(body).decode())


def _alone(read: object) -> object:
    """The expression, if the text was no more than one: a `}` in it could begin a policy of its own."""
    policies = list(read["staticPolicies"].values()) if isinstance(read, dict) else []
    templates = read["templates"] if isinstance(read, dict) else {}
    if len(policies) != 1 or templates or len(policies[0]["conditions"]) != 1:
        raise _refused("expected one expression, got more")
    return policies[0]["conditions"][0]["body"]


def _check(body: object) -> None:
    """Only what is listed here may stand in a condition, so what a later Cedar adds is refused.

    Raises:
        RequestError: `bad_condition`.
    """
    waiting: list[tuple[object, int]] = [(body, 1)]
    seen = 0
    while waiting:
        node, depth = waiting.pop()
        seen += 1
        if seen > MAX_NODES or depth > MAX_DEPTH:
            raise _refused(f"larger than {MAX_NODES} parts, or nested more than {MAX_DEPTH} deep")
        if not isinstance(node, dict) or len(node) != 1:
            raise _refused("it has a part that nobody knows")
        [(kind, inner)] = node.items()
        waiting.extend((one, depth + 1) for one in _parts(kind, inner))


def _parts(kind: str, inner: object) -> list[object]:
    """The expressions that one node is made of."""
    if kind == "Value" and _plain(inner):
        return []
    if kind == "Var" and inner == "context":
        return []
    if kind == "Set" or kind in _CALLS:
        return list(inner) if isinstance(inner, list) else [None]
    if not isinstance(inner, dict):
        raise _named(kind)
    if kind == "Record" and not inner.keys() & set(ESCAPES):
        return list(inner.values())
    if kind in _WITH_TWO:
        return [inner.get("left"), inner.get("right")]
    if kind in _WITH_ONE:
        return [inner.get("arg")]
    if kind in (".", "has", "like"):
        return [inner.get("left")]
    if kind == "if-then-else":
        return [inner.get("if"), inner.get("then"), inner.get("else")]
    raise _named(kind)


def _plain(value: object) -> bool:
    """A string, a truth value or a number that every reader of JSON reads alike; an entity is none."""
    if isinstance(value, bool | str):
        return True
    return isinstance(value, int) and -_LONG <= value <= _LONG


def _named(kind: str) -> RequestError:
    if kind == "Var":
        return _refused("it may speak of `context` alone, not of `principal`, `action` or `resource`")
    if kind == "Value":
        return _refused("it names an entity, or a number beyond 2^53")
    return _refused(f"`{kind[:40]}` has no place in it")


def _refused(why: str) -> RequestError:
    help = "write one Cedar expression over `context`, for example: context.args.amount <= 100"
    return RequestError("bad_condition", f"the condition of a delegation is refused: {why}", help=help)


@dataclass(frozen=True, slots=True)
class Fitted:
    """The conditions of a chain made ready for the calls of one tool: one evaluation for all of them.

    Args:
        kind: what they read of the context.
    """

    kind: Kind
    policies: PolicySet
    entities: Entities
    schema: Schema
    answers: Lru[str, int | None]

    def refusing(self, values: Mapping[str, object]) -> int | None:
        """The position of the first condition that does not hold for these values; None if all do.

        Args:
            values: what a slice is given for the actor (`decide/context.py`).
        """
        try:
            handed = json.dumps(encode(self.kind, values))
        except RequestError:  # one reads a value that is too large to be judged
            return 0
        return self.answers.get(handed, lambda: self._ask(handed))

    def _ask(self, handed: str) -> int | None:
        said = cedar.authorize(_REQUEST, handed, self.policies, self.entities, self.schema)
        if said.decision == "Allow" and not said.errors:
            return None
        return max(0, min(said.reasons, default=1) - 1)  # an error is nobody's in particular


def fit(trees: Sequence[str], shape: Shape) -> Fitted | None:
    """Conditions for the calls of one tool; None if one does not fit them, and so never holds.

    Args:
        trees: `Condition.tree` of each, from where it was checked.
    """
    scope = {"principal": {"op": "All"}, "action": {"op": "All"}, "resource": {"op": "All"}}
    policies: dict[str, object] = {"policy0": {"effect": "permit", **scope, "conditions": []}}
    for at, tree in enumerate(trees, 1):
        held = [{"kind": "unless", "body": json.loads(tree)}]
        policies[f"policy{at}"] = {"effect": "forbid", **scope, "conditions": held}
    try:
        parsed, text = cedar.of_tree({"templates": {}, "staticPolicies": policies, "templateLinks": []})
        kind = project(context(shape.arguments), cedar.reads(text))
        schema = cedar.schema(cedar_schema({_REQUEST[1][1]: ()}, (), kind))
        entities = cedar.entities("[]", schema)
    except ValueError:
        return None
    if cedar.validate(text, schema):
        return None
    return Fitted(kind, parsed, entities, schema, Lru(_ANSWERS))
