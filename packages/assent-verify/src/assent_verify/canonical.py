"""Strict JSON in, canonical JSON out (RFC 8785, JSON Canonicalization Scheme).

`parse` refuses whatever two readers could understand differently (I-JSON, RFC 7493);
`canonicalize` writes the one accepted spelling. For every accepted document
`parse(canonicalize(parse(data))) == parse(data)`.

Both take a fast way through the C parser and encoder of the standard library
where their result is known to be right, and a slow, plain one otherwise.
"""

from __future__ import annotations

import json
import re
from hashlib import sha256
from math import isfinite

from assent_verify.errors import ProofError

MAX_DEPTH = 64
MAX_BYTES = 16 * 1024 * 1024
#: Largest integer that every JSON reader keeps exact (RFC 7493 §2.2).
MAX_INTEGER = 2**53 - 1
#: A leaf of the log is at most this long, in bytes.
MAX_LEAF = 16 * 1024

#: Values are wrapped before they are written (parameters into an action), so writing goes deeper than reading.
_WRITE_DEPTH = MAX_DEPTH + 36
_JS_DECIMAL_LIMIT = 1e21  # from here on ECMAScript writes an exponent
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_BRACKET = re.compile(rb"[\[\]{}]")
_SURROGATE_ESCAPE = re.compile(rb"\\u[dD][89a-fA-F]")
_ATOMS = frozenset({str, bool, type(None)})


def digest(data: bytes) -> str:
    """SHA-256 of `data` as `sha256:` and 64 lower-case hex digits."""
    return "sha256:" + sha256(data).hexdigest()


def _integer(text: str) -> int:
    if len(text) > 17 or not -MAX_INTEGER <= (value := int(text)) <= MAX_INTEGER:
        raise ProofError("number_range", f"integer `{text[:40]}` is beyond ±(2^53−1)", help="send it as a string")
    return value


def _real(text: str) -> int | float:
    """A literal with fraction or exponent; an `int` where its canonical form is one."""
    value = float(text)
    if value.is_integer() and -MAX_INTEGER <= value <= MAX_INTEGER:
        return int(value)
    if -_JS_DECIMAL_LIMIT < value < _JS_DECIMAL_LIMIT and not value.is_integer():
        return value
    if not isfinite(value) or -_JS_DECIMAL_LIMIT < value < _JS_DECIMAL_LIMIT:
        # Between 2^53 and 10^21 the canonical form would be an integer beyond ±(2^53−1).
        raise ProofError("number_range", f"number `{text[:40]}` is out of range", help="send it as a string")
    return value


def _constant(text: str) -> object:
    raise ProofError("not_json", f"`{text}` is not JSON")


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    value = dict(pairs)
    if len(value) != len(pairs):
        seen: set[str] = set()
        name = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise ProofError("duplicate_key", f"object names `{ascii(name)[1:41]}` twice")
    return value


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_integer, parse_float=_real, parse_constant=_constant, strict=True
)
_ENCODER = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"), check_circular=False
)


def _refuse_depth(data: bytes, limit: int) -> None:
    """Count brackets outside strings; only called where there are enough to matter."""
    depth = 0
    for bracket in _BRACKET.findall(_STRING.sub(b"", data)):
        depth += 1 if bracket in b"[{" else -1
        if depth > limit:
            raise ProofError("too_deep", f"nesting is deeper than {limit}")


def parse(data: bytes, *, max_depth: int = MAX_DEPTH, max_bytes: int = MAX_BYTES) -> object:
    """Parse one JSON document strictly (RFC 8259, RFC 7493).

    A number whose canonical form is an integer (`1.0`, `1e2`) becomes an `int`.

    Raises:
        ProofError: `too_large`, `not_utf8`, `too_deep`, `not_json`, `duplicate_key`,
            `number_range` or `lone_surrogate`.
    """
    if len(data) > max_bytes:
        raise ProofError("too_large", f"document has {len(data)} bytes, at most {max_bytes} are accepted")
    if data.count(b"[") + data.count(b"{") > max_depth:
        _refuse_depth(data, max_depth)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ProofError("not_utf8", f"byte {error.start} is not UTF-8") from error
    try:
        value: object = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        message = error.msg[:1].lower() + error.msg[1:]
        raise ProofError("not_json", f"not JSON at character {error.pos}: {message}") from error
    if _SURROGATE_ESCAPE.search(data):
        _utf8(_ENCODER.encode(value))
    return value


def canonicalize(value: object) -> bytes:
    """The canonical form of a JSON value (RFC 8785 §3.2).

    Raises:
        ProofError: `not_json` for a type JSON has not, `number_range` for an integer
            beyond ±(2^53−1), NaN or infinity, `lone_surrogate`, `too_deep`.
    """
    if _is_plain(value, _WRITE_DEPTH):
        text = _ENCODER.encode(value)
        if text.isascii() or max(text) < "\U00010000":
            return _utf8(text)
    parts: list[str] = []
    _write(value, parts, _WRITE_DEPTH)
    return _utf8("".join(parts))


def canonicalize_leaf(value: object) -> bytes:
    """The canonical form under the restricted profile of log leaves.

    Keys are ASCII, there are no floats, and the result has at most 16 KiB.

    Raises:
        ProofError: what `canonicalize` raises, `leaf_profile` for a float or a key
            that is not ASCII, `too_large`.
    """
    if not _is_plain(value, MAX_DEPTH):
        canonicalize(value)
        raise ProofError("leaf_profile", "leaf holds a float or is nested too deeply")
    text = _ENCODER.encode(value)
    if not text.isascii() and not _ascii_keys(value):
        raise ProofError("leaf_profile", "leaf holds a key that is not ASCII")
    data = _utf8(text)
    if len(data) > MAX_LEAF:
        raise ProofError("too_large", f"leaf has {len(data)} bytes, at most {MAX_LEAF} are accepted")
    return data


def _utf8(text: str) -> bytes:
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ProofError("lone_surrogate", "string holds half of a surrogate pair") from error


def _is_plain(value: object, depth: int) -> bool:
    """Does the C encoder write this right, save for the order of astral keys?"""
    kind = type(value)
    if kind is dict:
        if not depth or {*map(type, value)} - {str}:  # type: ignore[call-overload]
            return False
        members = value.values()  # type: ignore[attr-defined]
    elif kind is list or kind is tuple:
        if not depth:
            return False
        members = value
    elif kind is int:
        return -MAX_INTEGER <= value <= MAX_INTEGER  # type: ignore[operator]
    else:
        return kind in _ATOMS
    if _ATOMS.issuperset(map(type, members)):
        return True
    return all(_is_plain(member, depth - 1) for member in members if type(member) is not str)


def _ascii_keys(value: object) -> bool:
    if isinstance(value, dict):
        return all(key.isascii() and _ascii_keys(member) for key, member in value.items())
    return not isinstance(value, list | tuple) or all(map(_ascii_keys, value))


def _write(value: object, parts: list[str], depth: int) -> None:
    """RFC 8785 §3.2, clause by clause."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        parts.append(_ENCODER.encode(value))
    elif isinstance(value, int):
        if not -MAX_INTEGER <= value <= MAX_INTEGER:
            raise ProofError("number_range", "integer is beyond ±(2^53−1)", help="send it as a string")
        parts.append(int.__repr__(value))
    elif isinstance(value, float):
        parts.append(_ecmascript(value))
    elif not isinstance(value, dict | list | tuple):
        raise ProofError("not_json", f"a value of type `{type(value).__name__}` is not JSON")
    elif not depth:
        raise ProofError("too_deep", f"nesting is deeper than {_WRITE_DEPTH}")
    elif isinstance(value, dict):
        _write_object(value, parts, depth - 1)
    else:
        parts.append("[")
        for position, member in enumerate(value):
            parts.append("," if position else "")
            _write(member, parts, depth - 1)
        parts.append("]")


def _write_object(value: dict[object, object], parts: list[str], depth: int) -> None:
    """Members in the order of their names' UTF-16 code units (RFC 8785 §3.2.3)."""
    names = [name for name in value if isinstance(name, str)]
    if len(names) != len(value):
        raise ProofError("not_json", "an object names a member with something that is not a string")
    parts.append("{")
    for position, name in enumerate(sorted(names, key=lambda name: name.encode("utf-16-be", "surrogatepass"))):
        parts.append(("," if position else "") + _ENCODER.encode(name) + ":")
        _write(value[name], parts, depth)
    parts.append("}")


def _ecmascript(value: float) -> str:
    """`Number::toString` of ECMAScript (RFC 8785 §3.2.2.3) from Python's shortest digits."""
    if not isfinite(value):
        raise ProofError("number_range", "NaN and infinity are not JSON")
    if value == 0:
        return "0"
    sign = "-" if value < 0 else ""
    mantissa, _, exponent = repr(abs(value)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    point = len(whole) + int(exponent or 0) - (len(whole + fraction) - len(digits))  # digits before the point
    digits = digits.rstrip("0")
    if len(digits) <= point <= 21:
        return sign + digits + "0" * (point - len(digits))
    if 0 < point <= 21:
        return f"{sign}{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    return f"{sign}{digits[0]}{'.' if digits[1:] else ''}{digits[1:]}e{point - 1:+d}"
