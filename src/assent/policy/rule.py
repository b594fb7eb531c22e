"""One policy as the bundle keeps it: its text, its scope and what its annotations say."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

from assent_verify.canonical import digest

from assent.model.approval import ASSURANCE
from assent.model.decision import Escalation, Obligation
from assent.model.ids import Digest, PolicyId
from assent.policy.cedar import Parsed, Scope, Uid

#: Ids of the layer that no policy file can remove.
RESERVED = "assent/"
DEFAULT_EXPIRY = 900  # seconds
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_LONGEST = 7 * 86400  # seconds
_MANY = 20  # people in one quorum, at most

# annotation → (what its value must match, what to write)
_VALUES: dict[str, tuple[str, str]] = {
    "id": (r"[A-Za-z0-9][A-Za-z0-9._/-]{0,63}", '`@id("team/no-payments")`: letters, digits, `._/-`, at most 64'),
    "escalate": (r"[A-Za-z0-9][A-Za-z0-9._/-]{0,63}", '`@escalate("owner")`: the group that must approve'),
    "quorum": (rf"[1-9]|1[0-9]|{_MANY}", f'`@quorum("2")`: a whole number from 1 to {_MANY}'),
    "expires": (r"[1-9][0-9]{0,5}[smhd]", '`@expires("15m")`: a number and one of s, m, h, d; at most 7d'),
    "reason": (r"[^\x00-\x1f\x7f]{1,200}", '`@reason("why, in one line")`: at most 200 characters'),
    "self": (r"", "`@self` without a value"),
    "grantable": (r"", "`@grantable` without a value"),
    "unpinned": (r"", "`@unpinned` without a value"),
    "assurance": ("|".join(ASSURANCE), '`@assurance("passkey")`: one of ' + ", ".join(ASSURANCE)),
    "notify": (r"[^\x00-\x1f\x7f]{1,100}", '`@notify("channel")`'),
    "credential": (r"[^\x00-\x1f\x7f]{1,100}", '`@credential("name")`'),
    "limit": (
        r"[^\x00-\x1f\x7f=]{1,100}=[0-9]{1,15}",
        '`@limit("rows=100")` with `@on("arguments")` or `@on("output")`',
    ),
    "redact": (r"[^\x00-\x1f\x7f]{1,100}", '`@redact("field")` with `@on("arguments")` or `@on("output")`'),
    "on": (r"arguments|output", '`@on("arguments")` or `@on("output")`'),
}
_OF_ESCALATE = ("quorum", "expires", "self", "grantable", "unpinned", "assurance")
_PLAIN: tuple[Literal["notify", "credential"], ...] = ("notify", "credential")
_TRANSFORMS: tuple[Literal["limit", "redact"], ...] = ("limit", "redact")
_OF_PERMIT = (*_PLAIN, *_TRANSFORMS)


class AnnotationError(ValueError):
    """An annotation is unknown or has a value that means nothing.

    Args:
        name: the annotation; empty if one is missing.
        help: what to write instead.
    """

    def __init__(self, code: str, name: str, message: str, help: str) -> None:
        super().__init__(message)
        self.code = code
        self.name = name
        self.help = help


@dataclass(frozen=True, slots=True)
class Rule:
    """One policy of a bundle; small, because there may be a hundred thousand.

    Args:
        text: the policy from its first annotation to its `;`.
        source: index of the source it stands in; -1 for a built-in one.
        offset: where it starts there.
        group: who must approve; empty for a policy of the base layer.
        extra: its other annotations, as (name, value) pairs.
        conditional: False if the scope alone decides whether it applies.
    """

    id: PolicyId
    text: str
    source: int
    offset: int
    effect: str
    principal: Scope
    action: Scope
    resource: Scope
    group: str
    extra: tuple[tuple[str, str], ...]
    entities: tuple[Uid, ...]
    reads_arguments: bool
    conditional: bool

    @property
    def digest(self) -> Digest:
        """SHA-256 of the text: an approval is bound to what was shown (DESIGN §4.7)."""
        return Digest(digest(self.text.encode()))

    def says(self, annotation: str, default: str = "") -> str:
        """The value of an annotation, or the default."""
        return next((value for name, value in self.extra if name == annotation), default)

    def has(self, annotation: str) -> bool:
        """Is this annotation there, with or without a value?"""
        return any(name == annotation for name, _ in self.extra)

    def escalation(self) -> Escalation:
        """What this rule asks for when it fires."""
        return Escalation(
            policy=self.id,
            digest=self.digest,
            group=self.group,
            quorum=int(self.says("quorum", "1")),
            expires=_seconds(self.says("expires", f"{DEFAULT_EXPIRY}s")),
            reason=self.says("reason"),
            self_=self.has("self"),
            grantable=self.has("grantable"),
            assurance=self.says("assurance"),
        )

    def obligations(self) -> tuple[Obligation, ...]:
        """What must be done when this permit is one of those that allow (DESIGN §4.6)."""
        on: Literal["arguments", "output"] = "arguments" if self.says("on") == "arguments" else "output"
        plain = [Obligation(kind, self.says(kind), "", self.id) for kind in _PLAIN if self.has(kind)]
        return (*plain, *(Obligation(kind, self.says(kind), on, self.id) for kind in _TRANSFORMS if self.has(kind)))


def rule(parsed: Parsed, text: str, source: int, offset: int) -> Rule:
    """The rule a parsed policy is.

    Raises:
        AnnotationError: a template, an unknown annotation, or a value that means nothing.
    """
    check(parsed)
    notes = parsed.annotations
    return Rule(
        PolicyId(notes["id"]),
        text,
        source,
        offset,
        parsed.effect,
        parsed.principal,
        parsed.action,
        parsed.resource,
        notes.get("escalate", ""),
        tuple((name, value or "") for name, value in notes.items() if name not in ("id", "escalate")),
        tuple(sorted(parsed.entities)),
        parsed.reads_arguments,
        parsed.conditional,
    )


def check(parsed: Parsed) -> None:
    """Every load error that one policy alone can have (DESIGN §4, load errors)."""
    if parsed.template:
        help = "write the entity instead of `?principal` or `?resource`"
        raise AnnotationError("unlinked_template", "", "a template is never linked and would never apply", help)
    for name, value in parsed.annotations.items():
        _check_value(name, value or "")
    if "id" not in parsed.annotations:
        raise AnnotationError("missing_id", "", "the policy has no `@id`", f"write {_VALUES['id'][1]} before it")
    _check_together(parsed.effect, parsed.annotations)


def _check_value(name: str, value: str) -> None:
    if name not in _VALUES:
        near = get_close_matches(name, _VALUES, 1)
        help = f"did you mean `@{near[0]}`?" if near else "one of " + ", ".join(f"`@{known}`" for known in _VALUES)
        raise AnnotationError("unknown_annotation", name, f"unknown annotation `@{name}`", help)
    pattern, form = _VALUES[name]
    if not re.fullmatch(pattern, value) or (name == "expires" and _seconds(value) > _LONGEST):
        raise AnnotationError("bad_annotation", name, f"`@{name}` cannot have the value `{value}`", f"write {form}")


def _check_together(effect: str, notes: Mapping[str, str]) -> None:
    if "escalate" in notes and effect == "permit":
        message = "`@escalate` stands on a `permit`, which would allow without asking"
        help = "write `forbid`: an escalation is a forbid that an approval can lift"
        raise AnnotationError("escalate_on_permit", "escalate", message, help)
    for name in _OF_ESCALATE:
        if name in notes and "escalate" not in notes:
            raise _lonely(name, "`@escalate`", 'add `@escalate("owner")`, or remove it')
    for name in _OF_PERMIT:
        if name in notes and effect != "permit":
            raise _lonely(name, "a `permit`", "move it to the permit whose allow it is to bind")
    transforms = "limit" in notes or "redact" in notes
    if transforms and "on" not in notes:
        name = "limit" if "limit" in notes else "redact"
        raise _lonely(name, "`@on`", f"add {_VALUES['on'][1]}")
    if "on" in notes and not transforms:
        raise _lonely("on", "`@limit` or `@redact`", "add the one it is for, or remove it")


def _lonely(name: str, needs: str, help: str) -> AnnotationError:
    return AnnotationError("bad_annotation", name, f"`@{name}` means nothing without {needs}", help)


def _seconds(expires: str) -> int:
    return int(expires[:-1]) * _UNITS[expires[-1]]
