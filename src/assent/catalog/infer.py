"""A profile for a tool that nobody has reviewed: votes, of which the most serious win (DESIGN §4.4).

Verbs of the name, the shape of the arguments and the server's annotations vote.
Annotations are an untrusted server's word: they may only make it more serious.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping

from assent.catalog.verbs import DOMAIN_WORDS, LONGEST_NAME, effects_of, words
from assent.model.profile import Reversibility, ToolDefinition, ToolProfile

#: Words of an argument name → (target kind, effect it votes for, if any).
_ARGUMENTS: Mapping[str, tuple[str, str]] = {
    word: (kind, effect)
    for kind, effect, names in (
        ("", "pay", "amount price payment cents"),
        ("payee", "pay", "iban payee beneficiary"),
        ("address", "send", "recipient recipients to cc bcc email emails phone channel attendees invitees"),
        ("url", "send", "url urls uri uris endpoint webhook href callback"),
        ("host", "send", "host hostname"),
        ("command", "execute", "command commands cmd program executable shell argv args flags"),
        ("code", "execute", "script code javascript expression eval"),
        ("code", "unknown", "sql statement statements cypher graphql gremlin mutation"),
        ("", "delete", "force overwrite delete purge destructive"),
        ("", "grant", "permission permissions acl sudo privileged"),
        ("path", "", "path paths file files filename filepath directory dir folder source destination"),
    )
    for word in names.split()
}
#: An argument that chooses what is done: each choice votes like a name, a free one is unknown.
_CHOOSING = frozenset({"action", "operation", "op", "method", "verb"})
_HTTP: Mapping[str, str] = {"HEAD": "read", "OPTIONS": "read", "TRACE": "read", "CONNECT": "send"}
#: With one of these in the tool's name or description, a `query` is a statement and not words to look for.
_QUERYING = frozenset("sql sqlite postgres postgresql mysql mariadb duckdb snowflake bigquery cypher graphql".split())
_ARGUMENTS_SEEN, _NODES_SEEN, _DESCRIPTION_SEEN = 256, 5_000, 4_096


def infer(definition: ToolDefinition) -> ToolProfile:
    """The cautious profile of an unreviewed tool; `votes` says why."""
    effects, why = effects_of(definition.name)
    votes = [why]
    targets: dict[str, str] = {}
    described = str(definition.definition.get("description", ""))[:_DESCRIPTION_SEEN]
    named = words(definition.name[:LONGEST_NAME])
    querying = bool(_QUERYING & {*named, *words(described.casefold())} or "database" in named)
    for place, schema in _arguments(definition):
        for kind, effect, vote in _of_argument(querying, place, schema):
            if kind:
                targets.setdefault(place.partition(".")[0], kind)
            if effect and effect not in effects:
                effects = effects | {effect}
                votes.append(vote)
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


def _arguments(definition: ToolDefinition) -> Iterator[tuple[str, Mapping[str, object]]]:
    """Every property the schema names, at any depth and behind any keyword: dotted place and its schema."""
    pending: deque[tuple[str, object]] = deque([("", definition.input_schema)])
    named = seen = 0
    while pending:
        if (seen := seen + 1) > _NODES_SEEN or named > _ARGUMENTS_SEEN:
            yield "?", {"too": "large"}
            return
        place, node = pending.popleft()
        if isinstance(node, list):
            pending += [(place, item) for item in node[:_ARGUMENTS_SEEN]]
        if not isinstance(node, dict):
            continue
        for key, value in node.items():
            if key == "properties" and isinstance(value, dict):
                for name, inner in list(value.items())[: _ARGUMENTS_SEEN + 1]:
                    within = f"{place}.{name}" if place else name
                    named += 1
                    yield within, inner if isinstance(inner, dict) else {}
                    pending.append((within, inner))
            elif isinstance(value, dict | list) and key not in ("enum", "default", "examples"):
                pending.append((place, value))


def sent(arguments: object) -> frozenset[str]:
    """Effects that the names actually sent vote for: an open schema need not declare what its server reads."""
    effects: set[str] = set()
    pending: deque[object] = deque([arguments])
    seen = 0
    while pending:
        if (seen := seen + 1) > _NODES_SEEN:
            return frozenset(effects | {"unknown"})
        node = pending.popleft()
        if isinstance(node, dict):
            for name, value in node.items():
                effects |= {_ARGUMENTS[word][1] for word in words(name[:LONGEST_NAME]) if word in _ARGUMENTS}
                pending.append(value)
        elif isinstance(node, list):
            pending += node
    return frozenset(effects - {""})


def _of_argument(querying: bool, place: str, schema: Mapping[str, object]) -> Iterator[tuple[str, str, str]]:
    """What one argument is and votes for: (target kind, effect, the vote in words)."""
    if "too" in schema:
        yield "", "unknown", "the schema is too large to be read"
        return
    name, shown = place.rpartition(".")[2], place[:64]
    parts = words(name)
    found = [_ARGUMENTS[word] for word in parts if word in _ARGUMENTS]
    if "query" in parts and (querying or _QUERYING & {*parts}):
        found.append(("code", "unknown"))
    if schema.get("format") in ("uri", "url", "iri", "uri-reference"):
        found.append(("url", "send"))
    if schema.get("format") in ("email", "idn-email"):
        found.append(("address", "send"))
    # the last word says what it is, and one that has an effect says more
    found.sort(key=lambda one: bool(one[1]))
    for kind, effect in reversed(found):
        yield kind, effect, f"argument `{shown}` looks like {kind or 'it changes what is done'}: {effect}"
    if parts and parts[-1] in _CHOOSING:
        for effect in _choices(schema):
            yield "", effect, f"argument `{shown}` chooses what is done: {effect}"


def _choices(schema: Mapping[str, object]) -> frozenset[str]:
    """Effects, other than reading, among the choices of an argument; a free choice is unknown."""
    choices = [schema["const"]] if "const" in schema else schema.get("enum")
    if not isinstance(choices, list) or len(choices) > _ARGUMENTS_SEEN:
        return frozenset({"unknown"})
    found = [frozenset({_HTTP[one]}) if one in _HTTP else effects_of(str(one))[0] for one in map(str, choices)]
    return frozenset[str]().union(*found) - {"read"}


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
    for word in words(name[:LONGEST_NAME]):
        found |= DOMAIN_WORDS.get(word, frozenset()) | DOMAIN_WORDS.get(word.removesuffix("s"), frozenset())
    return found
