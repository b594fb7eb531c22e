"""How the values of a leaf are spelled: one spelling for each (docs/receipts.md, "Canonical bytes").

`described` reads the members of an object from a text: `name=value`, or `name?=value` if it may be left out. A value
is the name of a spelling of this module in lower case, `apr_id` or `apr_id_or_none`, `one|other` or `'one'` for words,
`[value]` or `[value]9` for an array of at most 64 or 9.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from assent_verify.shape import Flag, Many, Members, Number, Shape, Text, members

_ID = "[a-z2-7]{25}[aeimquy4]"  # 128 bits in base32: the last character carries three
_DIGEST = "sha256:[0-9a-f]{64}"
_TIME = r"[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]\.[0-9]{3}Z"

DIGEST = Text(_DIGEST, "a digest `sha256:…`")
DIGEST_OR_NONE = Text(_DIGEST, "a digest `sha256:…` or empty", True)
TIME = Text(_TIME, "a time `2026-01-31T08:30:00.123Z`")
TIME_OR_NONE = Text(_TIME, "a time or empty", True)
PRINCIPAL = Text(r'(?:User|Agent|Service|Model)::"[ !#-\[\]-~]{1,200}"', "a principal")
USER = Text(r'User::"[ !#-\[\]-~]{1,200}"', "a user")
WORD = Text(r"[!#-\[\]-~]{1,200}", "a word of printable ASCII")
CODE = Text("[a-z][a-z0-9_]{0,63}", "a code")
CODE_OR_NONE = Text("[a-z][a-z0-9_]{0,63}", "a code or empty", True)
SERVER = Text("[a-z0-9-]{1,40}", "a server name")
SERVER_OR_NONE = Text("[a-z0-9-]{1,40}", "a server name or empty", True)
SIGNATURE = Text("[A-Za-z0-9+/]{85}[AQgw]==", "the base64 of a signature")
PUBLIC_KEY = Text("[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=", "the base64 of a public key")
#: A signed-note verifier key, c2sp.org/signed-note.
VKEY = Text(r"[!#-\[\]-~]{1,4000}", "a log key")
ORIGIN = Text(r"[!#-*,-\[\]-~]{1,200}", "an origin")


def id_of(prefix: str, *, blank: bool = False) -> Text:
    """An id with this prefix."""
    return Text(f"{prefix}_{_ID}", f"an id `{prefix}_…`", blank)


def one_of(*words: str) -> Text:
    """One of a few words."""
    return Text("|".join(words), "one of " + ", ".join(words))


ASSURANCE = one_of("same-user", "passphrase", "keyring", "passkey")
VERDICT = one_of("allow", "deny", "escalate", "defer")
#: Leaves `first` to `last`, both included.
RANGE: Members = members(first=Number(), last=Number())
RANGES = Many(RANGE, 256)
NUMBER, FLAG = Number(), Flag()


def described(text: str, names: str | Mapping[str, str] = "", own: Mapping[str, Shape] | None = None) -> Members:
    """The object whose members a text says.

    Args:
        names: members that are followed, or member → name under which it is.
        own: further values by name.
    """
    pairs = [one.split("=", 1) for one in text.split()]
    optional = frozenset(name[:-1] for name, _ in pairs if name.endswith("?"))
    named = names if isinstance(names, Mapping) else {name: name for name in names.split()}
    return Members({name.rstrip("?"): _value(value, own or {}) for name, value in pairs}, named, optional)


def _value(word: str, own: Mapping[str, Shape]) -> Shape:
    if many := re.fullmatch(r"\[(.*)\](\d*)", word):
        return Many(_value(many[1], own), int(many[2] or 64))
    if id := re.fullmatch(r"([a-z]+)_id(_or_none)?", word):
        return id_of(id[1], blank=bool(id[2]))
    if "|" in word or word.startswith("'"):
        return one_of(*word.strip("'").split("|"))
    found: Shape = own[word] if word in own else globals()[word.upper()]
    return found
