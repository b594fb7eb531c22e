"""Opening the commitments of a leaf: all of them with its salt, or some of them alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from assent_verify.canonical import canonicalize
from assent_verify.errors import ProofError
from assent_verify.receipt import MAX_ARGUMENTS, PARTS, SALT_SIZE, commit, commit_derived, commit_parts

#: Begins the name of one argument, and of one part of a decision's facts.
ARGUMENT, FACTS = "argument:", "facts:"
#: Bytes of a derived salt.
DERIVED_SIZE = 32


def open_values(leaf: Mapping[str, Any], salt: bytes, values: Mapping[str, object]) -> None:
    """Do these values open the leaf's commitments?

    Args:
        leaf: the parsed leaf, as `read` accepted it.
        salt: 16 bytes.
        values: name → clear value; `arguments` and `withheld` as `docs/receipts.md` says.

    Raises:
        ProofError: `not_opened`, naming the value.
    """
    if len(salt) != SALT_SIZE:
        raise ProofError("not_opened", f"salt has {len(salt)} bytes, expected {SALT_SIZE}")
    commitments = _commitments(leaf)
    for name, value in values.items():
        if leaf["kind"] == "decision" and name == "arguments":
            _open_arguments(leaf["action"]["arguments"], salt, values)
        elif leaf["kind"] == "decision" and name == "facts" and leaf["v"] != 1:
            if commit_parts(salt, _parts(value)) != leaf["facts"]:
                raise _not_opened(name)
        elif name == "tool" and leaf["kind"] == "decision" and value == leaf["action"]["tool"]:
            continue  # in the clear
        elif name != "withheld" and commit(salt, name, value) != commitments.get(name):
            raise _not_opened(name)


def open_alone(leaf: Mapping[str, Any], values: Mapping[str, tuple[bytes, object]]) -> None:
    """Do these values open commitments of the leaf, each with its own derived salt?

    Args:
        leaf: the parsed leaf, as `read` accepted it.
        values: name → derived salt and value. `argument:NAME` is one argument, as `[NAME, value]`;
            `facts` of a decision in parts is the object of their commitments, and with it
            `facts:PART` is one part.

    Raises:
        ProofError: `not_opened`, naming the value.
    """
    commitments = _commitments(leaf)
    for name, (derived, value) in values.items():
        made = commit_derived(derived, value)
        if len(derived) != DERIVED_SIZE:
            raise ProofError("not_opened", f"derived salt has {len(derived)} bytes, expected {DERIVED_SIZE}")
        if name.startswith(FACTS):
            parts = values["facts"][1] if "facts" in values else None
            opens = isinstance(parts, dict) and parts.get(name.removeprefix(FACTS)) == made
        elif name.startswith(ARGUMENT):
            named = isinstance(value, list) and len(value) == 2 and value[0] == name.removeprefix(ARGUMENT)
            opens = named and leaf["kind"] == "decision" and made in leaf["action"]["arguments"]
        elif name == "arguments" and leaf["kind"] == "decision":
            opens = leaf["action"]["arguments"] == [made]
        else:
            opens = made == commitments.get(name)
        if not opens:
            raise _not_opened(name)


def shows(values: Mapping[str, object]) -> bool:
    """Is there anything among these values that a leaf commits to, or only names of what is withheld?"""
    empty = {"withheld", "arguments"} if values.get("withheld") and not values.get("arguments") else {"withheld"}
    return not values.keys() <= empty


def names_of(leaf: object, values: Mapping[str, object]) -> Iterator[str]:
    """Digests of the texts that a decision was made by, as its leaf and its opened facts name them."""
    match leaf:
        case {"kind": "decision", "action": {"definition": str(definition)}, "versions": {**versions}}:
            yield definition
            yield from (str(versions[name]) for name in ("bundle", "catalog", "schema"))
    match values.get("facts"):
        case {"profile": dict(part)}:
            yield from (named for named in part.values() if isinstance(named, str))
        case {"profile": str(profile)}:  # of a decision of version 1, whose facts have no parts
            yield profile


def _not_opened(name: str) -> ProofError:
    return ProofError("not_opened", f"the disclosed `{ascii(name)[1:-1]}` is not what the leaf commits to")


def _commitments(leaf: Mapping[str, Any]) -> dict[str, str]:
    match leaf["kind"]:
        case "decision":
            action = leaf["action"]
            named = {name: leaf.get(name, "") for name in ("facts", "resource", "trace")}
            tool = action.get("tool_commitment", "")
            return {**named, "action": action["digest"], "referents": action["referents"], "tool": tool}
        case "approval":
            return {name: leaf["statement"][name] for name in ("action", "facts", "reason")}
        case "outcome":
            return {"external": leaf.get("external", ""), "response": leaf["response"]}
        case "session":
            return {"task": leaf.get("task", "")}
    return {}


def _parts(facts: object) -> dict[str, bytes]:
    if not isinstance(facts, dict) or sorted(facts) != list(PARTS):
        raise ProofError("not_opened", f"`facts` has not exactly the parts {', '.join(PARTS)}")
    return {name: canonicalize(facts[name]) for name in PARTS}


def _open_arguments(commitments: list[str], salt: bytes, values: Mapping[str, object]) -> None:
    arguments, withheld = values["arguments"], values.get("withheld", [])
    if not isinstance(arguments, dict) or not isinstance(withheld, list):
        raise ProofError("not_opened", "`arguments` is not an object or `withheld` not an array")
    names = sorted({*arguments, *map(str, withheld)})
    if len(names) > MAX_ARGUMENTS:  # one commitment covers them all: whole or not at all
        if arguments and (withheld or commitments != [commit(salt, "arguments", arguments)]):
            raise ProofError("not_opened", "the disclosed arguments are not what the leaf commits to")
        return
    if len(names) != len(commitments):
        raise ProofError("not_opened", f"{len(names)} arguments are named, the leaf commits to {len(commitments)}")
    for name, commitment in zip(names, commitments, strict=False):
        if name in arguments and commit(salt, f"argument:{name}", [name, arguments[name]]) != commitment:
            raise ProofError("not_opened", f"the disclosed argument `{ascii(name)[1:-1]}` is not what was decided on")
