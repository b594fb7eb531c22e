"""Bundle: all policies and entities in force, by one digest (DESIGN §4)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from assent_verify.canonical import canonicalize, digest, parse

from assent.errors import PolicyError, ProofError
from assent.model.ids import Digest, PrincipalId
from assent.model.profile import Server, ToolDefinition, ToolProfile
from assent.policy import load as loading
from assent.policy.builtin import BUILTIN
from assent.policy.condition import Fitted, fit
from assent.policy.entities import KNOWN, EntityStore, uid_text
from assent.policy.index import Index
from assent.policy.lru import Lru
from assent.policy.rule import Rule
from assent.policy.slices import Case, Common, Shape, Slice, Unavailable, build, shape_of, share
from assent.policy.text import Source

__all__ = ["Bundle", "Source", "from_archive", "load"]

_FORMAT = "assent-bundle/1"
_SHAPES = 1_024
_SLICES = 4_096
_MAX_ARCHIVE = 256 * 1024 * 1024  # bytes


class Bundle:
    """Policies and entities that were loaded together; use `load` or `from_archive`.

    Args:
        sources: policy texts, the built-in one last.
        entities: Cedar JSON entities.
        rules: every rule of the sources, the built-in ones last.
    """

    def __init__(self, sources: Sequence[Source], entities: str, rules: Sequence[Rule], store: EntityStore) -> None:
        self._sources = tuple(sources)
        self._entities = entities
        self._rules = tuple(rules)
        self._store = store
        self._by_id = {rule.id: at for at, rule in enumerate(self._rules)}
        groups = {uid for rule in self._rules for uid in rule.principal.uids if uid in store}
        self._index = Index(self._rules, groups)
        self._archive = canonicalize(
            {"entities": entities, "format": _FORMAT, "sources": [[one.name, one.text] for one in self._sources[:-1]]}
        )
        self.digest: Digest = Digest(digest(self._archive))
        self._shapes: Lru[object, Shape | Unavailable] = Lru(_SHAPES)
        self._slices: Lru[object, Slice | Unavailable] = Lru(_SLICES)
        self._commons: Lru[object, Common | Unavailable] = Lru(_SHAPES)
        self._conditions: Lru[object, Fitted | None] = Lru(_SHAPES)

    def __len__(self) -> int:
        return len(self._rules)

    @property
    def sources(self) -> tuple[Source, ...]:
        """The texts as they were loaded, without the built-in one."""
        return self._sources[:-1]

    @property
    def entities(self) -> str:
        """Cedar JSON entities as they were loaded; empty if there are none."""
        return self._entities

    def archive(self) -> bytes:
        """Canonical bytes of all sources; their SHA-256 is the digest."""
        return self._archive

    def rule(self, id: str) -> Rule | None:
        """The rule with this `@id`, for explaining a receipt."""
        at = self._by_id.get(id)  # type: ignore[call-overload]
        return None if at is None else self._rules[at]

    def rules(self) -> tuple[Rule, ...]:
        """Every rule, the built-in ones last."""
        return self._rules

    @cached_property
    def counts_calls(self) -> bool:
        """May any rule go by how many calls the session has had? (Too often is harmless.)"""
        return any("calls" in rule.text for rule in self._rules)

    def members(self, group: str) -> frozenset[PrincipalId] | None:
        """The people of a group; None if the bundle knows no such group."""
        return self._store.members(group)

    def notes(self) -> list[str]:
        """What will deny although it loaded: entities that policies name and nobody may know."""
        return [
            f"`{rule.id}` names `{uid_text(uid)}`, which is not in entities.json: calls it can apply to are denied "
            "unless that principal acts or owns the one who does"
            for rule in self._rules
            for uid in rule.entities
            if uid[0] in KNOWN and uid not in self._store
        ]

    def shape(
        self, server: Server, method: str, tool: str, profile: ToolProfile, definition: ToolDefinition | None
    ) -> Shape | Unavailable:
        """The shape of a tool's calls, built once."""
        pinned = definition.digest if definition else None
        key = (server.name, method, tool, pinned, profile.opaque, profile.analysers)
        return self._shapes.get(key, lambda: shape_of(server, method, tool, profile, definition))

    def conditions(self, trees: tuple[str, ...], shape: Shape) -> Fitted | None:
        """The conditions of a chain for the calls of this shape, made ready once; None if one does not fit them."""
        return self._conditions.get((trees, shape), lambda: fit(trees, shape))

    def slice(self, case: Case, shape: Shape) -> Slice | Unavailable:
        """The slice of one case, built once."""
        key = (
            case.principal,
            case.server.name,
            case.server.zone,
            shape,
            case.profile.domains,
            case.effect,
            case.reversibility,
        )
        return self._slices.get(key, lambda: self._build(case, shape))

    def applying(self, case: Case, shape: Shape) -> tuple[Rule, ...]:
        """Rules whose scope can match a case, before any condition: what a tool list is filtered by."""
        name, groups = case.action(shape)
        principal = (case.principal.kind, case.principal.name)
        given = [("Group", group) for group in case.principal.groups]
        ancestors = self._store.ancestors(principal, given)
        found = (self._rules[at] for at in self._index.find((name, *groups), ancestors, case.principal.kind))
        return tuple(one for one in found if _can_apply(one, case))

    def _build(self, case: Case, shape: Shape) -> Slice | Unavailable:
        rules = self.applying(case, shape)
        key = (shape, case.action(shape), case.server.name, case.server.zone, rules)
        common = self._commons.get(key, lambda: share(case, shape, rules))
        return common if isinstance(common, Unavailable) else build(case, shape, common, self._store.closure)


def _can_apply(rule: Rule, case: Case) -> bool:
    """What the index leaves in, less what plainly names another server or type."""
    elsewhere = rule.resource.op == "==" and rule.resource.uids != (("Server", case.server.name),)
    return not elsewhere and rule.principal.type in ("", case.principal.kind)


def load(sources: Sequence[Source], *, entities: str = "") -> Bundle:
    """Load policy texts; the whole bundle is refused for one mistake.

    Args:
        sources: the policy files, by name.
        entities: text of `entities.json`; empty for none.

    Raises:
        PolicyError: with file, line, column, the offending text and what to write instead.
    """
    names = [source.name for source in sources]
    if len(set(names)) != len(names):
        raise PolicyError("repeated_source", "two policy texts have the same name", help="rename one of them")
    bundle, store = _assemble(sources, entities)
    loading.check(bundle.rules(), [*sources, BUILTIN], store)
    return bundle


def from_archive(archive: bytes) -> Bundle:
    """A bundle from its archived bytes, which were checked when they were loaded first.

    Raises:
        PolicyError: not an archive of a bundle.
    """
    try:
        value = parse(archive, max_bytes=_MAX_ARCHIVE)
    except ProofError as error:
        raise PolicyError("bad_archive", f"the archived bundle is not readable: {error.message}") from error
    if not isinstance(value, dict) or value.get("format") != _FORMAT:
        raise PolicyError("bad_archive", f"expected an archive of format `{_FORMAT}`")
    bundle, _ = _assemble([Source(name, text) for name, text in value["sources"]], value["entities"])
    return bundle


def _assemble(sources: Sequence[Source], entities: str) -> tuple[Bundle, EntityStore]:
    store = EntityStore(entities)
    rules = [rule for at, source in enumerate(sources) for rule in loading.read(source, at)]
    rules += loading.read(BUILTIN, len(sources), builtin=True)
    return Bundle([*sources, BUILTIN], entities, rules, store), store
