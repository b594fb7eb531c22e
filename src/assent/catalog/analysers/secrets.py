"""Secrets in text: the shapes that credentials have. Every pattern is linear in its input.

Most texts hold none, so a plain substring search goes first: it costs a fraction of a
pattern, and a pattern runs only where its fixed part was found.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

#: Most characters of one text that are looked at; a longer text counts as one that may hold a secret.
LOOKED_AT = 1_000_000
#: A shape begins where no character of its own stands before, so that each stretch is tried once.
_FREE = r"(?<![A-Za-z0-9_-])"
#: Fixed beginnings, and the pattern that holds for each.
_SHAPES: tuple[tuple[tuple[str, ...], re.Pattern[str]], ...] = (
    (("-----BEGIN ",), re.compile(r"-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY")),
    (("AKIA", "ASIA"), re.compile(r"\bA[KS]IA[A-Z0-9]{16}\b")),
    (("ghp_", "gho_", "ghu_", "ghs_", "ghr_"), re.compile(r"\bgh[pousr]_[A-Za-z0-9]{30,255}\b")),
    (("github_pat_",), re.compile(r"\bgithub_pat_[A-Za-z0-9_]{30,255}\b")),
    (("glpat-",), re.compile(r"\bglpat-[A-Za-z0-9_-]{20}")),
    (("xox",), re.compile(r"\bxox[abeoprs]-[A-Za-z0-9-]{10}")),
    (("AIza",), re.compile(r"\bAIza[A-Za-z0-9_-]{35}")),
    (("k_live_", "k_test_"), re.compile(r"\b[sr]k_(?:live|test)_[A-Za-z0-9]{16}")),
    (("sk-",), re.compile(r"\bsk-(?:ant-|proj-)?[A-Za-z0-9_-]{20}")),
    (("npm_",), re.compile(r"\bnpm_[A-Za-z0-9]{36}\b")),
    (("pypi-",), re.compile(r"\bpypi-[A-Za-z0-9_-]{16}")),
    (("AGE-SECRET-KEY-1",), re.compile(r"\bAGE-SECRET-KEY-1[A-Z0-9]{58}")),
    # RFC 7519: header and payload are JSON objects, so both begin with the base64 of `{"`
    (("eyJ",), re.compile(_FREE + r"eyJ[A-Za-z0-9_-]{10,4096}+\.eyJ[A-Za-z0-9_-]{10,4096}+\.[A-Za-z0-9_-]{10}")),
)
_VALUE = r"[a-z0-9_-]{0,20}[\"']?\s{0,4}[:=]\s{0,4}([\"']?)([^\s\"',;]{8,256})"
#: Words that name a credential, and the assignment each begins.
_NAMED: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (word, re.compile(re.escape(word) + _VALUE))
    for word in (
        "password passwort passwd passphrase secret api_key api-key apikey access_key access-key accesskey auth_token "
        "auth-token authtoken access_token access-token accesstoken private_key private-key privatekey credential"
    ).split()
)
#: One of these is in each of the words above; most texts hold none.
_STEMS = ("pass", "secret", "key", "token", "credential")
#: Values after `password=` that say that there is none.
_EMPTY = re.compile(r"(?i)(?:\$\{|\$\(|<|\*{3}|x{4}|%|none|null|true|false|your|example|changeme|placeholder|redacted)")
#: Without quotes, where a program takes a secret from and not the secret: `os.environ[…`, `config.password`.
_CODE = re.compile(r"[a-z_]\w{0,80}(?:(?:\.[a-z_]\w{0,80}){0,8}[(\[]|(?:\.[a-z_]\w{0,80}){1,8}\Z)")


def holds_secret(text: str) -> bool:
    """Does the text hold something that has the shape of a credential?"""
    if len(text) < 8:
        return False
    if len(text) > LOOKED_AT:
        return True  # not read to the end, so not known to be harmless
    if any(shape.search(text) for fixed, shape in _SHAPES if any(part in text for part in fixed)):
        return True
    folded = text.lower()
    return any(stem in folded for stem in _STEMS) and any(
        not _EMPTY.match(value)
        for word, assignment in _NAMED
        if word in folded
        for quote, value in assignment.findall(folded)
        if quote or not _CODE.match(value)
    )


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
