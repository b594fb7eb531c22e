"""Who a token stands for that somebody shows at a command line, with the key that it is bound to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from assent.identity import access, tokens
from assent.identity.issuers import KeySets
from assent.model.ids import PrincipalId
from assent.model.issuer import Issuer, IssuerKind
from assent.ports import Reader

#: Kinds of tokens that agents act with: never a person's.
KINDS: tuple[IssuerKind, ...] = ("oauth", "spiffe")


@dataclass(frozen=True, slots=True)
class Presented:
    """What a token has proven.

    Args:
        principal: who it stands for.
        key: id of the authenticator that it is, or of the key that it is bound to.
        delegation: what it stands on; empty if its issuer is another, who says nothing of that.
        expires: when what it proves ends, milliseconds since the epoch.
    """

    principal: PrincipalId
    key: str
    delegation: str
    expires: int


@dataclass(frozen=True, slots=True)
class Known:
    """Whose tokens count.

    Args:
        issuer: address of this home; empty if it issues none.
        keys: its own: thumbprint → raw public key.
    """

    issuer: str
    keys: Mapping[str, bytes]
    issuers: Sequence[Issuer]


def present(reader: Reader, text: str, jkt: str, known: Known, now: int) -> Presented:
    """Who a token stands for.

    Args:
        jkt: thumbprint of the key that was proven; empty if none was.
        now: milliseconds since the epoch.

    Raises:
        RefusedError: `token_…` or `delegation_void`.
        UnavailableError: `issuer_unavailable`.
    """
    if access.mine(text, known.issuer):
        mine = access.read(text, known.issuer, known.keys, now, known.issuer)
        mine.held(jkt)
        chain = access.admit(reader, mine, now)
        key = f"key:{mine.jkt}" if mine.jkt else ""
        return Presented(mine.actor, key, mine.delegation, min(one.expires for one in chain))
    theirs = tokens.verify(text, known.issuers, KeySets(), now, KINDS)
    theirs.held(jkt)
    who = tokens.principal(reader, theirs)
    return Presented(who.id, theirs.authenticator, "", theirs.expires)
