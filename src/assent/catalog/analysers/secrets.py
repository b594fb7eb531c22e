"""Secrets in text: the shapes that credentials have. Every pattern is linear in its input."""

from __future__ import annotations

import re
from collections.abc import Iterator

#: Most characters of one text that are looked at; a longer text counts as one that may hold a secret.
LOOKED_AT = 1_000_000
_SHAPES = re.compile(
    r"-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY"
    r"|\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"
    r"|\bgh[pousr]_[A-Za-z0-9]{30,255}\b"
    r"|\bgithub_pat_[A-Za-z0-9_]{30,255}\b"
    r"|\bglpat-[A-Za-z0-9_-]{20,64}"
    r"|\bxox[abeoprs]-[A-Za-z0-9-]{10,255}"
    r"|\bAIza[A-Za-z0-9_-]{35}"
    r"|\b[sr]k_(?:live|test)_[A-Za-z0-9]{16,255}"
    r"|\bsk-(?:ant-|proj-)?[A-Za-z0-9_-]{20,255}"
    r"|\bnpm_[A-Za-z0-9]{36}\b"
    r"|\bpypi-[A-Za-z0-9_-]{16,255}"
    r"|\bAGE-SECRET-KEY-1[A-Z0-9]{58}"
    r"|\beyJ[A-Za-z0-9_-]{10,4096}\.eyJ[A-Za-z0-9_-]{10,4096}\.[A-Za-z0-9_-]{10,4096}"
)
_NAMED = re.compile(
    r"(?i)\b[a-z0-9_.-]{0,40}(?:passwo?r?d|passwd|secret|api[_-]?key|access[_-]?key|auth[_-]?token|private[_-]?key|"
    r"client[_-]?secret|credential)[a-z0-9_-]{0,20}[\"']?\s{0,4}[:=]\s{0,4}[\"']?([^\s\"',;]{8,256})"
)
#: Values after `password=` that say that there is none.
_EMPTY = re.compile(
    r"(?i)^(?:\$\{|\$\(|<|\*{3}|x{4}|%|none|null|true|false|your|example|changeme|placeholder|redacted)"
)


def holds_secret(text: str) -> bool:
    """Does the text hold something that has the shape of a credential?"""
    if len(text) < 8:
        return False
    if len(text) > LOOKED_AT:
        return True  # not read to the end, so not known to be harmless
    if _SHAPES.search(text):
        return True
    return any(not _EMPTY.match(found[1]) for found in _NAMED.finditer(text))


def strings(value: object, depth: int = 64) -> Iterator[str]:
    """Every string of a JSON value, keys included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict) and depth:
        for key, inner in value.items():
            yield key
            yield from strings(inner, depth - 1)
    elif isinstance(value, list) and depth:
        for inner in value:
            yield from strings(inner, depth - 1)
