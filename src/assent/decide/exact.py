"""Frozen dataclasses to JSON and back, exactly: replay needs the same value, not a similar one."""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
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


def decode(kind: type[T], value: object, **given: object) -> T:
    """The dataclass `kind` back from what `encode` made of it.

    Args:
        given: members that are known already; they are taken as they are.

    Raises:
        ValueError: the JSON does not have exactly the members and types of `kind`.
    """
    hinted: Any = kind
    decoded: T = _object(hinted, value, given) if given else _decoder(hinted)(value)
    return decoded


_Decoder = Callable[[Any], Any]


@cache
def _decoder(kind: Any) -> _Decoder:
    """How a type is read; a pure function of the type, so remembering it changes nothing."""
    kind = getattr(kind, "__supertype__", kind)  # a NewType is its base at run time
    origin, arguments = get_origin(kind), get_args(kind)
    if kind is bytes:
        return lambda value: bytes.fromhex(_must(isinstance(value, str), kind, value))
    if kind is object:
        return lambda value: value
    if origin is Literal:
        return lambda value: _must(isinstance(value, str) and value in arguments, kind, value)
    if origin in (Union, types.UnionType):
        some = _decoder(next(one for one in arguments if one is not type(None)))
        return lambda value: None if value is None else some(value)
    if origin in (tuple, frozenset):
        return _many(kind, origin, _decoder(arguments[0]))
    if origin is not None:  # Mapping[str, X]
        of = _decoder(arguments[1])
        return lambda value: {key: of(one) for key, one in _must(isinstance(value, dict), kind, value).items()}
    if is_dataclass(kind):
        return lambda value: _object(kind, value, {})
    return lambda value: _must(type(value) is kind, kind, value)


def _many(kind: Any, into: Any, of: _Decoder) -> _Decoder:
    return lambda value: into([of(one) for one in _must(isinstance(value, list), kind, value)])


def _object(kind: Any, value: Any, given: Mapping[str, object]) -> Any:
    hints = _hints(kind)
    if isinstance(value, dict):
        value = _added(kind) | value
    if not isinstance(value, dict) or value.keys() != hints.keys():
        got = sorted(value) if isinstance(value, dict) else type(value).__name__
        raise ValueError(f"expected the members {sorted(hints)} of `{kind.__name__}`, got {got}")
    read = {name: of(value[name]) for name, of in _members(kind) if name not in given}
    return kind(**read, **given)


def _must(holds: bool, kind: Any, value: Any) -> Any:
    if not holds:
        raise ValueError(f"expected `{kind}`, got `{type(value).__name__}`")
    return value


@cache
def _members(kind: type) -> tuple[tuple[str, _Decoder], ...]:
    return tuple((name, _decoder(hint)) for name, hint in _hints(kind).items())


@cache
def _hints(kind: type) -> dict[str, Any]:
    """Field name → type; a pure function of the class, so remembering it changes nothing."""
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in fields(kind)}


@cache
def _added(kind: type) -> dict[str, Any]:
    """Fields that came later than the first receipts, which lack them: left out while they say nothing."""
    return {field.name: field.default for field in fields(kind) if field.metadata.get("added")}
