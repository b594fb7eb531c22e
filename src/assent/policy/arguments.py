"""From JSON arguments to Cedar values: each rule here closes a way in (DESIGN §4).

The encoder is typed by the tool's kinds; it never guesses from a value, so no
string can become an entity and nothing is dropped silently.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, TypeVar

import jsonschema_rs
from assent_verify.canonical import canonicalize, digest

from assent.errors import RequestError
from assent.policy.kinds import Kind, Member

T = TypeVar("T")

MAX_STRING = 4096  # bytes of UTF-8; a 1 MB string costs Cedar 25 ms
MAX_ARRAY = 256  # elements; a 100,000-element set costs it 206 ms
_FORBIDDEN = (b'"__entity":', b'"__extn":', b'"__expr":')
_DECIMAL_LIMIT = Decimal(2**63) / 10_000  # Cedar's decimal is a 64-bit number of ten-thousandths


@dataclass(slots=True)
class Found:
    """Names, with dots between levels, that the arguments leave null or the schema does not know."""

    nulls: set[str] = field(default_factory=set)
    undeclared: set[str] = field(default_factory=set)


def validator(schema: Mapping[str, object]) -> jsonschema_rs.Validator:
    """A compiled JSON Schema; nothing is ever retrieved for it.

    Raises:
        ValueError: not a usable JSON Schema.
    """
    return jsonschema_rs.validator_for(dict(schema), retriever=_no_retrieval)


def refuse_escapes(canonical: bytes) -> None:
    """Refuse Cedar's own JSON keys anywhere in the canonical bytes of the arguments.

    Exact: inside a string the quotes would stand escaped.

    Raises:
        RequestError: `cedar_escape`.
    """
    for key in _FORBIDDEN:
        if key in canonical:
            name = key[1:-2].decode()
            raise RequestError(
                "cedar_escape", f"an argument has the key `{name}`, which is never taken", help="rename it"
            )


def check(arguments: Mapping[str, object], schema: jsonschema_rs.Validator) -> None:
    """Validate against the pinned JSON Schema; the message names places, never values.

    Raises:
        RequestError: `invalid_arguments`.
    """
    if schema.is_valid(arguments):
        return
    error = next(schema.iter_errors(arguments))
    place = "/".join(str(part) for part in error.instance_path if isinstance(part, int) or part.isidentifier())
    message = f"the arguments break the tool's schema at `{place or 'the top'}`: {_broken(error)}"
    raise RequestError("invalid_arguments", message, help="send what the tool's input schema asks for")


def _broken(error: jsonschema_rs.ValidationError) -> str:
    """What the schema asks for, in the schema's own words, which the agent has been shown."""
    kind = error.kind
    if isinstance(kind, jsonschema_rs.ValidationErrorKind.Required):
        return f"`{kind.property}` is required"
    if isinstance(kind, jsonschema_rs.ValidationErrorKind.Type):
        return f"expected {' or '.join(kind.types)}"
    rule = next((part for part in reversed(error.schema_path) if isinstance(part, str)), "schema")
    return f"`{rule}` does not hold"


def examine(kind: Kind, value: Mapping[str, object], found: Found, within: str = "") -> None:
    """Name nulls and undeclared arguments; refuse a number that no decimal holds exactly.

    Raises:
        RequestError: `invalid_arguments`.
    """
    for name, inner in value.items():
        path = within + name
        member = kind.members.get(name)
        if inner is None:
            found.nulls.add(path)
        if member is None:
            found.undeclared.add(path)
        elif inner is not None:
            _examine(member.kind, inner, found, path)


def _examine(kind: Kind, value: object, found: Found, path: str) -> None:
    if kind.name == "Record":
        examine(kind, _expect(value, dict), found, f"{path}.")
    elif kind.name == "decimal":
        _decimal(value)
    elif kind.name == "Set" and kind.of is not None and kind.of.name == "decimal":
        for one in _expect(value, list):
            _decimal(one)


def encode(kind: Kind, value: Mapping[str, object]) -> dict[str, object]:
    """Cedar JSON of a Record, exactly the attributes of its (projected) kind.

    Raises:
        RequestError: `argument_too_large` if a policy reads a value that is not handed over;
            `invalid_arguments` if a value is not of its kind.
    """
    encoded: dict[str, object] = {}
    for name, member in kind.members.items():
        inner = value.get(member.source or name)
        if type(inner) is _AS_IS.get(member.kind.name) and not member.derived:
            encoded[name] = inner
        elif inner is not None:
            encoded[name] = _DERIVE[member.derived](inner) if member.derived else _value(member.kind, inner, member)
    return encoded


_AS_IS: Mapping[str, type] = {"Bool": bool, "Long": int}


def _value(kind: Kind, value: object, member: Member) -> object:
    if kind.name == "String":
        return _bounded(_expect(value, str), member)
    if kind.name == "Set":
        elements = _expect(value, list | tuple | set | frozenset)
        if len(elements) > MAX_ARRAY:
            return _too_large([], member)
        return [_value(kind.of, one, member) for one in elements] if kind.of else []
    if kind.name == "Record":
        return encode(kind, _expect(value, Mapping))
    if kind.name == "Bool":
        return _expect(value, bool)
    if kind.name == "Long":
        return _expect(value, int)
    if kind.name == "decimal":
        return {"__extn": {"fn": "decimal", "arg": _decimal(value)}}
    return _bounded(canonicalize(value).decode(), member)


def _bounded(text: str, member: Member) -> str:
    if len(text) > MAX_STRING or (not text.isascii() and len(text.encode()) > MAX_STRING):
        return _too_large(digest(text.encode()), member)
    return text


def _too_large(instead: T, member: Member) -> T:
    if member.read:
        message = "a rule reads an argument that is too large to be judged"
        raise RequestError("argument_too_large", message, help="send it in smaller parts")
    return instead


def _decimal(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _invalid("an argument is not of the type its schema gives")
    number = Decimal(repr(value))
    if number != round(number, 4) or not -_DECIMAL_LIMIT <= number < _DECIMAL_LIMIT:
        raise _invalid("a number needs more than four decimal places or is out of range")
    return f"{number:.4f}"


def _count(value: object) -> int:
    return len(value) if isinstance(value, list | dict) else 1


def _length(value: object) -> int:
    return len(_bytes(value))


def _digest(value: object) -> str:
    return digest(_bytes(value))


_DERIVE: Mapping[str, Callable[[object], object]] = {"count": _count, "length": _length, "digest": _digest}


def _bytes(value: object) -> bytes:
    return value.encode() if isinstance(value, str) else canonicalize(value)


def _expect(value: Any, kind: Any) -> Any:
    if isinstance(value, kind) and (kind is bool or not isinstance(value, bool)):
        return value
    raise _invalid("an argument is not of the type its schema gives")


def _invalid(message: str) -> RequestError:
    return RequestError("invalid_arguments", message, help="send what the tool's input schema asks for")


def _no_retrieval(uri: str) -> Any:
    raise ValueError("a schema is never retrieved")
