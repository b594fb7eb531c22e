"""Frozen dataclasses to JSON and back, exactly: replay needs the same value, not a similar one."""

from __future__ import annotations

import types
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")


def encode(value: object) -> object:
    """JSON of a value built from dataclasses, tuples, frozensets, mappings, bytes and scalars.

    Raises:
        TypeError: the value holds something that has no JSON form.
    """
    kind = type(value)
    if kind in _SCALARS:
        return value
    if kind is dict:
        return {str(key): encode(one) for key, one in value.items()}  # type: ignore[attr-defined]
    if kind is tuple or kind is list:
        return [encode(one) for one in value]  # type: ignore[attr-defined]
    if kind is frozenset:
        return sorted(str(one) for one in value)  # type: ignore[attr-defined]
    if kind is bytes:
        return value.hex()  # type: ignore[attr-defined]
    if is_dataclass(kind):
        told = {name: encode(getattr(value, name)) for name in _hints(kind)}
        for name, default in _added(kind).items():
            if told[name] == default:
                del told[name]
        return told
    if isinstance(value, Mapping):
        return {str(key): encode(one) for key, one in value.items()}
    raise TypeError(f"no JSON form for `{kind.__name__}`")


_SCALARS = frozenset({type(None), str, bool, int, float})


def decode(kind: type[T], value: object) -> T:
    """The dataclass `kind` back from what `encode` made of it.

    Raises:
        ValueError: the JSON does not have exactly the members and types of `kind`.
    """
    decoded: T = _decode(kind, value)
    return decoded


def _decode(kind: Any, value: Any) -> Any:
    kind = getattr(kind, "__supertype__", kind)  # a NewType is its base at run time
    origin, arguments = get_origin(kind), get_args(kind)
    if kind is bytes:
        return bytes.fromhex(_must(isinstance(value, str), kind, value))
    if kind is object:
        return value
    if origin is Literal:
        return _must(value in arguments, kind, value)
    if origin in (Union, types.UnionType):
        return None if value is None else _decode(next(one for one in arguments if one is not type(None)), value)
    if origin is tuple:
        return tuple(_decode(arguments[0], one) for one in _must(isinstance(value, list), kind, value))
    if origin is frozenset:
        return frozenset(_decode(arguments[0], one) for one in _must(isinstance(value, list), kind, value))
    if origin is not None:  # Mapping[str, X]
        members = _must(isinstance(value, dict), kind, value)
        return {key: _decode(arguments[1], one) for key, one in members.items()}
    if kind is bytes:
        return b64decode(_must(isinstance(value, str), kind, value), validate=True)
    if is_dataclass(kind):
        return _object(kind, value)
    return _must(type(value) is kind, kind, value)


def _object(kind: Any, value: Any) -> Any:
    hints = _hints(kind)
    if isinstance(value, dict):
        value = _added(kind) | value
    if not isinstance(value, dict) or value.keys() != hints.keys():
        got = sorted(value) if isinstance(value, dict) else type(value).__name__
        raise ValueError(f"expected the members {sorted(hints)} of `{kind.__name__}`, got {got}")
    return kind(**{name: _decode(hint, value[name]) for name, hint in hints.items()})


def _must(holds: bool, kind: Any, value: Any) -> Any:
    if not holds:
        raise ValueError(f"expected `{kind}`, got `{type(value).__name__}`")
    return value


@cache
def _hints(kind: type) -> dict[str, Any]:
    """Field name → type; a pure function of the class, so remembering it changes nothing."""
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in fields(kind)}


@cache
def _added(kind: type) -> dict[str, Any]:
    """Fields that came later than the first receipts, which lack them: left out while they say nothing."""
    return {field.name: field.default for field in fields(kind) if field.metadata.get("added")}
