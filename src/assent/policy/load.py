"""Loading policy texts: everything that can be wrong is said with file, line and column."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from itertools import islice

from assent.errors import PolicyError
from assent.model.principal import KINDS
from assent.policy import cedar
from assent.policy.cedar import Parsed
from assent.policy.entities import EntityStore, uid_text
from assent.policy.kinds import Kind, context
from assent.policy.rule import RESERVED, AnnotationError, Rule, rule
from assent.policy.schema import cedar_schema, known_groups
from assent.policy.text import Source, statements, where

_BATCH = 256  # policies given to the engine at once
_NAMED = re.compile(
    r"(tool|method):[a-z0-9-]{1,40}/(?:[A-Za-z0-9_.~-]|%[0-9A-F]{2})+(?:#[a-z]+)?|server:[a-z0-9-]{1,40}"
)
_SYNTAX_HELP = "see docs/policy.md; a policy is `permit` or `forbid`, a scope in parentheses, conditions, `;`"
#: The action that stands for any tool's when policies are checked before tools are known.
_ANY_ACTION = "any"


def read(source: Source, at: int, *, builtin: bool = False) -> list[Rule]:
    """Every rule of a source, in order.

    Raises:
        PolicyError: at the first thing that is wrong.
    """
    rules: list[Rule] = []
    cut = statements(source)
    while batch := list(islice(cut, _BATCH)):
        for (offset, text), parsed in zip(batch, _parse(source, batch), strict=True):
            try:
                made = rule(parsed, text, at, offset)
            except AnnotationError as error:
                raise _annotation(source, offset, text, error) from None
            if made.id.startswith(RESERVED) and not builtin:
                message = f"ids that start with `{RESERVED}` are Assent's own"
                raise _at(source, offset, text, "@id", message, code="reserved_id", help="choose another prefix")
            rules.append(made)
    return rules


def check(rules: Sequence[Rule], sources: Sequence[Source], store: EntityStore) -> None:
    """What only all rules together, or the entities, can show.

    Raises:
        PolicyError: a repeated id, an action or group nobody knows, a type error.
    """
    seen: set[str] = set()
    for one in rules:
        if one.id in seen:
            raise point(one, sources, "@id", f"the id `{one.id}` is used twice", "repeated_id", "give it another id")
        seen.add(one.id)
        for uid in one.entities:
            if uid[0] == "Action":
                _check_action(one, uid[1], sources)
            elif uid[0] == "Group" and uid not in store:
                help = "add the group to entities.json, so that a rule about it cannot vanish"
                raise point(
                    one, sources, uid_text(uid), f"`{uid_text(uid)}` is not in entities.json", "unknown_group", help
                )
    ready = [one for one in rules if not (one.reads_arguments and _tools(one))]
    for batch in _batches(ready):
        _typecheck(batch, sources)


def point(rule: Rule, sources: Sequence[Source], needle: str, message: str, code: str, help: str) -> PolicyError:
    """The error that points at `needle` in a rule, or at the rule."""
    return _at(sources[rule.source], rule.offset, rule.text, needle, message, code=code, help=help)


def _parse(source: Source, batch: list[tuple[int, str]]) -> list[Parsed]:
    try:
        parsed = cedar.parse("\n".join(text for _, text in batch))
        if len(parsed) == len(batch):
            return parsed
    except ValueError:
        pass  # one of them: found below, where its place is known
    return [_parse_one(source, offset, text) for offset, text in batch]


def _parse_one(source: Source, offset: int, text: str) -> Parsed:
    try:
        parsed = cedar.parse(text)
    except ValueError as error:
        start, token = where(text, str(error), cedar.parse)
        message = f"the policy does not parse: {error}"
        raise source.refuse(offset + start, message, code="syntax", help=_SYNTAX_HELP, text=token) from error
    if len(parsed) != 1:
        raise source.refuse(offset, "expected one policy before `;`", code="syntax", help=_SYNTAX_HELP)
    return parsed[0]


def _annotation(source: Source, offset: int, text: str, error: AnnotationError) -> PolicyError:
    needle = f"@{error.name}" if error.name else ""
    return _at(source, offset, text, needle, str(error), code=error.code, help=error.help)


def _at(source: Source, offset: int, text: str, needle: str, message: str, *, code: str, help: str) -> PolicyError:
    found = max(text.find(needle), 0)
    return source.refuse(offset + found, message, code=code, help=help)


def _check_action(one: Rule, name: str, sources: Sequence[Source]) -> None:
    if name in known_groups() or _NAMED.fullmatch(name):
        return
    near = get_close_matches(name, known_groups(), 1)
    help = (
        f'did you mean `Action::"{near[0]}"`?'
        if near
        else (
            "write a group (`effect:write`, `rev:irreversible`, `server:NAME`) or `tool:SERVER/TOOL` "
            "with the tool's name percent-encoded"
        )
    )
    raise point(one, sources, name, f'no action is called `Action::"{name}"`', "unknown_action", help)


def _tools(one: Rule) -> list[str]:
    return [name for kind, name in one.entities if kind == "Action" and name.startswith(("tool:", "method:"))]


def _batches(rules: Sequence[Rule]) -> Iterator[Sequence[Rule]]:
    """Rules that name tools apart from those that do not, so that no batch has many actions for one rule."""
    generic = [one for one in rules if not _tools(one)]
    for group in (generic, [one for one in rules if _tools(one)]):
        for start in range(0, len(group), _BATCH):
            yield group[start : start + _BATCH]


def _typecheck(batch: Sequence[Rule], sources: Sequence[Source]) -> None:
    """Against one action that is in every group, with no arguments, so that authors learn at once.

    A tool that is named but not yet known is checked again when its shape is.
    """
    named = {name for one in batch for kind, name in one.entities if kind == "Action"} | set(known_groups())
    exact = {uid[1] for one in batch if one.action.op == "==" for uid in one.action.uids if _tools(one)}
    actions: dict[str, list[str]] = {_ANY_ACTION: sorted(named - exact)} | {name: [] for name in exact}
    kinds = cedar.schema(cedar_schema(actions, named - exact, context(Kind("Record"))))
    for position, message in cedar.validate("\n".join(one.text for one in batch), kinds):
        one = batch[max(position, 0)]
        needle = next(iter(re.findall(r"`([^`]+)`", message)), "")
        raise point(
            one,
            sources,
            needle.split(".")[-1],
            f"`{one.id}` does not type-check: {message}",
            "type_error",
            _help(message),
        )


def _help(message: str) -> str:
    if "optional attribute" in message:
        return "ask first: `context.args has NAME && context.args.NAME …`"
    if "not found" in message:
        return (
            "docs/policy.md lists what the context has; an argument is `context.args has NAME && context.args.NAME …`"
        )
    if "applicable action" in message:
        return 'a group is matched with `action in Action::"effect:write"`, and a principal is one of ' + ", ".join(
            KINDS
        )
    return "docs/policy.md lists the types of everything a policy can read"
