"""The entity store of a bundle, and the part of it that one decision needs.

A missing entity makes a `forbid … in Group::"disabled"` vanish without an
error, so what is reachable is closed over and what is not there is named
(DESIGN §4, "Flat in the number of policies").
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from assent_verify.canonical import parse
from assent_verify.errors import ProofError

from assent.errors import PolicyError
from assent.model.ids import PrincipalId
from assent.model.principal import Principal
from assent.model.profile import Server
from assent.policy import cedar
from assent.policy.cedar import Uid
from assent.policy.kinds import record
from assent.policy.schema import cedar_schema

#: Types whose members can have parents or attributes that matter, so that a literal must be known.
KNOWN = ("User", "Agent", "Service", "Model", "Group")
_MAX_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Entity:
    """One entity: its Cedar JSON attributes and its parents."""

    attrs: Mapping[str, object] = field(default_factory=dict)
    parents: tuple[Uid, ...] = ()

    def reaches(self) -> Iterator[Uid]:
        """Parents, and every entity its attributes name."""
        yield from self.parents
        yield from _named(self.attrs)


class EntityStore:
    """Every entity of the bundle.

    Args:
        text: Cedar JSON entities, as in `policy/entities.json`; empty for none.
        name: what the author calls that text.

    Raises:
        PolicyError: not Cedar JSON, or not of the types that exist.
    """

    def __init__(self, text: str, name: str = "entities.json") -> None:
        self._entities = _read(text, name)
        self._children: dict[Uid, list[Uid]] = {}
        for uid, entity in self._entities.items():
            for parent in entity.parents:
                self._children.setdefault(parent, []).append(uid)

    def __contains__(self, uid: object) -> bool:
        return uid in self._entities

    def ancestors(self, uid: Uid, also: Iterable[Uid] = ()) -> set[Uid]:
        """Every entity this one is `in`, itself included."""
        found: set[Uid] = set()
        waiting = [uid, *also]
        while waiting:
            if (one := waiting.pop()) not in found:
                found.add(one)
                waiting.extend(self._entities[one].parents if one in self._entities else ())
        return found

    def members(self, group: str) -> frozenset[PrincipalId] | None:
        """The `User`s in a group, nested groups included; None if there is no such group."""
        start = ("Group", group)
        if start not in self._entities:
            return None
        users: set[PrincipalId] = set()
        waiting, seen = [start], {start}
        while waiting:
            for child in self._children.get(waiting.pop(), ()):
                if child[0] == "User":
                    users.add(PrincipalId(uid_text(child)))
                if child not in seen:
                    seen.add(child)
                    waiting.append(child)
        return frozenset(users)

    def closure(self, principal: Principal, server: Server, literals: Iterable[Uid]) -> tuple[str, list[Uid]]:
        """Cedar JSON of all that is reachable, and what is reachable but not there.

        From the principal, its owner, the server and the literals, along
        parents and attributes. A `Server` or `Action` literal has no parents
        to lose: the schema brings the actions, and another server's
        attributes are an evaluation error.
        """
        given = given_entities(principal, server)
        waiting = [*given, *(uid for uid in literals if uid[0] in KNOWN)]
        found: dict[Uid, Entity] = {}
        missing: set[Uid] = set()
        while waiting:
            uid = waiting.pop()
            if uid in found or uid in missing:
                continue
            entity = merged(given.get(uid), self._entities.get(uid))
            if entity is None:
                missing.add(uid)
                continue
            found[uid] = entity
            waiting.extend(entity.reaches())
        return json.dumps([_json(uid, entity) for uid, entity in found.items()]), sorted(missing)


def given_entities(principal: Principal, server: Server) -> dict[Uid, Entity]:
    """The entities that the facts of a decision bring along."""
    actor: Uid = (principal.kind, principal.name)
    owner = uid_of(principal.owner) if principal.owner and principal.kind != "User" else None
    attrs: dict[str, object] = {"owner": {"__entity": {"type": owner[0], "id": owner[1]}}} if owner else {}
    given = {actor: Entity(attrs, tuple(("Group", group) for group in principal.groups))}
    given[("Server", server.name)] = Entity({"zone": server.zone})
    if owner:
        given.setdefault(owner, Entity())
    return given


def merged(given: Entity | None, stored: Entity | None) -> Entity | None:
    """Parents unite; what the facts say of attributes holds over what the bundle says."""
    if given is None or stored is None:
        return given or stored
    return Entity({**stored.attrs, **given.attrs}, tuple(dict.fromkeys((*given.parents, *stored.parents))))


def uid_of(principal: PrincipalId) -> Uid:
    """`Agent::"local/claude"` as (type, id)."""
    kind, _, name = principal.partition("::")
    return kind, name[1:-1]


def uid_text(uid: Uid) -> str:
    """(type, id) as Cedar text."""
    return f'{uid[0]}::"{uid[1]}"'


def base_schema() -> cedar.Schema:
    """The schema of the entity types alone."""
    return cedar.schema(cedar_schema({}, (), record()))


def _read(text: str, name: str) -> dict[Uid, Entity]:
    if not text.strip():
        return {}
    try:
        items = parse(text.encode(), max_bytes=_MAX_BYTES)
        cedar.entities(text, base_schema())
    except ProofError as error:
        raise _refused(name, f"not strict JSON: {error.message}") from error
    except ValueError as error:
        raise _refused(name, f"not entities of the known types: {error}") from error
    if not isinstance(items, list):
        raise _refused(name, "expected a JSON array of entities")
    return {_uid(item["uid"]): _entity(item) for item in items}


def _refused(name: str, message: str) -> PolicyError:
    help = (
        "write Cedar JSON entities of type User, Agent, Service, Model or Group, for example "
        '[{"uid": {"type": "User", "id": "local/ana"}, "attrs": {}, "parents": [{"type": "Group", "id": "ops"}]}]'
    )
    return PolicyError("bad_entities", message, file=name, help=help)


def _entity(item: Mapping[str, object]) -> Entity:
    attrs, parents = item.get("attrs"), item.get("parents")
    listed = parents if isinstance(parents, list) else []
    return Entity(attrs if isinstance(attrs, dict) else {}, tuple(_uid(parent) for parent in listed))


def _uid(value: object) -> Uid:
    inner = value.get("__entity", value) if isinstance(value, dict) else {}
    return str(inner["type"]), str(inner["id"])


def _named(value: object) -> Iterator[Uid]:
    if isinstance(value, Mapping):
        if "__entity" in value:
            yield _uid(value)
        else:
            for inner in value.values():
                yield from _named(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _named(inner)


def _json(uid: Uid, entity: Entity) -> dict[str, object]:
    parents = [{"type": kind, "id": name} for kind, name in entity.parents]
    return {"uid": {"type": uid[0], "id": uid[1]}, "attrs": dict(entity.attrs), "parents": parents}
