"""A profile for a tool that nobody has reviewed: votes, of which the most serious win (DESIGN §4.4).

Verbs of the name, the shape of the arguments, the description and the server's annotations
vote. Descriptions and annotations are an untrusted server's word: they may only make it
more serious.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Literal

from assent.catalog.verbs import DOMAIN_WORDS, LONGEST_NAME, NOUNS_AFTER_READ, VERBS, effects_of, meanings, words
from assent.model.profile import Reversibility, ToolDefinition, ToolProfile

#: How sure an inference is; `reviewed` if a person has looked.
Confidence = Literal["reviewed", "high", "medium", "low"]

#: Words of an argument name → (target kind, effect it votes for, if any).
_ARGUMENTS: Mapping[str, tuple[str, str]] = {
    word: (kind, effect)
    for kind, effect, names in (
        ("", "pay", "amount price payment cents betrag monto montant importo valor kwota сумма 金额 金額"),
        ("payee", "pay", "iban payee beneficiary empfaenger_konto"),
        ("address", "send", "recipient recipients to cc bcc email emails phone channel attendees invitees"),
        (
            "address",
            "send",
            "empfanger empfaenger destinatario destinataire destinatarios odbiorca получатель 收件人 宛先",
        ),
        ("url", "send", "url urls uri uris endpoint webhook href callback"),
        ("host", "send", "host hostname"),
        ("command", "execute", "command commands cmd program executable shell argv args flags befehl comando commande"),
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
#: Words beside which another word names no recipient, amount, code or expression, but what is looked for.
_LIMITS = frozenset(
    "min max minimum maximum date time from since until before after start end range filter sort".split()
)
_EXPRESSIONS = frozenset("filter search cron regex regular sort condition projection query match".split())
_FINDING = frozenset({"email", "emails", "phone", "channel"})
_STRONG = frozenset("recipient recipients payee beneficiary iban to cc bcc url uri command script sql".split())
#: A path with one of these is written to.
_SAVING = frozenset("output out save saved saves download export write written store".split())
#: Verbs that, in a sentence or as a switch, say nothing of what changes.
_WEAK = frozenset(
    "handle perform convert enable process act do apply load start set control operate play format link note make mark"
    " submit sign build resolve annotate follow allow squash switch star like watch use scale type request fill press"
    " install initialize init compile extend register configure trust assume permit pause resume".split()
)
#: An object of these names without declared members can say anything.
_CARRYING = frozenset({"payload", "params", "parameters", "arguments", "request", "body", "input", "options"})
_ARGUMENTS_SEEN, _NODES_SEEN, _DESCRIPTION_SEEN = 256, 5_000, 4_096
#: Verbs of a description: first word of a sentence, or joined by a conjunction; `deletes` counts as `delete`.
_SENTENCE = re.compile(r"(?:^|[.!:;\n]\s{0,8}|\b(?:and|then|also|or)\s{1,4})([a-z]{3,20})\b")
_FINAL = re.compile(r"\b(?:irreversibl[ey]|permanently|cannot be undone|destructive)\b")


def infer(definition: ToolDefinition) -> ToolProfile:
    """The cautious profile of an unreviewed tool; `votes` says why."""
    effects, why = effects_of(definition.name)
    votes = [why]
    targets: dict[str, str] = {}
    for kind, place, effect, vote in _votes(definition, reading=effects == {"read"}):
        if kind:
            targets.setdefault(place, kind)
        if effect and effect not in effects:
            effects = effects | {effect}
            votes.append(vote)
    for effect, vote in (*_described(definition, effects), *_annotated(definition, effects)):
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


def confidence(definition: ToolDefinition, profile: ToolProfile) -> tuple[Confidence, str]:
    """How sure an inferred profile is, and the reason in words."""
    if not profile.inferred:
        return "reviewed", "a reviewed profile applies already"
    named, _ = effects_of(definition.name)
    annotations = definition.definition.get("annotations")
    says = annotations.get("readOnlyHint") if isinstance(annotations, dict) else None
    if "unknown" in profile.effects:
        return "low", "something it is called or takes is not understood: taken for the worst"
    if isinstance(says, bool) and says != (profile.effects == {"read"}):
        return "low", f"its server says that it is {'' if says else 'not '}read-only, and the rest says otherwise"
    if named != profile.effects:
        return "medium", "its name says less than its arguments, description or annotations"
    return "high", "its name says so" + (
        ", and its server too" if isinstance(says, bool) else ", and nothing else more"
    )


# ---- arguments ---------------------------------------------------------------------


def _votes(definition: ToolDefinition, *, reading: bool) -> Iterator[tuple[str, str, str, str]]:
    """Target kind, outermost argument, effect and vote of every argument."""
    described = str(definition.definition.get("description", ""))[:_DESCRIPTION_SEEN]
    named = words(definition.name[:LONGEST_NAME])
    querying = bool(_QUERYING & {*named, *words(described.casefold())} or "database" in named)
    listed = list(_arguments(definition))
    beside = frozenset(word for place, _ in listed for word in words(place.rpartition(".")[2][:LONGEST_NAME])[:1])
    for place, schema in listed:
        for kind, effect, vote in _of_argument(querying, place, schema):
            last = words(place.rpartition(".")[2][:LONGEST_NAME])
            bound = schema.get("type") != "boolean" and _only_found(last, beside)
            if effect and (bound or (reading and _identifies(last))):
                continue
            yield kind, place.partition(".")[0], effect, vote


def _only_found(parts: tuple[str, ...], beside: frozenset[str]) -> bool:
    """Is it a bound, an id or an expression to look for, whatever else its words could mean?"""
    if parts[-1:] in (("id",), ("ids",), ("uuid",), ("gid",)) and not _STRONG & {*parts}:
        return True
    if parts == ("to",):
        return bool(beside & {"from", "since", "start"})
    if len(parts) > 1 and _LIMITS & {*parts} and not (_STRONG - {"to"}) & {*parts}:
        return True
    if parts[-1:] == ("code",) and len(parts) > 1:
        return not {"source", "python", "js", "shell", "run", "java", "program", "r", "custom"} & {*parts}
    return "expression" in parts and bool(_EXPRESSIONS & {*parts})


def _identifies(parts: tuple[str, ...]) -> bool:
    """Does it say whom or what to look for, of a tool that looks?"""
    return bool(parts) and parts[-1] in _FINDING and not _STRONG & {*parts}


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
            pending += [(place, item) for item in node[: _ARGUMENTS_SEEN + 1]]
        if not isinstance(node, dict):
            continue
        for key, value in node.items():
            if key == "properties" and isinstance(value, dict):
                for name, inner in list(value.items())[: _ARGUMENTS_SEEN + 1]:
                    within = f"{place}.{name}"[:1024] if place else name
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
    name, shown = place.rpartition(".")[2][:LONGEST_NAME], place[:64]
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
    yield from _shaped(shown, parts, schema, saved=("path", "") in found)


def _shaped(
    shown: str, parts: tuple[str, ...], schema: Mapping[str, object], *, saved: bool
) -> Iterator[tuple[str, str, str]]:
    """Votes of its type: a switch named by a verb, a file to write to, an object that can say anything."""
    if schema.get("type") == "boolean" and parts and parts[0] not in NOUNS_AFTER_READ | _WEAK:
        for effect in sorted(VERBS.get(parts[0], frozenset()) - {"read"}):
            yield "", effect, f"argument `{shown}` switches on more: {effect}"
    if saved and _SAVING & {*parts, *words(str(schema.get("description", ""))[:LONGEST_NAME].casefold())}:
        yield "path", "write", f"argument `{shown}` says where to write: write"
    free = (
        schema.get("type") == "object"
        and "properties" not in schema
        and schema.get("additionalProperties") is not False
    )
    if free and parts and parts[-1] in _CARRYING and not _LIMITS & {*parts} and "query" not in parts:
        yield "", "unknown", f"argument `{shown}` can hold anything: unknown"


def _choices(schema: Mapping[str, object]) -> frozenset[str]:
    """Effects, other than reading, among the choices of an argument; a free choice is unknown."""
    choices = [schema["const"]] if "const" in schema else schema.get("enum")
    if not isinstance(choices, list) or len(choices) > _ARGUMENTS_SEEN:
        return frozenset({"unknown"})
    found = [frozenset({_HTTP[one]}) if one in _HTTP else effects_of(str(one))[0] for one in map(str, choices)]
    return frozenset[str]().union(*found) - {"read"}


# ---- what the server says ----------------------------------------------------------


def _described(definition: ToolDefinition, effects: frozenset[str]) -> Iterator[tuple[str, str]]:
    """What the description says that a harmless name does not."""
    text = str(definition.definition.get("description", ""))[:_DESCRIPTION_SEEN].casefold()
    if effects != {"read"}:
        return
    if found := _FINAL.search(text):
        yield "delete", f"the description says `{found[0]}`"
    for match in _SENTENCE.finditer(text):
        said = match[1]
        verb = said if said in VERBS else said.removesuffix("s")
        if verb == said and match.start() > 0 and match[0].startswith(("and", "or", "then", "also")):
            continue  # `title and label`: only `and deletes` is certain to be a verb
        if verb not in NOUNS_AFTER_READ | _WEAK and "read" not in meanings(verb):
            for effect in sorted(VERBS.get(verb, frozenset())):
                yield effect, f"the description says `{said}`: {effect}"


def _annotated(definition: ToolDefinition, effects: frozenset[str]) -> Iterator[tuple[str, str]]:
    annotations = definition.definition.get("annotations")
    if not isinstance(annotations, dict):
        return
    if annotations.get("destructiveHint") is True and annotations.get("readOnlyHint") is not True:
        yield "delete", "the server says: destructive"
    elif annotations.get("readOnlyHint") is False and effects == {"read"}:
        yield "write", "the server says: not read-only"


def _domains(name: str) -> frozenset[str]:
    found: frozenset[str] = frozenset()
    for word in words(name[:LONGEST_NAME]):
        found |= DOMAIN_WORDS.get(word, frozenset()) | DOMAIN_WORDS.get(word.removesuffix("s"), frozenset())
    return found
