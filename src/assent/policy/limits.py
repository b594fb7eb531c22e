"""Limits of a delegation: how they are spelled, and what lies within them (DESIGN §4.3).

An action is named as Cedar names it. A target is named exactly, or by the two forms that
can be compared without trying calls: a directory with all below it, and every name of a domain.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

from assent.errors import RequestError
from assent.model.grant import MOST_LINKS, Limits
from assent.model.profile import DOMAINS, EFFECTS, REVERSIBILITY
from assent.policy.kinds import TARGETS

MOST_NAMES = 64  # of one kind
LONGEST_NAME = 512  # characters
MOST_CALLS = 1_000_000

_EFFECT = "|".join(EFFECTS)
_SERVER = r"[a-z0-9-]{1,40}"
_ACTION = re.compile(
    rf"effect:(?:{_EFFECT})|domain:(?:{'|'.join(DOMAINS)})|rev:(?:{'|'.join(REVERSIBILITY)})|server:{_SERVER}"
    rf"|(?:tool|method):{_SERVER}/[A-Za-z0-9_.~%-]{{1,384}}(?:#(?:{_EFFECT}))?"
)
_NAME = re.compile(_SERVER)
_HOST = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,62})\.)*[a-z0-9_][a-z0-9_-]{0,62}|\[?[0-9a-f:.]{2,45}\]?")
_ADDRESS = re.compile(r"[a-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@([a-z0-9.-]{1,253})")

#: Kinds of arguments that are names themselves (`model.profile.TARGET_KINDS`), as limits call them.
NAMED = {"addresses": "address", "databases": "database", "ids": "id", "payees": "payee", "refs": "ref"}
#: Every kind of target that a delegation can restrict.
KINDS = (*TARGETS, *NAMED)


def check(limits: Limits) -> None:
    """Refuse limits that are not spelled in the one accepted way.

    Raises:
        RequestError: `bad_limits`, naming what and where.
    """
    for name, values, spelled in (
        ("actions", limits.actions, lambda one: bool(_ACTION.fullmatch(one))),
        ("servers", limits.servers, lambda one: bool(_NAME.fullmatch(one))),
    ):
        if values is not None:
            _check_list(name, values, spelled)
    for kind, patterns in limits.targets.items():
        if kind not in KINDS:
            raise _bad(f"`{kind[:40]}` is no kind of target", f"one of: {', '.join(KINDS)}")
        _check_list(kind, patterns, lambda one, kind=kind: _pattern(kind, one))  # type: ignore[misc]
    if limits.calls is not None and not 1 <= limits.calls <= MOST_CALLS:
        raise _bad(f"expected 1 to {MOST_CALLS} calls, got {limits.calls}")
    if not 0 <= limits.depth < MOST_LINKS:
        raise _bad(f"expected a depth of 0 to {MOST_LINKS - 1}, got {limits.depth}")


def _check_list(name: str, values: Collection[str], spelled: Callable[[str], bool]) -> None:
    if not 1 <= len(values) <= MOST_NAMES:
        raise _bad(f"expected 1 to {MOST_NAMES} {name}, got {len(values)}")
    for one in values:
        if len(one) > LONGEST_NAME or not one.isprintable() or not spelled(one):
            raise _bad(f"`{ascii(one)[1:-1][:80]}` has no place among {name}", _EXAMPLES.get(name, "exact names"))
    if list(values) != sorted(set(values)):
        raise _bad(f"{name} are not sorted, or one stands there twice")


_EXAMPLES: Mapping[str, str] = {
    "actions": "for example: effect:read, domain:financial, rev:reversible, server:files, tool:files/read_file",
    "servers": "write names of servers as they are configured",
    "paths": "write absolute paths; a directory ends in `/` and stands for all below it",
    "hosts": "write host names in lower case, or *.example.com for every name below it",
    "recipient_domains": "write domains in lower case, or *.example.com for every name below it",
    "addresses": "write addresses in lower case, or *@example.com for all of one domain",
}


def _bad(message: str, help: str = "") -> RequestError:
    return RequestError("bad_limits", f"the limits of a delegation are refused: {message}", help=help)


def _pattern(kind: str, text: str) -> bool:
    """Is it a pattern of this kind?"""
    if kind in ("hosts", "recipient_domains"):
        return _value(kind, text.removeprefix("*."))
    if kind == "addresses" and text.startswith("*@"):
        return _value(kind, "a" + text[1:])
    if kind == "paths":
        return _value(kind, text[:-1] if text.endswith("/") and text != "/" else text)
    return _value(kind, text)


def _value(kind: str, text: str) -> bool:
    """Is it a single thing of this kind, spelled so that it can be compared?"""
    if kind in ("hosts", "recipient_domains"):
        return bool(_HOST.fullmatch(text))
    if kind == "addresses":
        found = _ADDRESS.fullmatch(text)
        return found is not None and "*" not in text and bool(_HOST.fullmatch(found[1]))
    if kind == "paths":
        return text == "/" or (text[:1] == "/" and not {"", ".", ".."} & set(text[1:].split("/")))
    return bool(text.strip())


def fits(kind: str, pattern: str, value: str) -> bool:
    """Does a target of a call fit a pattern? What is not plainly one thing of its kind fits none."""
    told = value.lower() if kind == "addresses" and value.isascii() else value
    return _value(kind, told) and covers(kind, pattern, told)


def covers(kind: str, wider: str, narrower: str) -> bool:
    """Does everything that one pattern stands for fit the other?"""
    if wider == narrower:
        return True
    if kind == "paths":
        return wider.endswith("/") and f"{narrower}/".startswith(wider)
    if kind in ("hosts", "recipient_domains") and wider.startswith("*."):
        return narrower.removeprefix("*").endswith(wider[1:])
    if kind == "addresses" and wider.startswith("*@"):
        return narrower.endswith(wider[1:])
    return False


def admits(actions: Collection[str] | None, names: Collection[str]) -> bool:
    """Is one effect of a call among the actions of a link?

    Args:
        actions: of the link; None for any.
        names: the action's id and every group it is in (`policy.slices.Case.action`).
    """
    return actions is None or any(name in actions for name in names)


@dataclass(frozen=True, slots=True)
class Excess:
    """One thing in which a child goes beyond its parent: the dimension, and one line for a person."""

    dimension: str
    words: str


def excess(child: Limits, parent: Limits) -> Iterator[Excess]:
    """Everything in which a link names more than the one it stands on; what cannot be compared is not named.

    A group of effects and a tool, say, cannot: the decision holds every call against both.
    """
    for name in child.actions or ():
        if parent.actions is not None and _beyond(name, parent.actions):
            yield Excess("actions", f"`{name}` is not within {_list(parent.actions)}")
    for name in child.servers or ():
        if parent.servers is not None and name not in parent.servers:
            yield Excess("servers", f"`{name}` is not among {_list(parent.servers)}")
    for kind, patterns in child.targets.items():
        given = parent.targets.get(kind)
        for one in patterns if given is not None else ():
            if not any(covers(kind, wider, one) for wider in given or ()):
                yield Excess(kind, f"`{one}` is not within {_list(given or ())}")
    if child.calls is not None and parent.calls is not None and child.calls > parent.calls:
        yield Excess("calls", f"{child.calls} calls are more than {parent.calls}")
    if child.depth >= parent.depth:
        words = "no further link may follow" if parent.depth == 0 else f"at most {parent.depth - 1} may follow it"
        yield Excess("depth", f"{words}, and this one would allow {child.depth}")


def _beyond(name: str, given: Collection[str]) -> bool:
    """Is every given one of the same dimension, and none of them wider?"""
    return all(_dimension(one) == _dimension(name) and not _within(name, one) for one in given)


def _dimension(name: str) -> str:
    kind = name.partition(":")[0]
    return "place" if kind in ("server", "tool", "method") else kind


def _within(name: str, wider: str) -> bool:
    if name == wider:
        return True
    kind, _, place = name.partition(":")
    if kind not in ("tool", "method"):
        return False
    return wider in (f"server:{place.partition('/')[0]}", name.partition("#")[0])


def _list(names: Collection[str]) -> str:
    return ", ".join(f"`{one}`" for one in names)
