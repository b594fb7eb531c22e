"""Secrets that Assent itself holds: found in text as they are, encoded, or taken apart, and left out of it.

Unlike shapes, these are known to the letter. What is looked for is each secret and the parts of it
that are secrets alone (the password of a URL, the lines of a key, the texts of a JSON key file). Plain
substring search; linear in the text.
"""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from urllib.parse import quote, quote_plus, unquote, urlsplit

from assent.catalog.detectors.encoded import SEARCHED, decoded

#: No shorter text is looked for: it would be found in what has nothing to do with it.
SHORTEST = 8
#: Parts of one secret at most, and how often encoded text is decoded again.
_MOST_PARTS, _LAYERS = 400, 2
_LINE, _SQUEEZED = 20, 12
_BESIDE = re.compile(r"[^0-9A-Za-z]+")


@dataclass(frozen=True)
class Held:
    """What is looked for.

    Args:
        named: name of a credential and its secret; a name may stand several times.
    """

    named: frozenset[tuple[str, str]] = frozenset()
    _needles: tuple[tuple[str, str], ...] = field(init=False, repr=False, compare=False)
    _squeezed: tuple[str, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        found = {
            needle: name for name, secret in sorted(self.named) for part in parts(secret) for needle in forms(part)
        }
        longest_first = sorted(found.items(), key=lambda one: (-len(one[0]), one[0]))
        bare = {_BESIDE.sub("", needle) for needle in found}
        object.__setattr__(self, "_needles", tuple(longest_first))
        object.__setattr__(self, "_squeezed", tuple(sorted(one for one in bare if len(one) >= _SQUEEZED)))

    def __repr__(self) -> str:
        return f"Held({len(self.named)})"  # never what is held

    def __bool__(self) -> bool:
        return bool(self.named)

    def within(self, text: str) -> bool:
        """Does a text hold one of them, as it is, in an encoding, or with other characters between?"""
        if not self.named:
            return False
        if self._plain(text) or self._bare(text):
            return True
        for _ in range(_LAYERS):
            text = decoded(text) if len(text) <= SEARCHED else ""
            if not text:
                return False
            if self._plain(text) or self._bare(text):
                return True
        return False

    def in_bytes(self, data: bytes) -> bool:
        """Does a line hold one of them as it is, or as JSON writes it?"""
        return bool(self.named) and self._plain(data.decode("utf-8", "replace"))

    def without(self, text: str) -> str:
        """The text with a mark in place of each; nothing but a mark if it cannot be cut out."""
        if not self.within(text):
            return text
        left = text
        for needle, name in self._needles:
            if needle in left:
                left = left.replace(needle, mark(name))
        return left if not self.within(left) else mark("")

    def cleaned(self, value: object) -> object:
        """A JSON value without them; None if one stands across its texts, so that nothing of it can be given out."""
        if not self.within(texts_of(value)):
            return value
        left = self._walked(value)
        return None if self.within(texts_of(left)) else left

    def _walked(self, value: object) -> object:
        if isinstance(value, str):
            return self.without(value)
        if isinstance(value, dict):
            return {self.without(name): self._walked(inner) for name, inner in value.items()}
        return [self._walked(inner) for inner in value] if isinstance(value, list) else value

    def _plain(self, text: str) -> bool:
        return any(needle in text for needle, _ in self._needles)

    def _bare(self, text: str) -> bool:
        bare = _BESIDE.sub("", text) if self._squeezed else ""
        return any(needle in bare for needle in self._squeezed)


def mark(name: str) -> str:
    """What stands in place of a secret."""
    return f"[withheld: credential {name}]" if name else "[withheld: a credential]"


def texts_of(value: object) -> str:
    """All texts of a JSON value, then its names: what stands in neighbouring texts is seen as one."""
    return "\n".join((*_texts(value), *_names(value)))


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _texts(inner)
    elif isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 10 ** (SHORTEST - 1):
        yield str(value)


def _names(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        yield from value
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _names(inner)


def parts(secret: str) -> list[str]:
    """A secret, and what of it is a secret alone."""
    found = [secret, *_of_url(secret), *_of_json(secret)]
    lines = secret.splitlines()
    if len(lines) > 1:
        found += [line.strip() for line in lines if len(line.strip()) >= _LINE and not line.startswith("-----")]
    return [one for one in dict.fromkeys(found) if len(one) >= SHORTEST][:_MOST_PARTS]


def _of_url(secret: str) -> Iterable[str]:
    """The password of a database URL."""
    if "://" not in secret:
        return ()
    try:
        word = urlsplit(secret).password
    except ValueError:
        return ()
    return (word, unquote(word)) if word else ()


def _of_json(secret: str) -> Iterable[str]:
    """The long texts of a key file in JSON, with their lines."""
    if not secret.lstrip().startswith("{"):
        return ()
    try:
        value = json.loads(secret)
    except (ValueError, RecursionError):
        return ()
    secrets = [value[name] for name in value if re.search(r"key|secret|token|password", name)]
    long = [text for text in secrets if isinstance(text, str) and len(text) >= _LINE]
    return [part for text in long for part in (parts(text) if "\n" in text else [text])]


def forms(part: str) -> set[str]:
    """A text in the ways that programs write it."""
    data = part.encode()
    found = {part, part[::-1], json.dumps(part)[1:-1], json.dumps(part, ensure_ascii=False)[1:-1], html.escape(part)}
    found |= {json.dumps(json.dumps(part))[3:-3], quote(part, safe=""), quote(part), quote_plus(part), repr(part)[1:-1]}
    found |= {data.hex(), data.hex().upper(), part.upper(), part.lower()}
    for before in range(3):  # wherever it stands in what was encoded (RFC 4648 §4, §5)
        whole = base64.b64encode(b"\0" * before + data).rstrip(b"=").decode()
        inner = whole[(0, 2, 3)[before] : len(whole) - (0 if (before + len(data)) % 3 == 0 else 1)]
        found |= {inner, inner.replace("+", "-").replace("/", "_")}
    return {one for one in found if len(one) >= SHORTEST}
