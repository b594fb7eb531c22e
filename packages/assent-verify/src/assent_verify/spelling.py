"""How the values of a leaf are spelled: one spelling for each (docs/receipts.md, "Canonical bytes")."""

from __future__ import annotations

from assent_verify.shape import Many, Members, Number, Text, members

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
