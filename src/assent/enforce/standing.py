"""What stands and what was taken back, for what has begun already or is about to open.

A decision looks for itself (`gather`, `rules`). This is for what lies outside of one: calls
under way, a server that runs, a session that is to be opened.
"""

from __future__ import annotations

from assent.enforce.rules import KILL
from assent.errors import RefusedError
from assent.model.grant import Grant
from assent.model.ids import DelegationId
from assent.model.permit import Permit
from assent.model.principal import Enrolled
from assent.model.revocation import Revocation
from assent.model.session import Session
from assent.ports import Reader

#: Why something ends that has begun, in words.
WORDS = {
    "killed": "everything has been stopped by a person",
    "revoked": "what it stood on has been revoked",
    "session_ended": "the session has ended",
}


def stopped(reader: Reader, server: str) -> str:
    """Why nothing of a server may go on: `killed` or `revoked`; empty if it may."""
    if reader.state(KILL):
        return "killed"
    return "revoked" if reader.find(Revocation, "server", server) else ""


def ended(reader: Reader, session: Session) -> str:
    """What ended a session, as far as somebody took it back: `killed` or `revoked`; else empty."""
    if reader.state(KILL):
        return "killed"
    return "revoked" if reader.state(f"revoked:{session.client}") == session.id else ""


def lapsed(reader: Reader, permit: Permit, given: str) -> str:
    """Why what was permitted may not go on: `killed`, `revoked` or `session_ended`; empty if it may.

    Args:
        given: the delegation for its session that it stands on, or empty.
    """
    action = permit.action
    if why := stopped(reader, action.server):
        return why
    session = reader.session(action.session)
    if session is None or session.status != "open":
        return (ended(reader, session) if session else "") or "session_ended"
    taken = (("tool", f"{action.server}/{action.tool}"), ("permit", permit.id), ("key", session.key))
    if any(reader.find(Revocation, *one) for one in taken):
        return "revoked"
    one = reader.delegation(DelegationId(given)) if given else None
    if one is not None and one.status == "revoked":
        return "revoked"
    return "" if _in_order(reader, session) else "revoked"


def _in_order(reader: Reader, session: Session) -> bool:
    """Is the whole chain live, and may everybody in it act?"""
    links = [reader.find(Grant, id) for id in session.chain]
    if any(link is None or link.status != "live" for link in links):
        return False
    people = {session.principal, session.owner, *(link.issuer for link in links if link)}
    return not any(_disabled(reader, id) for id in people)


def _disabled(reader: Reader, id: str | None) -> bool:
    row = reader.find(Enrolled, id) if id else None
    return row is not None and row.principal.status != "active"


def may_open(reader: Reader, client: str) -> None:
    """May a session be opened for this client?

    The client of a session that was revoked may not go on by opening another one; started anew, it may.

    Raises:
        RefusedError: `killed` or `revoked`.
    """
    if reader.state(KILL):
        raise RefusedError("killed", WORDS["killed"], help="its operator lifts it: assent kill --off")
    if _process(client) and reader.state(f"revoked:{client}"):
        help = "end the client and start it anew"
        raise RefusedError("revoked", "a session of this client was revoked, so it opens no other", help=help)


def _process(client: str) -> bool:
    """Does this key name one process (`boot:pid:start|…`), which another start is not?"""
    return client.partition("|")[0].count(":") == 2
