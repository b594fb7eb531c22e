"""Kinds: the types a decision's context has, from which schema and encoder are both made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from assent.policy.cedar import Reads

#: Facts of every call, each a Bool; a decision without one of them is denied.
FACTS = (
    "analysed",
    "credentials_in_url",
    "inside_roots",
    "lookalike",
    "may_have_happened",
    "metadata_host",
    "not_pinned",
    "opaque",
    "prior_kept",
    "private_host",
    "private_path",
    "reaches_assent",
    "refused_by_person",
    "rewrites_history",
    "roots_known",
    "runs_by_itself",
    "runs_download",
    "secret_in_arguments",
    "secret_path",
    "session_text_in_arguments",
    "shows_secrets",
    "trusted_chain",
)
#: Facts that the decision's own inputs give, not the analysers.
DECIDED_FACTS = ("may_have_happened", "refused_by_person")
#: Normalised targets, each a Set of String; empty if the call has none.
TARGETS = ("hosts", "paths", "programs", "recipient_domains", "tables")

KindName = Literal["String", "Long", "Bool", "decimal", "Text", "Set", "Record"]
Derived = Literal["", "count", "length", "digest"]


@dataclass(frozen=True, slots=True)
class Kind:
    """One type.

    Args:
        name: `Text` is a String that holds the canonical JSON of something without a type.
        of: element kind of a Set.
        members: of a Record, by attribute name.
    """

    name: KindName
    of: Kind | None = None
    members: Mapping[str, Member] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Member:
    """An attribute of a Record.

    Args:
        derived: `count`, `length` or `digest` of the attribute `source`.
        read: False if policies only ask with `has` whether it is there.
    """

    kind: Kind
    required: bool
    derived: Derived = ""
    source: str = ""
    read: bool = True


STRING, LONG, BOOL, DECIMAL, TEXT = Kind("String"), Kind("Long"), Kind("Bool"), Kind("decimal"), Kind("Text")
STRINGS = Kind("Set", STRING)


def record(**members: Kind) -> Kind:
    """A Record of these required attributes."""
    return Kind("Record", members={name: Member(kind, True) for name, kind in members.items()})


def context(arguments: Kind) -> Kind:
    """The context of a tool's actions (docs/policy.md), `arguments` being that of its `args`."""
    return record(
        role=STRING,
        depth=LONG,
        method=STRING,
        inferred=BOOL,
        effects=STRINGS,
        zone=STRING,
        args=arguments,
        nulls=STRINGS,
        undeclared=STRINGS,
        facts=record(**dict.fromkeys(FACTS, BOOL)),
        targets=record(**dict.fromkeys(TARGETS, STRINGS)),
        session=record(labels=STRINGS, calls=LONG),
        time=record(epoch=LONG, hour=LONG, weekday=LONG),
    )


def project(kind: Kind, reads: Reads) -> Kind:
    """Only what these policies look at; derived attributes appear where they are named.

    Raises:
        ValueError: a derived name that is read is also a declared one.
    """
    if kind.name != "Record" or "context" in reads.whole:
        return kind
    members: dict[str, Member] = {}
    for name, member in kind.members.items():
        if reads.mentions(name):
            inner = member.kind if name in reads.whole else project(member.kind, reads)
            members[name] = Member(inner, member.required, read=reads.reads(name))
        for derived, kinds in _DERIVED.items():
            if member.kind.name in kinds and reads.mentions(known := f"{name}_{derived}"):
                if known in kind.members:
                    raise ValueError(f"an argument has the name that `{derived}` of another one has")
                members[known] = Member(STRING if derived == "digest" else LONG, member.required, derived, name)
    return Kind("Record", members=members)


_DERIVED: dict[Derived, tuple[KindName, ...]] = {
    "count": ("Set", "Text"),
    "length": ("String", "Text"),
    "digest": ("String", "Text"),
}


def cedar_type(kind: Kind) -> dict[str, object]:
    """The Cedar JSON schema form of a kind."""
    if kind.name == "Record":
        members = {
            name: {**cedar_type(member.kind), "required": member.required} for name, member in kind.members.items()
        }
        return {"type": "Record", "attributes": members}
    if kind.name == "Set":
        return {"type": "Set", "element": cedar_type(kind.of or STRING)}
    if kind.name == "decimal":
        return {"type": "Extension", "name": "decimal"}
    return {"type": {"Bool": "Boolean", "Text": "String"}.get(kind.name, kind.name)}
