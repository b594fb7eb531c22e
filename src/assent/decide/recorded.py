"""Facts as a receipt keeps them: in parts, each of which can be shown alone (docs/receipts.md)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

from assent_verify.canonical import canonicalize

from assent.decide.exact import encode
from assent.decide.facts import Facts
from assent.model.decision import Used

#: Part → the members of `Facts` in it; both in canonical order.
MEMBERS: Mapping[str, tuple[str, ...]] = {
    "action": ("action", "attempt", "server"),
    "chain": ("chain", "delegations"),
    "context": ("observing", "session", "time"),
    "observations": ("analysis", "may_have_happened", "refused_by_person", "trouble"),
    "people": ("approvals",),
    "profile": ("definition", "profile"),
    "versions": ("versions",),
}
#: Where a value of the context comes from.
SOURCES: Mapping[str, str] = {
    "args": "arguments",
    "depth": "chain",
    "effects": "catalog",
    "facts": "observation",
    "inferred": "catalog",
    "method": "arguments",
    "nulls": "arguments",
    "role": "chain",
    "session": "session",
    "targets": "observation",
    "time": "clock",
    "undeclared": "arguments",
    "zone": "catalog",
}
#: Members whose values are hashable and few.
_FEW = frozenset({"chain", "server", "versions", "session", "may_have_happened", "refused_by_person", "observing"})


def parts(facts: Facts, used: Iterable[Used] = (), ages: Mapping[str, int] | None = None) -> dict[str, bytes]:
    """Canonical bytes of each part; what seldom changes between calls is written once.

    Args:
        facts: what was decided on.
        used: context values that the policies were handed.
        ages: source → milliseconds from when it was read to the decision; 0 if not named.
    """
    found = {part: joined({name: _written(facts, name) for name in names}) for part, names in MEMBERS.items()}
    known = ages or {}
    shown = b",".join([_shown(one, known.get(source_of(one.name), 0)) for one in used])
    found["context"] = found["context"][:-1] + b',"used":[%s]}' % shown
    return found


def source_of(name: str) -> str:
    """Where a context value comes from; what is derived of it, as `effects_count`, comes from there too."""
    return SOURCES.get(name) or SOURCES.get(name.rpartition("_")[0], "")


def flat(recorded: Mapping[str, object]) -> dict[str, object]:
    """The members of recorded facts, whichever version wrote them: in parts, or all in one."""
    if "observations" not in recorded:
        return dict(recorded)
    found: dict[str, object] = {}
    for part, of in recorded.items():
        known = MEMBERS.get(part, ())
        for name, value in of.items() if isinstance(of, dict) else (("", of),):
            found[name if name in known else f"{part}.{name}"] = value  # out of its place it is no member
    found.pop("context.used", None)
    return found


def joined(texts: Mapping[str, bytes]) -> bytes:
    """The canonical object of canonical texts, whose names are in order."""
    return b"{" + b",".join([b'"%s":%s' % (name.encode(), text) for name, text in texts.items()]) + b"}"


def _shown(one: Used, age: int) -> bytes:
    text = f'{{"age":{max(0, age)},"digest":"{one.digest}","name":"{one.name}","source":"{source_of(one.name)}"}}'
    return text.encode()


def _written(facts: Facts, name: str) -> bytes:
    """Canonical bytes of one member."""
    if name == "action":
        return facts.action.canonical  # has exactly the members of an action
    if name == "definition":
        return _once(facts.definition.digest if facts.definition else None)
    if name == "profile":
        named = facts.versions.profile
        return _once(named) if named else canonicalize(encode(facts.profile))
    value = getattr(facts, name)
    if name in _FEW:
        return _once(value)
    if name == "time" or value == ():
        return b"%d" % value if name == "time" else b"[]"
    return canonicalize(encode(value))


@lru_cache(maxsize=1024)
def _once(value: object) -> bytes:
    return canonicalize(encode(value))
