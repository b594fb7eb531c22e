"""A profile for a tool that nobody has reviewed: votes, of which the most serious win (DESIGN §4.4).

Verbs of the name, the shape of the arguments and the server's annotations vote.
Annotations are an untrusted server's word: they may only make it more serious.
"""

from __future__ import annotations

from collections.abc import Mapping

from assent.catalog.verbs import DOMAIN_WORDS, effects_of, words
from assent.model.profile import Reversibility, ToolDefinition, ToolProfile

#: Words of an argument name → (target kind, effect it votes for, if any).
_ARGUMENTS: Mapping[str, tuple[str, str]] = {
    "amount": ("", "pay"),
    "price": ("", "pay"),
    "iban": ("payee", "pay"),
    "payee": ("payee", "pay"),
    "beneficiary": ("payee", "pay"),
    "recipient": ("address", "send"),
    "recipients": ("address", "send"),
    "to": ("address", "send"),
    "cc": ("address", "send"),
    "bcc": ("address", "send"),
    "email": ("address", "send"),
    "phone": ("address", "send"),
    "channel": ("address", "send"),
    "url": ("url", "send"),
    "uri": ("url", "send"),
    "endpoint": ("url", "send"),
    "webhook": ("url", "send"),
    "host": ("host", "send"),
    "hostname": ("host", "send"),
    "command": ("command", "execute"),
    "cmd": ("command", "execute"),
    "script": ("code", "execute"),
    "code": ("code", "execute"),
    "program": ("command", "execute"),
    "sql": ("code", "unknown"),
    "statement": ("code", "unknown"),
    "path": ("path", ""),
    "paths": ("path", ""),
    "file": ("path", ""),
    "filename": ("path", ""),
    "filepath": ("path", ""),
    "directory": ("path", ""),
    "dir": ("path", ""),
    "folder": ("path", ""),
    "source": ("path", ""),
    "destination": ("path", ""),
}
_ARGUMENTS_SEEN = 256


def infer(definition: ToolDefinition) -> ToolProfile:
    """The cautious profile of an unreviewed tool; `votes` says why."""
    effects, why = effects_of(definition.name)
    votes = [why]
    targets: dict[str, str] = {}
    for name in _arguments(definition):
        kind, effect = _of_argument(name)
        if kind:
            targets[name] = kind
        if effect and effect not in effects:
            effects = effects | {effect}
            votes.append(f"argument `{name[:64]}` looks like {kind or 'an amount'}: {effect}")
    for effect, vote in _annotated(definition):
        if effect not in effects:
            effects = effects | {effect}
            votes.append(vote)
    if len(effects) > 1:
        effects = effects - {"read"}
    reversibility: Reversibility = "reversible" if effects == {"read"} else "irreversible"
    return ToolProfile(
        tool=definition.name,
        effects=effects,
        domains=_domains(definition.name),
        reversibility=reversibility,
        targets=targets,
        analysers=("path",) if "path" in targets.values() else (),
        votes=tuple(votes),
    )


def _arguments(definition: ToolDefinition) -> list[str]:
    properties = definition.input_schema.get("properties")
    return list(properties)[:_ARGUMENTS_SEEN] if isinstance(properties, dict) else []


def _of_argument(name: str) -> tuple[str, str]:
    """The most telling word of an argument's name: the last one that is known."""
    found = [_ARGUMENTS[word] for word in words(name) if word in _ARGUMENTS]
    serious = [one for one in found if one[1]]
    return (serious or found or [("", "")])[-1]


def _annotated(definition: ToolDefinition) -> list[tuple[str, str]]:
    annotations = definition.definition.get("annotations")
    if not isinstance(annotations, dict):
        return []
    said = []
    if annotations.get("destructiveHint") is True and annotations.get("readOnlyHint") is not True:
        said.append(("delete", "the server says: destructive"))
    if annotations.get("openWorldHint") is True and annotations.get("readOnlyHint") is not True:
        said.append(("send", "the server says: reaches the open world"))
    if annotations.get("readOnlyHint") is False:
        said.append(("write", "the server says: not read-only"))
    return said


def _domains(name: str) -> frozenset[str]:
    found: frozenset[str] = frozenset()
    for word in words(name):
        found |= DOMAIN_WORDS.get(word, frozenset()) | DOMAIN_WORDS.get(word.removesuffix("s"), frozenset())
    return found
